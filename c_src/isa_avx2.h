/* What loops of avx2 are compiled with, between NF_TARGET_BEGIN(NF_FEATURES) and NF_TARGET_END. */
#ifndef NF_ISA_AVX2_H
#define NF_ISA_AVX2_H

#include "format.h"
#include "target.h"

#define NF_FEATURES "avx2,fma,bmi,bmi2,lzcnt"
#define NF_ISA avx2
#define NF_FUSES 1 /* a product and a sum in one instruction */
#define NF_VECTOR_BYTES 32
#define NF_PUTS 1 /* loops that stream by themselves: see fast_loops.inc */

#endif
