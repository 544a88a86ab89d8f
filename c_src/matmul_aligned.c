/* Blocks whose terms are aligned to the largest exponent, cut and added as integers. */
#include "matmul.h"

enum { NONE = -(1 << 28) /* below every exponent */, SCALE_BITS = 2 * NF_SCALE_PRECISION };

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

/* The integer significand * 2**unit of a product of finite factors. */
static __int128 product_in_units(const nf_factor *a, const nf_factor *b, int64_t unit)
{
    const int64_t shift = 126 + unit - a->exponent - b->exponent;
    const unsigned __int128 size = (unsigned __int128)a->significand * b->significand;
    const __int128 kept = shift > 127 ? 0 : (__int128)(size >> shift); /* exact: see nf_read_scales */
    return a->sign ^ b->sign ? -kept : kept;
}

/* The exact sum of the products from place `start` on, times their scales.  One that is 0 because products cancel has
 * its exponent, one without products other than 0 has none. */
static aligned_term term_of_group(const nf_matmul_call *call, const nf_factor *a, const nf_factor *b, size_t start,
                                  size_t end)
{
    const size_t *places = call->places, terms = call->shape.terms, size = call->path->scaling->size;
    const nf_factor *x = &call->scales[0][(size_t)(a - call->a) / terms * call->scale_count + places[start] / size];
    const nf_factor *y = &call->scales[1][(size_t)(b - call->b) / terms * call->scale_count + places[start] / size];
    aligned_term t = {.field = NONE};
    __int128 sum = 0;
    for (size_t k = start; k < end; k++) {
        const nf_factor *p = &a[places[k]], *q = &b[places[k]];
        if (p->significand && q->significand && x->significand && y->significand)
            t.field = (int64_t)x->field + y->field;
        sum += product_in_units(p, q, call->group_unit);
    }
    const unsigned __int128 scale = ((unsigned __int128)x->significand * y->significand) >> (128 - SCALE_BITS);
    t.sign = (sum < 0) ^ x->sign ^ y->sign;
    t.significand = (sum < 0 ? 0 - (unsigned __int128)sum : (unsigned __int128)sum) * scale;
    t.exponent = 126 + call->group_unit + x->exponent + y->exponent - (SCALE_BITS - 2);
    return t;
}

static size_t term_count(const nf_matmul_call *call, const nf_matmul_block *block)
{
    const size_t n = block->end - block->start, group = call->path->group;
    return group ? n / group + (n % group != 0) : n;
}

static aligned_term term_at(const nf_matmul_call *call, const nf_factor *a, const nf_factor *b,
                            const nf_matmul_block *block, size_t i)
{
    const size_t group = call->path->group, start = block->start + i * (group ? group : 1);
    if (!group)
        return term_of_product(call->path, &a[call->places[start]], &b[call->places[start]]);
    return term_of_group(call, a, b, start, block->end - start < group ? block->end : start + group);
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
    if (shift <= 0) /* sums of groups alone */
        return t->sign ? -(__int128)(t->significand << -shift) : (__int128)(t->significand << -shift);
    const unsigned __int128 kept = shift > 127 ? 0 : t->significand >> shift;
    const int is_cut = shift > 127 ? t->significand != 0 : t->significand << (128 - shift) != 0;
    return t->sign ? -(__int128)kept - (by_floor && is_cut) : (__int128)kept;
}

/* v = floor(v / 2**shift). */
static __int128 floor_shift(__int128 v, int64_t shift) { return v >> (shift > 126 ? 126 : shift); }

/* v * 2**shift, v of either sign. */
static __int128 up_shift(__int128 v, int64_t shift) { return (__int128)((unsigned __int128)v << shift); }

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

/* Terms first, first + step, ... of a block, aligned to their largest exponent and to *most, cut and added: integers in
 * units of 2**(*most - fraction_bits), *most then NONE where there is nothing. */
