/* One step of each row of generators.def: the word, and the state that comes next.  s: nf_generator_state.words. */
#ifndef NF_RANDOM_HW_H
#define NF_RANDOM_HW_H

#include "format.h"
#include "generators.h"
#include "random.h"

#define TENSTORRENT_TAPS 0x80200003u

static inline uint64_t rotated(uint64_t x, int by) { return x << by | x >> (64 - by); }

static inline uint32_t rotated_word(uint32_t x, int by) { return x << by | x >> (32 - by); }

/* --- shift registers ----------------------------------------------------------------------------------------- */

static inline uint64_t next_galois_lfsr(const nf_generator *g, uint64_t *s)
{
    const uint64_t word = s[0];
    s[0] = word >> 1 ^ (g->mask & -(word & 1));
    return word;
}

static inline uint64_t shift_xnor(uint64_t *s, uint64_t taps, int width)
{
    const uint64_t word = s[0], bit = ~(uint64_t)__builtin_parityll(word & taps) & 1;
    s[0] = word >> 1 | bit << (width - 1);
    return word;
}

static inline uint64_t next_shift_xnor(const nf_generator *g, uint64_t *s) { return shift_xnor(s, g->mask, g->width); }

/* The vector unit of Wormhole and Blackhole, one register a lane. */
static inline uint64_t next_tenstorrent(const nf_generator *g, uint64_t *s)
{
    return (void)g, shift_xnor(s, TENSTORRENT_TAPS, 32);
}

/* CDNA4's instruction: 32 bits shifted to the left. */
static inline uint64_t next_v_prng_b32(const nf_generator *g, uint64_t *s)
{
    const uint32_t x = (uint32_t)s[0];
    return (void)g, s[0] = x << 1 ^ (197u & -(x >> 31));
}

/* Marsaglia, "Xorshift RNGs", Journal of Statistical Software 8 (2003). */
static inline uint64_t next_xorshift32(const nf_generator *g, uint64_t *s)
{
    uint32_t x = (uint32_t)s[0];
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return (void)g, s[0] = x;
}

/* Hanlon and Felix, "A fast hardware pseudorandom number generator based on xoroshiro128", IEEE Trans. Comp. 2022. */
static inline uint64_t next_xoroshiro128aox(const nf_generator *g, uint64_t *s)
{
    const uint64_t x = s[0] ^ s[1], a = s[0] & s[1];
    s[0] = rotated(s[0], 55) ^ x ^ x << 14;
    s[1] = rotated(x, 36);
    return (void)g, x ^ (rotated(a, 1) | rotated(a, 2));
}

/* --- counters ------------------------------------------------------------------------------------------------- */

enum { THREEFRY_ROUNDS = 20 };

/* Salmon, Moraes, Dror and Shaw, SC 2011: the counter and the key have 2 words of 32 bits. */
static inline void threefry_block(const uint32_t *counter, const uint32_t *key, uint32_t *out)
{
    static const uint8_t turns[8] = {13, 15, 26, 6, 17, 29, 16, 24};
    const uint32_t keys[3] = {key[0], key[1], 0x1BD11BDAu ^ key[0] ^ key[1]};
    uint32_t x = counter[0] + keys[0], y = counter[1] + keys[1];
    for (uint32_t round = 0; round < THREEFRY_ROUNDS; round++) {
        x += y;
        y = rotated_word(y, turns[round % 8]) ^ x;
        if (round % 4 == 3) {
            const uint32_t turn = round / 4 + 1;
            x += keys[turn % 3];
            y += keys[(turn + 1) % 3] + turn;
        }
    }
    out[0] = x;
    out[1] = y;
}

static inline void halves_of(uint64_t x, uint32_t *out)
{
    out[0] = (uint32_t)x;
    out[1] = (uint32_t)(x >> 32);
}

/* The block that is next; the words of a block. */
static inline unsigned counter_block(uint8_t kind, const uint64_t *s, uint32_t *out)
{
    uint32_t counter[4], key[2];
    halves_of(s[0], counter);
    halves_of(s[1], counter + 2);
    halves_of(s[2], key);
    if (kind == NF_GENERATOR_threefry2x32_20)
        return threefry_block(counter, key, out), 2;
    return philox_block(counter, key, out), 4;
}

/* Behind the last of a block's `size` words comes the next block. */
static inline void end_block(uint64_t *s, unsigned size)
{
    if (s[3] < size)
        return;
    s[3] = 0;
    s[0]++;
    s[1] += !s[0] && size == 4;
}

static inline uint64_t next_counter(const nf_generator *g, uint64_t *s)
{
    uint32_t block[4];
    const unsigned size = counter_block(g->kind, s, block);
    const uint64_t word = block[s[3]++];
    end_block(s, size);
    return word;
}

static inline uint64_t next_philox4x32_10(const nf_generator *g, uint64_t *s) { return next_counter(g, s); }

static inline uint64_t next_threefry2x32_20(const nf_generator *g, uint64_t *s) { return next_counter(g, s); }

/* --- a record -------------------------------------------------------------------------------------------------- */

static inline uint64_t next_external(const nf_generator *g, uint64_t *s)
{
    return g->recorded[s[1] * g->recorded_count + s[0]++];
}

#endif
