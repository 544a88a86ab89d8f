/* A job by its fast path: blocks that stay in the first cache, each loaded, rounded and stored.  A block with an
 * element that the loop leaves undecided is done again by the general loop. */
#ifndef NF_FAST_RUN_H
#define NF_FAST_RUN_H

#include "fast.h"
#include "fast_convert.h"
#include "encode_posit.h"
#include "narrow_simd.h"
#include "processor_rounding.h"
#include "stream.h"

enum {
    FAST_BLOCK = 1024,
    PREFETCH_BYTES = 2048,
    FAR_BYTES = 1 << 20,
    STREAM_BYTES = 16 << 20 /* from this size on the output bypasses the caches */
};

/* What a job needs besides the job. */
typedef struct fast_pass {
    int is_wide; /* the numbers are doubles */
    fast_class class;
    union {
        fast_constants_f32 f32;
        fast_constants_f64 f64;
    } constants;
    fast_loop_f32 *const *round_f32; /* the complete loop, and the clean one */
    fast_loop_f64 *const *round_f64;
    fast_keyed_loop_f32 *const *keyed_f32; /* NULL in modes without random words */
    fast_keyed_loop_f64 *const *keyed_f64;
    fast_loop_f32 *narrow_f32; /* the clean loop that stores the job's 16-bit codes, or NULL */
    int is_nearest;            /* the processor rounds to nearest; else toward zero */
    int has_no_minus_zero;
    unsigned dirty, back_off; /* blocks for which the clean loop is not tried since it failed; that many next time */
    fast_decoder_f32 decoder_f32; /* of codes, and of float16 elements */
    fast_decoder_f64 decoder_f64;
    fast_decode_loop_f32 *const *decode_f32;
    fast_decode_loop_f64 *const *decode_f64;
    int is_random, is_keyed, is_far; /* far: the input does not stay in the second cache */
    int streams, puts;               /* past the caches: through the stream writer, or by the loop itself */
    size_t result_size;              /* bytes of what the round loop gives */
} fast_pass;

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

/* The loop that gives bytes, where there is one. */
static void fast_choose_bytes(const nf_plan *plan, fast_pass *pass)
{
    fast_loop_f32 *const *loops = encode_posit_loops(plan, &pass->constants.f32);
    if (!loops)
        return;
    pass->round_f32 = loops;
    pass->result_size = 1;
}

/* Loops of nearest_even that know the width of what they store. */
static void fast_choose_narrow(const nf_job *job, fast_pass *pass)
{
    const int can = !pass->is_wide && pass->is_nearest && !pass->has_no_minus_zero;
    pass->narrow_f32 =
        can && !job->to_values && job->y_size == 2 ? narrow_loop(pass->class, &pass->constants.f32) : NULL;
    if (can && job->to_values)
        pass->round_f32 = value_loops(pass->class, &pass->constants.f32);
}

/* The class and the loop in one width; the numbers of the job's input must be of it. */
static int fast_choose(const nf_job *job, int is_wide, fast_pass *pass)
{
    const int mode = job->plan->options.rounding, to_codes = !job->to_values;
    pass->is_wide = is_wide;
    pass->class =
        is_wide ? fast_plan_f64(job->plan, &pass->constants.f64) : fast_plan_f32(job->plan, &pass->constants.f32);
    if (pass->class == FAST_NONE)
        return 0;
    pass->result_size = is_wide ? sizeof(double) : sizeof(float);
    pass->round_f32 = fast_loops_f32[mode][pass->class][to_codes];
    pass->round_f64 = fast_loops_f64[mode][pass->class][to_codes];
    pass->keyed_f32 = fast_keyed_loops_f32[mode][pass->class][to_codes];
    pass->keyed_f64 = fast_keyed_loops_f64[mode][pass->class][to_codes];
    if (pass->class == FAST_POSIT && to_codes && !is_wide && job->y_size == 1)
        fast_choose_bytes(job->plan, pass);
    pass->is_nearest = mode == NF_ROUND_nearest_even;
    pass->has_no_minus_zero =
        is_wide ? pass->constants.f64.has_no_minus_zero != 0 : pass->constants.f32.has_no_minus_zero != 0;
    fast_choose_narrow(job, pass);
    return 1;
}

