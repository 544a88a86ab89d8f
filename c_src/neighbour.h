/* The values next to that of a code: by magnitudes, which count a format's values from 0 outwards. */
#ifndef NF_NEIGHBOUR_H
#define NF_NEIGHBOUR_H

#include "overflow.h"

/* The magnitude of a code, and its sign. */
NF_INLINE uint64_t magnitude_of(const nf_grid *grid, uint64_t code, int *sign)
{
    *sign = (code & grid->sign_bit) != 0;
    if (grid->format.family == NF_FLOAT)
        return code & ~grid->sign_bit;
    if (grid->format.family == NF_LNS)
        return (code + lns_offset(grid)) & (grid->sign_bit - 1);
    if (grid->format.family == NF_AFFINE) {
        const nf_unpacked difference = affine_difference(grid, code);
        *sign = difference.sign;
        return difference.kind == NF_ZERO ? 0 : difference.significand >> (63 - difference.exponent);
    }
    return *sign ? (0 - code) & grid->mask : code;
}

/* The magnitude next to 0; 0 itself where that is no value. */
NF_INLINE uint64_t first_magnitude(const nf_grid *grid)
{
    if (grid->lacks_zero)
        return 0;
    const int flushes = grid->format.family == NF_FLOAT && grid->format.subnormals != NF_SUBNORMALS;
    return flushes ? grid->normal_magnitude : 1;
}

/* The neighbour of a finite value in a format of signs and magnitudes: away from 0, or towards it. */
NF_INLINE nf_unpacked next_magnitude(const nf_grid *grid, uint64_t magnitude, int sign, int is_away)
{
    const uint64_t last = sign ? grid->min_magnitude : grid->max_magnitude, first = first_magnitude(grid);
    if (is_away && magnitude >= last)
        return special_of(NF_INFINITY, sign);
    if (!is_away && magnitude == first)
        return grid->lacks_zero ? special_of(NF_INFINITY, !sign) : special_of(NF_ZERO, sign);
    magnitude = !is_away ? magnitude - 1 : magnitude < first ? first : magnitude + 1;
    return unpack_code(grid, code_of(grid, magnitude, sign));
}

NF_INLINE nf_unpacked codebook_neighbour(const nf_grid *grid, uint64_t code, int step)
{
    const int is_end = step > 0 ? code == grid->max_magnitude : code == 0;
    return is_end ? special_of(NF_INFINITY, step < 0) : unpack_code(grid, step > 0 ? code + 1 : code - 1);
}

/* The value above (`step` 1) or below (-1) that of a code: infinity beyond the ends, NaN of NaN and, in P3109, beyond
 * infinity.  A 0 keeps the sign of the number next to it. */
NF_INLINE nf_unpacked neighbour_of(const nf_grid *grid, uint64_t code, int step)
{
    const nf_unpacked value = unpack_code(grid, code);
    int sign;
    uint64_t magnitude = magnitude_of(grid, code, &sign);
    if (value.kind == NF_NAN)
        return value;
    if (grid->format.family == NF_CODEBOOK)
        return codebook_neighbour(grid, code, step);
    if (value.kind == NF_INFINITY && sign == (step < 0))
        return grid->is_p3109 ? special_of(NF_NAN, 0) : value;
    if (value.kind == NF_INFINITY)
        return unpack_code(grid, code_of(grid, sign ? grid->min_magnitude : grid->max_magnitude, sign));
    if (value.kind == NF_ZERO) {
        sign = step < 0;
        magnitude = 0;
    }
    return next_magnitude(grid, magnitude, sign, sign == (step < 0));
}

#endif
