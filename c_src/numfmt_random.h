/* The random bits that keys give.  Part of numfmt.h, which includes it.
 *
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef NUMFMT_RANDOM_H
#define NUMFMT_RANDOM_H

/* cdef: begin */

/* --- random bits -------------------------------------------------------------------------------------------- */

/* How stochastic(bits=N) decides, R being its N random bits as an integer and D the first N bits of the tail: A adds R
 * to D, B adds 2R + 1 to N + 1 bits of the tail, C adds R to the tail rounded to N bits, nearest even, and all go up
 * where the sum carries.  LT goes up where R < D, and GE where D >= R: of magnitudes, and from exact values other than
 * 0 too, in floats, fixed point and affine integers alone. */
typedef enum nf_variant {
    NF_VARIANT_NONE = 0,
    NF_VARIANT_A,
    NF_VARIANT_B,
    NF_VARIANT_C,
    NF_VARIANT_LT,
    NF_VARIANT_GE,
    NF_VARIANT_COUNT
} nf_variant;

/* One block of Philox4x32-10 (Salmon, Moraes, Dror and Shaw, SC 2011): `counter` and `out` have 4 words, `key` 2. */
void nf_philox(const uint32_t *counter, const uint32_t *key, uint32_t *out);

/* The words that elements first .. first + n - 1 of the key's call take at draw `draw`: element i takes word
 * (i >> 4) & 3 of block (i >> 6) * 16 + (i & 15); the counter is (block, call + draw * 2**48), low words first.
 * `isa` and `threads` are as in nf_options.
 *
 *     const nf_key key = {.key = 42, .call = 7};
 *     uint32_t whole[100], behind[40];
 *     nf_random_bits(&key, 0, 0, whole, 100, 0, 1);
 *     nf_random_bits(&key, 60, 0, behind, 40, 0, 1);
 *     assert(!memcmp(whole + 60, behind, sizeof behind)); */
nf_status nf_random_bits(const nf_key *key, uint64_t first, uint16_t draw, uint32_t *out, size_t n, uint8_t isa,
                         uint32_t threads);

/* cdef: end */

#endif
