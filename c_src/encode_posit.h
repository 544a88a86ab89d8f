/* float32 to codes of posits of at most 8 bits, to nearest, where a vector has a place for every regime (AVX-512): what
 * a number's regime says of it is looked up.  A magnitude less the bias and the regime is exponent and fraction; these,
 * behind the code of the regime, are the code with `cut` bits more.
 *
 * The upper half of a float32 is enough: at least two bits of it are cut, and its last one becomes 1 where any of the
 * lower half is, so that no number comes to lie on the other side of a tie, or on one. */
#ifndef NF_ENCODE_POSIT_H
#define NF_ENCODE_POSIT_H

#include "fast.h"

enum { REGIMES = 32, HALF_FRACTION = 7 };

#if NF_VECTOR_BYTES == 64
/* Lane i is of regime i, or of i - 32. */
typedef struct regime_table {
    __m512i cut, start,
        half; /* start: what makes a number less the bias its long code; half of it, less 1, to be cut */
    __m512i payload, smallest, largest, mask, nan;
} regime_table;

static __m512i every_half(uint32_t bits) { return _mm512_set1_epi16((short)(uint16_t)bits); }

static regime_table regime_table_of(const fast_constants_f32 *c)
{
    _Alignas(64) uint16_t cut[REGIMES], start[REGIMES], half[REGIMES];
    const int top = c->sign_shift, payload = c->payload - 16;
    for (int i = 0; i < REGIMES; i++) {
        const int regime = i < REGIMES / 2 ? i : i - REGIMES, is_below_one = regime < 0, is_last = regime == top - 1;
        const int lift = c->lift - (is_below_one ? -1 - regime : regime);
        const int bits = 15 - (lift > c->least_lift ? lift : c->least_lift);
        const uint32_t end = 1u << payload, above = 1u << (top + bits);
        cut[i] = (uint16_t)bits;
        start[i] = (uint16_t)((is_below_one ? end : is_last ? above - end : above - 2 * end) - (uint32_t)regime * end);
        half[i] = is_last ? 0 : (uint16_t)(((1u << bits) - 1) >> 1);
    }
    return (regime_table){_mm512_load_si512(cut),        _mm512_load_si512(start),
                          _mm512_load_si512(half),       every_half((uint32_t)payload),
                          every_half(c->smallest >> 16), every_half(c->largest_bits >> 16),
                          every_half(c->mask),           every_half(c->code_nan)};
}

/* The codes of 32 numbers, given by their upper halves. */
NF_INLINE __m256i encode_posits(const regime_table *t, __m512i x)
{
    const __m512i magnitude = _mm512_and_si512(x, every_half(0x7FFF));
    const __m512i inside = _mm512_max_epi16(_mm512_min_epi16(magnitude, t->largest), t->smallest);
    const __m512i number = _mm512_sub_epi16(inside, every_half(0x3F80));
    const __m512i regime = _mm512_srav_epi16(number, t->payload);
    const __m512i cut = _mm512_permutexvar_epi16(regime, t->cut);
    const __m512i longer = _mm512_add_epi16(number, _mm512_permutexvar_epi16(regime, t->start));
    const __m512i odd = _mm512_and_si512(_mm512_srlv_epi16(longer, cut), every_half(1));
    const __m512i half = _mm512_add_epi16(_mm512_permutexvar_epi16(regime, t->half), odd);
    const __mmask32 stays = _mm512_test_epi16_mask(magnitude, magnitude);
    __m512i code = _mm512_maskz_srlv_epi16(stays, _mm512_add_epi16(longer, half), cut);
    code = _mm512_mask_sub_epi16(code, _mm512_movepi16_mask(x), _mm512_setzero_si512(), code);
    code = _mm512_and_si512(code, t->mask);
    const __mmask32 is_special = _mm512_cmpge_epi16_mask(magnitude, every_half(0x7F80));
    return _mm512_cvtepi16_epi8(_mm512_mask_mov_epi16(code, is_special, t->nan));
}

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

/* As FAST(loop), but y gets bytes. */
static uint32_t encode_posit_loop(const fast_constants_f32 *c, const void *x, const uint32_t *words, size_t n, void *y)
{
    const regime_table table = regime_table_of(c);
    const size_t whole = n - n % 32, rest = n - whole;
    const float *number = x;
    float last[32] = {0};
    uint8_t *code = y;
    (void)words;
    for (size_t i = 0; i < whole; i += 32)
        _mm256_storeu_si256(
            (__m256i_u *)(code + i),
            encode_posits(&table, upper_halves(_mm512_loadu_si512(number + i), _mm512_loadu_si512(number + i + 16))));
    memcpy(last, number + whole, rest * sizeof *last);
    _mm256_mask_storeu_epi8(
        code + whole, (__mmask32)(((uint64_t)1 << rest) - 1),
        encode_posits(&table, upper_halves(_mm512_loadu_si512(last), _mm512_loadu_si512(last + 16))));
    return 0;
}

/* The loops, complete and clean, to bytes, for a plan of the posit class; NULL where they are not for it. */
static fast_loop_f32 *const *encode_posit_loops(const nf_plan *plan, const fast_constants_f32 *c)
{
    static fast_loop_f32 *const loops[2] = {encode_posit_loop, encode_posit_loop};
    const int width = plan->grid.format.width, fits = width <= 8 && width - 1 + c->payload <= 32;
    return plan->options.rounding == NF_ROUND_nearest_even && fits ? loops : NULL;
}
#else
static fast_loop_f32 *const *encode_posit_loops(const nf_plan *plan, const fast_constants_f32 *c)
{
    return (void)plan, (void)c, NULL;
}
#endif

#endif
