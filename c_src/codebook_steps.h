/* What a deterministic rounding to a short codebook is: a step function that never falls.  Where it steps is found by
 * asking the rounding itself, so that a loop of comparisons gives the same codes. */
#ifndef NF_CODEBOOK_STEPS_H
#define NF_CODEBOOK_STEPS_H

#include "kernels.h"

enum { NF_MOST_STEPS = 256 };

/* A number has at least code k where it is not below from[k], k > 0.  Entries from `count` on are NaN. */
typedef struct nf_steps {
    uint32_t count, first_jump; /* codes; the largest power of 2 below that number */
    double from_f64[NF_MOST_STEPS], values_f64[NF_MOST_STEPS];
    float from_f32[NF_MOST_STEPS], values_f32[NF_MOST_STEPS]; /* from: the least float32 from there on */
} nf_steps;

/* Is a job such a rounding of float32 or float64 numbers, and long enough for the steps to pay? */
int nf_steps_pay(const nf_job *job);

/* The steps of a job for which they pay. */
void nf_steps_find(const nf_job *job, const nf_kernels *kernels, nf_steps *steps);

#endif
