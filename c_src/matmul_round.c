/* One rounding of many results of a matrix product. */
#include "elements.h"
#include "matmul_lanes.h"
#include "result_digits.h"

typedef struct loaded {
    const nf_lanes *lanes;
    const nf_unpacked *x;
    const uint32_t *raised;
} loaded;

static void load_lanes(const nf_arithmetic *how, size_t place, size_t n, nf_unpacked *x, uint32_t *raised)
{
    const loaded *from = how->from;
    memcpy(x, from->x + place, n * sizeof *x);
    memcpy(raised, from->raised + place, n * sizeof *raised);
}

/* Sums alone go on behind 128 bits. */
static uint64_t digits_of_lane(const nf_arithmetic *how, size_t place, int64_t weight, uint64_t divisor, int *follows)
{
    const loaded *from = how->from;
    const nf_lanes *l = from->lanes;
    const nf_unpacked *x = &from->x[place];
    const nf_arithmetic own = {.operation = l->operation, .count = NF_MOST_OPERANDS};
    uint64_t total[NF_QUIRE_MOST_LIMBS];
    if (!x->sticky)
        return nf_own_digits(x, weight, divisor, follows);
    if (l->operation != NF_OPERATION_COUNT)
        return nf_operation_digits(&own, l->terms[place], x->sign, weight, divisor, follows);
    nf_sum_exactly(l, place, total);
    return nf_quire_digits(&l->call->quire, total, weight, divisor, follows);
}

int nf_encode_lanes(nf_lanes *l, const nf_plan *given, const nf_unpacked *x, const uint32_t *raised, nf_report *report,
                    uint64_t *codes)
{
    const loaded from = {l, x, raised};
    nf_arithmetic how = {.operation = NF_OPERATION_COUNT, .load = load_lanes, .digits = digits_of_lane, .from = &from};
    uint64_t stored[NF_PASS];
    nf_plan plan = *given;
    plan.options.first = l->call->options.first + l->first;
    how.zero_is_negative = plan.options.rounding == NF_ROUND_down;
    nf_job job = {.plan = &plan, .arithmetic = &how, .y = stored, .n = l->n, .whole_n = l->n, .report = report};
    job.y_size = bytes_of_code(&plan.grid.format);
    l->call->kernels->run(&job);
    l->piece->failed = job.failed;
    l->piece->failed_at = l->first + job.failed_at;
    if (!job.failed)
        load_codes(stored, job.y_size, l->n, codes);
    return !job.failed;
}

void nf_round_lanes(nf_lanes *l, const nf_rounder *r, nf_unpacked *x, const uint32_t *raised, nf_report *report)
{
    uint64_t codes[NF_PASS];
    nf_plan plan = r->plan;
    uint32_t words[NF_PASS];
    nf_key key;
    if (!r->rounds || l->piece->failed)
        return;
    if (r->is_random && l->call->path->words) {
        nf_take_words(l, words);
        plan.options.random_bits = words;
    } else if (r->is_random) {
        key = *l->call->options.key;
        key.call += l->roundings;
        plan.options.key = &key;
    }
    l->roundings++;
    if (nf_encode_lanes(l, &plan, x, raised, report, codes))
        unpack_codes(&plan.grid, codes, l->n, x);
}

nf_unpacked nf_flushed(nf_unpacked x, uint8_t how, int64_t emin)
{
    if (how == NF_FLUSH_none || x.kind != NF_FINITE_NUMBER || x.exponent >= emin)
        return x;
    return special_of(NF_ZERO, how == NF_FLUSH_keep_sign && x.sign);
}

static void leave_at_end(const nf_lanes *l, const nf_rounder *r, nf_unpacked *x)
{
    for (size_t i = 0; i < l->n; i++)
        if (x[i].kind == NF_FINITE_NUMBER && x[i].exponent > r->plan.grid.emax) {
            x[i] = special_of(NF_INFINITY, x[i].sign);
            if (l->piece->report) {
                l->piece->report->overflowed++;
                l->piece->report->flags |= NF_OVERFLOW | NF_INEXACT;
            }
        }
}

void nf_round_block_sums(nf_lanes *l, const nf_rounder *r, nf_unpacked *x, const uint32_t *raised)
{
    const nf_datapath *path = l->call->path;
    const int is_plus = path->zero_is_plus && r == &l->call->sum;
    if (path->leaves_at_end && r->rounds)
        leave_at_end(l, r, x);
    nf_round_lanes(l, r, x, raised, l->piece->report);
    for (size_t i = 0; i < l->n; i++) {
        if (r->rounds)
            x[i] = nf_flushed(x[i], path->flush_sums, r->plan.grid.emin);
        if (x[i].kind == NF_ZERO && is_plus)
            x[i].sign = 0;
    }
}
