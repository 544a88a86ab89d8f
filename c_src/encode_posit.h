/* float32 to codes of posits of at most 8 bits, to nearest, in lanes of 16 bits: what a number's regime says of it is
 * looked up.  Behind the regime, exponent and fraction are a fraction of a lane; of this the code has the first bits,
 * which a product puts above the lane, and the rest decides the rounding.
 *
 * The upper half of a float32 is enough: at least two bits of it are cut, and its last one becomes 1 where any of the
 * lower half is, so that no number comes to lie on the other side of a tie, or on one. */
#ifndef NF_ENCODE_POSIT_H
#define NF_ENCODE_POSIT_H

#include "fast.h"
#include "vector.h"

enum { REGIMES = 16, POSIT_STEP = 32 };

#ifdef VECTOR
/* Bytes of a regime, repeated for each 128 bits: the code it begins with, and 2 to the power of the bits behind it.
 * The first regime is below all of the format's, with 0 for both. */
typedef struct regime_table {
    vector begin, scale;
    vector below, largest, mask; /* below: where the first regime begins */
    __m128i payload, above;      /* bits of exponent and fraction in a lane, and the others */
} regime_table;

static vector every_half(uint32_t bits) { return VECTOR(set1_epi16)((short)(uint16_t)bits); }

static regime_table regime_table_of(const fast_constants_f32 *c)
{
    _Alignas(NF_VECTOR_BYTES) uint8_t begin[NF_VECTOR_BYTES] = {0}, scale[NF_VECTOR_BYTES] = {0};
    const int top = c->sign_shift, payload = c->payload - 16;
    for (int i = 0; i < NF_VECTOR_BYTES; i++) {
        const int regime = i % REGIMES - top, is_below_one = regime < 0;
        const int behind = is_below_one ? top - 1 + regime : top - 2 - regime;
        if (regime <= -top || regime >= top)
            continue;
        scale[i] = (uint8_t)(1 << (behind > 0 ? behind : 0));
        begin[i] = (uint8_t)(is_below_one ? scale[i] : (1 << top) - (behind < 0 ? 1 : 2 * scale[i]));
    }
    return (regime_table){VECTOR_ALL(load)((const void *)begin),
                          VECTOR_ALL(load)((const void *)scale),
                          every_half((c->smallest >> 16) - (1u << payload)),
                          every_half(c->largest_bits >> 16),
                          every_half(c->mask),
                          _mm_cvtsi32_si128(payload),
                          _mm_cvtsi32_si128(16 - payload)};
}

/* The codes of numbers given by their upper halves.  An infinity or a NaN is 1 above the largest code, NaR. */
NF_INLINE vector encode_posits(const regime_table *t, vector x)
{
    const vector one = every_half(1), magnitude = VECTOR_ALL (and)(x, every_half(0x7FFF));
    const vector number = VECTOR(subs_epu16)(VECTOR(min_epu16)(magnitude, t->largest), t->below);
    const vector regime = VECTOR(srl_epi16)(number, t->payload), fraction = VECTOR(sll_epi16)(number, t->above);
    const vector scale = VECTOR(shuffle_epi8)(t->scale, regime);
    const vector low = VECTOR(add_epi16)(VECTOR(shuffle_epi8)(t->begin, regime), VECTOR(mulhi_epu16)(fraction, scale));
    const vector tail = VECTOR_ALL(or)(VECTOR(mullo_epi16)(fraction, scale), VECTOR_ALL (and)(low, one));
    const vector goes_up = VECTOR(avg_epu16)(tail, every_half(0x7FFE)); /* its first bit: tail > 0x8000 */
    const vector is_special = VECTOR(add_epi16)(magnitude, every_half(0x80));
    const vector up = VECTOR(srli_epi16)(VECTOR_ALL(or)(goes_up, is_special), 15);
    const vector code = VECTOR(max_epu16)(VECTOR(add_epi16)(low, up), VECTOR(min_epu16)(magnitude, one));
    const vector sign = VECTOR(srai_epi16)(x, 15);
    return VECTOR_ALL (and)(VECTOR(sub_epi16)(VECTOR_ALL(xor)(code, sign), sign), t->mask);
}
#endif

