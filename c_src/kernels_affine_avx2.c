#include "format.h"
#include "target.h"

#if defined(__x86_64__)
#define NF_FEATURES "avx2,bmi,bmi2,lzcnt"
NF_TARGET_BEGIN(NF_FEATURES)
#define NF_ISA avx2
#define NF_VECTOR_BYTES 32
#include "affine_fast.inc"
NF_TARGET_END
#else
typedef int nf_no_affine_avx2; /* a translation unit may not be empty */
#endif
