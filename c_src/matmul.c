/* Matrix products: check the description, decode the operands, and let threads do the results. */
#include <stdlib.h>

#include "families.h"
#include "job.h"
#include "matmul.h"
#include "quire.h"
#include "threads.h"
#include "target.h"
#include "processor_rounding.h"

enum { MOST_BITS = 60 /* of alignment */ };

/* --- the description ----------------------------------------------------------------------------------------- */

static nf_status read_rounder(nf_rounder *r, const nf_rounding_step *step, const nf_options *o, const uint32_t *words)
{
    static const nf_options none;
    nf_options options = step->options ? *step->options : none;
    memset(r, 0, sizeof *r);
    if (!step->format)
        return step->options ? NF_BAD_ARGUMENT : NF_OK;
    if (options.key || options.random_bits || options.element_flags || options.first || options.failed_at)
        return NF_BAD_ARGUMENT;
    options.isa = o->isa;
    const nf_mode *mode = nf_rounding_at(options.rounding);
    r->rounds = 1;
    r->is_random = mode && mode->is_random;
    options.key = r->is_random ? o->key : NULL;
    options.random_bits = r->is_random ? words : NULL;
    return nf_plan_for_operation(&r->plan, step->format, &options);
}

static int is_order(const uint16_t *order, size_t n)
{
    uint8_t seen[UINT16_MAX / 8 + 1] = {0};
    if (!n || n > UINT16_MAX)
        return 0;
    for (size_t i = 0; i < n; i++) {
        if (order[i] >= n || seen[order[i] / 8] >> (order[i] % 8) & 1)
            return 0;
        seen[order[i] / 8] |= (uint8_t)(1 << (order[i] % 8));
    }
    return 1;
}

static int is_bit(uint8_t x) { return x <= 1; }

static int bits_are_sound(int bits) { return bits >= -MOST_BITS && bits <= MOST_BITS; }

static int fields_are_sound(const nf_datapath *p)
{
    const int is_aligned = p->kind == NF_BLOCK_aligned;
    return p->kind <= NF_BLOCK_exact && p->joins <= NF_JOIN_after && (is_aligned || p->joins != NF_JOIN_late) &&
           p->flush_operands <= NF_FLUSH_plus && p->flush_sums <= NF_FLUSH_plus && is_bit(p->is_fused) &&
           is_bit(p->zero_is_plus) && is_bit(p->leaves_at_end) && is_bit(p->cuts_by_floor) && is_bit(p->zeros_count) &&
           is_bit(p->normalises) && is_bit(p->c_comes_last) && is_bit(p->in_pairs) &&
           bits_are_sound(p->fraction_bits) && bits_are_sound(p->late_bits[0]) && bits_are_sound(p->late_bits[1]) &&
           bits_are_sound(p->late_bits[2]) && is_bit(p->far_is_zero) && is_bit(p->even_odd) &&
           (p->joins == NF_JOIN_late || !(p->far_is_zero || p->even_odd)) && (is_aligned || !p->group) &&
           !(p->even_odd && p->group) && (!p->order || is_order(p->order, p->instruction)) &&
           (p->kind == NF_BLOCK_chain || !p->is_fused);
}

/* Where several chains or a late c need a rounding, there is one; and none where it would not be used. */
static int roundings_are_sound(const nf_datapath *p)
{
    const int combines = (p->chain_of && p->chains > 1) || p->c_comes_last;
    const int products = p->kind == NF_BLOCK_chain || p->kind == NF_BLOCK_tree;
    return p->sum.format && !p->combine.format == !combines && !p->join.format == (p->joins != NF_JOIN_after) &&
           (!p->product.format || (products && !p->is_fused)) && (p->chain_of ? p->chains >= 1 : !p->chains) &&
           (p->chains > 1 || !(p->in_pairs || p->run));
}

