/* Codes to values, block by block. */
#ifndef NF_DECODE_RUN_H
#define NF_DECODE_RUN_H

#include "decode_bytes.h"
#include "fast.h"
#include "stream.h"

/* What decodes a block: one of the three. */
typedef struct decode_pass {
    fast_decoder_f32 d32;
    fast_decoder_f64 d64;
    fast_decode_loop_f32 *const *f32;
    fast_decode_loop_f64 *const *f64;
    const byte_table *table;
} decode_pass;

static void decode_block(decode_pass *pass, const void *codes, size_t n, void *y)
{
    if (pass->table)
        decode_bytes(pass->table, codes, n, y);
    else if (pass->f32)
        fast_decode_f32(pass->f32, &pass->d32, codes, n, y);
    else
        fast_decode_f64(pass->f64, &pass->d64, codes, n, y);
}

/* Codes to float32 or float64; 0 where the format has no fast path. */
static int decode_fast(const nf_grid *grid, const void *codes, size_t code_size, nf_type type, void *y, size_t n,
                       size_t whole_n)
{
    decode_pass pass;
    byte_table table;
    stream_writer stream;
    const size_t size = type == NF_F64 ? 8 : 4;
    const int streams = whole_n * size >= STREAM_BYTES && y != codes;
    pass.f32 = type == NF_F32 ? fast_decode_plan_f32(grid, &pass.d32) : NULL;
    pass.f64 = type == NF_F64 ? fast_decode_plan_f64(grid, &pass.d64) : NULL;
    if (!pass.f32 && !pass.f64)
        return 0;
    const int is_tabled =
        pass.f32 && code_size == 1 && n >= TABLE_PAYS && byte_table_fill(grid, &pass.d32, pass.f32, &table);
    pass.table = is_tabled ? &table : NULL;
    if (is_tabled && streams && decode_bytes_past_caches(&table, codes, n, y))
        return 1;
    size_t start = 0;
    stream_begin(&stream, y);
    for (; n - start >= FAST_BLOCK; start += FAST_BLOCK) {
        decode_block(&pass, (const char *)codes + start * code_size, FAST_BLOCK,
                     streams ? stream.chunk : (char *)y + start * size);
        if (streams)
            stream_chunk(&stream, FAST_BLOCK * size);
    }
    if (streams)
        stream_finish(&stream);
    decode_block(&pass, (const char *)codes + start * code_size, n - start, (char *)y + start * size);
    return 1;
}

#endif
