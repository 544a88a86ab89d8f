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
 * so it rounds to 64 bits or fewer (of 63 digits: 62), in any deterministic way, as the exact result does.  (Results
 * that are powers of 2 or e, as of irrational operands, have their base, as nf_unpack gives it.)  `n` is the power's
 * exponent and 0 for all others.
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

/* The functions of arrays, as nf_operate has them (NF_OP_exp ... NF_OP_power): the exact result rounded once, correctly
 * in every format, rounding and overflow policy.  Each is found to as many bits as its rounding needs: 63 or 128, and
 * up to 1,024 where a stochastic rounding or a wrap asks for them; what those leave in doubt, with odds of 2**-890, is
 * taken as lying below.  Poles are as x / 0 (but the logarithm of 0 in P3109's formats with infinity is -infinity).
 *
 * Operands of at most 16 bits (NF_F16 too) are evaluated once for each code that occurs, which takes up to 4 MiB of
 * memory for the call; where there is none, once for each element, with the same results.
 *
 * b, of powers: integers, as NF_I64 or as codes of fixed point without fraction bits; else NF_BAD_ARGUMENT.
 * NF_BAD_FORMAT for sin and cos of formats whose numbers reach 2**16384 (2**700 where they are irrational).  Under a
 * policy that wraps, NF_FOUND_RANGE for results above 2**831 steps of the format (of affine integers: 2**62).
 *
 *     nf_format half;
 *     nf_parse_format("binary16", &half);
 *     float a[] = {0, 1, 2};
 *     uint16_t codes[3];
 *     nf_operand x = {.type = NF_F32, .data = a, .step = 1};
 *     nf_status status = nf_exp(&half, NULL, &x, codes, 3, NULL);
 *     assert(status == NF_OK && codes[0] == 0x3C00 && codes[1] == 0x4170);      (1, 2.71875) */
nf_status nf_exp(const nf_format *format, const nf_options *options, const nf_operand *a, void *codes, size_t n,
                 nf_report *report);
nf_status nf_exp2(const nf_format *format, const nf_options *options, const nf_operand *a, void *codes, size_t n,
                  nf_report *report);
nf_status nf_expm1(const nf_format *format, const nf_options *options, const nf_operand *a, void *codes, size_t n,
                   nf_report *report);
nf_status nf_log(const nf_format *format, const nf_options *options, const nf_operand *a, void *codes, size_t n,
                 nf_report *report);
nf_status nf_log2(const nf_format *format, const nf_options *options, const nf_operand *a, void *codes, size_t n,
                  nf_report *report);
nf_status nf_log1p(const nf_format *format, const nf_options *options, const nf_operand *a, void *codes, size_t n,
                   nf_report *report);
nf_status nf_tanh(const nf_format *format, const nf_options *options, const nf_operand *a, void *codes, size_t n,
                  nf_report *report);
nf_status nf_sigmoid(const nf_format *format, const nf_options *options, const nf_operand *a, void *codes, size_t n,
                     nf_report *report);
nf_status nf_softplus(const nf_format *format, const nf_options *options, const nf_operand *a, void *codes, size_t n,
                      nf_report *report);
nf_status nf_erf(const nf_format *format, const nf_options *options, const nf_operand *a, void *codes, size_t n,
                 nf_report *report);
nf_status nf_sin(const nf_format *format, const nf_options *options, const nf_operand *a, void *codes, size_t n,
                 nf_report *report);
nf_status nf_cos(const nf_format *format, const nf_options *options, const nf_operand *a, void *codes, size_t n,
                 nf_report *report);
nf_status nf_rsqrt(const nf_format *format, const nf_options *options, const nf_operand *a, void *codes, size_t n,
                   nf_report *report);
nf_status nf_cbrt(const nf_format *format, const nf_options *options, const nf_operand *a, void *codes, size_t n,
                  nf_report *report);
nf_status nf_pow(const nf_format *format, const nf_options *options, const nf_operand *a, const nf_operand *b,
                 void *codes, size_t n, nf_report *report);

/* cdef: end */

#endif
