/* Arithmetic: an exact result of numbers of any formats, rounded once.  Part of numfmt.h, which includes it.
 *
 * Each operand is an array of codes of a format, or of plain numbers, or one of either for all elements.  Their formats
 * may differ from each other and from the result's.  What is rounded, by options as nf_encode has them, is the exact
 * result: there is no number of a format or of a processor in between.
 *
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef NUMFMT_ARITHMETIC_H
#define NUMFMT_ARITHMETIC_H

/* cdef: begin */

/* --- arithmetic --------------------------------------------------------------------------------------------- */

/* Specials.  NaN operands give NaN (quiet, with no sign; in a format without NaN as options.nan says: an error by
 * default).  So do, with the flag `invalid`, infinity - infinity, 0 * infinity, 0 / 0, infinity / infinity, the root of
 * a negative number, and remainders of infinity or by 0.  x / 0 raises `divide by zero` and is an infinity where the
 * result is a float, which its overflow policy takes as such; elsewhere, and in P3109's formats, it is NaN (NaR).  An
 * exact sum of 0 is +0, or -0 rounding down; of zeros of one sign it keeps that.  NaR (posits, takums) is equal to
 * itself and less than all numbers; every other NaN is unordered.
 *
 * Flags.  The report sums up IEEE 754's five (nf_flags), options.element_flags receives those of each element.
 * Comparisons by order raise `invalid` where operands are unordered; equal, not_equal and classifications never do.
 *
 *     nf_format f;
 *     nf_parse_format("fixed<8,3>", &f);
 *     float a[] = {1, 2, 3}, b = 0.1f;
 *     uint8_t codes[3], truths[3], flags[3];
 *     nf_options o = {.element_flags = flags};
 *     nf_operand x = {.type = NF_F32, .data = a, .step = 1}, y = {.type = NF_F32, .data = &b};
 *     nf_status status = nf_multiply(&f, &o, &x, &y, codes, 3, NULL);
 *     assert(status == NF_OK && codes[0] == 1 && codes[1] == 2 && codes[2] == 2 && flags[0] & NF_INEXACT);
 *
 *     nf_operand both[] = {{.format = &f, .data = codes, .step = 1}, x};
 *     status = nf_operate(NF_OP_less, NULL, NULL, both, truths, 3, NULL);
 *     assert(status == NF_OK && truths[0] == 1); */

/* What to do; nf_operation_at says what each gives. */
typedef enum nf_operation {
    NF_OP_add = 0,
    NF_OP_subtract,
    NF_OP_multiply,
    NF_OP_divide,
    NF_OP_fma,
    NF_OP_faa,
    NF_OP_sqrt,
    NF_OP_reciprocal,
    NF_OP_remainder,
    NF_OP_fmod,
    NF_OP_ieee_remainder,
    NF_OP_negative,
    NF_OP_absolute,
    NF_OP_copysign,
    NF_OP_minimum,
    NF_OP_maximum,
    NF_OP_minimum_number,
    NF_OP_maximum_number,
    NF_OP_minimum_magnitude,
    NF_OP_maximum_magnitude,
    NF_OP_minimum_magnitude_number,
    NF_OP_maximum_magnitude_number,
    NF_OP_minimum_finite,
    NF_OP_maximum_finite,
    NF_OP_next_up,
    NF_OP_next_down,
    NF_OP_equal,
    NF_OP_not_equal,
    NF_OP_less,
    NF_OP_less_equal,
    NF_OP_greater,
    NF_OP_greater_equal,
    NF_OP_unordered,
    NF_OP_isnan,
    NF_OP_isinf,
    NF_OP_isfinite,
    NF_OP_iszero,
    NF_OP_isnormal,
    NF_OP_issubnormal,
    NF_OP_signbit,
    NF_OP_exp,
    NF_OP_exp2,
    NF_OP_expm1,
    NF_OP_log,
    NF_OP_log2,
    NF_OP_log1p,
    NF_OP_tanh,
    NF_OP_sigmoid,
    NF_OP_softplus,
    NF_OP_erf,
    NF_OP_sin,
    NF_OP_cos,
    NF_OP_rsqrt,
    NF_OP_cbrt,
    NF_OP_power,
    NF_OPERATION_COUNT
} nf_operation;

/* One row of the table of operations: `name` as in nf_operation. */
typedef struct nf_operation_row {
    const char *name;
    const char *aliases; /* other spellings, separated by spaces */
    const char *meaning;
    uint8_t operands;    /* how many: 1..3 */
    uint8_t gives_truth; /* 1: a byte, 0 or 1, for each element; 0: a number, rounded to a format */
} nf_operation_row;

/* Row `index`, a number of nf_operation; NULL past the end. */
const nf_operation_row *nf_operation_at(size_t index);

/* One operand.  Codes must be codes of the format: higher bits are left out. */
typedef struct nf_operand {
    const nf_format *format; /* of codes, nf_code_size() bytes each; NULL: plain numbers, of `type` */
    nf_type type;            /* of plain numbers; else 0 */
    const void *data;
    size_t step; /* 1: one for each element; 0: one for all, then affine integers have one scale */
} nf_operand;

/* operation(operands...) -> codes of `format` in `result`, or, where it gives truths, bytes: then `format` is NULL and
 * options.rounding, overflow, nan, key and random_bits are 0.  `result` may be an operand's array where the element
 * sizes are the same.  NF_BAD_ARGUMENT for an unknown operation, type or step, NF_BAD_FORMAT where an
 * operand's values have more than 64 significant bits.  next_up and next_down need a format.
 *
 * Logarithmic operands (NF_LNS, NF_LOG_TAKUM) have at most 32 bits, and all are of that family; their products,
 * quotients, reciprocals and roots are exact on the logs, their sums (add, subtract, faa, fma) and remainders correctly
 * rounded.  NF_BAD_FORMAT for remainders of LNS that reach beyond 2**256, and, but of sums and remainders, for results
 * of more than 62 significant bits, as in nf_convert. */
nf_status nf_operate(nf_operation operation, const nf_format *format, const nf_options *options,
                     const nf_operand *operands, void *result, size_t n, nf_report *report);

/* The same by name. */
nf_status nf_add(const nf_format *format, const nf_options *options, const nf_operand *a, const nf_operand *b,
                 void *codes, size_t n, nf_report *report);
nf_status nf_subtract(const nf_format *format, const nf_options *options, const nf_operand *a, const nf_operand *b,
                      void *codes, size_t n, nf_report *report);
nf_status nf_multiply(const nf_format *format, const nf_options *options, const nf_operand *a, const nf_operand *b,
                      void *codes, size_t n, nf_report *report);
nf_status nf_divide(const nf_format *format, const nf_options *options, const nf_operand *a, const nf_operand *b,
                    void *codes, size_t n, nf_report *report);
nf_status nf_fma(const nf_format *format, const nf_options *options, const nf_operand *a, const nf_operand *b,
                 const nf_operand *c, void *codes, size_t n, nf_report *report);
nf_status nf_sqrt(const nf_format *format, const nf_options *options, const nf_operand *a, void *codes, size_t n,
                  nf_report *report);

/* cdef: end */

#endif
