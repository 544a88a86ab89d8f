/* What each instruction set offers: one table of functions, compiled from kernels.inc. */
#ifndef NF_KERNELS_H
#define NF_KERNELS_H

#include "arithmetic.h"
#include "block.h"
#include "law.h"
#include "quire.h"

/* One pass over an array: load, round, check, store. */
typedef struct nf_job {
    const nf_plan *plan;
    const nf_grid *source; /* of the codes in x, or NULL: x holds elements of x_type */
    const void *x;
    nf_type x_type;
    size_t x_size; /* bytes of an element of x */
    void *y;
    nf_type y_type; /* where to_values */
    size_t y_size;
    int to_values; /* y holds values, not codes */
    int dry;       /* look for failures, write nothing */
    size_t n;
    size_t place;                    /* of element 0 in the whole call: scales go by it */
    size_t whole_n;                  /* elements of the whole call, of which this job may be a piece */
    nf_report *report;               /* or NULL */
    const nf_arithmetic *arithmetic; /* or NULL; else what gives the numbers, and x is none */
    uint8_t is_slow;                 /* so that threads pay for few elements */
    const struct nf_steps *steps;    /* of a codebook, or NULL: see codebook_steps.h */
    uint32_t failed;                 /* out: NF_FAILED_... of the first element that failed */
    size_t failed_at;
    uint64_t saturated; /* out: how many results are a finite end for overflow */
} nf_job;

/* Elements start .. start + n - 1 of a job: a job of its own, with the random words they have in the whole.  `plan` is
 * for it alone. */
NF_INLINE nf_job nf_job_piece(const nf_job *job, size_t start, size_t n, nf_plan *plan)
{
    nf_job piece = *job;
    *plan = *job->plan;
    plan->options.first += start;
    plan->options.random_bits += plan->options.random_bits ? start : 0;
    plan->options.element_flags += plan->options.element_flags ? start : 0;
    piece.plan = plan;
    piece.x = job->x ? (const char *)job->x + start * job->x_size : NULL;
    piece.y = (char *)job->y + start * job->y_size;
    piece.place += start;
    piece.n = n;
    return piece;
}

/* May numbers that `type` holds be rounded to a value beyond it, which is then a failure?  (Values that no float type
 * has become numbers of the type.) */
NF_INLINE int nf_may_leave(const nf_plan *plan, nf_type type)
{
    const nf_options *o = &plan->options;
    return type <= NF_F64 && plan->grid.emax > largest_exponent(type) && !has_rounded_values(&plan->grid) &&
           o->rounding != NF_ROUND_toward_zero && o->overflow != NF_OVERFLOW_unbounded;
}

/* How many of the type's largest binades have such numbers, where some may. */
int nf_binades_near_end(const nf_plan *plan, nf_type type);

/* May a job's results lie beyond their type? */
NF_INLINE int nf_job_may_leave(const nf_job *job)
{
    return job->to_values && !job->source && job->x_type == job->y_type && nf_may_leave(job->plan, job->y_type);
}

/* What the processor's arithmetic in a float type is to the exact results of an operation: nothing; their odd
 * neighbours in the type round as they do; they are numbers of the type.  `fuses`: it has a fused multiplication and
 * addition. */
enum { NF_CARRIES_NOTHING, NF_CARRIES_ODD, NF_CARRIES_ALL };
int nf_carries(const nf_arithmetic *how, const nf_plan *plan, nf_type type, int fuses);

/* Does a float type hold every value of an operand? */
int nf_holds_operand(const nf_source *s, nf_type type);

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
    int dry;         /* look for failures, write nothing */
    uint32_t failed; /* out: NF_FAILED_... of the first element that failed */
    size_t failed_at;
} nf_update_job;

typedef struct nf_kernels {
    const char *name;
    void (*run)(nf_job *job);
    void (*decode)(const nf_grid *grid, const void *codes, size_t code_size, nf_type y_type, void *y, size_t place,
                   size_t n, size_t whole_n);
    /* Any NaN, infinity, or number of the `binades` largest binades? */
    int (*has_large)(nf_type type, const void *x, size_t n, int binades);
    void (*blocks)(nf_block_job *job);
    nf_unpacked (*largest)(nf_type type, const void *x, size_t n); /* finite magnitude, or zero */
    void (*random_bits)(uint64_t key, uint64_t call, uint64_t draw, uint64_t first, uint32_t *out, size_t n);
    void (*gaussian)(const nf_key *key, uint64_t draw, uint64_t first, double *out, size_t n);
    void (*draw_law)(const nf_law_job *job);
    size_t (*check_law)(nf_type type, const void *x, size_t n, int is_variance, int *is_nan);
    void (*update)(nf_update_job *job);
    int (*is_below)(const float *x, size_t n, float limit); /* every |x| below the limit, no NaN? */
#define NF_FLOAT_FUNCTION(name, meaning) void (*float_##name)(const float *z, float *out, size_t n);
#include "float_functions.def"
#undef NF_FLOAT_FUNCTION
    void (*matmul_f32)(const float *a, size_t a_step, const float *b, size_t b_row, size_t b_column, float *out,
                       size_t m, size_t k, size_t n);
    void (*matmul_f64)(const double *a, size_t a_step, const double *b, size_t b_row, size_t b_column, double *out,
                       size_t m, size_t k, size_t n);
    /* sum += products of neighbouring codes that float32 holds exactly: see dot.c; 0 where it has no
     * loop for them. */
    int (*add_products)(const nf_quire *quire, uint64_t *sum, const nf_terms *terms);
    const struct nf_matmul_loops *matmul; /* NULL: the reference alone */
} nf_kernels;

/* The table for options.isa: 0 the best this machine has, else 1 + a row of isa.def; NULL where it has not. */
const nf_kernels *nf_pick_kernels(uint8_t isa);

#endif
