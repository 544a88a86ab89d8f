/* Quires and exact sums: numbers and products are added without rounding, and the sum is rounded once.  Part of
 * numfmt.h, which includes it.
 *
 * A quire is an integer in two's complement that counts units so fine that every product of two values of its format is
 * a multiple of them, and so wide that 2**guard_bits - 1 such products cannot overflow it.  Of posits it is the quire
 * of the posit standard (2022), of other formats an accumulator as Kulisch proposed it.  The order of the terms does
 * not matter.
 *
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef NUMFMT_QUIRE_H
#define NUMFMT_QUIRE_H

/* cdef: begin */

/* --- quires ------------------------------------------------------------------------------------------------- */

/* What one quire is like: nf_quire_size fills it in.  In memory it is an array of `limbs` numbers of 64 bits: the
 * integer, lowest limb first, its sign in all bits from width - 1 on, and behind it the state (nf_quire_state). */
typedef struct nf_quire {
    uint32_t width; /* bits of the integer: 2..65536 */
    uint32_t limbs; /* width / 64 + 2 */
    int32_t lowest; /* the integer counts units of 2**lowest */
    uint8_t is_nar; /* of posits and takums: infinities, and sums beyond the width, are NaR as NaN is */
} nf_quire;

/* Bits of the state.  All but the first two are kept until the quire is cleared. */
typedef enum nf_quire_state {
    NF_QUIRE_PLUS = 1,  /* a term had the sign + */
    NF_QUIRE_MINUS = 2, /* a term had the sign - */
    NF_QUIRE_PLUS_INFINITY = 4,
    NF_QUIRE_MINUS_INFINITY = 8,
    NF_QUIRE_NAN = 16,
    NF_QUIRE_INVALID = 32, /* infinity times 0 */
    NF_QUIRE_OVERFLOW = 64 /* a sum was beyond the width: the integer says nothing any more */
} nf_quire_state;

/* The quire of a format.  `guard_bits` is 1..4096, or 0 for the default, 31: then posit<n,es> has the standard's
 *
 *     width 32 + 4 * 2**es * (n - 2) (16 n for es = 2), lowest -2 * 2**es * (n - 2).
 *
 * A float with values up to 2**(emax + 1) in units of 2**(1 - bias - t) has 2 * (bias + t - 1) bits behind the point
 * and 2 * (emax + 1) in front of it, fixed point 2 * fraction_bits and 2 * (width - is_signed - fraction_bits), takums
 * twice those of their ends; guard bits and sign come on top.
 *
 * NF_BAD_FORMAT for values that are irrational or have more than 64 significant bits, for affine integers with several
 * scales, and for more than 65536 bits; NF_BAD_ARGUMENT for other guard bits. */
nf_status nf_quire_size(const nf_format *format, uint32_t guard_bits, nf_quire *quire);

/* `quires` are n of them, n * limbs numbers, not overlapping any operand.  All functions but nf_quire_size give
 * NF_BAD_ARGUMENT for an nf_quire that is none, and leave the quires untouched where they fail. */

/* All 0, without a state. */
nf_status nf_quire_clear(const nf_quire *quire, uint64_t *quires, size_t n);

/* To quire i are added elements i * terms .. i * terms + terms - 1 of an operand, or of the products a * b.  Formats
 * may differ from the quire's and from each other: NF_BAD_FORMAT where values, or products, may be finer or larger than
 * the quire can hold.  At most `threads` threads work, as nf_options says.
 *
 * NaN, and infinity times 0, make a quire NaN; it is infinite, or with infinities of both signs NaN. */
nf_status nf_quire_add(const nf_quire *quire, uint64_t *quires, size_t n, size_t terms, const nf_operand *a,
                       uint32_t threads);
nf_status nf_quire_subtract(const nf_quire *quire, uint64_t *quires, size_t n, size_t terms, const nf_operand *a,
                            uint32_t threads);
nf_status nf_quire_add_product(const nf_quire *quire, uint64_t *quires, size_t n, size_t terms, const nf_operand *a,
                               const nf_operand *b, uint32_t threads);
nf_status nf_quire_subtract_product(const nf_quire *quire, uint64_t *quires, size_t n, size_t terms,
                                    const nf_operand *a, const nf_operand *b, uint32_t threads);

