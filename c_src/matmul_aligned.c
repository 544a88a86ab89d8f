/* Blocks whose terms are aligned to the largest exponent, cut and added as integers. */
#include "matmul.h"

enum { NONE = -(1 << 28) }; /* below every exponent */

/* A finite product, not normalised: significand * 2**(exponent - 126), at 2**field. */
typedef struct aligned_term {
    unsigned __int128 significand;
    int64_t exponent, field;
    int sign;
} aligned_term;

static aligned_term term_of_product(const nf_datapath *path, const nf_factor *a, const nf_factor *b)
{
    aligned_term t = {.sign = a->sign ^ b->sign, .field = (int64_t)a->field + b->field};
    t.exponent = (int64_t)a->exponent + b->exponent;
    t.significand = (unsigned __int128)a->significand * b->significand;
    if (path->normalises && t.significand)
        t.field = t.exponent + (int64_t)(t.significand >> 127);
    return t;
}

static aligned_term term_of_sum(const nf_matmul_call *call, const nf_unpacked *x)
{
    const int64_t emin = call->result.grid.emin;
    aligned_term t = {.sign = x->sign, .exponent = x->exponent, .field = x->exponent};
    if (x->kind == NF_ZERO || x->exponent < emin)
        t.field = emin;
    if (x->kind == NF_FINITE_NUMBER)
        t.significand = (unsigned __int128)x->significand << 63;
    return t;
}

/* t in units of 2**unit, cut. */
static __int128 cut_term(const aligned_term *t, int64_t unit, int by_floor)
{
    const int64_t shift = 126 + unit - t->exponent;
    const unsigned __int128 kept = shift > 127 ? 0 : t->significand >> shift;
    const int is_cut = shift > 127 ? t->significand != 0 : t->significand << (128 - shift) != 0;
    return t->sign ? -(__int128)kept - (by_floor && is_cut) : (__int128)kept;
}

/* v = floor(v / 2**shift). */
static __int128 floor_shift(__int128 v, int64_t shift) { return v >> (shift > 126 ? 126 : shift); }

static nf_unpacked number_of_integer(__int128 v, int64_t unit)
{
    const int sign = v < 0;
    const unsigned __int128 size = sign ? 0 - (unsigned __int128)v : (unsigned __int128)v;
    nf_unpacked x = special_of(NF_ZERO, 0);
    if (!size)
        return x;
    const int zeros =
        (uint64_t)(size >> 64) ? leading_zeros((uint64_t)(size >> 64)) : 64 + leading_zeros((uint64_t)size);
    const unsigned __int128 top = size << zeros;
    x = special_of(NF_FINITE_NUMBER, sign);
    x.significand = (uint64_t)(top >> 64);
    x.more = (uint64_t)top;
    x.exponent = unit + 127 - zeros;
    return x;
}

static int64_t higher(int64_t a, int64_t b) { return a > b ? a : b; }

/* The products' sum and the sum so far, aligned once more. */
static nf_unpacked joined_late(const nf_datapath *path, __int128 total, int64_t most, const aligned_term *c)
{
    const int64_t unit = most - path->fraction_bits, top = higher(most, c->significand ? c->field : NONE);
    const int64_t units[2] = {top - path->late_bits[0], top - path->late_bits[1]};
    const int64_t least = units[0] < units[1] ? units[0] : units[1];
    __int128 own = units[0] >= unit ? floor_shift(total, units[0] - unit) : total << (unit - units[0]);
    const __int128 other = cut_term(c, units[1], 1);
    return number_of_integer((own << (units[0] - least)) + (other << (units[1] - least)), least);
}

nf_unpacked nf_aligned_sum(const nf_matmul_call *call, const nf_factor *a, const nf_factor *b,
                           const nf_matmul_block *block, const nf_unpacked *sum)
{
    const nf_datapath *path = call->path;
    const size_t *places = call->places;
    const aligned_term c = term_of_sum(call, sum);
    const int is_early = path->joins != NF_JOIN_late;
    int64_t most = is_early && (c.significand || path->zeros_count) ? c.field : NONE;
    for (size_t k = block->start; k < block->end; k++) {
        const aligned_term t = term_of_product(path, &a[places[k]], &b[places[k]]);
        if (t.significand || path->zeros_count)
            most = higher(most, t.field);
    }
    if (most == NONE && (is_early || !c.significand))
        return special_of(NF_ZERO, 0);
    if (path->least_exponent != NF_NO_FLOOR)
        most = higher(most, path->least_exponent);
    if (most == NONE)
        most = c.field;
    const int64_t unit = most - path->fraction_bits;
    __int128 total = is_early ? cut_term(&c, unit, path->cuts_by_floor) : 0;
    for (size_t k = block->start; k < block->end; k++) {
        const aligned_term t = term_of_product(path, &a[places[k]], &b[places[k]]);
        total += cut_term(&t, unit, path->cuts_by_floor);
    }
    return is_early ? number_of_integer(total, unit) : joined_late(path, total, most, &c);
}
