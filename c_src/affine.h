/* Affine integers: value = scale * (integer - zero point), a scale and a zero point for all elements, for each index of
 * an axis, or for each group of neighbours along one.  A grid has those of the elements at hand.  "Even", "zero" and
 * "away" are of integer - zero point, ends and wraps of the integer, which is the code. */
#ifndef NF_AFFINE_H
#define NF_AFFINE_H

#include "quotient.h"

/* Which scale element `place` of an array has; `left`: so many elements from it on have the same. */
NF_INLINE size_t affine_scale_at(const nf_affine *affine, size_t place, size_t *left)
{
    *left = SIZE_MAX;
    if (affine->count == 1)
        return 0;
    const size_t inner = place % affine->inner, row = place / affine->inner;
    const size_t along = row % affine->extent;
    if (!affine->group) {
        *left = affine->inner - inner;
        return along;
    }
    const size_t groups = (affine->extent - 1) / affine->group + 1, in_group = along % affine->group;
    const size_t to_end = affine->extent - along, to_next = affine->group - in_group;
    *left = affine->inner > 1 ? 1 : to_end < to_next ? to_end : to_next;
    return (row / affine->extent * groups + along / affine->group) * affine->inner + inner;
}

/* Make the grid that of a scale. */
NF_INLINE void take_affine_scale(nf_grid *grid, size_t index)
{
    const nf_affine *affine = grid->format.affine;
    const uint64_t highest = grid->mask ^ grid->sign_bit; /* and -sign_bit is the lowest integer */
    grid->scale = unpack_f64(affine->scales[index]);
    grid->zero_point = affine->zero_points ? affine->zero_points[index] : 0;
    grid->max_magnitude = highest - (uint64_t)grid->zero_point;
    grid->min_magnitude = (uint64_t)grid->zero_point + grid->sign_bit;
    grid->normal_magnitude = grid->max_magnitude ? 1 : 0;
    grid->zero_code = (uint64_t)grid->zero_point & grid->mask;
    if (affine->divide == NF_DIVIDE_FL32_RECIPROCAL) {
        const nf_unpacked one = number_of(0, 1, 0);
        grid->reciprocal = single(ratio(&one, &grid->scale));
    }
}

/* The largest |integer - zero point|. */
NF_INLINE uint64_t affine_largest(const nf_grid *grid)
{
    return grid->max_magnitude > grid->min_magnitude ? grid->max_magnitude : grid->min_magnitude;
}

/* integer - zero point. */
NF_INLINE nf_unpacked affine_difference(const nf_grid *grid, uint64_t code)
{
    const uint64_t integer = code & grid->sign_bit ? code | ~grid->mask : code;
    const __int128 wide = grid->sign_bit ? (__int128)(int64_t)integer : (__int128)integer;
    const __int128 difference = wide - grid->zero_point;
    return number_of(difference < 0, (uint64_t)(difference < 0 ? -difference : difference), 0);
}

/* Cut behind 64 bits, the last one set, where a scale has so many bits. */
NF_INLINE nf_unpacked unpack_affine(const nf_grid *grid, uint64_t code)
{
    const nf_unpacked difference = affine_difference(grid, code);
    return product(&difference, &grid->scale);
}

/* What is divided by the divisor: x by the scale, or its product with the float32 reciprocal by 1 (of an x with
 * digits behind its significand: nf_affine_product). */
NF_INLINE nf_unpacked affine_dividend(const nf_grid *grid, const nf_unpacked *x)
{
    return grid->reciprocal.kind == NF_ZERO ? *x : single(product(x, &grid->reciprocal));
}

NF_INLINE nf_unpacked affine_divisor(const nf_grid *grid)
{
    return grid->reciprocal.kind == NF_ZERO ? grid->scale : number_of(0, 1, 0);
}

/* number * 2**power modulo a divisor above 2. */
static __attribute__((noinline, cold, unused)) uint64_t shifted_modulo(uint64_t number, uint64_t power,
                                                                       uint64_t divisor)
{
    unsigned __int128 result = number, base = 2;
    for (; power; power >>= 1) {
        result = power & 1 ? result * base % divisor : result;
        base = base * base % divisor;
    }
    return (uint64_t)result;
}

