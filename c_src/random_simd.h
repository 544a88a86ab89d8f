/* philox_tile with the x86 intrinsics of the region it is included in: the one loop that deserves them.
 * NF_VECTOR_BYTES is 64 (AVX-512) or 32 (AVX2).  A multiplier times 32-bit lanes goes through the products of the even
 * and of the odd lanes, of which one shuffle each makes the high and the low words. */
#ifndef NF_RANDOM_SIMD_H
#define NF_RANDOM_SIMD_H

#if NF_VECTOR_BYTES == 64
typedef __m512i philox_vector;
#define PHILOX_SET(word) _mm512_set1_epi32((int)(word))
#define PHILOX_STORE(out, x) _mm512_storeu_si512((void *)(out), x)
#define PHILOX_COUNT _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
#define PHILOX_ADD _mm512_add_epi32
#define PHILOX_XOR3(x, y, z) _mm512_ternarylogic_epi32(x, y, z, 0x96)
#define PHILOX_PRODUCT _mm512_mul_epu32
#define PHILOX_ODD(x) _mm512_srli_epi64(x, 32)
#define PHILOX_HIGH(even, odd) _mm512_mask_shuffle_epi32(odd, 0x5555, even, (_MM_PERM_ENUM)0xF5)
#define PHILOX_LOW(even, odd) _mm512_mask_shuffle_epi32(even, 0xAAAA, odd, (_MM_PERM_ENUM)0xA0)
#else
typedef __m256i philox_vector;
#define PHILOX_SET(word) _mm256_set1_epi32((int)(word))
#define PHILOX_STORE(out, x) _mm256_storeu_si256((__m256i *)(void *)(out), x)
#define PHILOX_COUNT _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7)
#define PHILOX_ADD _mm256_add_epi32
#define PHILOX_XOR3(x, y, z) _mm256_xor_si256(_mm256_xor_si256(x, z), y)
#define PHILOX_PRODUCT _mm256_mul_epu32
#define PHILOX_ODD(x) _mm256_srli_epi64(x, 32)
#define PHILOX_HIGH(even, odd) _mm256_blend_epi32(PHILOX_ODD(even), odd, 0xAA)
#define PHILOX_LOW(even, odd) _mm256_blend_epi32(even, _mm256_slli_epi64(odd, 32), 0xAA)
#endif

typedef struct philox_state {
    philox_vector c0, c1, c2, c3;
} philox_state;

NF_INLINE void philox_round(philox_state *s, philox_vector k0, philox_vector k1)
{
    philox_vector m0 = PHILOX_SET(PHILOX_MULTIPLIER_0), m1 = PHILOX_SET(PHILOX_MULTIPLIER_1);
    philox_vector even0 = PHILOX_PRODUCT(s->c0, m0), odd0 = PHILOX_PRODUCT(PHILOX_ODD(s->c0), m0);
    philox_vector even1 = PHILOX_PRODUCT(s->c2, m1), odd1 = PHILOX_PRODUCT(PHILOX_ODD(s->c2), m1);
    s->c0 = PHILOX_XOR3(PHILOX_HIGH(even1, odd1), s->c1, k0);
    s->c1 = PHILOX_LOW(even1, odd1);
    s->c2 = PHILOX_XOR3(PHILOX_HIGH(even0, odd0), s->c3, k1);
    s->c3 = PHILOX_LOW(even0, odd0);
}

NF_INLINE void philox_store(const philox_state *s, uint32_t *out)
{
    PHILOX_STORE(out, s->c0);
    PHILOX_STORE(out + PHILOX_LANES, s->c1);
    PHILOX_STORE(out + 2 * PHILOX_LANES, s->c2);
    PHILOX_STORE(out + 3 * PHILOX_LANES, s->c3);
}

NF_INLINE philox_state philox_start(uint64_t high, uint64_t block)
{
    philox_state s = {PHILOX_ADD(PHILOX_SET(block), PHILOX_COUNT), PHILOX_SET(block >> 32), PHILOX_SET(high),
                      PHILOX_SET(high >> 32)};
    return s;
}

/* Two states in flight hide the latency of the products. */
NF_INLINE void philox_two(uint64_t key, philox_state s, philox_state t, uint32_t *out_s, uint32_t *out_t)
{
    uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
#pragma GCC unroll 10
    for (int round = 0; round < PHILOX_ROUNDS; round++) {
        philox_round(&s, PHILOX_SET(k0), PHILOX_SET(k1));
        philox_round(&t, PHILOX_SET(k0), PHILOX_SET(k1));
        k0 += PHILOX_WEYL_0;
        k1 += PHILOX_WEYL_1;
    }
    philox_store(&s, out_s);
    philox_store(&t, out_t);
}

