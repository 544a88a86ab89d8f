/* Elementary functions of one number.  Part of numfmt.h, which includes it.
 *
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef NUMFMT_FUNCTIONS_H
#define NUMFMT_FUNCTIONS_H

/* cdef: begin */

/* --- elementary functions ------------------------------------------------------------------------------------ */

typedef enum nf_function {
    NF_FUNCTION_exp = 0,
    NF_FUNCTION_exp2,
    NF_FUNCTION_expm1,
    NF_FUNCTION_log,
    NF_FUNCTION_log2,
    NF_FUNCTION_log1p,
    NF_FUNCTION_tanh,
    NF_FUNCTION_sigmoid,  /* 1 / (1 + e**-x) */
    NF_FUNCTION_softplus, /* ln(1 + e**x) */
    NF_FUNCTION_erf,
    NF_FUNCTION_sin,
    NF_FUNCTION_cos,
    NF_FUNCTION_rsqrt, /* 1 / sqrt(x) */
    NF_FUNCTION_cbrt,
    NF_FUNCTION_power, /* x**n, n an integer */
    NF_FUNCTION_COUNT
} nf_function;

/* y = the function of x, exactly where it has at most 128 significant bits; else with `digits` 128 cut behind those,
 * with the sticky set, and with `digits` 63, which is three times as fast, cut behind 63, with a 1 as the 64th bit:
 * so it rounds to 64 bits or fewer (of 63 digits: 62), in any deterministic way, as the exact result does.  (Results in
 * the base of irrational operands keep it, as nf_unpack gives them.)  `n` is the power's exponent and 0 for all others.
 *
 * Results beyond 2**+-(2**62), further than any format's numbers, keep their sign and get that exponent, so that
 * rounding decides what becomes of them.  Special operands are those of IEEE 754-2019, 9.2.1: `flags`, never NULL,
 * gets NF_INVALID (log, log2, rsqrt below 0, log1p below -1, sin and cos of infinities) or NF_DIVIDE_BY_ZERO (log and
 * log2 of 0, log1p of -1, rsqrt of 0, negative powers of 0), or 0.  A NaN gives a NaN and no flag, but NaN**0 = 1.
 *
 * x is a number as nf_unpack gives them, its exponent within +-2**62.  NF_BAD_ARGUMENT for a NULL, an unknown function,
 * an n other than 0 without a power, other digits, or an x that is no such number; and for sin and cos of numbers from
 * 2**16384 on, from 2**700 on where they are irrational. */
nf_status nf_function_number(nf_function which, const nf_unpacked *x, int64_t n, int digits, nf_unpacked *y,
                             uint32_t *flags);

/* cdef: end */

#endif