/* Does `wide` hold every value of `narrow`? */
static int holds(const nf_grid *wide, const nf_plan *narrow)
{
    const nf_grid *n = &narrow->grid;
    nf_format_facts a, b;
    if (!memcmp(&wide->format, &n->format, sizeof n->format))
        return 1;
    if (nf_format_describe(&wide->format, &a) != NF_OK || nf_format_describe(&n->format, &b) != NF_OK)
        return 0;
    const int finer = a.precision >= b.precision && wide->emax >= n->emax && !wide->is_tapered && !n->is_tapered;
    const nf_source sources[2] = {{.grid = *wide, .has_codes = 1}, {.grid = *n, .has_codes = 1}};
    nf_span own[2];
    return finer && nf_span_of(&sources[0], &own[0]) == NF_OK && nf_span_of(&sources[1], &own[1]) == NF_OK &&
           own[0].low <= own[1].low && a.has_nan >= b.has_nan && a.has_infinity >= b.has_infinity;
}

nf_status nf_read_path(nf_matmul_call *call)
{
    const nf_datapath *p = call->path;
    const nf_rounding_step *steps[] = {&p->product, &p->sum, &p->join, &p->combine};
    nf_rounder *rounders[] = {&call->product, &call->sum, &call->join, &call->combine};
    static const uint32_t not_read; /* says that words will come */
    if (!p->result || !fields_are_sound(p) || !roundings_are_sound(p))
        return NF_BAD_ARGUMENT;
    nf_status status = nf_plan_for_operation(&call->result, p->result, NULL);
    for (int i = 0; status == NF_OK && i < 4; i++)
        status = read_rounder(rounders[i], steps[i], &call->options, p->words ? &not_read : NULL);
    if (status != NF_OK)
        return status;
    for (int i = 0; i < 4; i++)
        if (rounders[i]->rounds && has_irrational_values(&rounders[i]->plan.grid))
            return NF_BAD_FORMAT;
    for (int i = 1; i < 4; i++)
        if (rounders[i]->rounds && !holds(&call->result.grid, &rounders[i]->plan))
            return NF_BAD_FORMAT;
    if (p->nan_code & ~call->result.grid.mask)
        return NF_BAD_ARGUMENT;
    return NF_OK;
}

/* --- results --------------------------------------------------------------------------------------------------- */

typedef struct run {
    const nf_matmul_call *call;
    size_t count;
    char *codes;
    size_t size; /* bytes of a code */
    nf_report *reports;
    nf_status *statuses;
    size_t *failures;
} run;

nf_status nf_matmul_piece_of(const nf_matmul_call *call, size_t first, size_t n, uint64_t *codes,
                             nf_matmul_piece *piece)
{
    const processor_rounding caller = round_toward(1);
    const nf_status status = nf_matmul_results(call, first, n, codes, piece);
    round_again(caller);
    return !piece->failed ? status : piece->failed & NF_FAILED_NAN ? NF_FOUND_NAN : NF_FOUND_RANGE;
}

static void do_piece(void *context, size_t number)
{
    const run *r = context;
    uint64_t codes[NF_PASS];
    const size_t first = number * NF_PASS, n = r->count - first < NF_PASS ? r->count - first : NF_PASS;
    nf_matmul_piece piece = {.report = r->reports ? &r->reports[number] : NULL};
    const nf_status status = nf_matmul_piece_of(r->call, first, n, codes, &piece);
    r->statuses[number] = status;
    r->failures[number] = piece.failed_at;
    for (size_t i = 0; status == NF_OK && i < n; i++)
        memcpy(r->codes + (first + i) * r->size, &codes[i], r->size); /* little-endian machines: the low bytes */
}

static nf_status finish(const run *r, const nf_options *o, void *codes, nf_report *report)
{
    const size_t pieces = (r->count - 1) / NF_PASS + 1;
    for (size_t i = 0; i < pieces; i++)
        if (r->statuses[i] != NF_OK) {
            if (o->failed_at)
                *o->failed_at = r->failures[i];
            return r->statuses[i];
        }
    for (size_t i = 0; r->reports && i < pieces; i++)
        nf_report_add(report, &r->reports[i]);
    memcpy(codes, r->codes, r->count * r->size);
    return NF_OK;
}

