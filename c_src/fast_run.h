/* A job by its fast path: blocks that stay in the first cache, each loaded, rounded and stored.  A block with an
 * element that the loop leaves undecided is done again by the general loop. */
#ifndef NF_FAST_RUN_H
#define NF_FAST_RUN_H

#include "affine_fast.h"
#include "codebook_run.h"
#include "fast_choose.h"
#include "fast_convert.h"
#include "processor_rounding.h"
#include "stream.h"

typedef union fast_numbers {
    float f32[FAST_BLOCK];
    double f64[FAST_BLOCK];
    uint32_t u32[FAST_BLOCK];
    uint64_t u64[FAST_BLOCK];
} fast_numbers;

typedef struct fast_buffers {
    fast_numbers numbers, results;
    uint32_t words[FAST_BLOCK];
    philox_feed feed;
    stream_writer stream;
} fast_buffers;

/* The block's numbers: where they are, or decoded or widened into the buffer. */
static const void *fast_load(const nf_job *job, fast_pass *pass, const void *x, size_t start, size_t n, fast_buffers *b)
{
    if (pass->arithmetic) {
        fast_results(pass->arithmetic, job->place + start, n, &b->numbers);
        round_toward(pass->is_nearest);
    } else if (pass->decode_f32 && !pass->is_wide) {
        fast_decode_f32(pass->decode_f32, &pass->decoder_f32, x, n, &b->numbers);
    } else if (pass->decode_f64 && pass->is_wide) {
        fast_decode_f64(pass->decode_f64, &pass->decoder_f64, x, n, &b->numbers);
    } else if (pass->is_wide && job->x_type == NF_F32) {
        widen(x, n, b->numbers.f64);
    } else {
        return x;
    }
    return &b->numbers;
}

/* The bits that the round loop gave, as the job's output has them, into `out`. */
static void fast_convert(const nf_job *job, const fast_pass *pass, const void *results, size_t n, void *out)
{
    if (job->to_values) {
        if (pass->is_wide)
            narrow(results, n, out);
        else if (job->y_type == NF_F64)
            widen(results, n, out);
        else
            narrow_to_f16(results, n, out);
        return;
    }
    switch (job->y_size + (pass->result_size == 8 ? 8 : 0)) {
    case 1:
        narrow_32_to_8(results, n, out);
        break;
    case 2:
        narrow_32_to_16(results, n, out);
        break;
    case 8 + 1:
        narrow_64_to_8(results, n, out);
        break;
    case 8 + 2:
        narrow_64_to_16(results, n, out);
        break;
    default:
        narrow_64_to_32(results, n, out);
        break;
    }
}

/* One attempt at a block by a loop that makes its words. */
static uint32_t fast_try_keyed(const nf_job *job, const fast_pass *pass, const void *x, size_t start, size_t n,
                               int kind, philox_feed *feed, void *results)
{
    const uint64_t element = job->plan->options.first + start;
    const size_t offset = element % KEYED_BLOCK, blocks = n / KEYED_BLOCK;
    feed_seek(feed, (element - offset) / PHILOX_TILE);
    return pass->is_wide ? pass->keyed_f64[kind](&pass->constants.f64, x, feed, offset, blocks, pass->puts, results)
                         : pass->keyed_f32[kind](&pass->constants.f32, x, feed, offset, blocks, pass->puts, results);
}

/* One attempt at a block, which `streams` or not; returns what the loop says. */
static uint32_t fast_try(const fast_pass *pass, const void *x, size_t n, int kind, const uint32_t *words, int streams,
                         void *results)
{
    if (pass->put_f32 && n % PHILOX_LANES == 0)
        return pass->is_wide ? pass->put_f64[kind](&pass->constants.f64, x, n, streams, results)
                             : pass->put_f32[kind](&pass->constants.f32, x, n, streams, results);
    return pass->is_wide ? pass->round_f64[kind](&pass->constants.f64, x, words, n, results)
                         : pass->round_f32[kind](&pass->constants.f32, x, words, n, results);
}

static void fast_backs_off(fast_pass *pass)
{
    pass->dirty = pass->back_off;
    pass->back_off = pass->back_off < DIRTY_BLOCKS ? 2 * pass->back_off : DIRTY_BLOCKS;
}

