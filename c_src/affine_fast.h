/* Fast loops of affine integers: float32 numbers, up to 16 bits, scales of up to 24 significant bits, exact quotients,
 * every deterministic rounding but jam, saturating. */
#ifndef NF_AFFINE_FAST_H
#define NF_AFFINE_FAST_H

#include "kernels.h"

/* The definition: a job by the general loop. */
typedef void nf_general_job(nf_job *job);

/* The same bits by loops over vectors; what these are not for goes through `general`.  0, and nothing is done, where
 * the whole job is not for them. */
int nf_fast_affine_portable(nf_job *job, nf_general_job *general);
int nf_fast_affine_avx2(nf_job *job, nf_general_job *general);
int nf_fast_affine_avx512(nf_job *job, nf_general_job *general);

#endif
