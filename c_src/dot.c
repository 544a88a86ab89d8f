/* Exact sums of vectors and of their products: each in a quire of its own, or, of few long ones, in several that are
 * added; then all are rounded as an operation's results are. */
#include <stdlib.h>

#include "families.h"
#include "job.h"
#include "quire.h"
#include "threads.h"
#include "target.h"
#include "processor_rounding.h"

enum {
    PIECE_TERMS = 1 << 15,
    CHUNK_TERMS = 1 << 13, /* the shortest part of a sum that a thread does */
    CHUNKS_A_THREAD = 4
};

/* One exact sum. */
typedef struct sum {
    nf_unpacked number;
    uint32_t raised;
} sum;

typedef struct side {
    nf_source source; /* its step is that of a vector */
    size_t batch, row;
} side;

/* One call: sums 0 .. count - 1, each of `chunks` parts of at most `chunk` terms. */
typedef struct sums {
    nf_dot_shape shape;
    nf_quire quire;
    side a, b;
    int has_b, down;
    const nf_kernels *kernels;
    int is_short; /* see kernels.h, add_products */
    size_t count, chunks, chunk;
    size_t piece;    /* parts that a thread does at a time */
    uint64_t *parts; /* NULL, or the quires of all parts, where they are several */
    sum *done;
} sums;

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

static void do_part(const sums *s, size_t part, uint64_t *quire)
{
    const size_t number = part / s->chunks, start = part % s->chunks * s->chunk;
    const size_t j = number % s->shape.columns, i = number / s->shape.columns % s->shape.rows;
    const size_t g = number / s->shape.columns / s->shape.rows;
    const nf_terms terms = {.a = &s->a.source,
                            .b = s->has_b ? &s->b.source : NULL,
                            .a_from = g * s->a.batch + i * s->a.row + start * s->a.source.step,
                            .b_from = g * s->b.batch + j * s->b.row + start * s->b.source.step,
                            .count = start < s->shape.terms ? least(s->shape.terms - start, s->chunk) : 0};
    memset(quire, 0, s->quire.limbs * sizeof *quire);
    if (!s->is_short || !s->kernels->add_products(&s->quire, quire, &terms))
        nf_quire_accumulate(&s->quire, quire, &terms);
}

static void finish_sum(const sums *s, size_t number, const uint64_t *quire)
{
    sum *done = &s->done[number];
    done->raised = 0;
    done->number = nf_quire_number(&s->quire, quire, s->down, &done->raised);
}

static void do_piece(void *context, size_t piece)
{
    const sums *s = context;
    uint64_t own[NF_QUIRE_MOST_LIMBS];
    const processor_rounding caller = round_toward(1);
    const size_t start = piece * s->piece, end = start + least(s->count * s->chunks - start, s->piece);
    for (size_t part = start; part < end; part++) {
        uint64_t *quire = s->parts ? s->parts + part * s->quire.limbs : own;
        do_part(s, part, quire);
        if (!s->parts)
            finish_sum(s, part, quire);
    }
    round_again(caller);
}

/* Few long sums are cut into parts, so that all threads have some. */
static void plan_parts(sums *s, uint32_t threads)
{
    const size_t wanted = (size_t)(threads > 1 ? threads : 1) * CHUNKS_A_THREAD, most = s->shape.terms / CHUNK_TERMS;
    s->chunks = threads > 1 && s->count < wanted && most > 1 ? least(most, wanted / s->count) : 1;
    s->chunks = s->chunks ? s->chunks : 1;
    s->chunk = s->shape.terms ? (s->shape.terms - 1) / s->chunks + 1 : 1;
    s->piece = s->chunks > 1 ? 1 : s->chunk < PIECE_TERMS ? PIECE_TERMS / s->chunk : 1;
}

static void add_parts(const sums *s)
{
    const size_t limbs = s->quire.limbs;
    for (size_t number = 0; number < s->count; number++) {
        uint64_t *first = s->parts + number * s->chunks * limbs;
        for (size_t k = 1; k < s->chunks; k++)
            nf_quire_merge(&s->quire, first, first + k * limbs);
        finish_sum(s, number, first);
    }
}

/* All sums, of which there is one at least; the caller frees s->done. */
static nf_status add_up(sums *s, uint32_t threads)
{
    plan_parts(s, threads < NF_MOST_THREADS ? threads : NF_MOST_THREADS);
    if (s->count > SIZE_MAX / sizeof *s->done)
        return NF_NO_MEMORY;
    s->done = malloc(s->count * sizeof *s->done);
    s->parts = s->chunks > 1 ? malloc(s->count * s->chunks * s->quire.limbs * sizeof *s->parts) : NULL;
    if (!s->done || (s->chunks > 1 && !s->parts)) {
        free(s->parts);
        return NF_NO_MEMORY;
    }
    nf_parallel((s->count * s->chunks - 1) / s->piece + 1, threads, do_piece, s);
    if (s->parts)
        add_parts(s);
    free(s->parts);
    return NF_OK;
}

static void load_sums(const nf_arithmetic *how, size_t place, size_t n, nf_unpacked *x, uint32_t *raised)
{
    const sums *s = how->from;
    for (size_t i = 0; i < n; i++) {
        x[i] = s->done[place + i].number;
        raised[i] = s->done[place + i].raised;
    }
}