/* Is every number of the input a float32, a float64, or neither?  Sets up the decoder where the input is of codes. */
static int fast_input(const nf_job *job, fast_pass *pass, int *fits_f32)
{
    static const nf_format half = {NF_FLOAT, 16, 1, 5, NF_IEEE, NF_SUBNORMALS, 10, 15};
    nf_grid half_grid;
    const nf_grid *source = job->source;
    if (!source && job->x_type != NF_F16) {
        *fits_f32 = job->x_type == NF_F32;
        return job->x_type == NF_F32 || job->x_type == NF_F64;
    }
    if (!source) {
        nf_grid_init(&half_grid, &half);
        source = &half_grid;
    }
    pass->decode_f32 = fast_decode_plan_f32(source, &pass->decoder_f32);
    pass->decode_f64 = fast_decode_plan_f64(source, &pass->decoder_f64);
    *fits_f32 = pass->decode_f32 && (!job->source || nf_type_holds_format(&source->format, NF_F32) == NF_OK);
    return *fits_f32 || (pass->decode_f64 && nf_type_holds_format(&source->format, NF_F64) == NF_OK);
}

/* Values of what type, if the pass gives numbers of its own width? */
static int fast_output_fits(const nf_job *job, int is_wide)
{
    if (!job->to_values)
        return 1;
    return is_wide ? job->y_type != NF_F16 : job->y_type != NF_F64;
}

/* Does a keyed loop give the output as it is to be, on lines once the head is done? */
static int fast_puts(const nf_job *job, const fast_pass *pass)
{
    return pass->is_keyed && pass->streams && !pass->has_no_minus_zero && pass->result_size == job->y_size &&
           (uintptr_t)job->y % job->y_size == 0;
}

static int fast_prepare(const nf_job *job, fast_pass *pass)
{
    int fits_f32;
    pass->decode_f32 = NULL;
    pass->decode_f64 = NULL;
    if (job->report || job->dry || job->plan->options.overflow == NF_OVERFLOW_unbounded ||
        !fast_input(job, pass, &fits_f32))
        return 0;
    const int is_narrow = fits_f32 && fast_output_fits(job, 0) && fast_choose(job, 0, pass);
    if (!is_narrow && !(fast_output_fits(job, 1) && fast_choose(job, 1, pass)))
        return 0;
    pass->dirty = 0;
    pass->back_off = 1;
    pass->is_random = nf_rounding_at(job->plan->options.rounding)->is_random;
    pass->is_far = job->whole_n * job->x_size >= FAR_BYTES;
    pass->is_keyed = pass->is_random && job->plan->options.key;
    pass->streams = job->y != job->x && job->whole_n * job->y_size >= STREAM_BYTES;
    pass->puts = fast_puts(job, pass);
    return !pass->is_wide || job->source || job->x_type != NF_F16;
}

