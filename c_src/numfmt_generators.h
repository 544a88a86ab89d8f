/* Generators of random bits that machines have, and others that libraries use.  Part of numfmt.h, which includes it.
 *
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef NUMFMT_GENERATORS_H
#define NUMFMT_GENERATORS_H

/* cdef: begin */

/* --- hardware random bits ------------------------------------------------------------------------------------- */

/* How a lane's state comes from seed + lane number, modulo 2**64.  Of it the low bits that the state has; the first 64
 * of a state of 128, the others 0.
 *
 * plus        the sum itself
 * complement  its complement, ~(seed + lane): a state that is loaded with ~id
 * splitmix    lane l takes output l of SplitMix64 (Steele, Lea, Flood 2014) that begins with seed; a state of 128 bits
 *             outputs 2l and 2l + 1
 *
 * Counters have the seed as their key, begin at block 0 and take the lane as the upper 64 bits of their counter
 * (Philox) or xor-ed to the upper 32 of their key (Threefry, lanes below 2**32); recorded words begin at 0.  Both by
 * `plus` alone. */
typedef enum nf_seed_rule { NF_SEED_plus = 0, NF_SEED_complement, NF_SEED_splitmix, NF_SEED_COUNT } nf_seed_rule;

/* A generator.  Fill what its row takes and leave the rest 0.
 *
 * galois_lfsr, shift_xnor: width 2..64 and a mask of that many bits, its top bit set (galois_lfsr), or its bit 0, with
 * an even number of bits (shift_xnor): so that no two states have the same successor.
 * external: recorded_count words of each of recorded_lanes, one lane after the other; they stay the caller's. */
typedef struct nf_generator {
    uint8_t kind;      /* a row of nf_generator_at */
    uint8_t seed_rule; /* nf_seed_rule */
    uint8_t width;
    uint64_t mask;
    const uint32_t *recorded;
    size_t recorded_count, recorded_lanes;
} nf_generator;

/* What is known of a row: `state_bits` 0 is of counters and recorded words, or the descriptor's width. */
typedef struct nf_generator_row {
    const char *name;
    const char *aliases;
    const char *meaning;
    uint8_t takes_mask, state_bits, word_bits;
} nf_generator_row;

/* Row `index` of the table; NULL past the end. */
const nf_generator_row *nf_generator_at(size_t index);

/* The state of one lane.  Shift registers and xorshift32: words[0].  xoroshiro128aox: s0, s1.  philox4x32-10: the
 * counter, low 64 bits first, the key, and which word of the block is next.  threefry2x32-20: the counter (its first
 * word in the low half), 0, the key (likewise), and which word is next.  external: the next word's number, the lane. */
typedef struct nf_generator_state {
    uint64_t words[4];
} nf_generator_state;

/* NF_OK, or NF_BAD_ARGUMENT where a field is out of range. */
nf_status nf_generator_check(const nf_generator *generator);

/* Bits of a word, in its low bits: 2..64; 0 for a bad descriptor. */
unsigned nf_generator_word_bits(const nf_generator *generator);

/* The states of lanes first .. first + lanes - 1.  NF_BAD_ARGUMENT, and where failed_at is not NULL the lane's place
 * there, where a lane's state would never change: 0 in a shift register, all ones in one of xnor. */
nf_status nf_generator_seed(const nf_generator *generator, uint64_t seed, uint64_t first, nf_generator_state *states,
                            size_t lanes, uint64_t *failed_at);

/* The same check of states from elsewhere, which also have no bits beyond the generator's. */
nf_status nf_generator_check_states(const nf_generator *generator, const nf_generator_state *states, size_t lanes,
                                    uint64_t *failed_at);

/* The next n words: word i is the next one of lane i mod lanes.  `size` is 4 or 8, the bytes that each takes in
 * `words`: its low bits.  States go on.  NF_NEEDS_RANDOM where recorded words are used up.
 *
 *     nf_generator xorshift = {.seed_rule = NF_SEED_splitmix};
 *     while (strcmp(nf_generator_at(xorshift.kind)->name, "xorshift32"))
 *         xorshift.kind++;
 *     nf_generator_state lanes[4], later[4];
 *     uint32_t words[12], behind[4];
 *     nf_generator_seed(&xorshift, 42, 0, lanes, 4, NULL);
 *     nf_generator_seed(&xorshift, 42, 0, later, 4, NULL);
 *     nf_generator_words(&xorshift, lanes, 4, words, 4, 12);
 *     nf_generator_jump(&xorshift, later, 4, 2);
 *     nf_status status = nf_generator_words(&xorshift, later, 4, behind, 4, 4);
 *     assert(status == NF_OK && !memcmp(words + 8, behind, sizeof behind)); */
nf_status nf_generator_words(const nf_generator *generator, nf_generator_state *states, size_t lanes, void *words,
                             size_t size, size_t n);

/* Every lane goes on as if it had given n words. */
nf_status nf_generator_jump(const nf_generator *generator, nf_generator_state *states, size_t lanes, uint64_t n);

/* cdef: end */

#endif
