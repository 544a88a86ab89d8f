/* Codes to values, block by block. */
#ifndef NF_DECODE_RUN_H
#define NF_DECODE_RUN_H

#include "codebook_run.h"
#include "decode_bytes.h"
#include "fast.h"
#include "stream.h"

/* What decodes a block: one of the three. */
typedef struct decode_pass {
    const uint8_t *codes;
    size_t code_size;
    fast_decoder_f32 d32;
    fast_decoder_f64 d64;
    fast_decode_loop_f32 *const *f32;
    fast_decode_loop_f64 *const *f64;
    const byte_table *table;
} decode_pass;

static void decode_block(void *context, size_t start, size_t n, void *y)
{
    decode_pass *pass = context;
    const uint8_t *codes = pass->codes + start * pass->code_size;
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
    decode_pass pass = {.codes = codes, .code_size = code_size};
    byte_table table;
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
    make_blocks(decode_block, &pass, y, size, n, FAST_BLOCK, streams);
    return 1;
}

static void decode_general(const nf_grid *grid, const void *codes, size_t code_size, nf_type y_type, void *y,
                           size_t place, size_t n);

/* The values of all bytes, in the type asked for. */
typedef struct value_table {
    const uint8_t *codes;
    nf_type type;
    int is_short; /* codes of at most four bits, of float32 values */
    union {
        float f32[256];
        double f64[256];
    } values;
} value_table;

static void look_up_block(void *context, size_t start, size_t n, void *y)
{
    const value_table *table = context;
    const uint8_t *codes = table->codes + start;
    if (table->type == NF_F64) {
        look_up_f64(table->values.f64, codes, n, y);
        return;
    }
    const size_t m = table->is_short ? n - n % STEP_UNIT : 0;
    look_up_sixteen(table->values.f32, codes, m, y);
    look_up_f32(table->values.f32, codes + m, n - m, (float *)y + m);
}

/* 8-bit codes of the other formats whose value is the same everywhere: the general loop decodes each once.  0 where
 * that does not pay. */
static int decode_by_table(const nf_grid *grid, const void *codes, size_t code_size, nf_type type, void *y, size_t n,
                           size_t whole_n)
{
    value_table table = {.codes = codes, .type = type, .is_short = type == NF_F32 && grid->format.width <= 4};
    uint8_t bytes[256];
    const size_t size = type == NF_F64 ? sizeof(double) : sizeof(float);
    if (code_size != 1 || n < TABLE_PAYS || type == NF_F16 || grid->format.family == NF_AFFINE)
        return 0;
    for (int i = 0; i < 256; i++)
        bytes[i] = (uint8_t)i;
    decode_general(grid, bytes, 1, type, &table.values, 0, 256);
    make_blocks(look_up_block, &table, y, size, n, FAST_BLOCK, whole_n * size >= STREAM_BYTES);
    return 1;
}

#endif
