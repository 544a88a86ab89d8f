/* Posits: two's complement codes; the magnitude is regime, exponent, fraction, cut where the word ends. */
#ifndef NF_POSIT_H
#define NF_POSIT_H

#include "tapered.h"

NF_INLINE nf_unpacked unpack_posit(const nf_grid *grid, uint64_t code)
{
    int n = grid->format.width, es = grid->format.exponent_bits, sign;
    uint64_t body;
    nf_unpacked special;
    if (!tapered_body(grid, code, &sign, &body, &special))
        return special;
    int ones = body >> 63 != 0;
    int run = ones ? (~body ? leading_zeros(~body) : 64) : leading_zeros(body);
    if (run > n - 1)
        run = n - 1;
    int64_t regime = ones ? run - 1 : -run;
    uint64_t rest = run + 1 > 63 ? 0 : body << (run + 1); /* exponent, then fraction; missing bits are 0 */
    uint64_t exponent = es ? rest >> (64 - es) : 0;
    uint64_t fraction = es ? rest << es : rest;
    const int64_t scale = regime * ((int64_t)1 << es) + (int64_t)exponent - 63;
    return number_of(sign, (uint64_t)1 << 63 | fraction >> 1, scale);
}

/* Bits that the word leaves for exponent and fraction behind the regime of x. */
NF_INLINE int posit_room(const nf_grid *grid, const nf_unpacked *x)
{
    int64_t regime = x->exponent >> grid->format.exponent_bits;
    return grid->format.width - 1 - (int)(regime < 0 ? 1 - regime : regime + 2);
}

/* Exponent, then fraction: es + 63 bits. */
NF_INLINE unsigned __int128 posit_payload(const nf_grid *grid, const nf_unpacked *x)
{
    uint64_t exponent = (uint64_t)x->exponent & (((uint64_t)1 << grid->format.exponent_bits) - 1);
    return (unsigned __int128)exponent << 63 | (x->significand << 1) >> 1;
}

/* The cell on the encoding: its midpoint is the posit with one more bit. */
NF_INLINE nf_cell layout_posit(const nf_grid *grid, const nf_unpacked *x, int reaches_zero)
{
    nf_cell cell = {0, 1, 0, 0, 1, 0, 0};
    if (x->exponent >= grid->emax) {
        cell.low = grid->max_magnitude;
        cell.outside = x->exponent > grid->emax || x->significand << 1 || goes_on(x);
        cell.significand_even = 0;
        return cell;
    }
    if (x->exponent < grid->emin) {
        cell_below(grid, x, reaches_zero, &cell);
        return cell;
    }
    int64_t regime = x->exponent >> grid->format.exponent_bits;
    int room = posit_room(grid, x);
    int cut = 63 + grid->format.exponent_bits - room;
    unsigned __int128 payload = posit_payload(grid, x);
    uint64_t run = regime < 0 ? 1 : ((uint64_t)2 << (regime + 1)) - 2;
    cell.low = run << room | (uint64_t)(payload >> cut);
    cut_string(payload, cut, x, &cell);
    cell.significand_even = !(cell.low & 1);
    return cell;
}

/* The tail exactly, of the code or by value. */
NF_INLINE nf_fraction posit_fraction(const nf_grid *grid, const nf_unpacked *x, int by_code)
{
    int es = grid->format.exponent_bits;
    if (x->exponent < grid->emin)
        return fraction_of_smallest(grid, x);
    int room = posit_room(grid, x);
    int cut_exponent = room < es ? es - room : 0;
    if (cut_exponent == 0)
        return fraction_below(x, 63 + es - room);
    if (!by_code)
        return fraction_of_span(x, 1 << cut_exponent, (int)(x->exponent & ((1 << cut_exponent) - 1)));
    const int behind = 65 - cut_exponent; /* bits of the fraction behind the significand's */
    nf_fraction f = {posit_payload(grid, x) << behind | x->more >> (64 - behind), 1, 128, behind};
    return f;
}

NF_INLINE nf_fraction posit_tail(const nf_plan *plan, const nf_unpacked *x)
{
    return posit_fraction(&plan->grid, x, plan->options.by_code);
}

#endif
