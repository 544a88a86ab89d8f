/* Work on a large array, in pieces that several threads take.  No bit of a result depends on their number. */
#ifndef NF_JOB_H
#define NF_JOB_H

#include "kernels.h"

/* Do a checked job.  Unless its options say may_spoil, outputs are untouched where this is not NF_OK. */
nf_status nf_run_job(const nf_job *job);

/* Does the significand of an irrational value of the source, cut behind 63 bits, decide every rounding of the plan? */
int nf_decides(const nf_grid *source, const nf_plan *plan);

/* Decode: the codes of job->source in x become values of y_type in y. */
void nf_run_decode(const nf_job *job, const nf_kernels *kernels, uint32_t threads);

/* The words of draw `draw` of elements first .. first + n - 1. */
void nf_run_random_bits(const nf_kernels *kernels, const nf_key *key, uint64_t first, uint16_t draw, uint32_t *out,
                        size_t n, uint32_t threads);

#endif
