#include "isa_avx2.h"

#if defined(__x86_64__)
NF_TARGET_BEGIN(NF_FEATURES)
#include "sampler_loops.inc"
NF_TARGET_END
#else
typedef int nf_no_sampler_avx2; /* a translation unit may not be empty */
#endif
