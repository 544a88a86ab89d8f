/* Fixed point: the code is a two's complement or unsigned integer, one ulp is 2**-fraction_bits everywhere. */
#ifndef NF_FIXED_POINT_H
#define NF_FIXED_POINT_H

#include "cell.h"

NF_INLINE nf_unpacked unpack_fixed(const nf_grid *grid, uint64_t code)
{
    int sign = (code & grid->sign_bit) != 0;
    uint64_t magnitude = sign ? (0 - code) & grid->mask : code;
    return number_of(sign, magnitude, -(int64_t)grid->format.fraction_bits);
}

/* How many low bits of a significand lie below one ulp; negative: how far it lies above. */
NF_INLINE int64_t fixed_shift(const nf_grid *grid, const nf_unpacked *x)
{
    return 63 - x->exponent - grid->format.fraction_bits;
}

/* An integer magnitude of fixed point: its low 128 bits, and whether there are higher ones. */
NF_INLINE unsigned __int128 layout_fixed(const nf_grid *grid, const nf_unpacked *x, nf_cell *cell, int *huge)
{
    int64_t shift = fixed_shift(grid, x);
    *huge = shift < -64;
    if (shift >= 0)
        return cut_number(x, shift, cell);
    if (shift < -64 && x->more)
        return shift > -192 ? ((unsigned __int128)x->significand << 64 | x->more) << (-shift - 64) : 0;
    const unsigned __int128 above = shift > -128 ? (unsigned __int128)x->significand << -shift : 0;
    if (shift < -64 || !goes_on(x))
        return above;
    cell->tail = shift > -64 ? x->more << -shift : 0;
    cell->sticky = x->sticky;
    return above | (shift > -64 ? x->more >> (64 + shift) : x->more);
}

/* The tail exactly: of a result of many bits it may lie behind the significand. */
NF_INLINE nf_fraction fixed_fraction(const nf_grid *grid, const nf_unpacked *x)
{
    const int64_t shift = fixed_shift(grid, x);
    if (shift >= 0)
        return fraction_below(x, shift);
    if (shift <= -64)
        return (nf_fraction){0, 1, 0, -shift};
    return (nf_fraction){x->more & (((uint64_t)1 << (64 + shift)) - 1), 1, 64 + shift, 64};
}

NF_INLINE nf_fraction fixed_tail(const nf_plan *plan, const nf_unpacked *x) { return fixed_fraction(&plan->grid, x); }

#endif
