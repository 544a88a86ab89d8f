/* When are products of integers, and chains of fixed point, bit-exact side by side? */
#include "matmul_choose.h"

/* --- integers ------------------------------------------------------------------------------------------------------
 */

/* Both operands are int16 in units of 2**grid. */
static int are_integers(nf_matmul_fast *f)
{
    nf_packed *both[] = {&f->a, &f->b};
    for (int i = 0; i < 2; i++) {
        nf_packed *x = both[i];
        const int is_fixed = x->format.format.family == NF_FIXED;
        if (!is_fixed && !is_float(&x->format))
            return 0;
        const int64_t grid = is_fixed ? -x->format.format.fraction_bits : x->format.emin - (x->precision - 1);
        if (x->range.has_more || grid < -100 || grid > 100 || x->range.top + 1 - grid > 15)
            return 0;
        x->grid = (int)grid;
    }
    f->unit = f->a.grid + f->b.grid;
    return f->packing == NF_PACK_f32;
}

/* Products, of magnitudes below this power of two, and sums of all in units of 2**unit. */
static int64_t bits_of_product(const nf_matmul_fast *f)
{
    return top_of_products(f) == INT32_MIN ? 0 : top_of_products(f) + 2 - f->unit;
}

static int bits_of_count(size_t n)
{
    int bits = 0;
    while (n > (size_t)1 << bits)
        bits++;
    return bits;
}

/* Does rounding leave every multiple of 2**low below 2**bound as it is? */
static int keeps(const nf_rounder *r, int64_t low, int64_t bound)
{
    const nf_grid *g = &r->plan.grid;
    if (!r->rounds)
        return 1;
    if (r->plan.options.rounding == NF_ROUND_jam || r->plan.options.variant == NF_VARIANT_GE)
        return 0;
    if (g->format.family == NF_FIXED) {
        const int bits = g->format.width - (g->sign_bit != 0);
        return g->sign_bit && -g->format.fraction_bits <= low && bound + g->format.fraction_bits <= bits;
    }
    return is_plain_float(g) && low >= g->emin && bound - low <= g->format.fraction_bits + 1 && bound <= g->emax &&
           r->plan.options.rounding != NF_ROUND_down;
}

/* Every sum, in whatever order, is exact. */
static int sums_are_exact(const nf_matmul_fast *f, const nf_number_range *c)
{
    const nf_matmul_call *call = f->call;
    const nf_datapath *p = call->path;
    const nf_grid *result = &call->result.grid;
    const int c_is_fixed = result->format.family == NF_FIXED;
    const int64_t own = c_is_fixed ? -result->format.fraction_bits : c->low - (int64_t)result->format.fraction_bits;
    const int64_t low = own < f->unit ? own : f->unit, bound = bound_of_sums(f, c);
    if (c->has_more || c->has_minus_zero || bound - low > LANE_BITS || p->joins == NF_JOIN_late || p->zeros_count ||
        (p->product_end && top_of_products(f) + 2 > p->product_end))
        return 0;
    if (p->kind == NF_BLOCK_aligned && most(bound, p->least_exponent) - p->fraction_bits > low)
        return 0;
    return bits_of_product(f) + bits_of_count(call->shape.terms) <= 31 && keeps(&call->product, low, bound) &&
           keeps(&call->sum, low, bound) && keeps(&call->join, low, bound) && keeps(&call->combine, low, bound);
}

static int is_wrap(const nf_rounder *r, const nf_grid *g)
{
    const nf_options *o = &r->plan.options;
    return !r->rounds || (o->overflow == NF_OVERFLOW_wrap && !o->wrap_bits && o->rounding != NF_ROUND_jam &&
                          o->variant != NF_VARIANT_GE && !memcmp(&r->plan.grid.format, &g->format, sizeof g->format));
}

