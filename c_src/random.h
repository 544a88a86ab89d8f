/* Random bits as a pure function of (key, call, draw, element): Philox4x32-10 (Salmon, Moraes, Dror and Shaw, SC 2011).
 *
 * Element i takes word (i >> 4) & 3 of block (i >> 6) * 16 + (i & 15).  The 128-bit counter is the block (64 bits),
 * then call + draw * 2**48 (64 bits), low words first.  So the 64 elements of a tile, those with the same i >> 6, are
 * the four words of 16 neighbouring blocks, and 16 elements in a row are one word of 16 lanes: no shuffles.
 *
 * Included inside the region of an instruction set: everything is static. */
#ifndef NF_RANDOM_H
#define NF_RANDOM_H

#include <stdint.h>
#include <string.h>

enum { PHILOX_TILE = 64, PHILOX_LANES = 16, PHILOX_ROUNDS = 10 };

#define PHILOX_MULTIPLIER_0 0xD2511F53u
#define PHILOX_MULTIPLIER_1 0xCD9E8D57u
#define PHILOX_WEYL_0 0x9E3779B9u
#define PHILOX_WEYL_1 0xBB67AE85u

/* The high half of the counter. */
static inline uint64_t philox_call(uint64_t call, uint64_t draw) { return call + (draw << 48); }

/* One block.  `counter` and `out` have 4 words, `key` 2. */
static inline void philox_block(const uint32_t *counter, const uint32_t *key, uint32_t *out)
{
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
    uint32_t k0 = key[0], k1 = key[1];
    for (int round = 0; round < PHILOX_ROUNDS; round++) {
        uint64_t p0 = (uint64_t)PHILOX_MULTIPLIER_0 * c0, p1 = (uint64_t)PHILOX_MULTIPLIER_1 * c2;
        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)p1;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)p0;
        k0 += PHILOX_WEYL_0;
        k1 += PHILOX_WEYL_1;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

/* The word of one element: for cold paths. */
static inline uint32_t philox_word(uint64_t key, uint64_t call, uint64_t draw, uint64_t element)
{
    uint64_t block = (element >> 6) * PHILOX_LANES + (element & 15), high = philox_call(call, draw);
    uint32_t counter[4] = {(uint32_t)block, (uint32_t)(block >> 32), (uint32_t)high, (uint32_t)(high >> 32)};
    uint32_t halves[2] = {(uint32_t)key, (uint32_t)(key >> 32)}, out[4];
    philox_block(counter, halves, out);
    return out[(element >> 4) & 3];
}

/* Words in element order for a loop that makes the next ones while it uses these: `words` are those of tiles
 * tile .. tile + 3.  Tiles come in pairs whose first is even, so that a pair's blocks share the upper counter words. */
typedef struct philox_feed {
    uint64_t key, call, tile;
    int is_filled;
    uint32_t block_high; /* the upper half of the block indices that `shared` belongs to */
    uint32_t shared[4];  /* what philox_third_round needs: see feed_share */
    uint32_t round_keys[2 * PHILOX_ROUNDS];
    _Alignas(64) uint32_t words[4 * PHILOX_TILE];
} philox_feed;

/* The first counter word alone differs between blocks: what the others become in the first two rounds. */
static inline void feed_share(philox_feed *feed, uint32_t block_high)
{
    const uint32_t *k = feed->round_keys, high[2] = {(uint32_t)feed->call, (uint32_t)(feed->call >> 32)};
    const uint64_t p1 = (uint64_t)PHILOX_MULTIPLIER_1 * high[0];
    const uint32_t c0 = (uint32_t)(p1 >> 32) ^ block_high ^ k[0], c1 = (uint32_t)p1;
    const uint64_t p0 = (uint64_t)PHILOX_MULTIPLIER_0 * c0;
    feed->block_high = block_high;
    feed->shared[0] = high[1] ^ k[1];
    feed->shared[1] = c1 ^ k[2];
    feed->shared[2] = (uint32_t)(p0 >> 32) ^ k[3];
    feed->shared[3] = (uint32_t)p0;
}

static inline void feed_start(philox_feed *feed, uint64_t key, uint64_t call)
{
    uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
    feed->key = key;
    feed->call = call;
    feed->is_filled = 0;
    for (int round = 0; round < PHILOX_ROUNDS; round++) {
        feed->round_keys[2 * round] = k0;
        feed->round_keys[2 * round + 1] = k1;
        k0 += PHILOX_WEYL_0;
        k1 += PHILOX_WEYL_1;
    }
    feed_share(feed, 0);
}

