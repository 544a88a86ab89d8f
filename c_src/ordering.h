/* What compares and classifies exact numbers: minimum, maximum and their kin, and one function tell_<name> a row of
 * operations.def that gives truths. */
#ifndef NF_ORDERING_H
#define NF_ORDERING_H

#include "arithmetic.h"
#include "powers_arith.h"

enum { UNORDERED = 2 };

/* -1, 0 or 1 as a is below, equal to or above b, neither NaN. */
NF_INLINE int order_of_numbers(const nf_unpacked *a, const nf_unpacked *b)
{
    const int high = a->kind == NF_INFINITY ? a->sign ? -1 : 1 : 0;
    const int other = b->kind == NF_INFINITY ? b->sign ? -1 : 1 : 0;
    if ((a->base | b->base) && a->kind == b->kind && a->sign == b->sign)
        return a->sign ? order_of_powers(b, a) : order_of_powers(a, b);
    return high || other ? (high > other) - (high < other) : compare_numbers(a, b);
}

/* The same of the operands; NaN, but NaR, is UNORDERED. */
NF_INLINE int order_of(const nf_arithmetic *how, const nf_unpacked *x)
{
    const nf_unpacked *a = &x[0], *b = &x[1];
    const int a_is_nan = a->kind == NF_NAN, b_is_nan = b->kind == NF_NAN;
    if (a_is_nan || b_is_nan) {
        const int has_other =
            (a_is_nan && !how->operands[0].grid.is_tapered) || (b_is_nan && !how->operands[1].grid.is_tapered);
        return has_other ? UNORDERED : b_is_nan - a_is_nan;
    }
    return order_of_numbers(a, b);
}

#define NF_TELL(name, signals, condition) \
    NF_INLINE int tell_##name(const nf_arithmetic *how, const nf_unpacked *x, uint32_t *raised) \
    { \
        const int order = order_of(how, x); \
        *raised |= (signals) && order == UNORDERED ? NF_INVALID : 0; \
        return condition; \
    }
NF_TELL(equal, 0, order == 0)
NF_TELL(not_equal, 0, order != 0)
NF_TELL(less, 1, order == -1)
NF_TELL(less_equal, 1, order == -1 || order == 0)
NF_TELL(greater, 1, order == 1)
NF_TELL(greater_equal, 1, order == 1 || order == 0)
NF_TELL(unordered, 0, order == UNORDERED)
#undef NF_TELL

#define NF_TELL(name, condition) \
    NF_INLINE int tell_##name(const nf_arithmetic *how, const nf_unpacked *x, uint32_t *raised) \
    { \
        (void)how, (void)raised; \
        return condition; \
    }
NF_TELL(isnan, x->kind == NF_NAN)
NF_TELL(isinf, x->kind == NF_INFINITY)
NF_TELL(isfinite, x->kind <= NF_FINITE_NUMBER)
NF_TELL(iszero, x->kind == NF_ZERO)
NF_TELL(isnormal, x->kind == NF_FINITE_NUMBER && x->exponent >= how->operands[0].smallest_normal)
NF_TELL(issubnormal, x->kind == NF_FINITE_NUMBER && x->exponent < how->operands[0].smallest_normal)
NF_TELL(signbit, x->sign)
#undef NF_TELL

enum { PICK_NUMBER = 1, PICK_MAGNITUDE = 2, PICK_FINITE = 4 };

/* The operand that is wanted: `side` -1 the lesser, 1 the greater; -0 is below +0. */
NF_INLINE nf_unpacked pick(const nf_unpacked *x, int side, int how_picked)
{
    const int a_is_nan = x[0].kind == NF_NAN, b_is_nan = x[1].kind == NF_NAN;
    const int a_is_finite = x[0].kind <= NF_FINITE_NUMBER, b_is_finite = x[1].kind <= NF_FINITE_NUMBER;
    if (how_picked & PICK_FINITE && a_is_finite != b_is_finite)
        return a_is_finite ? x[0] : x[1];
    if (a_is_nan || b_is_nan) {
        if (!(how_picked & PICK_NUMBER) || (a_is_nan && b_is_nan))
            return special_of(NF_NAN, 0);
        return a_is_nan ? x[1] : x[0];
    }
    int order = 0;
    if (how_picked & PICK_MAGNITUDE) {
        nf_unpacked sizes[2] = {x[0], x[1]};
        sizes[0].sign = sizes[1].sign = 0;
        order = order_of_numbers(&sizes[0], &sizes[1]);
    }
    order = order ? order : order_of_numbers(&x[0], &x[1]);
    order = order ? order : x[1].sign - x[0].sign;
    return order == -side ? x[1] : x[0];
}

#define NF_PICK(name, side, picked) \
    NF_INLINE nf_unpacked apply_##name(const nf_arithmetic *how, const nf_unpacked *x, uint32_t *raised) \
    { \
        (void)how, (void)raised; \
        return pick(x, side, picked); \
    }
NF_PICK(minimum, -1, 0)
NF_PICK(maximum, 1, 0)
NF_PICK(minimum_number, -1, PICK_NUMBER)
NF_PICK(maximum_number, 1, PICK_NUMBER)
NF_PICK(minimum_magnitude, -1, PICK_MAGNITUDE)
NF_PICK(maximum_magnitude, 1, PICK_MAGNITUDE)
NF_PICK(minimum_magnitude_number, -1, PICK_MAGNITUDE | PICK_NUMBER)
NF_PICK(maximum_magnitude_number, 1, PICK_MAGNITUDE | PICK_NUMBER)
NF_PICK(minimum_finite, -1, PICK_FINITE | PICK_NUMBER)
NF_PICK(maximum_finite, 1, PICK_FINITE | PICK_NUMBER)
#undef NF_PICK

#endif