/* Sums modulo 2**width, which is a ring: products are on the grid of the sums. */
static int sums_wrap(nf_matmul_fast *f)
{
    const nf_matmul_call *call = f->call;
    const nf_grid *g = &call->result.grid;
    const nf_datapath *p = call->path;
    const int shift = f->unit + g->format.fraction_bits;
    if (g->format.family != NF_FIXED || g->format.width > 32 || p->kind == NF_BLOCK_aligned || p->product_end ||
        shift < 0 || shift > 31 || !call->sum.rounds || !is_wrap(&call->product, g) || !is_wrap(&call->sum, g) ||
        !is_wrap(&call->join, g) || !is_wrap(&call->combine, g))
        return 0;
    f->wraps = 1;
    f->width = g->format.width;
    f->is_signed = g->sign_bit != 0;
    f->unit_shift = shift;
    return 1;
}

int nf_fits_integer(nf_matmul_fast *f, const nf_number_range *c)
{
    return are_integers(f) && (sums_are_exact(f, c) || sums_wrap(f));
}

/* --- chains of fixed point ------------------------------------------------------------------------------------------
 */

/* Integers of `bits` bits and a sign, shifted and kept within the format; 0 where 32 bits do not do. */
static int read_fixed_step(nf_fixed_step *to, const nf_rounder *r, int shift, int64_t bits)
{
    const nf_grid *g = &r->plan.grid;
    const nf_options *o = &r->plan.options;
    const int width = g->format.width;
    const int known = o->rounding <= NF_ROUND_up;
    if (g->format.family != NF_FIXED || width > 32 || width < 2 || (!g->sign_bit && width > 31) || !known ||
        bits > 30 || shift < 0 || shift > 30)
        return 0;
    *to = (nf_fixed_step){.mode = o->rounding, .shift = shift, .is_signed = g->sign_bit != 0, .free = 32 - width};
    to->largest = (int32_t)g->max_magnitude;
    to->least = (int32_t)-(int64_t)g->min_magnitude;
    if (o->overflow == NF_OVERFLOW_saturate)
        to->end = NF_END_saturate;
    else if (o->overflow == NF_OVERFLOW_wrap && !o->wrap_bits)
        to->end = NF_END_wrap;
    else
        return 0;
    if (to->is_signed && most(bits - shift, 0) + 1 < width)
        to->end = NF_END_mark; /* out of reach */
    return 1;
}

/* matmul_integer.inc: every step in 32 bits. */
static int fits_chain(nf_matmul_fast *f)
{
    const nf_matmul_call *call = f->call;
    const nf_datapath *p = call->path;
    const nf_grid *g = &call->sum.plan.grid;
    int64_t bits = bits_of_product(f);
    int grid = f->unit;
    if (p->kind != NF_BLOCK_chain || call->join.rounds || call->combine.rounds || p->joins != NF_JOIN_early ||
        p->product_end || g->format.family != NF_FIXED ||
        memcmp(&g->format, &call->result.grid.format, sizeof g->format))
        return 0;
    f->fixed_product = (nf_fixed_step){.end = NF_END_mark, .mode = NF_ROUND_down};
    if (call->product.rounds) {
        const int to = -call->product.plan.grid.format.fraction_bits, shift = to - grid;
        if (!read_fixed_step(&f->fixed_product, &call->product, shift, bits))
            return 0;
        grid = to;
        bits = most(bits - shift, 0) + 1;
        if (f->fixed_product.end != NF_END_mark)
            bits = call->product.plan.grid.format.width;
    }
    const int own = -g->format.fraction_bits, low = own < grid ? own : grid;
    f->product_shift = grid - low;
    bits = most(bits + f->product_shift, g->format.width + own - low) + 1;
    if (!read_fixed_step(&f->fixed_sum, &call->sum, own - low, bits))
        return 0;
    if (f->fixed_sum.end == NF_END_mark) /* sums grow from step to step */
        f->fixed_sum.end = call->sum.plan.options.overflow == NF_OVERFLOW_wrap ? NF_END_wrap : NF_END_saturate;
    return 1;
}

int nf_fits_fixed(nf_matmul_fast *f) { return are_integers(f) && fits_chain(f); }
