/* What loops of avx512 are compiled with, between NF_TARGET_BEGIN(NF_FEATURES) and NF_TARGET_END. */
#ifndef NF_ISA_AVX512_H
#define NF_ISA_AVX512_H

#include "format.h"
#include "target.h"

#define NF_FEATURES "avx2,fma,bmi,bmi2,lzcnt,avx512f,avx512bw,avx512cd,avx512dq,avx512vl"
#define NF_ISA avx512
#define NF_FUSES 1 /* a product and a sum in one instruction */
#define NF_VECTOR_BYTES 64

#endif