/* The block's numbers: where they are, or decoded or widened into the buffer. */
static const void *fast_load(const nf_job *job, fast_pass *pass, const void *x, size_t n, fast_buffers *b)
{
    if (pass->decode_f32 && !pass->is_wide) {
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
        else
            narrow_to_f16(results, n, out);
        return;
    }
    switch (job->y_size + (pass->is_wide ? 8 : 0)) {
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
                               int is_clean, philox_feed *feed, void *results)
{
    const uint64_t element = job->plan->options.first + start;
    const size_t offset = element % KEYED_BLOCK, blocks = n / KEYED_BLOCK;
    feed_seek(feed, (element - offset) / PHILOX_TILE);
    return pass->is_wide
               ? pass->keyed_f64[is_clean](&pass->constants.f64, x, feed, offset, blocks, pass->puts, results)
               : pass->keyed_f32[is_clean](&pass->constants.f32, x, feed, offset, blocks, pass->puts, results);
}

/* One attempt at a block; returns what the loop says. */
static uint32_t fast_try(const fast_pass *pass, const void *x, size_t n, int is_clean, const uint32_t *words,
                         void *results)
{
    return pass->is_wide ? pass->round_f64[is_clean](&pass->constants.f64, x, words, n, results)
                         : pass->round_f32[is_clean](&pass->constants.f32, x, words, n, results);
}

static void fast_backs_off(fast_pass *pass)
{
    pass->dirty = pass->back_off;
    pass->back_off = pass->back_off < DIRTY_BLOCKS ? 2 * pass->back_off : DIRTY_BLOCKS;
}

/* The clean loop, then the complete one. */
static uint32_t fast_round(const nf_job *job, fast_pass *pass, const void *x, size_t start, size_t n, int is_keyed,
                           fast_buffers *b, void *results)
{
    if (pass->is_random && !is_keyed)
        load_words(job->plan, start, n, b->words);
    for (int is_clean = pass->dirty == 0;; is_clean = 0) {
        const uint32_t verdict = is_keyed ? fast_try_keyed(job, pass, x, start, n, is_clean, &b->feed, results)
                                          : fast_try(pass, x, n, is_clean, b->words, results);
        if (!is_clean) {
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

/* The input of a later block on its way while this one is worked on: hardware alone comes too late where the work is
 * much. */
static void fast_prefetch(const void *x, size_t bytes)
{
    const uintptr_t ahead = (uintptr_t)x + PREFETCH_BYTES;
    for (size_t i = 0; i < bytes; i += STREAM_LINE)
        __builtin_prefetch((const void *)(ahead + i), 0, 2);
}

static void fast_clear_minus_zeros(const nf_job *job, const fast_pass *pass, void *results, size_t n)
{
    const uint64_t sign = job->to_values ? (uint64_t)1 << (8 * pass->result_size - 1) : job->plan->grid.sign_bit;
    if (pass->is_wide)
        fast_clear_minus_zeros_f64(results, n, sign);
    else
        fast_clear_minus_zeros_f32(results, n, (uint32_t)sign);
}

/* One block into `y`; the input is intact where the loop leaves an element undecided, though y be x. */
static void fast_block(nf_job *job, fast_pass *pass, size_t start, size_t n, int is_keyed, fast_buffers *b, void *y)
{
    const char *given = (const char *)job->x + start * job->x_size;
    if (pass->is_far && !is_keyed)
        fast_prefetch(given, n * job->x_size);
    const void *x = fast_load(job, pass, given, n, b);
    const int is_plain = pass->result_size == job->y_size, is_direct = is_plain && y != x;
    void *results = is_direct ? y : (void *)&b->results;
    if (fast_narrow(pass, x, n, y))
        return;
    if (fast_round(job, pass, x, start, n, is_keyed, b, results)) {
        run_piece(job, start, n, y);
        return;
    }
    if (pass->has_no_minus_zero)
        fast_clear_minus_zeros(job, pass, results, n);
    if (!is_plain)
        fast_convert(job, pass, results, n, y);
    else if (!is_direct)
        memcpy(y, results, n * job->y_size);
}

/* Elements before those in blocks: where words are made on the way, up to the first one of a pair of tiles, and where
 * the loop is to stream, up to the begin of a line. */
static size_t fast_head(const nf_job *job, const fast_pass *pass)
{
    if (!pass->is_keyed)
        return 0;
    size_t head = (KEYED_BLOCK - (size_t)(job->plan->options.first % KEYED_BLOCK)) % KEYED_BLOCK;
    const uintptr_t after = (uintptr_t)job->y + head * job->y_size;
    if (pass->puts)
        head += (STREAM_LINE - after % STREAM_LINE) % STREAM_LINE / job->y_size;
    return head < job->n ? head : job->n;
}

/* Elements of the next block, 0 where the rest is a tail. */
static size_t fast_next(const fast_pass *pass, size_t left)
{
    const size_t unit = pass->is_keyed ? KEYED_BLOCK : FAST_BLOCK;
    return left < FAST_BLOCK ? left - left % unit : FAST_BLOCK;
}

/* All blocks; under the rounding that the loops need. */
static void fast_blocks(nf_job *job, fast_pass *pass)
{
    fast_buffers b;
    const size_t size = job->y_size, head = fast_head(job, pass);
    size_t start = head;
    char *y = job->y;
    if (pass->is_keyed)
        feed_start(&b.feed, job->plan->options.key->key, job->plan->options.key->call);
    if (head)
        fast_block(job, pass, 0, head, 0, &b, y);
    stream_begin(&b.stream, y + start * size);
    for (size_t n; (n = fast_next(pass, job->n - start)) > 0 && !job->failed; start += n) {
        const int is_streamed = pass->streams && !pass->puts;
        fast_block(job, pass, start, n, pass->is_keyed, &b, is_streamed ? b.stream.chunk : y + start * size);
        if (is_streamed)
            stream_chunk(&b.stream, n * size);
    }
    if (pass->puts)
        stream_end();
    else if (pass->streams)
        stream_finish(&b.stream);
    if (start < job->n && !job->failed)
        fast_block(job, pass, start, job->n - start, 0, &b, y + start * size);
}

/* 0 where the job has no fast path. */
static int run_fast(nf_job *job)
{
    fast_pass pass;
    if (!fast_prepare(job, &pass))
        return 0;
    const processor_rounding caller = round_toward(pass.is_nearest);
    const int obeys = rounds_toward(pass.is_nearest);
    if (obeys)
        fast_blocks(job, &pass);
    round_again(caller);
    return obeys;
}

#endif