static size_t count_of(const nf_matmul_call *call)
{
    return call->shape.batches * call->shape.rows * call->shape.columns;
}

static nf_status run_all(const nf_matmul_call *call, size_t count, void *codes, nf_report *report)
{
    const size_t pieces = (count - 1) / NF_PASS + 1;
    run r = {.call = call, .count = count, .size = bytes_of_code(&call->result.grid.format)};
    r.codes = malloc(count * r.size);
    r.reports = report ? calloc(pieces, sizeof *r.reports) : NULL;
    r.statuses = calloc(pieces, sizeof *r.statuses);
    r.failures = calloc(pieces, sizeof *r.failures);
    nf_status status = NF_NO_MEMORY;
    if (r.codes && r.statuses && r.failures && (!report || r.reports)) {
        nf_parallel(pieces, call->options.threads, do_piece, &r);
        status = finish(&r, &call->options, codes, report);
    }
    free(r.codes);
    free(r.reports);
    free(r.statuses);
    free(r.failures);
    return status;
}

/* Counters are of every rounding, which the reference alone looks at. */
static nf_status do_all(nf_matmul_call *call, const nf_vectors *a, const nf_vectors *b, const nf_vectors *c,
                        const nf_source *sources, void *codes, nf_report *report)
{
    int is_done = 0;
    nf_status status = report ? NF_OK : nf_matmul_fast_path(call, a, b, c, sources, codes, &is_done);
    if (status == NF_OK && !is_done)
        status = nf_read_factors(call, a, b);
    if (status == NF_OK && !is_done)
        status = run_all(call, count_of(call), codes, report);
    return status;
}

static size_t times(size_t a, size_t b) { return a && b > SIZE_MAX / 64 / a ? SIZE_MAX / 64 : a * b; }

static nf_status check_call(const nf_matmul_call *call, const void *codes, size_t count)
{
    const nf_options *o = &call->options;
    const nf_options allowed = {
        .isa = o->isa, .threads = o->threads, .key = o->key, .first = o->first, .failed_at = o->failed_at};
    if (memcmp(o, &allowed, sizeof allowed) || (!codes && count) || count >= SIZE_MAX / 64 || !call->kernels)
        return NF_BAD_ARGUMENT;
    return NF_OK;
}

nf_status nf_matmul(const nf_datapath *path, const nf_dot_shape *shape, const nf_vectors *a, const nf_vectors *b,
                    const nf_vectors *c, const nf_options *options, void *codes, nf_report *report)
{
    nf_matmul_call call;
    nf_source sources[2];
    if (!path || !shape)
        return NF_BAD_ARGUMENT;
    memset(&call, 0, sizeof call);
    call.path = path;
    call.shape = *shape;
    if (options)
        call.options = *options;
    call.kernels = nf_pick_kernels(call.options.isa);
    const size_t count = times(times(shape->batches, shape->rows), shape->columns);
    nf_status status = nf_read_path(&call);
    if (status == NF_OK)
        status = check_call(&call, codes, count);
    if (status == NF_OK)
        status = nf_lay_out_blocks(&call);
    if (status == NF_OK)
        status = nf_check_words(&call, count);
    if (status == NF_OK)
        status = nf_check_operands(&call, a, b, c, sources);
    if (status == NF_OK && count)
        status = do_all(&call, a, b, c, sources, codes, report);
    if (status == NF_OK)
        nf_end_words(&call, count);
    if (status == NF_OK && path->path_taken)
        *path->path_taken = call.path_taken;
    free((void *)call.a);
    free((void *)call.b);
    free((void *)call.scales[0]);
    free((void *)call.scales[1]);
    free(call.places);
    free(call.blocks);
    free(call.states);
    return status;
}
