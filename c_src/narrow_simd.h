/* float32 to 16-bit codes and to binary16's values, nearest even, with intrinsics: the compiler's own loops give codes
 * of 32 bits, which a second pass makes narrower.  Clean loops as in fast_loops.inc: of the same form, for the same
 * constants, with the same verdict.  They do not depend on how the processor rounds. */
#ifndef NF_NARROW_SIMD_H
#define NF_NARROW_SIMD_H

#include "fast.h"
#include "half.h"
#include "vector.h"

#if NF_VECTOR_BYTES == 64
typedef __m512 float_vector;
typedef __m256i half_vector;
#define STORE_HALF _mm256_storeu_si256

static inline vector pack_words(vector a, vector b)
{
    const vector order = _mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7);
    return _mm512_permutexvar_epi64(order, _mm512_packus_epi32(a, b));
}
#elif NF_VECTOR_BYTES == 32
typedef __m256 float_vector;
typedef __m128i half_vector;
#define STORE_HALF _mm_storeu_si128

static inline vector pack_words(vector a, vector b)
{
    return _mm256_permute4x64_epi64(_mm256_packus_epi32(a, b), 0xD8);
}
#endif

#ifdef VECTOR
enum { NARROW_LANES = NF_VECTOR_BYTES / 4, NARROW_STEP = 2 * NARROW_LANES };

static inline vector load_seen(const float *x, vector *seen)
{
    const vector bits = VECTOR_ALL(loadu)((const void *)x);
    *seen = VECTOR(max_epi32)(*seen, VECTOR_ALL (and)(bits, VECTOR(set1_epi32)(INT32_MAX)));
    return bits;
}

static inline uint32_t verdict_of(vector seen, int32_t clean)
{
    int32_t lanes[NARROW_LANES], largest = 0;
    VECTOR_ALL(storeu)((void *)lanes, seen);
    for (int i = 0; i < NARROW_LANES; i++)
        largest = lanes[i] > largest ? lanes[i] : largest;
    return largest > clean ? FAST_SAW_MORE : 0;
}

/* Formats with float32's own exponents and sign: what is left of the bits when the low ones are cut. */
static inline vector cut_one(const fast_constants_f32 *c, vector bits)
{
    const vector cut = VECTOR(set1_epi32)(c->cut), below_half = VECTOR(set1_epi32)((1 << (c->cut - 1)) - 1);
    const vector odd = VECTOR_ALL (and)(VECTOR(srlv_epi32)(bits, cut), VECTOR(set1_epi32)(1));
    return VECTOR(srlv_epi32)(VECTOR(add_epi32)(VECTOR(add_epi32)(bits, below_half), odd), cut);
}

static inline void cut_codes(const fast_constants_f32 *c, const float *x, uint16_t *y, vector *seen)
{
    const vector low = cut_one(c, load_seen(x, seen)), high = cut_one(c, load_seen(x + NARROW_LANES, seen));
    VECTOR_ALL(storeu)((void *)y, pack_words(low, high));
}

/* Rounding of the instruction's own: to nearest, subnormal results too, whatever the processor is set to. */
NF_HALF static inline half_vector half_of(const float *x, vector *seen)
{
    const union {
        vector bits;
        float_vector numbers;
    } both = {load_seen(x, seen)};
    return VECTOR(cvtps_ph)(both.numbers, _MM_FROUND_TO_NEAREST_INT);
}

NF_HALF static inline void half_codes(const fast_constants_f32 *c, const float *x, uint16_t *y, vector *seen)
{
    (void)c;
    STORE_HALF((void *)y, half_of(x, seen));
    STORE_HALF((void *)(y + NARROW_LANES), half_of(x + NARROW_LANES, seen));
}

NF_HALF static inline void half_values(const fast_constants_f32 *c, const float *x, float *y, vector *seen)
{
    (void)c;
    VECTOR(storeu_ps)(y, VECTOR(cvtph_ps)(half_of(x, seen)));
    VECTOR(storeu_ps)(y + NARROW_LANES, VECTOR(cvtph_ps)(half_of(x + NARROW_LANES, seen)));
}

#define NARROW_LOOP(step, type, target) \
    target static uint32_t step##_loop(const fast_constants_f32 *c, const void *from, const uint32_t *words, size_t n, \
                                       void *to) \
    { \
        vector seen = VECTOR_ALL(setzero)(); \
        const float *x = from; \
        type *y = to, rest[NARROW_STEP]; \
        float last[NARROW_STEP] = {0}; \
        (void)words; \
        const fast_constants_f32 k = *c; /* y may not change it */ \
        for (; n >= NARROW_STEP; n -= NARROW_STEP, x += NARROW_STEP, y += NARROW_STEP) \
            step(&k, x, y, &seen); \
        if (n) { \
            memcpy(last, x, n * sizeof *x); \
            step(&k, last, rest, &seen); \
            memcpy(y, rest, n * sizeof *y); \
        } \
        return verdict_of(seen, k.clean); \
    }
NARROW_LOOP(cut_codes, uint16_t, )
NARROW_LOOP(half_codes, uint16_t, NF_HALF)
NARROW_LOOP(half_values, float, NF_HALF)
#undef NARROW_LOOP

/* Is it binary16, or has it the same numbers as far as the clean loops go? */
static int is_half(const fast_constants_f32 *c)
{
    return c->cut == 13 && c->lowest == 0x38800000 && c->clean <= 0x477FE000 && c->sign_shift == 15;
}

/* The loop to 16-bit codes for constants of nearest_even; NULL where there is none. */
static fast_loop_f32 *narrow_loop(fast_class class, const fast_constants_f32 *c)
{
    if (class == FAST_SHIFT && c->sign_shift == 31 - c->cut)
        return cut_codes_loop;
    return class == FAST_GRID && is_half(c) && NF_HAS_HALF ? half_codes_loop : NULL;
}

/* The loops to values, the complete and the clean one. */
static fast_loop_f32 *const *value_loops(fast_class class, const fast_constants_f32 *c)
{
    static fast_loop_f32 *const half[2] = {fast_nearest_even_grid_0_complete_f32, half_values_loop};
    return class == FAST_GRID && is_half(c) && NF_HAS_HALF ? half : fast_loops_f32[NF_ROUND_nearest_even][class][0];
}
#else
static fast_loop_f32 *narrow_loop(fast_class class, const fast_constants_f32 *c) { return (void)class, (void)c, NULL; }

static fast_loop_f32 *const *value_loops(fast_class class, const fast_constants_f32 *c)
{
    return (void)c, fast_loops_f32[NF_ROUND_nearest_even][class][0];
}
#endif

#endif