#if NF_VECTOR_BYTES == 64
/* Numbers whose last bit of the upper half says whether they had any in the lower one. */
NF_INLINE __m512i with_sticky_bit(__m512i x)
{
    const __m512i low = _mm512_set1_epi32(0xFFFF);
    return _mm512_mask_or_epi32(x, _mm512_test_epi32_mask(x, low), x, _mm512_set1_epi32(0x10000));
}

NF_INLINE __m512i upper_halves(__m512i first, __m512i second)
{
    _Alignas(64) static const uint16_t places[32] = {1,  3,  5,  7,  9,  11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31,
                                                     33, 35, 37, 39, 41, 43, 45, 47, 49, 51, 53, 55, 57, 59, 61, 63};
    return _mm512_permutex2var_epi16(with_sticky_bit(first), _mm512_load_si512(places), with_sticky_bit(second));
}

NF_INLINE __m256i encode_step(const regime_table *t, const float *x)
{
    const __m512i first = _mm512_loadu_si512(x), second = _mm512_loadu_si512(x + 16);
    return _mm512_cvtepi16_epi8(encode_posits(t, upper_halves(first, second)));
}
#elif NF_VECTOR_BYTES == 32
/* The upper halves of 16 numbers, four of the first eight, four of the others, and so on; the last bit says whether
 * there was any in the lower half. */
NF_INLINE __m256i upper_halves(const float *x)
{
    const __m256i first = _mm256_loadu_si256((const void *)x), second = _mm256_loadu_si256((const void *)(x + 8));
    const __m256i low = _mm256_set1_epi32(0xFFFF);
    const __m256i upper = _mm256_packus_epi32(_mm256_srli_epi32(first, 16), _mm256_srli_epi32(second, 16));
    const __m256i lower = _mm256_packus_epi32(_mm256_and_si256(first, low), _mm256_and_si256(second, low));
    return _mm256_or_si256(upper, _mm256_min_epu16(lower, every_half(1)));
}

NF_INLINE __m256i encode_step(const regime_table *t, const float *x)
{
    const __m256i first = encode_posits(t, upper_halves(x)), second = encode_posits(t, upper_halves(x + 16));
    const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    return _mm256_permutevar8x32_epi32(_mm256_packus_epi16(first, second), order);
}
#endif

#ifdef VECTOR
/* As FAST(loop), but y gets bytes. */
static uint32_t encode_posit_loop(const fast_constants_f32 *c, const void *x, const uint32_t *words, size_t n, void *y)
{
    const regime_table table = regime_table_of(c);
    const size_t whole = n - n % POSIT_STEP, rest = n - whole;
    const float *number = x;
    float last[POSIT_STEP] = {0};
    uint8_t *code = y, last_codes[POSIT_STEP];
    (void)words;
    for (size_t i = 0; i < whole; i += POSIT_STEP)
        _mm256_storeu_si256((__m256i_u *)(code + i), encode_step(&table, number + i));
    memcpy(last, number + whole, rest * sizeof *last);
    _mm256_storeu_si256((__m256i_u *)last_codes, encode_step(&table, last));
    memcpy(code + whole, last_codes, rest);
    return 0;
}

/* The loops, complete and clean, to bytes, for a plan of the posit class; NULL where they are not for it. */
static fast_loop_f32 *const *encode_posit_loops(const nf_plan *plan, const fast_constants_f32 *c)
{
    static fast_loop_f32 *const loops[2] = {encode_posit_loop, encode_posit_loop};
    const int fits = plan->grid.format.width <= 8 && c->smallest >> c->payload != 0;
    return plan->options.rounding == NF_ROUND_nearest_even && fits ? loops : NULL;
}
#else
static fast_loop_f32 *const *encode_posit_loops(const nf_plan *plan, const fast_constants_f32 *c)
{
    return (void)plan, (void)c, NULL;
}
#endif

#endif
