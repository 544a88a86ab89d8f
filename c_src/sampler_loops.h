/* What each instruction set offers samplers: a table of functions, compiled from sampler_loops.inc. */
#ifndef NF_SAMPLER_LOOPS_H
#define NF_SAMPLER_LOOPS_H

#include "kernels.h"

/* One pass of variance-corrected rounding. */
typedef struct nf_law_job {
    const nf_law *law;
    const nf_key *key;
    uint64_t first;              /* the number of element 0 */
    nf_type mean_type, out_type; /* NF_F32 or NF_F64 */
    const void *mean;
    const double *variance;
    int one_variance; /* one number for all elements */
    void *out;
    size_t n;
    nf_report *report;
    const nf_block_shape *shape; /* of blocks; else NULL */
    const int32_t *exponents;    /* of the blocks' scales */
} nf_law_job;

/* One sampler update; what is NULL is left out. */
typedef struct nf_update_job {
    const float *theta, *gradient;
    float *out;
    size_t n;
    uint64_t first;
    float step_size, deviation;
    double noise_variance;
    const nf_plan *gradient_plan, *weight_plan;
    const nf_key *noise_key, *weight_key;
    const nf_law *law;
    nf_report *report;
    const nf_kernels *kernels; /* whose rounding it takes */
    int dry;                   /* look for failures, write nothing */
    uint32_t failed;           /* out: NF_FAILED_... of the first element that failed */
    size_t failed_at;
} nf_update_job;

/* Many updates of a Gaussian target: see nf_sampler_walk.  `update` has theta, and what the first step has. */
typedef struct nf_walk_job {
    const nf_update_job *update;
    size_t n;
    const float *precision, *mean;
    size_t size;
    const nf_plan *forward_plan; /* of the weights that gradients are taken at, or NULL */
    const nf_key *gradient_noise_key;
    float gradient_noise;
    const float *step_sizes;       /* of each step, or NULL */
    const double *noise_variances; /* of each step, or NULL */
    uint64_t draws, thin;
    float *out, *means;
    nf_draw_counts *counts;
    int dry;         /* look for failures, write nothing */
    uint32_t failed; /* out: NF_FAILED_... of the first step's first element that failed */
    uint64_t failed_step;
    size_t failed_at;
} nf_walk_job;

typedef struct nf_sampler_loops {
    void (*gaussian)(const nf_key *key, uint64_t draw, uint64_t first, double *out, size_t n);
    void (*draw_law)(const nf_law_job *job);
    size_t (*check_law)(nf_type type, const void *x, size_t n, int is_variance, int *is_nan);
    void (*update)(nf_update_job *job);
    void (*walk)(nf_walk_job *job);
    int (*is_below)(const float *x, size_t n, float limit); /* every |x| below the limit, no NaN? */
    void (*residuals)(const nf_regression *r, float *predictors, size_t chains);
    void (*add_prior)(const nf_regression *r, const float *params, float *out, size_t n);
#define NF_FLOAT_FUNCTION(name, meaning) void (*float_##name)(const float *z, float *out, size_t n);
#include "float_functions.def"
#undef NF_FLOAT_FUNCTION
} nf_sampler_loops;

#endif