/* The low 128 bits of the integer part of a quotient of at least 1/2, and the rest of the division. */
NF_INLINE unsigned __int128 affine_integer(const nf_unpacked *x, const nf_unpacked *scale, nf_rest *rest)
{
    enum { MOST_DIGITS = 128 };
    int64_t digits = x->exponent - scale->exponent; /* behind the first */
    unsigned __int128 integer = (unsigned)begin_quotient(x->significand, scale->significand, rest);
    if (digits >= MOST_DIGITS) {
        rest->remainder = shifted_modulo(rest->remainder, (uint64_t)(digits - MOST_DIGITS), rest->divisor);
        digits = MOST_DIGITS;
        integer = 0;
    }
    for (int taken; digits > 0; digits -= taken) {
        taken = digits > 64 ? 64 : (int)digits;
        integer = integer << taken | next_quotient_bits(rest, taken);
    }
    return integer;
}

/* The same of an x with digits behind its significand, up to the sure exponent of the quotient. */
enum { NF_SURE_QUOTIENT = 30 };

NF_INLINE unsigned __int128 layout_long_quotient(const nf_unpacked *x, const nf_unpacked *scale, nf_cell *cell)
{
    const int64_t e = x->exponent - scale->exponent, cut = e < 0 ? (e < -127 ? 127 : -e) : 0;
    const unsigned __int128 all = (unsigned __int128)x->significand << 64 | x->more, kept = all >> cut;
    const unsigned __int128 rest = kept % scale->significand << (e > 0 ? e : 0);
    const unsigned __int128 digits = (kept / scale->significand << (e > 0 ? e : 0)) | rest / scale->significand;
    cell->tail = e < -127 ? 0 : (uint64_t)digits;
    cell->sticky = rest % scale->significand || kept << cut != all || x->sticky;
    return digits >> 64;
}

/* The magnitude of x / scale as `layout_fixed` gives one. */
NF_INLINE unsigned __int128 layout_quotient(const nf_unpacked *x, const nf_unpacked *scale, nf_cell *cell, int *huge)
{
    const int64_t e = x->exponent - scale->exponent;
    unsigned __int128 integer = 0;
    nf_rest rest;
    *huge = e > 127;
    if (e >= 0) {
        integer = affine_integer(x, scale, &rest);
        cell->tail = next_quotient_bits(&rest, 64);
    } else if (e >= -64) {
        const int digits = (int)(64 + e);
        const uint64_t first = (uint64_t)begin_quotient(x->significand, scale->significand, &rest);
        cell->tail = first << digits | next_quotient_bits(&rest, digits);
    } else {
        rest.remainder = 1;
        cell->tail = 0;
    }
    cell->sticky = rest.remainder != 0;
    return integer;
}

NF_INLINE nf_fraction affine_tail(const nf_plan *plan, const nf_unpacked *x)
{
    const nf_unpacked dividend = affine_dividend(&plan->grid, x), divisor = affine_divisor(&plan->grid);
    const int64_t e = dividend.exponent - divisor.exponent;
    nf_fraction f = {dividend.significand, divisor.significand, -e, 0};
    if (e >= 0 && e <= 64 && goes_on(&dividend)) {
        const unsigned __int128 all = (unsigned __int128)dividend.significand << 64 | dividend.more;
        f = (nf_fraction){(e ? all >> (64 - e) : all >> 64) % divisor.significand, divisor.significand, 0, e};
    } else if (e >= 0) {
        nf_rest rest;
        affine_integer(&dividend, &divisor, &rest);
        f.numerator = rest.remainder;
        f.shift = 0;
    }
    return f;
}

/* The float32 nearest to x times the reciprocal. */
nf_unpacked nf_affine_product(const nf_grid *grid, const nf_deep *x);

/* Can an array of n elements have these scales? (affine.c) */
int nf_affine_fits(const nf_format *format, size_t n);

/* Are 64 bits enough for every value? */
int nf_affine_is_short(const nf_format *format);

/* Bits of the longest scale. */
int nf_affine_scale_bits(const nf_format *format);

#endif
