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
        return cut_bits(x->significand, shift, cell);
    return shift > -128 ? (unsigned __int128)x->significand << -shift : 0;
}

NF_INLINE nf_fraction fixed_tail(const nf_plan *plan, const nf_unpacked *x)
{
    return fraction_below(x->significand, fixed_shift(&plan->grid, x));
}

#endif
