/* The public functions of quires: check the arguments, do them one by one, return a status. */
#include "families.h"
#include "job.h"
#include "limbs.h"
#include "quire.h"
#include "threads.h"

enum { PIECE_TERMS = 1 << 15, MOST_GUARD = 4096, FURTHEST = 1 << 18 };

static nf_span doubled(nf_span one)
{
    nf_span span = {2 * one.low, 2 * one.top};
    span.low = span.low < one.low ? span.low : one.low; /* values themselves fit too */
    span.top = span.top > one.top ? span.top : one.top;
    return span;
}

nf_status nf_quire_size(const nf_format *format, uint32_t guard_bits, nf_quire *quire)
{
    const nf_operand operand = {format, 0, NULL, 1};
    nf_source source;
    nf_span span;
    nf_quire made = {0};
    if (!format || !quire || guard_bits > MOST_GUARD)
        return NF_BAD_ARGUMENT;
    memset(&source, 0, sizeof source);
    nf_status status = nf_read_operand(&source, &operand, 0);
    if (status == NF_OK)
        status = nf_span_of(&source, &span);
    if (status != NF_OK)
        return status;
    made.is_nar = source.grid.is_tapered;
    if (!nf_quire_for(doubled(span), guard_bits ? (int)guard_bits : NF_QUIRE_GUARD, &made))
        return NF_BAD_FORMAT;
    *quire = made;
    return NF_OK;
}

static int is_quire(const nf_quire *q)
{
    return q && q->width >= 2 && q->width <= NF_QUIRE_MOST_BITS && q->limbs == q->width / 64 + 2 &&
           q->lowest >= -FURTHEST && q->lowest <= FURTHEST && q->is_nar <= 1;
}

static int quires_are_bad(const nf_quire *quire, const uint64_t *quires, size_t n)
{
    return !is_quire(quire) || (!quires && n) || n > SIZE_MAX / 16 / quire->limbs;
}

static int overlaps(const void *a, size_t a_bytes, const void *b, size_t b_bytes)
{
    const uintptr_t p = (uintptr_t)a, q = (uintptr_t)b;
    return a_bytes && b_bytes && p < q + b_bytes && q < p + a_bytes;
}

static size_t bytes_of(const nf_quire *quire, size_t n) { return n * quire->limbs * sizeof(uint64_t); }

nf_status nf_quire_clear(const nf_quire *quire, uint64_t *quires, size_t n)
{
    if (quires_are_bad(quire, quires, n))
        return NF_BAD_ARGUMENT;
    if (n)
        memset(quires, 0, bytes_of(quire, n));
    return NF_OK;
}

/* --- terms --------------------------------------------------------------------------------------------------- */

/* A call that adds terms, and the quires of one piece of it. */
typedef struct batch {
    const nf_quire *quire;
    uint64_t *quires;
    nf_source a, b;
    int has_b, minus;
    size_t n, terms, piece;
} batch;

static void add_piece(void *context, size_t number)
{
    const batch *c = context;
    const size_t start = number * c->piece, end = c->n - start < c->piece ? c->n : start + c->piece;
    for (size_t i = start; i < end; i++) {
        const size_t from = i * c->terms;
        const nf_terms t = {.a = &c->a,
                            .b = c->has_b ? &c->b : NULL,
                            .a_from = c->a.step * from,
                            .b_from = c->b.step * from,
                            .count = c->terms,
                            .minus = c->minus};
        nf_quire_accumulate(c->quire, c->quires + i * c->quire->limbs, &t);
    }
}

/* Read an operand, whose span is added to that of a product. */
static nf_status read_term(const batch *c, const nf_operand *operand, nf_source *source, nf_span *span)
{
    nf_span own;
    if (!operand)
        return NF_BAD_ARGUMENT;
    nf_status status = nf_read_operand(source, operand, c->n * c->terms);
    if (status == NF_OK)
        status = nf_span_of(source, &own);
    if (status != NF_OK)
        return status;
    const size_t bytes = (source->step ? c->n * c->terms : c->n && c->terms) * source->size;
    span->low += own.low;
    span->top += own.top;
    return overlaps(source->data, bytes, c->quires, bytes_of(c->quire, c->n)) ? NF_BAD_ARGUMENT : NF_OK;
}

static nf_status add_terms(batch *c, const nf_operand *a, const nf_operand *b, uint32_t threads)
{
    nf_span span = {0, 0};
    if (quires_are_bad(c->quire, c->quires, c->n) || (c->terms && c->n > SIZE_MAX / 8 / c->terms))
        return NF_BAD_ARGUMENT;
    nf_status status = read_term(c, a, &c->a, &span);
    if (status == NF_OK && c->has_b)
        status = read_term(c, b, &c->b, &span);
    if (status != NF_OK)
        return status;
    if (span.low < c->quire->lowest || span.top >= c->quire->lowest + (int64_t)c->quire->width - 1)
        return NF_BAD_FORMAT;
    if (!c->n || !c->terms)
        return NF_OK;
    c->piece = c->terms < PIECE_TERMS ? PIECE_TERMS / c->terms : 1;
    nf_parallel((c->n - 1) / c->piece + 1, threads, add_piece, c);
    return NF_OK;
}

nf_status nf_quire_add(const nf_quire *quire, uint64_t *quires, size_t n, size_t terms, const nf_operand *a,
                       uint32_t threads)
{
    batch c = {.quire = quire, .quires = quires, .n = n, .terms = terms};
    return add_terms(&c, a, NULL, threads);
}