/* The clean loop, then the complete one. */
static uint32_t fast_round(const nf_job *job, fast_pass *pass, const void *x, size_t start, size_t n, int is_keyed,
                           int streams, fast_buffers *b, void *results)
{
    if (pass->is_random && !is_keyed)
        load_fast_words(job->plan, start, n, b->words);
    for (int kind = pass->dirty ? FAST_IS_complete : pass->clean;; kind = FAST_IS_complete) {
        const uint32_t verdict = is_keyed ? fast_try_keyed(job, pass, x, start, n, kind, &b->feed, results)
                                          : fast_try(pass, x, n, kind, b->words, streams, results);
        if (kind == FAST_IS_complete) {
            pass->dirty--;
            return verdict;
        }
        if (!(verdict & FAST_SAW_MORE)) {
            pass->back_off = 1;
            return verdict;
        }
        fast_backs_off(pass);
    }
}

/* 16-bit codes without a second pass; 0 where there is no such loop, or the block is not clean. */
static int fast_narrow(fast_pass *pass, const void *x, size_t n, void *y)
{
    if (!pass->narrow_f32 || pass->dirty)
        return 0;
    if (pass->narrow_f32(&pass->constants.f32, x, NULL, n, y)) {
        fast_backs_off(pass);
        return 0;
    }
    pass->back_off = 1;
    return 1;
}

static void run_general(nf_job *job);

enum { FEW = PHILOX_LANES };

/* A piece of the job by the general loop, into `y`. */
static void run_piece(nf_job *job, size_t start, size_t n, void *y)
{
    nf_plan plan;
    nf_job piece = nf_job_piece(job, start, n, &plan);
    piece.y = y;
    run_general(&piece);
    job->failed = piece.failed;
    job->failed_at = start + piece.failed_at;
}

static int fast_any_nan(const fast_pass *pass, const void *x, size_t n)
{
    return pass->is_wide ? fast_any_nan_f64(x, n) : fast_any_nan_f32(x, n);
}

static int fast_any_negative(const fast_pass *pass, const void *x, size_t n)
{
    return pass->is_wide ? fast_any_negative_f64(x, n) : fast_any_negative_f32(x, n);
}

/* The block with 0 for its negative numbers, in the buffer. */
static const void *fast_without_negatives(const fast_pass *pass, const void *x, size_t n, fast_buffers *b)
{
    if (pass->is_wide)
        fast_clear_negatives_f64(x, n, &b->numbers);
    else
        fast_clear_negatives_f32(x, n, &b->numbers);
    return &b->numbers;
}

static void fast_block(nf_job *job, fast_pass *pass, size_t start, size_t n, int is_keyed, int streams, fast_buffers *b,
                       void *y);

/* A block of which an element is undecided, in short pieces, so that the general loop gets few. */
static void fast_again(nf_job *job, fast_pass *pass, size_t start, size_t n, fast_buffers *b, char *y)
{
    if (n <= FEW) {
        run_piece(job, start, n, y);
        return;
    }
    for (size_t i = 0, m; i < n && !job->failed; i += m, y += m * job->y_size) {
        m = n - i < FEW ? n - i : FEW;
        fast_block(job, pass, start + i, m, 0, 0, b, y);
    }
}

/* One block into `y`; the input is intact where the loop leaves an element undecided, though y be x. */
static void fast_block(nf_job *job, fast_pass *pass, size_t start, size_t n, int is_keyed, int streams, fast_buffers *b,
                       void *y)
{
    const char *given = (const char *)job->x + start * job->x_size;
    if (pass->is_far && !is_keyed && !pass->put_f32)
        fetch_ahead(given, n * job->x_size, BLOCK_AHEAD);
    const void *x = fast_load(job, pass, given, start, n, b);
    const int is_plain = pass->result_size == job->y_size, is_direct = is_plain && !pass->is_in_place;
    void *results = is_direct ? y : (void *)&b->results;
    const int has_negatives = pass->is_unsigned && fast_any_negative(pass, x, n);
    const int is_refused = has_negatives && !pass->clamps;
    if (has_negatives && pass->clamps)
        x = fast_without_negatives(pass, x, n, b);
    if (job->dry) {
        if (fast_any_nan(pass, x, n)) /* nothing else fails here */
            run_piece(job, start, n, y);
        return;
    }
    if (!is_refused && !pass->is_in_place && fast_narrow(pass, x, n, y))
        return;
    if (is_refused || fast_round(job, pass, x, start, n, is_keyed, streams, b, results)) {
        fast_again(job, pass, start, n, b, y);
        return;
    }
    if (!is_plain)
        fast_convert(job, pass, results, n, y);
    else if (!is_direct)
        memcpy(y, results, n * job->y_size);
}