/* Quire i += or -= quire i * step of `others`, of the same kind; `others` may be `quires`.  step: 1, or 0. */
nf_status nf_quire_add_quire(const nf_quire *quire, uint64_t *quires, size_t n, const uint64_t *others, size_t step);
nf_status nf_quire_subtract_quire(const nf_quire *quire, uint64_t *quires, size_t n, const uint64_t *others,
                                  size_t step);

nf_status nf_quire_negate(const nf_quire *quire, uint64_t *quires, size_t n);

/* Round each quire once, to codes of any format, by options as nf_operate has them.  A sum of 0 is -0 where all terms
 * had that sign, and where terms had both and the rounding is down; else +0.  NF_FOUND_RANGE for one that has
 * overflowed and is not of NaR.
 *
 *     nf_format posit16;
 *     nf_parse_format("posit<16,2>", &posit16);
 *     nf_quire q;
 *     nf_quire_size(&posit16, 0, &q);
 *     uint64_t sum[6];
 *     assert(q.width == 256 && q.limbs == sizeof sum / 8);
 *     nf_quire_clear(&q, sum, 1);
 *     uint16_t codes[] = {0x7FFF, 0x4000, 0x8001}, others[] = {0x7FFF, 0x4000, 0x7FFF}, result;
 *     nf_operand a = {.format = &posit16, .data = codes, .step = 1};
 *     nf_operand b = {.format = &posit16, .data = others, .step = 1};
 *     nf_quire_add_product(&q, sum, 1, 3, &a, &b, 1);              (2**112 + 1 - 2**112)
 *     nf_status status = nf_quire_round(&q, sum, 1, &posit16, NULL, &result, NULL);
 *     assert(status == NF_OK && result == 0x4000); */
nf_status nf_quire_round(const nf_quire *quire, const uint64_t *quires, size_t n, const nf_format *format,
                         const nf_options *options, void *codes, nf_report *report);

/* --- exact sums and dot products ---------------------------------------------------------------------------- */

/* Vectors in an array of codes of a format, or of plain numbers: element k of vector i of batch g is number
 * g * batch + i * row + k * step of `data`. */
typedef struct nf_vectors {
    const nf_format *format; /* NULL: plain numbers, of `type` */
    nf_type type;            /* of plain numbers, else 0 */
    const void *data;
    size_t batch, row, step;
} nf_vectors;

/* codes[g, i, j] = the sum over k < terms of a[g, i, k] * b[g, j, k], exact, rounded once by options as nf_operate has
 * them; codes are batches * rows * columns of `format`, in C order, apart from the operands.  What a sum of 0, NaN and
 * infinities give is as with quires; a sum of no terms is +0.  All formats that quires have, and plain numbers, mixed;
 * NF_BAD_FORMAT where the exact sum needs more than 65536 bits.
 *
 *     nf_format half;
 *     nf_parse_format("binary16", &half);
 *     float a[2][3] = {{1, 2, 3}, {4, 5, 6}}, b[3][2] = {{1, 0}, {0, 1}, {1, 1}};
 *     uint16_t product[2][2];
 *     nf_dot_shape shape = {.batches = 1, .rows = 2, .columns = 2, .terms = 3};
 *     nf_vectors x = {.type = NF_F32, .data = a, .row = 3, .step = 1};
 *     nf_vectors y = {.type = NF_F32, .data = b, .row = 1, .step = 2};
 *     nf_status status = nf_dot_exact(&half, NULL, &shape, &x, &y, product, NULL);
 *     assert(status == NF_OK && product[1][0] == 0x4900);          (4 + 6 = 10) */
typedef struct nf_dot_shape {
    size_t batches, rows, columns, terms;
} nf_dot_shape;

nf_status nf_dot_exact(const nf_format *format, const nf_options *options, const nf_dot_shape *shape,
                       const nf_vectors *a, const nf_vectors *b, void *codes, nf_report *report);

/* codes[g, i] = the sum over k of a[g, i, k]; shape->columns is 1. */
nf_status nf_sum_exact(const nf_format *format, const nf_options *options, const nf_dot_shape *shape,
                       const nf_vectors *a, void *codes, nf_report *report);

/* cdef: end */

#endif