/* philox_tile: the 64 words of tile `tile`, elements 64 * tile .. 64 * tile + 63.
 * philox_two_tiles, philox_two_draws: 128 words, of this tile and the next, or of draw `draw` and the next. */
#if NF_VECTOR_BYTES >= 32
#include "random_simd.h"
#else
static void philox_tile(uint64_t key, uint64_t call, uint64_t draw, uint64_t tile, uint32_t *out)
{
    uint64_t high = philox_call(call, draw), block = tile * PHILOX_LANES;
    uint32_t halves[2] = {(uint32_t)key, (uint32_t)(key >> 32)}, words[4];
    for (uint32_t lane = 0; lane < PHILOX_LANES; lane++) { /* 16 divides the first block: no carry between the words */
        uint32_t counter[4] = {(uint32_t)block + lane, (uint32_t)(block >> 32), (uint32_t)high, (uint32_t)(high >> 32)};
        philox_block(counter, halves, words);
        for (int word = 0; word < 4; word++)
            out[word * PHILOX_LANES + lane] = words[word];
    }
}
#endif

#if NF_VECTOR_BYTES != 64
static inline void philox_two_tiles(uint64_t key, uint64_t call, uint64_t draw, uint64_t tile, uint32_t *out)
{
    philox_tile(key, call, draw, tile, out);
    philox_tile(key, call, draw, tile + 1, out + PHILOX_TILE);
}

static void philox_two_draws(uint64_t key, uint64_t call, uint64_t draw, uint64_t tile, uint32_t *out)
{
    philox_tile(key, call, draw, tile, out);
    philox_tile(key, call, draw + 1, tile, out + PHILOX_TILE);
}
#endif

#if NF_VECTOR_BYTES != 64
/* Without the registers for two states beside a rounding: all at the end. */
typedef int philox_pair;

static inline philox_pair philox_pair_begin(const philox_feed *feed, uint64_t tile)
{
    return (void)feed, (void)tile, 0;
}

static inline void philox_pair_step(philox_pair *pair, const philox_feed *feed, int step)
{
    (void)pair, (void)feed, (void)step;
}

static inline void philox_pair_end(const philox_pair *pair, const philox_feed *feed, uint64_t tile, uint32_t *out)
{
    (void)pair;
    philox_two_tiles(feed->key, feed->call, 0, tile, out);
}
#endif

/* Make the feed's words those of `tile`, even, and the next three. */
static inline void feed_seek(philox_feed *feed, uint64_t tile)
{
    if (feed->is_filled && feed->tile == tile)
        return;
    feed->is_filled = 1;
    feed->tile = tile;
    philox_two_tiles(feed->key, feed->call, 0, tile, feed->words);
    philox_two_tiles(feed->key, feed->call, 0, tile + 2, feed->words + 2 * PHILOX_TILE);
}

/* The next pair after the feed's words. */
NF_INLINE philox_pair feed_begin(philox_feed *feed)
{
    const uint64_t tile = feed->tile + 4;
    const uint32_t block_high = (uint32_t)((tile * PHILOX_LANES) >> 32);
    if (__builtin_expect(block_high != feed->block_high, 0))
        feed_share(feed, block_high);
    return philox_pair_begin(feed, tile);
}

/* 16 words have been used: those of the next pair take their place. */
NF_INLINE void feed_keep(philox_feed *feed, int step)
{
    memcpy(feed->words + step * PHILOX_LANES, feed->words + 2 * PHILOX_TILE + step * PHILOX_LANES,
           PHILOX_LANES * sizeof(uint32_t));
}

NF_INLINE void feed_end(philox_feed *feed, const philox_pair *pair)
{
    philox_pair_end(pair, feed, feed->tile + 4, feed->words + 2 * PHILOX_TILE);
    feed->tile += 2;
}

/* The words of elements first .. first + n - 1. */
static void philox_fill(uint64_t key, uint64_t call, uint64_t draw, uint64_t first, uint32_t *out, size_t n)
{
    uint32_t words[PHILOX_TILE];
    while (n) {
        size_t start = first % PHILOX_TILE, take = PHILOX_TILE - start < n ? PHILOX_TILE - start : n;
        if (start == 0 && n >= 2 * PHILOX_TILE) {
            take = 2 * PHILOX_TILE;
            philox_two_tiles(key, call, draw, first / PHILOX_TILE, out);
        } else if (take == PHILOX_TILE) {
            philox_tile(key, call, draw, first / PHILOX_TILE, out);
        } else {
            philox_tile(key, call, draw, first / PHILOX_TILE, words);
            memcpy(out, words + start, take * sizeof *out);
        }
        out += take;
        first += take;
        n -= take;
    }
}

#endif
