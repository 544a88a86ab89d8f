/* Compile the text between NF_TARGET_BEGIN and NF_TARGET_END for another instruction set, with gcc or clang. */
#ifndef NF_TARGET_H
#define NF_TARGET_H

#if defined(__x86_64__)
#include <immintrin.h> /* here, because system headers stay outside the region */
#endif

#define NF_PRAGMA(text) _Pragma(#text)
#if defined(__clang__)
#define NF_TARGET_BEGIN(features) \
    NF_PRAGMA(clang attribute push(__attribute__((target(features))), apply_to = function))
#define NF_TARGET_END _Pragma("clang attribute pop")
#else
#define NF_TARGET_BEGIN(features) _Pragma("GCC push_options") NF_PRAGMA(GCC target(features))
#define NF_TARGET_END _Pragma("GCC pop_options")
#endif

#endif
