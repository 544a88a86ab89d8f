/* Requantisation: the accumulators of an integer matrix product become narrow integers, as the kernels and processors
 * of the field do it.  Part of numfmt.h, which includes it.
 *
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef NUMFMT_REQUANTIZE_H
#define NUMFMT_REQUANTIZE_H

/* cdef: begin */

/* --- requantisation ----------------------------------------------------------------------------------------- */

/* How an accumulator x is scaled and rounded to y; nf_requant_mode_at says what each gives, and where it is from. */
typedef enum nf_requant_mode {
    NF_REQUANT_gemmlowp_double = 0,
    NF_REQUANT_single,
    NF_REQUANT_ruy_avx512,
    NF_REQUANT_f64_half_away,
    NF_REQUANT_f32_rne,
    NF_REQUANT_shift_rhu,
    NF_REQUANT_shift_rha,
    NF_REQUANT_shift_rne,
    NF_REQUANT_shift_trn,
    NF_REQUANT_int16x8,
    NF_REQUANT_ethos_u_truncate,
    NF_REQUANT_MODE_COUNT
} nf_requant_mode;

/* What a mode scales by, for each channel: an integer q and a shift s, the multiplier being q * 2**(s - 31); a number
 * of binary64; one of binary32; a number of bits to drop. */
typedef enum nf_requant_scale {
    NF_REQUANT_FIXED_POINT = 0,
    NF_REQUANT_BINARY64,
    NF_REQUANT_BINARY32,
    NF_REQUANT_SHIFT
} nf_requant_scale;

typedef struct nf_requant_row {
    const char *name;
    const char *aliases; /* other names, spaces between them */
    const char *meaning;
    const char *source;
    uint8_t scale;                      /* nf_requant_scale */
    int8_t lowest_shift, highest_shift; /* of accumulators of 32 bits; 0 where there are none */
    uint8_t takes_64_bits;              /* accumulators of 64 bits too; highest_shift is then 63 where it was 31 */
} nf_requant_row;

/* Row `index`, a number of nf_requant_mode; NULL past the end. */
const nf_requant_row *nf_requant_mode_at(size_t index);

/* Fill the arrays that the mode scales by, one number for each channel, and leave the others NULL.  Of an array in C
 * order `channels` is the size of the axis along which they vary and `inner` the product of the sizes behind it; both
 * are 1 where all elements share them. */
typedef struct nf_requantization {
    const int32_t *multipliers; /* q: FIXED_POINT */
    const int32_t *shifts;      /* s: FIXED_POINT; or bits to drop: SHIFT */
    const double *scales;       /* finite, not negative; BINARY32: numbers of binary32 */
    size_t channels, inner;
    int32_t zero_point, minimum, maximum;
    uint8_t mode;             /* nf_requant_mode */
    uint8_t accumulator_bits; /* 32 or 64 */
    uint8_t result_bits;      /* 8, 16 or 32 */
    uint8_t result_is_signed; /* with 32 bits it is */
} nf_requantization;

/* results[i] = min(max(y + zero_point, minimum), maximum), where y is accumulator i scaled and rounded by the mode.
 * minimum <= maximum, and the results' type holds both; y + zero_point does not wrap.  Only x << s of FIXED_POINT modes
 * other than single, int16x8 and ethos_u_truncate (s > 0) does, at 32 bits, as the processors' does: C leaves it open.
 * y of binary64 or binary32 is computed by IEEE 754's operations, rounded to nearest even whatever the caller's
 * processor is set to; nothing is fused.
 *
 * n is a multiple of channels * inner.  `results` may be the accumulators' own array where elements have the same size.
 * options: isa, threads, failed_at; the rest is 0.
 *
 *     int32_t accumulators[4] = {1000, -1000, 250, -50}, q = 1 << 30, s = -4;
 *     int8_t codes[4];
 *     nf_requantization how = {.multipliers = &q, .shifts = &s, .channels = 1, .inner = 1, .zero_point = -3,
 *                              .minimum = -128, .maximum = 127, .mode = NF_REQUANT_gemmlowp_double,
 *                              .accumulator_bits = 32, .result_bits = 8, .result_is_signed = 1};
 *     nf_status status = nf_requantize(&how, accumulators, codes, 4, NULL);
 *     assert(status == NF_OK && codes[0] == 28 && codes[1] == -34 && codes[2] == 5 && codes[3] == -5);
 *
 * NF_BAD_ARGUMENT for a field out of range; NF_BAD_TYPE for accumulators of 64 bits in a mode that takes none;
 * NF_FOUND_RANGE for one of int16x8 that is not in -2**47 .. 2**47 - 1, whose place failed_at receives. */
nf_status nf_requantize(const nf_requantization *how, const void *accumulators, void *results, size_t n,
                        const nf_options *options);

/* cdef: end */

#endif
