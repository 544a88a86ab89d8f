/* The elementary functions as operations: apply_<name> for each row of functions.def, as arith.h has the others. */
#ifndef NF_FUNCTION_OPERATIONS_H
#define NF_FUNCTION_OPERATIONS_H

#include "arithmetic.h"
#include "functions.h"

NF_INLINE int is_function(int operation) { return operation >= NF_OP_exp; }

NF_INLINE nf_function function_of(int operation) { return (nf_function)(operation - NF_OP_exp); }

/* Of a power; its exponent is an integer of 64 bits. */
NF_INLINE int64_t exponent_of(nf_function which, const nf_unpacked *x)
{
    if (which != NF_FUNCTION_power || x[1].kind == NF_ZERO)
        return 0;
    const uint64_t size = x[1].significand >> (63 - x[1].exponent);
    return (int64_t)(x[1].sign ? 0 - size : size);
}

/* Infinity where finite numbers give it; P3109 has one for logarithms, and NaN for 1 / 0. */
NF_INLINE nf_unpacked at_pole(const nf_arithmetic *how, nf_function which, nf_unpacked y)
{
    const int is_log = which == NF_FUNCTION_log || which == NF_FUNCTION_log2 || which == NF_FUNCTION_log1p;
    return how->divides_to_nan && !(is_log && how->has_log_poles) ? special_of(NF_NAN, 0) : y;
}

/* Numbers whose last digits wrapping would need, and that are known no further, count as infinite. */
NF_INLINE nf_unpacked apply_function(const nf_arithmetic *how, nf_function which, const nf_unpacked *x,
                                     uint32_t *raised)
{
    const nf_unpacked y = nf_function_result(which, x, exponent_of(which, x), how->is_long, raised);
    if (*raised & NF_DIVIDE_BY_ZERO)
        return at_pole(how, which, y);
    return y.kind == NF_FINITE_NUMBER && y.exponent > how->farthest && y.sticky ? special_of(NF_INFINITY, y.sign) : y;
}

#define NF_FUNCTION(name, operands, zero, infinity, minus_infinity, meaning, aliases) \
    NF_INLINE nf_unpacked apply_##name(const nf_arithmetic *how, const nf_unpacked *x, uint32_t *raised) \
    { \
        return apply_function(how, NF_FUNCTION_##name, x, raised); \
    } \
    _Static_assert((int)NF_OP_##name == (int)NF_OP_exp + (int)NF_FUNCTION_##name, #name);
#include "functions.def"
#undef NF_FUNCTION

#endif
