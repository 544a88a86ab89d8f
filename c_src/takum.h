/* Takums: two's complement codes; the magnitude is direction, regime (3 bits), characteristic, fraction, cut where the
 * word ends.  Missing bits are 0, so that words of fewer than 12 bits span binades. */
#ifndef NF_TAKUM_H
#define NF_TAKUM_H

#include "tapered.h"

enum { TAKUM_HEAD_BITS = 4, TAKUM_MAX_EXPONENT = 254 }; /* direction and regime */

/* The fields of a magnitude. */
typedef struct nf_takum_fields {
    int64_t characteristic;
    uint64_t fraction; /* its first bit on top */
    int regime;
} nf_takum_fields;

/* `body`: the direction on top. */
NF_INLINE nf_takum_fields takum_fields(uint64_t body)
{
    const int is_up = body >> 63 != 0, field = (int)(body >> 60) & 7, regime = is_up ? field : 7 - field;
    const uint64_t rest = body << TAKUM_HEAD_BITS;
    const int64_t first = is_up ? ((int64_t)1 << regime) - 1 : 1 - ((int64_t)2 << regime);
    const nf_takum_fields f = {first + (regime ? (int64_t)(rest >> (64 - regime)) : 0), rest << regime, regime};
    return f;
}

NF_INLINE nf_unpacked unpack_takum(const nf_grid *grid, uint64_t code)
{
    int sign;
    uint64_t body;
    nf_unpacked special;
    if (!tapered_body(grid, code, &sign, &body, &special))
        return special;
    const nf_takum_fields f = takum_fields(body);
    return number_of(sign, ((uint64_t)1 << 63) | f.fraction >> 1, f.characteristic - 63);
}

/* Bits in front of the fraction of a magnitude with this exponent, and how many there are. */
NF_INLINE uint64_t takum_front(int64_t exponent, int *count)
{
    int is_up = exponent >= 0;
    uint64_t size = (uint64_t)(is_up ? exponent + 1 : -exponent);
    int regime = 63 - leading_zeros(size);
    uint64_t one = (uint64_t)1 << regime, characteristic = is_up ? size - one : 2 * one - 1 - size;
    *count = TAKUM_HEAD_BITS + regime;
    return (uint64_t)(is_up ? 8 | regime : 7 - regime) << regime | characteristic;
}

/* Bits of the magnitude of x, of infinite length, to cut: more than those of the fraction where a cell spans binades.
 */
NF_INLINE int takum_cut(const nf_grid *grid, const nf_unpacked *x, unsigned __int128 *bits)
{
    int count;
    *bits = (unsigned __int128)takum_front(x->exponent, &count) << 63 | (x->significand << 1) >> 1;
    return count + 63 - (grid->format.width - 1);
}

/* The cell on the encoding, as of posits. */
NF_INLINE nf_cell layout_takum(const nf_grid *grid, const nf_unpacked *x, int reaches_zero)
{
    nf_cell cell = {0, 1, 0, 0, 1, 0, 0};
    unsigned __int128 bits;
    if (x->exponent > TAKUM_MAX_EXPONENT) {
        cell.low = grid->max_magnitude;
        cell.outside = 1;
        cell.significand_even = 0;
        return cell;
    }
    if (x->exponent >= grid->emin) {
        int cut = takum_cut(grid, x, &bits);
        cell.low = (uint64_t)(bits >> cut);
        cut_string(bits, cut, x, &cell);
        cell.significand_even = !(cell.low & 1);
        cell.outside = cell.low == grid->max_magnitude && (cell.tail || cell.sticky);
    }
    if (cell.low == 0)
        cell_below(grid, x, reaches_zero, &cell);
    return cell;
}

/* The tail exactly, of the code or by value. */
NF_INLINE nf_fraction takum_fraction(const nf_grid *grid, const nf_unpacked *x, int by_code)
{
    unsigned __int128 bits;
    uint64_t low = x->exponent < grid->emin ? 0 : layout_takum(grid, x, 0).low;
    if (low == 0)
        return fraction_of_smallest(grid, x);
    nf_unpacked below = unpack_takum(grid, low), above = unpack_takum(grid, low + 1);
    int cut = takum_cut(grid, x, &bits), gap = (int)(above.exponent - below.exponent);
    if (!by_code && gap > 1)
        return fraction_of_span(x, gap, (int)(x->exponent - below.exponent));
    nf_fraction f = {bits & (((unsigned __int128)1 << cut) - 1), 1, cut, 0};
    return f;
}

NF_INLINE nf_fraction takum_tail(const nf_plan *plan, const nf_unpacked *x)
{
    return takum_fraction(&plan->grid, x, plan->options.by_code);
}

#endif
