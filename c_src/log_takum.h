/* Logarithmic takums: the codes of takums, worth sqrt(e)**(characteristic + fraction). */
#ifndef NF_LOG_TAKUM_H
#define NF_LOG_TAKUM_H

#include "takum.h"

/* What the tail of a cell is to say: on which side of the code one bit longer, or all of it, by code or by value. */
typedef enum nf_tail { NF_TAIL_SIDE, NF_TAIL_BY_CODE, NF_TAIL_BY_VALUE } nf_tail;

nf_unpacked nf_unpack_log_takum(const nf_grid *grid, uint64_t code);

NF_INLINE nf_unpacked unpack_log_takum(const nf_grid *grid, uint64_t code) { return nf_unpack_log_takum(grid, code); }

/* The cell on the encoding, as of posits; between 0 and the smallest value its tail is by value, or none at all. */
nf_cell nf_layout_log_takum(const nf_grid *grid, const nf_deep *x, int reaches_zero, nf_tail tail);

/* Further binary digits of the tail, by code or by value: 32 of them from digit 32 `word` on. */
uint32_t nf_log_takum_digits(const nf_grid *grid, const nf_deep *x, int by_code, int word);

/* Are the smallest value, which is 1 in 2 bits, and x below it both rational?  No other tail is. */
NF_INLINE int is_fraction_of_one(const nf_grid *grid, const nf_unpacked *x)
{
    return grid->format.width == 2 && x->exponent < 0 && x->base == NF_RATIONAL;
}

NF_INLINE nf_fraction log_takum_tail(const nf_plan *plan, const nf_unpacked *x)
{
    const nf_fraction endless = {1, NF_ENDLESS, 0, 0};
    return is_fraction_of_one(&plan->grid, x) ? fraction_below(x, 63 - x->exponent) : endless;
}

#endif
