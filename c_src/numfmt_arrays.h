/* Arrays: numbers and codes rounded to a format, and codes taken apart.  Part of numfmt.h, which includes it.
 *
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef NUMFMT_ARRAYS_H
#define NUMFMT_ARRAYS_H

/* cdef: begin */

/* --- arrays ------------------------------------------------------------------------------------------------- */

/* Numbers to codes and back, and to codes of a wider format:
 *
 *     nf_format e4m3, half;
 *     nf_parse_format("e4m3fn", &e4m3);
 *     nf_parse_format("binary16", &half);
 *     float x[] = {1.3f, -0.07f, 500}, y[3];
 *     uint8_t codes[3];
 *     uint16_t halves[3];
 *     nf_report report = {0};
 *     nf_status status = nf_encode(&e4m3, NULL, NF_F32, x, codes, 3, &report);
 *     assert(status == NF_OK && codes[0] == 0x3A && report.count == 3 && report.overflowed == 1);
 *     status = nf_decode(&e4m3, codes, NF_F32, y, 3, 0, 1);
 *     assert(status == NF_OK && y[0] == 1.25f && y[1] == -0.0703125f);
 *     status = nf_convert(&e4m3, &half, NULL, codes, halves, 2, NULL);
 *     assert(status == NF_OK && halves[0] == 0x3D00);
 *
 * A call that fails leaves its outputs alone, and tells where:
 *
 *     nf_format f;
 *     nf_parse_format("fixed<8,3>", &f);
 *     float x[] = {1, NAN};
 *     uint8_t codes[] = {7, 7};
 *     uint64_t at = 0;
 *     nf_options o = {.failed_at = &at};
 *     nf_status status = nf_encode(&f, &o, NF_F32, x, codes, 2, NULL);
 *     assert(status == NF_FOUND_NAN && at == 1 && codes[0] == 7 && codes[1] == 7); */

/* Element types of plain arrays. */
typedef enum nf_type { NF_F16 = 0, NF_F32, NF_F64, NF_I64, NF_U64, NF_TYPE_COUNT } nf_type;

/* x -> values of the format, in y's type (a float type).  NF_BAD_TYPE where y's type cannot hold what x's type
 * can give: see nf_type_holds. */
nf_status nf_quantize(const nf_format *format, const nf_options *options, nf_type x_type, const void *x, nf_type y_type,
                      void *y, size_t n, nf_report *report);

/* x -> codes. */
nf_status nf_encode(const nf_format *format, const nf_options *options, nf_type x_type, const void *x, void *codes,
                    size_t n, nf_report *report);

/* codes -> values, exact; NF_BAD_TYPE where the type cannot hold every value of the format.  Irrational values and
 * those of affine integers become the nearest numbers of the type: NF_F64 is taken for any (beyond its range that is an
 * infinity, or 0), a narrower type where it has the range.  `isa` and `threads` are as in nf_options. */
nf_status nf_decode(const nf_format *format, const void *codes, nf_type y_type, void *y, size_t n, uint8_t isa,
                    uint32_t threads);

/* codes of one format -> codes of another, one rounding.  From irrational to rational values at most 62 significant
 * bits are rounded to, with those that a stochastic rounding draws (32, or N): else NF_BAD_ARGUMENT.  So is a source of
 * affine integers with values of more than 64 significant bits. */
nf_status nf_convert(const nf_format *source, const nf_format *target, const nf_options *options,
                     const void *source_codes, void *codes, size_t n, nf_report *report);

/* Can `y_type` hold every result of nf_quantize from numbers of `x_type`?  NF_OK or NF_BAD_TYPE.  Where both are the
 * same, results too large for it (of numbers near its end, in a format that goes on) are no reason: nf_quantize gives
 * NF_FOUND_RANGE where one occurs. */
nf_status nf_type_holds(const nf_format *format, const nf_options *options, nf_type x_type, nf_type y_type);

/* Can `y_type` hold every finite value of the format? */
nf_status nf_type_holds_format(const nf_format *format, nf_type y_type);

typedef enum nf_base { NF_RATIONAL = 0, NF_BASE_2, NF_BASE_E } nf_base;

/* One code taken apart: value = (-1)**sign * significand * 2**(exponent - 63), significand's top bit set.  An
 * irrational value is (-1)**sign * base**(log * 2**-root_bits); its significand is cut behind 63 bits, and its last bit
 * is 1: so it rounds to 62 bits or fewer as the value does.  The results of operations alone have `more`, the 64 bits
 * behind the significand, and `sticky`, where something follows those too. */
typedef struct nf_unpacked {
    uint8_t kind; /* nf_kind */
    uint8_t sign;
    uint8_t base; /* nf_base; the others' log and root_bits are 0 */
    uint8_t root_bits;
    uint8_t sticky;
    int64_t exponent;
    uint64_t significand, more;
    int64_t log;
} nf_unpacked;

typedef enum nf_kind { NF_ZERO = 0, NF_FINITE_NUMBER, NF_INFINITY, NF_NAN } nf_kind;

/* One code of any format:
 *
 *     nf_unpacked number;
 *     nf_format posit;
 *     nf_parse_format("posit<16,2>", &posit);
 *     nf_status status = nf_unpack(&posit, 0x4C00, &number);       (3: 1.5 * 2**1)
 *     assert(status == NF_OK && number.kind == NF_FINITE_NUMBER && !number.sign);
 *     assert(number.exponent == 1 && number.significand == (uint64_t)3 << 62); */
nf_status nf_unpack(const nf_format *format, uint64_t code, nf_unpacked *number);

/* cdef: end */

#endif
