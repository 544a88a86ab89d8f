/* When is an operation on floats, by the processor, as good as the exact one?  Decided from the ranges and the bits of
 * operands and results alone. */
#include "extent.h"
#include "families.h"
#include "kernels.h"

/* The numbers of an operand or of results: multiples of 2**low, below 2**(high + 1), of at most `bits` bits. */
typedef struct reach {
    int64_t low, high;
    int bits;
} reach;

/* 0 for formats that float types do not hold, or that no loop decodes. */
static int find_reach(const nf_grid *g, reach *r)
{
    const nf_format *f = &g->format;
    r->high = g->emax;
    switch (f->family) {
    case NF_FIXED:
        *r = (reach){g->emin, g->emax, f->width};
        return 1;
    case NF_FLOAT:
        *r = (reach){g->emin - f->fraction_bits, g->emax, f->fraction_bits + 1};
        return f->special != NF_GEOMETRIC;
    case NF_POSIT: /* the smallest value divides all */
        *r = (reach){g->emin, g->emax, f->width - 2 - f->exponent_bits > 1 ? f->width - 2 - f->exponent_bits : 1};
        return 1;
    case NF_TAKUM:
        r->bits = f->width > 1 + TAKUM_HEAD_BITS ? f->width - TAKUM_HEAD_BITS : 1;
        r->low = g->emin - r->bits;
        return 1;
    default:
        return 0;
    }
}

static int reach_of(const nf_source *s, reach *r)
{
    const extent *t = &extents[s->type];
    if (s->has_codes)
        return find_reach(&s->grid, r);
    *r = (reach){t->lowest, t->highest, t->fraction_bits + 1};
    return !t->is_integer;
}

static int holds_reach(const extent *t, const reach *r)
{
    return r->bits <= t->fraction_bits + 1 && r->low >= t->lowest && r->high <= t->highest;
}

static reach reach_of_product(const reach *a, const reach *b)
{
    return (reach){a->low + b->low, a->high + b->high + 1, a->bits + b->bits};
}

static reach reach_of_sum(const reach *a, const reach *b)
{
    const int64_t low = a->low < b->low ? a->low : b->low, high = larger(a->high, b->high) + 1;
    return (reach){low, high, high - low < INT32_MAX ? (int)(high - low) + 1 : INT32_MAX};
}

int nf_holds_operand(const nf_source *s, nf_type type)
{
    reach r;
    return reach_of(s, &r) && holds_reach(&extents[type], &r);
}

/* Is every result a number of the type? */
static int holds_every_result(const nf_arithmetic *how, const reach *x, const extent *t)
{
    reach r;
    switch (how->operation) {
    case NF_OP_divide:
    case NF_OP_reciprocal:
    case NF_OP_sqrt:
        return 0;
    case NF_OP_add:
    case NF_OP_subtract:
        r = reach_of_sum(&x[0], &x[1]);
        return holds_reach(t, &r);
    case NF_OP_multiply:
        r = reach_of_product(&x[0], &x[1]);
        return holds_reach(t, &r);
    case NF_OP_fma:
        r = reach_of_product(&x[0], &x[1]);
        r = reach_of_sum(&r, &x[2]);
        return holds_reach(t, &r);
    default:
        return 1; /* an operand as it is */
    }
}

/* Has every place where the rounding of a number turns, an end of the range too, so many bits less than the type?
 * Then the number may be replaced by the odd one of its two neighbours in the type.  What is beyond the type becomes
 * its largest number, and that is still beyond the format's end. */
static int has_room(const nf_plan *plan, const extent *t)
{
    enum { TIE = 2, WORD = 34 };
    const int is_random = nf_rounding_at(plan->options.rounding)->is_random;
    const int spare = plan->options.rounding == NF_ROUND_stochastic ? WORD : TIE;
    reach r;
    if (!find_reach(&plan->grid, &r) || r.bits + spare > t->fraction_bits + 1 || r.low - spare < t->lowest)
        return 0;
    return r.high + is_random < t->highest + !is_random;
}

int nf_carries(const nf_arithmetic *how, const nf_plan *plan, nf_type type, int fuses)
{
    const extent *t = &extents[type];
    reach x[NF_MOST_OPERANDS];
    for (int k = 0; k < how->count; k++)
        if (!reach_of(&how->operands[k], &x[k]) || !holds_reach(t, &x[k]))
            return 0;
    if (how->operation == NF_OP_fma && !fuses) {
        const reach product = reach_of_product(&x[0], &x[1]);
        if (!holds_reach(t, &product))
            return 0;
    }
    return holds_every_result(how, x, t) ? NF_CARRIES_ALL : has_room(plan, t) ? NF_CARRIES_ODD : 0;
}
