/* What the certificates of vectorised matrix products ask of formats and ranges. */
#ifndef NF_MATMUL_CHOOSE_H
#define NF_MATMUL_CHOOSE_H

#include "families.h"
#include "matmul_fast.h"

/* Exponents of float64 lanes stay far from its ends. */
enum { FAR = 400, LANE_BITS = 51, F32_BITS = 24, F64_BITS = 53, LEAST_F32 = -149 };

static inline int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }

static inline int is_float(const nf_grid *g) { return g->format.family == NF_FLOAT; }

/* IEEE's shape of numbers: subnormals, a zero, both signs. */
static inline int is_plain_float(const nf_grid *g)
{
    return is_float(g) && g->format.subnormals == NF_SUBNORMALS && g->format.special != NF_FNU &&
           g->format.special != NF_GEOMETRIC && g->has_negative_zero && g->emin > -FAR && g->emax < FAR;
}

static inline int64_t top_of_products(const nf_matmul_fast *f)
{
    return f->a.range.top == INT32_MIN || f->b.range.top == INT32_MIN ? INT32_MIN
                                                                      : (int64_t)f->a.range.top + f->b.range.top;
}

/* The least exponent that the formats give a product that is not 0. */
static inline int64_t low_of_products(const nf_matmul_fast *f)
{
    if (f->a.range.low == INT32_MAX || f->b.range.low == INT32_MAX)
        return INT32_MAX;
    return most(f->a.range.low, f->a.format.emin) + most(f->b.range.low, f->b.format.emin);
}

/* A bound on the exponent of every sum: 2**bound is more. */
static inline int64_t bound_of_sums(const nf_matmul_fast *f, const nf_number_range *c)
{
    int64_t bound = top_of_products(f) + 2;
    for (size_t n = f->call->shape.terms; n; n /= 2)
        bound++;
    return most(bound, c->top + (int64_t)1) + 1;
}

/* Both operands are integers of 16 bits in units of a power of 2, and their sums exact or modulo one: NF_LOOP_integer.
 */
int nf_fits_integer(nf_matmul_fast *fast, const nf_number_range *c);

/* The same operands in a chain of fixed point: NF_LOOP_fixed. */
int nf_fits_fixed(nf_matmul_fast *fast);

#endif
