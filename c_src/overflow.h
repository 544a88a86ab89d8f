/* What a rounded value outside the finite range becomes: overflow.def's rows, for each family. */
#ifndef NF_OVERFLOW_H
#define NF_OVERFLOW_H

#include "families.h"

/* A code and what happened on the way to it (NF_WAS_..., NF_FAILED_...). */
typedef struct nf_outcome {
    uint64_t code;
    uint32_t what;
} nf_outcome;

NF_INLINE nf_outcome outcome(uint64_t code, uint32_t what)
{
    nf_outcome o = {code, what};
    return o;
}

/* The code of a magnitude with a sign. */
NF_INLINE uint64_t code_of(const nf_grid *grid, uint64_t magnitude, int sign)
{
    if (grid->format.family == NF_FLOAT)
        return sign ? magnitude | grid->sign_bit : magnitude;
    if (grid->format.family == NF_LNS)
        return lns_code(grid, magnitude, sign);
    return ((sign ? 0 - magnitude : magnitude) + (uint64_t)grid->zero_point) & grid->mask;
}

/* The finite end on the side of `sign`; below an unsigned format that is code 0. */
NF_INLINE uint64_t end_code(const nf_plan *plan, int sign)
{
    const nf_grid *grid = &plan->grid;
    int symmetric = plan->options.overflow == NF_OVERFLOW_saturate_symmetric && grid->sign_bit;
    uint64_t magnitude = sign && !symmetric ? grid->min_magnitude : grid->max_magnitude;
    return code_of(grid, magnitude, sign && (grid->sign_bit || grid->format.family == NF_AFFINE));
}

NF_INLINE uint64_t nan_code(const nf_grid *grid, int sign)
{
    return sign && grid->keeps_nan_sign ? grid->nan_code | grid->sign_bit : grid->nan_code;
}

NF_INLINE nf_outcome round_nan(const nf_plan *plan, int sign)
{
    const nf_grid *grid = &plan->grid;
    if (grid->has_nan)
        return outcome(nan_code(grid, sign), NF_WAS_NAN);
    switch (plan->options.nan) {
    case NF_NAN_zero:
        return outcome(grid->zero_code, NF_WAS_NAN);
    case NF_NAN_max:
        return outcome(end_code(plan, 0), NF_WAS_NAN);
    case NF_NAN_min:
        return outcome(end_code(plan, 1), NF_WAS_NAN);
    default:
        return outcome(0, NF_WAS_NAN | NF_FAILED_NAN);
    }
}

/* Infinity of a sign.  An unsigned format has none below and takes its NaN there; P3109 without infinity its end or, by
 * the policy, its NaN. */
NF_INLINE nf_outcome give_infinity(const nf_plan *plan, int sign)
{
    const nf_grid *grid = &plan->grid;
    if (sign && !grid->sign_bit)
        return grid->has_nan ? outcome(grid->nan_code, NF_WAS_NAN) : outcome(0, NF_WAS_SATURATED);
    if (grid->has_infinity)
        return outcome(code_of(grid, grid->infinity_magnitude, sign), 0);
    if (plan->options.overflow == NF_OVERFLOW_infinity_or_nan)
        return outcome(grid->nan_code, NF_WAS_NAN);
    return outcome(end_code(plan, sign), NF_WAS_SATURATED);
}

NF_INLINE nf_outcome infinity_of_infinite(const nf_plan *plan, int sign)
{
    nf_outcome o = give_infinity(plan, sign);
    return outcome(o.code, plan->grid.has_infinity ? o.what : o.what | NF_WAS_OVERFLOWED);
}

/* A finite value of any family but fixed point beyond its range.  `leaves`: the rounding points out of the finite
 * range. */
NF_INLINE nf_outcome overflow_finite(const nf_plan *plan, int sign, int leaves)
{
    const nf_grid *grid = &plan->grid;
    uint32_t what = NF_WAS_OVERFLOWED | NF_WAS_INEXACT;
    nf_outcome o;
    switch (plan->options.overflow) {
    case NF_OVERFLOW_saturate_zero:
        return outcome(grid->zero_code, what);
    case NF_OVERFLOW_error:
        return outcome(0, what | NF_FAILED_RANGE);
    case NF_OVERFLOW_infinity:
    case NF_OVERFLOW_infinity_or_nan:
        if (leaves) {
            o = give_infinity(plan, sign);
            return outcome(o.code, o.what | what);
        }
        break;
    case NF_OVERFLOW_nan:
        if (leaves)
            return outcome(nan_code(grid, sign), what | NF_WAS_NAN);
        break;
    default:
        break;
    }
    return outcome(end_code(plan, sign), what | NF_WAS_SATURATED);
}