/* Elements before those in blocks: where words are made on the way, up to the first one of a pair of tiles, and where
 * the loop is to stream, up to the begin of a line. */
static size_t fast_head(const nf_job *job, const fast_pass *pass)
{
    size_t head = 0;
    if (pass->is_keyed)
        head = (KEYED_BLOCK - (size_t)(job->plan->options.first % KEYED_BLOCK)) % KEYED_BLOCK;
    const uintptr_t after = (uintptr_t)job->y + head * job->y_size;
    if (pass->puts)
        head += (STREAM_LINE - after % STREAM_LINE) % STREAM_LINE / job->y_size;
    return head < job->n ? head : job->n;
}

/* Elements of the next block, 0 where the rest is a tail. */
static size_t fast_next(const fast_pass *pass, size_t left)
{
    const size_t unit = pass->is_keyed ? KEYED_BLOCK : pass->puts ? PHILOX_LANES : pass->block;
    return left < pass->block ? left - left % unit : pass->block;
}

/* All blocks; under the rounding that the loops need. */
static void fast_blocks(nf_job *job, fast_pass *pass)
{
    fast_buffers b;
    const size_t size = job->y_size;
    size_t start = fast_head(job, pass);
    char *y = job->y;
    if (pass->is_keyed)
        feed_start(&b.feed, job->plan->options.key->key, job->plan->options.key->call);
    if (start)
        fast_block(job, pass, 0, start, 0, 0, &b, y);
    stream_begin(&b.stream, y + start * size);
    for (size_t n; (n = fast_next(pass, job->n - start)) > 0 && !job->failed; start += n) {
        const int is_streamed = pass->streams && !pass->puts;
        fast_block(job, pass, start, n, pass->is_keyed, pass->puts, &b,
                   is_streamed ? b.stream.chunk : y + start * size);
        if (is_streamed)
            stream_chunk(&b.stream, n * size);
    }
    if (pass->puts)
        stream_end();
    else if (pass->streams)
        stream_finish(&b.stream);
    if (start < job->n && !job->failed)
        fast_block(job, pass, start, job->n - start, 0, 0, &b, y + start * size);
}

/* Does the processor round up and down as well? */
static int fast_obeys(const fast_pass *pass)
{
    const int obeys = rounds_up_and_down();
    round_toward(pass->is_nearest);
    return obeys;
}

/* Truths of codes and numbers that are compared as the processor does. */
static int run_fast_truths(nf_job *job)
{
    fast_arithmetic a;
    if (!fast_prepare_truths(job, &a))
        return 0;
    const processor_rounding caller = round_toward(1);
    const size_t block = a.is_wide ? WIDE_BLOCK : ARITHMETIC_BLOCK;
    for (size_t start = 0; start < job->n; start += block)
        fast_truths(&a, job->place + start, job->n - start < block ? job->n - start : block, (uint8_t *)job->y + start);
    round_again(caller);
    return 1;
}

/* 0 where the job has no fast path. */
static int run_fast(nf_job *job)
{
    fast_pass pass;
    if (!job->arithmetic && (run_steps(job) || NF_PASTE(nf_fast_affine_, NF_ISA)(job, run_general)))
        return 1;
    fast_arithmetic arithmetic;
    pass.arithmetic = job->arithmetic ? &arithmetic : NULL;
    if (!fast_prepare(job, &pass))
        return 0;
    const processor_rounding caller = round_toward(pass.is_nearest);
    const int obeys = rounds_toward(pass.is_nearest) && (!job->arithmetic || fast_obeys(&pass));
    if (obeys)
        fast_blocks(job, &pass);
    round_again(caller);
    return obeys;
}

#endif
