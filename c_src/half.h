/* Functions that convert to and from binary16 by the processor's instructions: NF_HALF is their attribute, NF_HAS_HALF
 * whether they may be called.  Not defined for vectors without them. */
#ifndef NF_HALF_H
#define NF_HALF_H

#if NF_VECTOR_BYTES == 64
#define NF_HALF __attribute__((target(NF_FEATURES)))
#define NF_HAS_HALF 1
#elif NF_VECTOR_BYTES == 32
#define NF_HALF __attribute__((target(NF_FEATURES ",f16c")))
#ifdef __clang__ /* some versions do not know the name; what has fma has it */
#define NF_HAS_HALF __builtin_cpu_supports("fma")
#else
#define NF_HAS_HALF __builtin_cpu_supports("f16c")
#endif
#endif

#endif