/* An infinite input of any family.  Wrapping has no meaning for it. */
NF_INLINE nf_outcome overflow_infinite(const nf_plan *plan, int sign)
{
    const nf_grid *grid = &plan->grid;
    int policy = plan->options.overflow;
    if (grid->is_tapered) /* NaR under every policy */
        return outcome(grid->nan_code, NF_WAS_OVERFLOWED | NF_WAS_NAN);
    switch (policy) {
    case NF_OVERFLOW_error:
    case NF_OVERFLOW_wrap:
    case NF_OVERFLOW_wrap_sign_magnitude:
    case NF_OVERFLOW_drop_bits:
        return outcome(0, NF_WAS_OVERFLOWED | NF_FAILED_RANGE);
    case NF_OVERFLOW_nan:
        return outcome(nan_code(grid, sign), NF_WAS_OVERFLOWED | NF_WAS_NAN);
    default:
        break;
    }
    if (policy == NF_OVERFLOW_saturate_zero)
        return outcome(grid->zero_code, NF_WAS_OVERFLOWED);
    if (policy == NF_OVERFLOW_infinity || policy == NF_OVERFLOW_infinity_or_nan)
        return infinity_of_infinite(plan, sign);
    if (policy == NF_OVERFLOW_saturate_propagate && grid->has_infinity && !(sign && !grid->sign_bit))
        return outcome(code_of(grid, grid->infinity_magnitude, sign), 0);
    return outcome(end_code(plan, sign), NF_WAS_OVERFLOWED | NF_WAS_SATURATED);
}

/* Ones in bits low .. high - 1 (0 <= low <= high <= 64). */
NF_INLINE uint64_t ones_between(int low, int high)
{
    uint64_t below_high = high > 63 ? ~(uint64_t)0 : ((uint64_t)1 << high) - 1;
    uint64_t below_low = low > 63 ? ~(uint64_t)0 : ((uint64_t)1 << low) - 1;
    return below_high & ~below_low;
}

/* AP_WRAP: keep the low width - count bits of an overflowing integer, saturate the bits above them. */
NF_INLINE uint64_t wrap_top(const nf_grid *grid, uint64_t bits, int sign, int count)
{
    int width = grid->format.width;
    if (count == 0)
        return bits & grid->mask;
    uint64_t kept = bits & ones_between(0, width - count);
    if (!grid->sign_bit)
        return kept | ones_between(width - count, width);
    return kept | (sign ? grid->sign_bit : ones_between(width - count, width - 1));
}

/* AP_WRAP_SM.  `carry_bit`: bit `width` of the value before its rounding increment. */
NF_INLINE uint64_t wrap_magnitude(const nf_grid *grid, uint64_t bits, int sign, int count, int carry_bit)
{
    int width = grid->format.width;
    bits &= grid->mask;
    if (count == 0)
        return ((bits & grid->sign_bit) != 0) == carry_bit ? bits : ~bits & grid->mask;
    int compared = (int)(bits >> (width - count)) & 1;
    if (count == 1 ? compared != sign : compared == sign)
        bits = ~bits & grid->mask;
    if (count == 1)
        return (bits & ~grid->sign_bit) | (sign ? grid->sign_bit : 0);
    bits &= ~ones_between(width - count, width);
    return bits | (sign ? grid->sign_bit : ones_between(width - count, width - 1));
}

/* A rounded integer of fixed point or an affine one beyond its range: `bits` are its low 64 bits, two's complement. */
NF_INLINE nf_outcome overflow_fixed(const nf_plan *plan, uint64_t bits, int sign, int carry_bit)
{
    const nf_grid *grid = &plan->grid;
    int count = plan->options.wrap_bits;
    switch (plan->options.overflow) {
    case NF_OVERFLOW_wrap:
        return outcome(wrap_top(grid, bits, sign, count), NF_WAS_OVERFLOWED);
    case NF_OVERFLOW_drop_bits:
        return outcome(wrap_top(grid, bits, sign, grid->sign_bit != 0), NF_WAS_OVERFLOWED);
    case NF_OVERFLOW_wrap_sign_magnitude:
        return outcome(wrap_magnitude(grid, bits, sign, count, carry_bit), NF_WAS_OVERFLOWED);
    case NF_OVERFLOW_saturate_zero:
        return outcome(grid->zero_code, NF_WAS_OVERFLOWED);
    case NF_OVERFLOW_error:
        return outcome(0, NF_WAS_OVERFLOWED | NF_FAILED_RANGE);
    default:
        return outcome(end_code(plan, sign), NF_WAS_OVERFLOWED | NF_WAS_SATURATED);
    }
}

/* A rounded logarithmic number beyond its range: `magnitude` modulo 2**64.  The log wraps within its field. */
NF_INLINE nf_outcome overflow_log(const nf_plan *plan, uint64_t magnitude, int sign, int leaves)
{
    const nf_grid *grid = &plan->grid;
    if (plan->options.overflow != NF_OVERFLOW_wrap)
        return overflow_finite(plan, sign, leaves);
    nf_grid field = *grid;
    field.format.width--;
    field.mask >>= 1;
    field.sign_bit >>= 1;
    const uint64_t log = wrap_top(&field, magnitude - lns_offset(grid), 0, plan->options.wrap_bits);
    const uint64_t code = sign ? log | grid->sign_bit : log;
    return outcome(code, NF_WAS_OVERFLOWED | NF_WAS_INEXACT | (code == grid->nan_code ? NF_WAS_NAN : 0));
}

#endif
