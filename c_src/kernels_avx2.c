#include "format.h"
#include "target.h"

#if defined(__x86_64__)
NF_TARGET_BEGIN("avx2,bmi,bmi2,lzcnt")
#define NF_ISA avx2
#define NF_VECTOR_BYTES 32
#include "kernels.inc"
NF_TARGET_END
#else
typedef int nf_no_avx2; /* a translation unit may not be empty */
#endif
