/* The rulers of the benchmarks: how fast this machine copies, and how fast numfmt makes random words that stay in
 * the cache.  Compiled when the benchmarks run.  Loops around functions of numfmt are here too, so that a row of a few
 * microseconds does not measure Python. */
#include "numfmt.h"

#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>

/* Copy n floats past the cache; y is aligned to 64 bytes, n is a multiple of 64. */
__attribute__((target("avx512f"))) void copy_avx512(const float *x, float *y, size_t n)
{
    for (size_t i = 0; i < n; i += 64)
        for (size_t j = i; j < i + 64; j += 16)
            _mm512_stream_ps(y + j, _mm512_loadu_ps(x + j));
    _mm_sfence();
}

__attribute__((target("avx2"))) void copy_avx2(const float *x, float *y, size_t n)
{
    for (size_t i = 0; i < n; i += 64)
        for (size_t j = i; j < i + 64; j += 8)
            _mm256_stream_ps(y + j, _mm256_loadu_ps(x + j));
    _mm_sfence();
}
#endif

void copy_bytes(const void *x, void *y, size_t size) { memcpy(y, x, size); }

typedef nf_status fill_words(const nf_key *, uint64_t, uint16_t, uint32_t *, size_t, uint8_t, uint32_t);

/* Make `total` words, `size` at a time, always in the same place. */
void fill(fill_words *random_bits, const nf_key *key, uint32_t *words, size_t size, size_t total, uint8_t isa,
          uint32_t threads)
{
    for (size_t done = 0; done < total; done += size)
        random_bits(key, done, 0, words, total - done < size ? total - done : size, isa, threads);
}

typedef nf_status quantize_array(const nf_format *, const nf_options *, nf_type, const void *, nf_type, void *, size_t,
                                 nf_report *);

void quantize_often(quantize_array *quantize, const nf_format *format, const nf_options *options, const float *x,
                    float *y, size_t n, size_t times)
{
    for (size_t i = 0; i < times; i++)
        quantize(format, options, NF_F32, x, NF_F32, y, n, NULL);
}