nf_status nf_quire_subtract(const nf_quire *quire, uint64_t *quires, size_t n, size_t terms, const nf_operand *a,
                            uint32_t threads)
{
    batch c = {.quire = quire, .quires = quires, .n = n, .terms = terms, .minus = 1};
    return add_terms(&c, a, NULL, threads);
}

nf_status nf_quire_add_product(const nf_quire *quire, uint64_t *quires, size_t n, size_t terms, const nf_operand *a,
                               const nf_operand *b, uint32_t threads)
{
    batch c = {.quire = quire, .quires = quires, .n = n, .terms = terms, .has_b = 1};
    return add_terms(&c, a, b, threads);
}

nf_status nf_quire_subtract_product(const nf_quire *quire, uint64_t *quires, size_t n, size_t terms,
                                    const nf_operand *a, const nf_operand *b, uint32_t threads)
{
    batch c = {.quire = quire, .quires = quires, .n = n, .terms = terms, .has_b = 1, .minus = 1};
    return add_terms(&c, a, b, threads);
}

/* --- quires -------------------------------------------------------------------------------------------------- */

nf_status nf_quire_negate(const nf_quire *quire, uint64_t *quires, size_t n)
{
    if (quires_are_bad(quire, quires, n))
        return NF_BAD_ARGUMENT;
    for (size_t i = 0; i < n; i++)
        nf_quire_turn(quire, quires + i * quire->limbs);
    return NF_OK;
}

static nf_status merge(const nf_quire *quire, uint64_t *quires, size_t n, const uint64_t *others, size_t step,
                       int minus)
{
    uint64_t other[NF_QUIRE_MOST_LIMBS];
    if (quires_are_bad(quire, quires, n) || (!others && n) || step > 1)
        return NF_BAD_ARGUMENT;
    const size_t bytes = bytes_of(quire, step ? n : n != 0);
    if ((others != quires || (!step && n > 1)) && overlaps(others, bytes, quires, bytes_of(quire, n)))
        return NF_BAD_ARGUMENT;
    for (size_t i = 0; i < n; i++) {
        memcpy(other, others + i * step * quire->limbs, bytes_of(quire, 1));
        if (minus)
            nf_quire_turn(quire, other);
        nf_quire_merge(quire, quires + i * quire->limbs, other);
    }
    return NF_OK;
}

nf_status nf_quire_add_quire(const nf_quire *quire, uint64_t *quires, size_t n, const uint64_t *others, size_t step)
{
    return merge(quire, quires, n, others, step, 0);
}

nf_status nf_quire_subtract_quire(const nf_quire *quire, uint64_t *quires, size_t n, const uint64_t *others,
                                  size_t step)
{
    return merge(quire, quires, n, others, step, 1);
}

/* --- rounding ------------------------------------------------------------------------------------------------ */

typedef struct rounding {
    const nf_quire *quire;
    const uint64_t *quires;
} rounding;

static void load_quires(const nf_arithmetic *how, size_t place, size_t n, nf_unpacked *x, uint32_t *raised)
{
    const rounding *r = how->from;
    for (size_t i = 0; i < n; i++) {
        raised[i] = 0;
        x[i] = nf_quire_number(r->quire, r->quires + (place + i) * r->quire->limbs, how->zero_is_negative, &raised[i]);
    }
}

static uint64_t digits_of_quire(const nf_arithmetic *how, size_t place, int64_t weight, uint64_t divisor, int *follows)
{
    const rounding *r = how->from;
    uint64_t sum[NF_QUIRE_MOST_LIMBS];
    memcpy(sum, r->quires + place * r->quire->limbs, bytes_of(r->quire, 1));
    return nf_quire_digits(r->quire, sum, weight, divisor, follows);
}

nf_status nf_round_sums(nf_arithmetic *how, const nf_plan *plan, void *codes, size_t n, nf_report *report)
{
    how->operation = NF_OPERATION_COUNT; /* none */
    how->zero_is_negative = plan->options.rounding == NF_ROUND_down;
    nf_job job = {.plan = plan, .arithmetic = how, .y = codes, .n = n, .whole_n = n, .report = report};
    job.y_size = bytes_of_code(&plan->grid.format);
    return nf_run_job(&job);
}

/* The first quire that says nothing any more; n where there is none. */
static size_t first_overflow(const nf_quire *quire, const uint64_t *quires, size_t n)
{
    size_t i = 0;
    while (i < n && (quire->is_nar || !(quires[(i + 1) * quire->limbs - 1] & NF_QUIRE_OVERFLOW)))
        i++;
    return i;
}

nf_status nf_quire_round(const nf_quire *quire, const uint64_t *quires, size_t n, const nf_format *format,
                         const nf_options *options, void *codes, nf_report *report)
{
    const rounding from = {quire, quires};
    nf_arithmetic how = {.load = load_quires, .digits = digits_of_quire, .from = &from};
    nf_plan plan;
    const nf_status status = nf_plan_for_codes(&plan, format, options, n);
    if (status != NF_OK)
        return status;
    if (quires_are_bad(quire, quires, n) || (!codes && n) ||
        overlaps(quires, bytes_of(quire, n), codes, n * bytes_of_code(format)))
        return NF_BAD_ARGUMENT;
    const size_t lost = first_overflow(quire, quires, n);
    if (lost == n)
        return nf_round_sums(&how, &plan, codes, n, report);
    if (plan.options.failed_at)
        *plan.options.failed_at = lost;
    return NF_FOUND_RANGE;
}
