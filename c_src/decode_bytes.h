/* 8-bit codes to float32 by a table.  In registers, where the processor permutes bytes (AVX-512 VBMI) and every value
 * has its low 16 bits 0: the third and the fourth bytes of the 256 values are two planes of four registers.  In memory
 * for AVX2, but for fixed point, whose arithmetic takes no longer than the loads. */
#ifndef NF_DECODE_BYTES_H
#define NF_DECODE_BYTES_H

#include "fast.h"
#include "stream.h"

enum {
    TABLE_PAYS = 4096,
    CODES_AHEAD = 1024 /* bytes of codes that are on their way */
};

typedef struct byte_table {
    uint32_t values[256];
    _Alignas(64) uint8_t third[256], fourth[256];
} byte_table;

static void byte_table_values(const nf_grid *grid, fast_decoder_f32 *d, fast_decode_loop_f32 *const *loops,
                              byte_table *table)
{
    uint8_t codes[256];
    for (int i = 0; i < 256; i++)
        codes[i] = (uint8_t)((uint64_t)i & grid->mask);
    loops[0](d, codes, 256, table->values);
}

#if NF_VECTOR_BYTES == 64
#define NF_VBMI __attribute__((target(NF_FEATURES ",avx512vbmi")))

/* 0 where the processor or the values are not such. */
static int byte_table_fill(const nf_grid *grid, fast_decoder_f32 *d, fast_decode_loop_f32 *const *loops,
                           byte_table *table)
{
    uint32_t low = 0;
    byte_table_values(grid, d, loops, table);
    for (int i = 0; i < 256; i++) {
        low |= table->values[i] & 0xFFFFu;
        table->third[i] = (uint8_t)(table->values[i] >> 16);
        table->fourth[i] = (uint8_t)(table->values[i] >> 24);
    }
    return low == 0 && __builtin_cpu_supports("avx512vbmi");
}

/* 64 bytes of a plane. */
NF_VBMI static inline __m512i look_up(const uint8_t *plane, __m512i codes)
{
    const __m512i low = _mm512_permutex2var_epi8(_mm512_load_si512(plane), codes, _mm512_load_si512(plane + 64));
    const __m512i high =
        _mm512_permutex2var_epi8(_mm512_load_si512(plane + 128), codes, _mm512_load_si512(plane + 192));
    return _mm512_mask_mov_epi8(low, _mm512_movepi8_mask(codes), high);
}

NF_VBMI static inline void put(float *y, __m512i values, int past_caches)
{
    if (past_caches)
        _mm512_stream_si512((void *)y, values);
    else
        _mm512_storeu_si512(y, values);
}

/* The unpacking below takes four bytes of every 16 at a time: codes 4j .. 4j + 3 of each quarter go to lane j. */
NF_VBMI NF_INLINE void decode_stored(const byte_table *table, const uint8_t *codes, size_t n, float *y, int past_caches)
{
    _Alignas(64) uint8_t order[64], rest[64] = {0};
    _Alignas(64) float tail[64];
    for (int i = 0; i < 64; i++)
        order[i] = (uint8_t)(i % 16 / 4 * 16 + i / 16 * 4 + i % 4);
    const __m512i shuffle = _mm512_load_si512(order), zero = _mm512_setzero_si512();
    for (size_t i = 0; i < n; i += 64) {
        const int is_whole = n - i >= 64;
        if (!is_whole)
            memcpy(rest, codes + i, n - i);
        float *out = is_whole ? y + i : tail;
        if (past_caches)
            fetch_ahead(codes + i, 64, CODES_AHEAD);
        const __m512i x = _mm512_permutexvar_epi8(shuffle, _mm512_loadu_si512(is_whole ? codes + i : rest));
        const __m512i third = look_up(table->third, x), fourth = look_up(table->fourth, x);
        const __m512i low = _mm512_unpacklo_epi8(third, fourth), high = _mm512_unpackhi_epi8(third, fourth);
        put(out, _mm512_unpacklo_epi16(zero, low), past_caches);
        put(out + 16, _mm512_unpackhi_epi16(zero, low), past_caches);
        put(out + 32, _mm512_unpacklo_epi16(zero, high), past_caches);
        put(out + 48, _mm512_unpackhi_epi16(zero, high), past_caches);
        if (!is_whole)
            memcpy(y + i, tail, (n - i) * sizeof *y);
    }
}

NF_VBMI static void decode_bytes(const byte_table *table, const uint8_t *codes, size_t n, float *y)
{
    decode_stored(table, codes, n, y, 0);
}

/* The same past the caches; 0 where y is on no number's place. */
NF_VBMI static int decode_bytes_past_caches(const byte_table *table, const uint8_t *codes, size_t n, float *y)
{
    const size_t head = (0 - (uintptr_t)y) % STREAM_LINE / sizeof *y, body = (n - head) / 64 * 64, tail = head + body;
    if ((uintptr_t)y % sizeof *y)
        return 0;
    decode_bytes(table, codes, head, y);
    decode_stored(table, codes + head, body, y + head, 1);
    stream_end();
    decode_bytes(table, codes + tail, n - tail, y + tail);
    return 1;
}
#elif NF_VECTOR_BYTES == 32
static int byte_table_fill(const nf_grid *grid, fast_decoder_f32 *d, fast_decode_loop_f32 *const *loops,
                           byte_table *table)
{
    byte_table_values(grid, d, loops, table);
    return grid->format.family != NF_FIXED;
}

/* Eight codes in one load. */
static void decode_bytes(const byte_table *table, const uint8_t *codes, size_t n, float *y)
{
    fast_element_f32 *out = (fast_element_f32 *)y;
    const size_t whole = n - n % 8;
    for (size_t i = 0; i < whole; i += 8) {
        uint64_t eight;
        memcpy(&eight, codes + i, sizeof eight);
        for (int j = 0; j < 8; j++)
            out[i + j] = table->values[eight >> 8 * j & 0xFF];
    }
    for (size_t i = whole; i < n; i++)
        out[i] = table->values[codes[i]];
}
#else
static int byte_table_fill(const nf_grid *grid, fast_decoder_f32 *d, fast_decode_loop_f32 *const *loops,
                           byte_table *table)
{
    return (void)grid, (void)d, (void)loops, (void)table, 0;
}

static void decode_bytes(const byte_table *table, const uint8_t *codes, size_t n, float *y)
{
    (void)table, (void)codes, (void)n, (void)y;
}
#endif

#if NF_VECTOR_BYTES != 64
static int decode_bytes_past_caches(const byte_table *table, const uint8_t *codes, size_t n, float *y)
{
    return (void)table, (void)codes, (void)n, (void)y, 0;
}
#endif

#endif
