/* float32 to codes of narrow posits, to nearest, where a vector of 16 lanes (AVX-512) has a place for every regime:
 * what a number's regime says of it is looked up.  A magnitude less the bias and the regime is exponent and fraction;
 * these, behind the code of the regime, are the code with `cut` bits more. */
#ifndef NF_ENCODE_POSIT_H
#define NF_ENCODE_POSIT_H

#include "fast.h"

enum { REGIMES = 16 };

#if NF_VECTOR_BYTES == 64
/* Lane i is of regime i, or of i - 16; the last one is of maxpos alone. */
typedef struct regime_table {
    __m512i cut, start,
        half; /* start: what makes a number less the bias its long code; half of it, less 1, to be cut */
} regime_table;

static regime_table regime_table_of(const fast_constants_f32 *c)
{
    _Alignas(64) uint32_t cut[REGIMES], start[REGIMES], half[REGIMES];
    const int last = c->sign_shift - 1;
    for (int i = 0; i < REGIMES; i++) {
        const int regime = i < REGIMES / 2 ? i : i - REGIMES, is_below_one = regime < 0;
        const int lift = c->lift - (is_below_one ? -1 - regime : regime);
        cut[i] = (uint32_t)(31 - (lift > c->least_lift ? lift : c->least_lift));
        const uint32_t end = (uint32_t)1 << c->payload,
                       above = (uint32_t)((uint64_t)1 << (c->sign_shift + (int)cut[i]));
        start[i] = (is_below_one ? end : above - 2 * end) - (uint32_t)regime * end;
        half[i] = (((uint32_t)1 << cut[i]) - 1) >> 1;
        if (regime == last) {
            start[i] = above - end - (uint32_t)regime * end;
            half[i] = 0;
        }
    }
    return (regime_table){_mm512_load_si512(cut), _mm512_load_si512(start), _mm512_load_si512(half)};
}

/* The codes of 16 numbers. */
NF_INLINE __m512i encode_posits(const fast_constants_f32 *c, const regime_table *table, __m512i x)
{
    const __m512i bias = _mm512_set1_epi32(0x3F800000), zero = _mm512_setzero_si512();
    const __m512i magnitude = _mm512_and_si512(x, _mm512_set1_epi32(INT32_MAX));
    const __m512i inside = _mm512_max_epi32(_mm512_min_epi32(magnitude, _mm512_set1_epi32((int)c->largest_bits)),
                                            _mm512_set1_epi32((int)c->smallest));
    const __m512i number = _mm512_sub_epi32(inside, bias);
    const __m512i regime = _mm512_srlv_epi32(number, _mm512_set1_epi32(c->payload));
    const __m512i cut = _mm512_permutexvar_epi32(regime, table->cut);
    const __m512i longer = _mm512_add_epi32(number, _mm512_permutexvar_epi32(regime, table->start));
    const __m512i odd = _mm512_and_si512(_mm512_srlv_epi32(longer, cut), _mm512_set1_epi32(1));
    const __m512i half = _mm512_add_epi32(_mm512_permutexvar_epi32(regime, table->half), odd);
    const __mmask16 stays = _mm512_test_epi32_mask(magnitude, magnitude);
    __m512i code = _mm512_maskz_srlv_epi32(stays, _mm512_add_epi32(longer, half), cut);
    code = _mm512_mask_sub_epi32(code, _mm512_movepi32_mask(x), zero, code);
    code = _mm512_and_si512(code, _mm512_set1_epi32((int)c->mask));
    const __mmask16 is_special = _mm512_cmpge_epi32_mask(magnitude, _mm512_set1_epi32(0x7F800000));
    return _mm512_mask_mov_epi32(code, is_special, _mm512_set1_epi32((int)c->code_nan));
}

/* As FAST(loop), but y gets bytes. */
static uint32_t encode_posit_loop(const fast_constants_f32 *c, const void *x, const uint32_t *words, size_t n, void *y)
{
    const fast_constants_f32 k = *c;
    const regime_table table = regime_table_of(&k);
    const size_t whole = n - n % REGIMES;
    const float *number = x;
    uint8_t *code = y;
    (void)words;
    for (size_t i = 0; i < whole; i += REGIMES)
        _mm_storeu_si128((__m128i_u *)(code + i),
                         _mm512_cvtepi32_epi8(encode_posits(&k, &table, _mm512_loadu_si512(number + i))));
    const __mmask16 rest = (__mmask16)((1u << (n - whole)) - 1);
    const __m512i last = _mm512_maskz_loadu_epi32(rest, number + whole);
    _mm512_mask_cvtepi32_storeu_epi8(code + whole, rest, encode_posits(&k, &table, last));
    return 0;
}

/* The loops, complete and clean, to bytes, for a plan of the posit class; NULL where they are not for it. */
static fast_loop_f32 *const *encode_posit_loops(const nf_plan *plan, const fast_constants_f32 *c)
{
    static fast_loop_f32 *const loops[2] = {encode_posit_loop, encode_posit_loop};
    const int width = plan->grid.format.width, fits = width - 2 < REGIMES / 2 && width - 1 + c->payload <= 32;
    return plan->options.rounding == NF_ROUND_nearest_even && fits ? loops : NULL;
}
#else
static fast_loop_f32 *const *encode_posit_loops(const nf_plan *plan, const fast_constants_f32 *c)
{
    return (void)plan, (void)c, NULL;
}
#endif

#endif