#if NF_VECTOR_BYTES == 64
/* Two tiles in the making, a few rounds at a time. */
typedef struct philox_pair {
    philox_state s, t;
} philox_pair;

/* A state after two rounds.  Half of each has only words that all blocks of the feed share: see feed_share. */
NF_INLINE philox_state philox_third_round(const philox_feed *feed, uint64_t block)
{
    const philox_vector m0 = PHILOX_SET(PHILOX_MULTIPLIER_0), m1 = PHILOX_SET(PHILOX_MULTIPLIER_1);
    const philox_vector c0 = PHILOX_ADD(PHILOX_SET(block), PHILOX_COUNT);
    const philox_vector even0 = PHILOX_PRODUCT(c0, m0), odd0 = PHILOX_PRODUCT(PHILOX_ODD(c0), m0);
    const philox_vector c2 = _mm512_xor_si512(PHILOX_HIGH(even0, odd0), PHILOX_SET(feed->shared[0]));
    const philox_vector even1 = PHILOX_PRODUCT(c2, m1), odd1 = PHILOX_PRODUCT(PHILOX_ODD(c2), m1);
    philox_state s = {_mm512_xor_si512(PHILOX_HIGH(even1, odd1), PHILOX_SET(feed->shared[1])), PHILOX_LOW(even1, odd1),
                      _mm512_xor_si512(PHILOX_LOW(even0, odd0), PHILOX_SET(feed->shared[2])),
                      PHILOX_SET(feed->shared[3])};
    return s;
}

NF_INLINE philox_pair philox_pair_begin(const philox_feed *feed, uint64_t tile)
{
    const uint64_t block = tile * PHILOX_LANES;
    philox_pair pair = {philox_third_round(feed, block), philox_third_round(feed, block + PHILOX_LANES)};
    return pair;
}

/* Step 0 to 7: the last eight rounds. */
NF_INLINE void philox_pair_step(philox_pair *pair, const philox_feed *feed, int step)
{
    const uint32_t *key = feed->round_keys + 2 * (step + 2);
    philox_round(&pair->s, PHILOX_SET(key[0]), PHILOX_SET(key[1]));
    philox_round(&pair->t, PHILOX_SET(key[0]), PHILOX_SET(key[1]));
}

NF_INLINE void philox_pair_end(const philox_pair *pair, const philox_feed *feed, uint64_t tile, uint32_t *out)
{
    (void)feed, (void)tile;
    philox_store(&pair->s, out);
    philox_store(&pair->t, out + PHILOX_TILE);
}

static void philox_tile(uint64_t key, uint64_t call, uint64_t draw, uint64_t tile, uint32_t *out)
{
    uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
    philox_state s = philox_start(philox_call(call, draw), tile * PHILOX_LANES);
    for (int round = 0; round < PHILOX_ROUNDS; round++) {
        philox_round(&s, PHILOX_SET(k0), PHILOX_SET(k1));
        k0 += PHILOX_WEYL_0;
        k1 += PHILOX_WEYL_1;
    }
    philox_store(&s, out);
}

NF_INLINE void philox_two_tiles(uint64_t key, uint64_t call, uint64_t draw, uint64_t tile, uint32_t *out)
{
    uint64_t high = philox_call(call, draw), block = tile * PHILOX_LANES;
    philox_two(key, philox_start(high, block), philox_start(high, block + PHILOX_LANES), out, out + PHILOX_TILE);
}

static void philox_two_draws(uint64_t key, uint64_t call, uint64_t draw, uint64_t tile, uint32_t *out)
{
    uint64_t block = tile * PHILOX_LANES;
    philox_two(key, philox_start(philox_call(call, draw), block), philox_start(philox_call(call, draw + 1), block), out,
               out + PHILOX_TILE);
}
#else
static void philox_tile(uint64_t key, uint64_t call, uint64_t draw, uint64_t tile, uint32_t *out)
{
    uint64_t high = philox_call(call, draw), block = tile * PHILOX_LANES;
    philox_two(key, philox_start(high, block), philox_start(high, block + 8), out, out + 8);
}
#endif

#endif
