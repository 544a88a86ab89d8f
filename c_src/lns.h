/* Logarithmic numbers: a sign, and log2 of the magnitude as a two's complement fixed-point number.  A magnitude counts
 * the values from zero upwards: magnitude i > 0 has the log i - 2**(width - 2), in units of 2**-fraction_bits, so that
 * both have the same parity; the log field of zero, 10..0, is NaN where the sign is set. */
#ifndef NF_LNS_H
#define NF_LNS_H

#include "cell.h"

/* The log of magnitude 0, negated; and the log field of that and of NaN. */
NF_INLINE uint64_t lns_offset(const nf_grid *grid) { return grid->sign_bit >> 1; }

NF_INLINE uint64_t lns_code(const nf_grid *grid, uint64_t magnitude, int sign)
{
    const uint64_t field = (magnitude - lns_offset(grid)) & (grid->sign_bit - 1);
    return sign && magnitude ? field | grid->sign_bit : field;
}

nf_unpacked nf_unpack_lns(const nf_grid *grid, uint64_t code);

NF_INLINE nf_unpacked unpack_lns(const nf_grid *grid, uint64_t code) { return nf_unpack_lns(grid, code); }

/* The cell of a number between the neighbouring logs: `low` modulo 2**64 where it is outside.  The tail says on which
 * side of the half-way log the number is or, `by_value`, is that of the values. */
nf_cell nf_layout_lns(const nf_grid *grid, const nf_deep *x, int by_value);

/* Further binary digits of the tail by value: 32 of them from digit 32 `word` on. */
uint32_t nf_lns_digits(const nf_grid *grid, const nf_deep *x, int word);

/* The tail where it is rational; else NF_ENDLESS. */
nf_fraction nf_lns_fraction(const nf_grid *grid, const nf_unpacked *x);

NF_INLINE nf_fraction lns_tail(const nf_plan *plan, const nf_unpacked *x) { return nf_lns_fraction(&plan->grid, x); }

#endif