static __int128 aligned_terms(const nf_matmul_call *call, const nf_factor *a, const nf_factor *b,
                              const nf_matmul_block *block, size_t first, size_t step, int64_t *most)
{
    const nf_datapath *path = call->path;
    const size_t n = term_count(call, block);
    for (size_t i = first; i < n; i += step) {
        const aligned_term t = term_at(call, a, b, block, i);
        if (t.significand || path->zeros_count || path->group)
            *most = higher(*most, t.field);
    }
    if (*most == NONE)
        return 0;
    if (path->least_exponent != NF_NO_FLOOR)
        *most = higher(*most, path->least_exponent);
    __int128 total = 0;
    for (size_t i = first; i < n; i += step) {
        const aligned_term t = term_at(call, a, b, block, i);
        total += cut_term(&t, *most - path->fraction_bits, path->cuts_by_floor);
    }
    return total;
}

/* v is cut by floor to `bits` bits below its leading one, or below 2**emin. */
static void cut_sum(__int128 *v, int64_t unit, int bits, int64_t emin)
{
    const nf_unpacked x = number_of_integer(*v, unit);
    const int64_t shift = *v ? higher(x.exponent, emin) - bits - unit : 0;
    if (shift > 0 && shift < 127)
        *v = up_shift(floor_shift(*v, shift), shift);
}

/* The products' sum, in units of 2**(most - fraction_bits), and the sum so far, aligned once more. */
static nf_unpacked joined_late(const nf_matmul_call *call, __int128 total, int64_t most, const aligned_term *c)
{
    const nf_datapath *path = call->path;
    const int64_t unit = most - path->fraction_bits, top = higher(most, c->field);
    const int64_t units[2] = {top - path->late_bits[0], top - path->late_bits[1]};
    const int64_t least = units[0] < units[1] ? units[0] : units[1];
    const int is_far = path->far_is_zero && c->field < units[1] - 1;
    __int128 own = units[0] >= unit ? floor_shift(total, units[0] - unit) : up_shift(total, unit - units[0]);
    const __int128 other = is_far ? 0 : cut_term(c, units[1], 1);
    __int128 sum = up_shift(own, units[0] - least) + up_shift(other, units[1] - least);
    cut_sum(&sum, least, path->late_bits[2], call->result.grid.emin);
    return number_of_integer(sum, least);
}

/* Sums of the products at even and at odd places, cut by floor where the larger exponent says. */
static __int128 even_and_odd(const nf_matmul_call *call, const nf_factor *a, const nf_factor *b,
                             const nf_matmul_block *block, int64_t *most)
{
    int64_t own[2] = {NONE, NONE};
    __int128 total = 0, sums[2];
    for (size_t i = 0; i < 2; i++)
        sums[i] = aligned_terms(call, a, b, block, i, 2, &own[i]);
    *most = higher(own[0], own[1]);
    for (int i = 0; i < 2; i++)
        total += own[i] == NONE ? 0 : floor_shift(sums[i], *most - own[i]);
    return total;
}

nf_unpacked nf_aligned_sum(const nf_matmul_call *call, const nf_factor *a, const nf_factor *b,
                           const nf_matmul_block *block, const nf_unpacked *sum)
{
    const nf_datapath *path = call->path;
    const aligned_term c = term_of_sum(call, sum);
    const int is_early = path->joins != NF_JOIN_late;
    int64_t most = is_early && (c.significand || path->zeros_count) ? c.field : NONE;
    __int128 total =
        path->even_odd ? even_and_odd(call, a, b, block, &most) : aligned_terms(call, a, b, block, 0, 1, &most);
    if (most == NONE && (is_early || !c.significand))
        return special_of(NF_ZERO, 0);
    if (most == NONE)
        most = c.field;
    if (!is_early)
        return joined_late(call, total, most, &c);
    total += cut_term(&c, most - path->fraction_bits, path->cuts_by_floor);
    return number_of_integer(total, most - path->fraction_bits);
}