/* The sum is added up once more. */
static uint64_t digits_of_sum(const nf_arithmetic *how, size_t place, int64_t weight, uint64_t divisor, int *follows)
{
    const sums *s = how->from;
    uint64_t whole[NF_QUIRE_MOST_LIMBS], part[NF_QUIRE_MOST_LIMBS];
    do_part(s, place * s->chunks, whole);
    for (size_t k = 1; k < s->chunks; k++) {
        do_part(s, place * s->chunks + k, part);
        nf_quire_merge(&s->quire, whole, part);
    }
    return nf_quire_digits(&s->quire, whole, weight, divisor, follows);
}

/* a * b, or a size that no array has. */
static size_t times(size_t a, size_t b) { return a && b > SIZE_MAX / 8 / a ? SIZE_MAX / 8 : a * b; }

/* Elements from the first to the last of all vectors. */
static size_t extent_of(const nf_dot_shape *shape, size_t rows, const nf_vectors *v)
{
    if (!shape->batches || !rows || !shape->terms)
        return 0;
    const size_t ways[] = {times(shape->batches - 1, v->batch), times(rows - 1, v->row),
                           times(shape->terms - 1, v->step)};
    size_t extent = 1;
    for (int i = 0; i < 3; i++)
        extent += least(ways[i], SIZE_MAX / 8 - extent);
    return extent;
}

/* Read vectors, whose span is added to that of a product. */
static nf_status read_side(const sums *s, size_t rows, const nf_vectors *v, const void *codes, size_t bytes, side *side,
                           nf_span *span)
{
    nf_span own;
    if (!v)
        return NF_BAD_ARGUMENT;
    const nf_operand operand = {v->format, v->type, v->data, 1};
    const size_t extent = extent_of(&s->shape, rows, v);
    nf_status status = nf_read_operand(&side->source, &operand, extent);
    if (status == NF_OK)
        status = nf_span_of(&side->source, &own);
    if (status != NF_OK)
        return status;
    side->source.step = v->step;
    side->batch = v->batch;
    side->row = v->row;
    span->low += own.low;
    span->top += own.top;
    const uintptr_t from = (uintptr_t)v->data, to = (uintptr_t)codes;
    const int overlaps = from < to + bytes && to < from + extent * side->source.size;
    return extent >= SIZE_MAX / 8 || (extent && bytes && overlaps) ? NF_BAD_ARGUMENT : NF_OK;
}

static int precision_of(const nf_source *source)
{
    nf_format_facts facts;
    nf_format_describe(&source->grid.format, &facts);
    return facts.precision;
}

/* Are all products of neighbouring codes float32 numbers, normal ones or 0?  `span` is theirs. */
static int products_are_short(const nf_source *a, const nf_source *b, nf_span span)
{
    enum { PRECISION = 24, LOWEST = -126, HIGHEST = 127 };
    return a->has_codes && b->has_codes && a->step == 1 && b->step == 1 && span.low >= LOWEST && span.top <= HIGHEST &&
           precision_of(a) + precision_of(b) <= PRECISION;
}

static int bits_of_count(size_t n) { return n ? 64 - leading_zeros(n) : 1; }

static nf_status read_sides(sums *s, const nf_vectors *a, const nf_vectors *b, const void *codes, size_t code_size)
{
    nf_span span = {0, 0};
    if ((!codes && s->count) || s->count >= SIZE_MAX / 8)
        return NF_BAD_ARGUMENT;
    nf_status status = read_side(s, s->shape.rows, a, codes, s->count * code_size, &s->a, &span);
    if (status == NF_OK && s->has_b)
        status = read_side(s, s->shape.columns, b, codes, s->count * code_size, &s->b, &span);
    if (status != NF_OK)
        return status;
    s->is_short = s->has_b && products_are_short(&s->a.source, &s->b.source, span);
    return nf_quire_for(span, bits_of_count(s->shape.terms), &s->quire) ? NF_OK : NF_BAD_FORMAT;
}

static nf_status sum_exactly(int has_b, const nf_format *format, const nf_options *options, const nf_dot_shape *shape,
                             const nf_vectors *a, const nf_vectors *b, void *codes, nf_report *report)
{
    sums s = {.has_b = has_b};
    nf_arithmetic how = {.load = load_sums, .digits = digits_of_sum, .from = &s};
    nf_plan plan;
    if (!shape)
        return NF_BAD_ARGUMENT;
    s.shape = *shape;
    s.kernels = nf_pick_kernels(options ? options->isa : 0);
    if (!s.kernels)
        return NF_BAD_ARGUMENT;
    s.count = times(times(shape->batches, shape->rows), shape->columns);
    nf_status status = nf_plan_for_codes(&plan, format, options, s.count);
    if (status == NF_OK)
        status = read_sides(&s, a, b, codes, bytes_of_code(format));
    if (status != NF_OK || !s.count)
        return status;
    s.down = plan.options.rounding == NF_ROUND_down;
    status = add_up(&s, plan.options.threads);
    if (status == NF_OK)
        status = nf_round_sums(&how, &plan, codes, s.count, report);
    free(s.done);
    return status;
}

nf_status nf_dot_exact(const nf_format *format, const nf_options *options, const nf_dot_shape *shape,
                       const nf_vectors *a, const nf_vectors *b, void *codes, nf_report *report)
{
    return sum_exactly(1, format, options, shape, a, b, codes, report);
}

nf_status nf_sum_exact(const nf_format *format, const nf_options *options, const nf_dot_shape *shape,
                       const nf_vectors *a, void *codes, nf_report *report)
{
    return shape && shape->columns != 1 ? NF_BAD_ARGUMENT
                                        : sum_exactly(0, format, options, shape, a, NULL, codes, report);
}
