/* Binary floats: sign, exponent field, fraction; magnitudes in the order of their codes, so that a carry out of the
 * fraction moves to the next binade, and a subnormal becomes normal, by itself. */
#ifndef NF_FLOATING_POINT_H
#define NF_FLOATING_POINT_H

#include "cell.h"

NF_INLINE nf_unpacked unpack_float(const nf_grid *grid, uint64_t code)
{
    int t = grid->format.fraction_bits;
    int sign = (code & grid->sign_bit) != 0;
    uint64_t magnitude = code & ~grid->sign_bit;
    uint64_t fraction = magnitude & (((uint64_t)1 << t) - 1);
    int64_t field = (int64_t)(magnitude >> t);
    if (grid->has_nan && code == grid->nan_code)
        return special_of(NF_NAN, 0);
    if (magnitude > grid->max_magnitude)
        return special_of(grid->has_infinity && magnitude == grid->infinity_magnitude ? NF_INFINITY : NF_NAN, sign);
    if (grid->lacks_zero)
        return number_of(0, 1, grid->emin + field);
    if (field == 0)
        return number_of(sign, grid->format.subnormals == NF_SUBNORMALS ? fraction : 0, grid->emin - t);
    return number_of(sign, fraction | ((uint64_t)1 << t), grid->emin + field - 1 - t);
}

/* Below the smallest normal of a format without subnormals the cell is (0, smallest normal). */
NF_INLINE int is_flushed(const nf_grid *grid, const nf_unpacked *x)
{
    return x->exponent < grid->emin && grid->format.subnormals != NF_SUBNORMALS;
}

/* How many low bits of the significand lie below the last place of the cell's lower end; where tininess is found after
 * rounding, the cell is that of the unbounded exponent. */
NF_INLINE int64_t float_cell_shift(const nf_grid *grid, const nf_unpacked *x)
{
    if (is_flushed(grid, x) && grid->format.subnormals == NF_FTZ_AFTER)
        return 63 - grid->format.fraction_bits;
    int64_t below = grid->emin - x->exponent;
    int64_t kept = is_flushed(grid, x) ? 0 : grid->format.fraction_bits;
    return 63 - kept + (below > 0 ? below : 0);
}

/* Where there is no zero: the neighbour below code 0, even as 0 would be. */
#define NF_BELOW_RANGE (~(uint64_t)1)

NF_INLINE nf_cell layout_float(const nf_grid *grid, const nf_unpacked *x)
{
    nf_cell cell = {0, 1, 0, 0, 1, 0, 0};
    int64_t binade = x->exponent - grid->emin;
    if (x->exponent > grid->emax) {
        cell.outside = 1;
        return cell;
    }
    uint64_t significand = cut_number(x, float_cell_shift(grid, x), &cell);
    if (is_flushed(grid, x)) {
        cell.step = grid->normal_magnitude;
        return cell;
    }
    cell.low = significand + (binade > 0 ? (uint64_t)binade << grid->format.fraction_bits : 0);
    cell.significand_even = !(significand & 1);
    if (grid->lacks_zero) {
        cell.step = cell.low ? 1 : 0 - NF_BELOW_RANGE;
        cell.low = cell.low ? cell.low - 1 : NF_BELOW_RANGE;
    }
    return cell;
}

NF_INLINE nf_fraction float_tail(const nf_plan *plan, const nf_unpacked *x)
{
    return fraction_below(x, float_cell_shift(&plan->grid, x));
}

#endif
