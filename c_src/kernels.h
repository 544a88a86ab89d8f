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

typedef struct nf_kernels {
    const char *name;
    void (*run)(nf_job *job);
    void (*decode)(const nf_grid *grid, const void *codes, size_t code_size, nf_type y_type, void *y, size_t place,
                   size_t n, size_t whole_n);
    /* Any NaN, infinity, or number of the `binades` largest binades? */
    int (*has_large)(nf_type type, const void *x, size_t n, int binades);
    void (*blocks)(nf_block_job *job);
    nf_unpacked (*largest)(nf_type type, const void *x, size_t n); /* finite magnitude, or zero */
    /* Floats in place, the first being element `offset` of the plan's call: NF_FAILED_... of the first that failed, and
     * its index.  `saturated` may be NULL. */
    uint32_t (*round_floats)(const nf_plan *plan, uint64_t offset, float *x, size_t n, size_t *failed_at,
                             uint64_t *saturated);
    void (*random_bits)(uint64_t key, uint64_t call, uint64_t draw, uint64_t first, uint32_t *out, size_t n);
    void (*matmul_f32)(const float *a, size_t a_step, const float *b, size_t b_row, size_t b_column, float *out,
                       size_t m, size_t k, size_t n);
    void (*matmul_f64)(const double *a, size_t a_step, const double *b, size_t b_row, size_t b_column, double *out,
                       size_t m, size_t k, size_t n);
    /* sum += products of neighbouring codes that float32 holds exactly: see dot.c; 0 where it has no
     * loop for them. */
    int (*add_products)(const nf_quire *quire, uint64_t *sum, const nf_terms *terms);
    const struct nf_matmul_loops *matmul; /* NULL: the reference alone */
    const struct nf_sampler_loops *sampler;
} nf_kernels;

/* The table for options.isa: 0 the best this machine has, else 1 + a row of isa.def; NULL where it has not. */
const nf_kernels *nf_pick_kernels(uint8_t isa);

#endif
