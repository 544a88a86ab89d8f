/* Tapered formats (posits, takums): cells of the encoding that may span binades, and the cell between 0 and the
 * smallest value, which has one tail. */
#ifndef NF_TAPERED_H
#define NF_TAPERED_H

#include "cell.h"

/* A code taken apart: its sign, and the bits of its magnitude with the first one on top.  0 where it is 0 or NaR, which
 * *special then is. */
NF_INLINE int tapered_body(const nf_grid *grid, uint64_t code, int *sign, uint64_t *body, nf_unpacked *special)
{
    *sign = (code & grid->sign_bit) != 0;
    const uint64_t magnitude = *sign ? (0 - code) & grid->mask : code;
    *body = magnitude << (64 - (grid->format.width - 1));
    *special = magnitude ? special_of(NF_NAN, 0) : number_of(0, 0, 0);
    return magnitude && magnitude != grid->sign_bit;
}

/* x / smallest, below it. */
NF_INLINE nf_fraction fraction_of_smallest(const nf_grid *grid, const nf_unpacked *x)
{
    const int zeros = __builtin_ctzll(grid->smallest_significand);
    const int64_t shift = grid->emin - x->exponent + zeros;
    const uint64_t divisor = grid->smallest_significand >> zeros;
    if (!x->more)
        return (nf_fraction){x->significand, divisor, shift, 0};
    return (nf_fraction){(unsigned __int128)x->significand << 64 | x->more, divisor, shift + 64, 64};
}

/* In a cell from 2**k to 2**(k + gap), with x in binade k + above: (x / low - 1) / (high / low - 1); gap 1..64. */
NF_INLINE nf_fraction fraction_of_span(const nf_unpacked *x, int gap, int above)
{
    const unsigned __int128 all = (unsigned __int128)x->significand << (above + 1) | x->more >> (63 - above);
    return (nf_fraction){all - ((unsigned __int128)1 << 64), ~(uint64_t)0 >> (64 - gap), 64, above + 1};
}

/* The cell between 0 and the smallest value.  `reaches_zero`: 0 is a neighbour (a stochastic rounding); otherwise
 * nothing but 0 rounds to 0, and the tail says no more than that x is inexact. */
NF_INLINE void cell_below(const nf_grid *grid, const nf_unpacked *x, int reaches_zero, nf_cell *cell)
{
    int64_t shift = grid->emin - x->exponent;
    cell->forced = !reaches_zero;
    cell->sticky = 1;
    cell->tail = 0;
    if (!reaches_zero || shift > 64)
        return;
    const unsigned __int128 all = (unsigned __int128)x->significand << 64 | x->more, scaled = all >> shift;
    cell->tail = (uint64_t)(scaled / grid->smallest_significand);
    cell->sticky = scaled % grid->smallest_significand != 0 || (shift && all << (128 - shift)) || x->sticky;
}

/* Replace the tail of the code by the tail by value, where they differ. */
NF_INLINE void set_tail(const nf_fraction *f, const nf_unpacked *x, nf_cell *cell)
{
    if (f->divisor > 1 && f->shift == 64) {
        cell->tail = (uint64_t)(f->numerator / f->divisor);
        cell->sticky = f->numerator % f->divisor != 0 || goes_on_behind(x, f->taken);
    }
}

#endif
