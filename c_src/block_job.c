/* Split the blocks of an array into pieces, look for failures first where the caller wants that, add reports up. */
#include <stdatomic.h>

#include "block_job.h"
#include "threads.h"
#include "target.h"
#include "processor_rounding.h"

enum {
    PAYS = 1 << 18,  /* elements from which on other threads are woken */
    PIECE = 1 << 15, /* elements of a piece, and of its error sums, whoever does it; one block at the least */
    PLAIN = 1 << 17, /* the same without report: what is planned once a piece is little beside it */
    BATCH = 256      /* reports of pieces that are kept at a time */
};

#define NO_FAILURE UINT64_MAX

typedef struct block_pass {
    const nf_block_job *job;
    const nf_kernels *kernels;
    size_t start, end, size;  /* blocks; `size` in a piece */
    nf_report *reports;       /* one a piece, or NULL */
    _Atomic uint64_t failure; /* NO_FAILURE, or of the first: twice its index, and 1 more for a NaN */
    int dry;
} block_pass;

static void run_piece(void *context, size_t piece)
{
    block_pass *p = context;
    nf_block_job part = *p->job;
    part.start = p->start + piece * p->size;
    part.end = part.start + shorter_of(p->size, p->end - part.start);
    part.dry = (uint8_t)p->dry;
    part.report = p->reports ? &p->reports[piece] : NULL;
    const processor_rounding caller = round_toward(1);
    p->kernels->blocks(&part);
    round_again(caller);
    if (!part.failed)
        return;
    uint64_t found = 2 * (uint64_t)part.failed_at + ((part.failed & NF_FAILED_NAN) != 0);
    uint64_t first = atomic_load(&p->failure);
    while (found < first && !atomic_compare_exchange_weak(&p->failure, &first, found))
        ;
}

/* One pass over all blocks; returns the failure.  The report is added to where nothing failed. */
static uint64_t run_pass(const nf_block_job *job, const nf_kernels *kernels, int dry)
{
    nf_report parts[BATCH], sum = {0};
    size_t elements, blocks;
    nf_block_count(job->shape, &elements, &blocks);
    const size_t in_block = blocks ? (elements - 1) / blocks + 1 : 1;
    block_pass p = {.job = job, .kernels = kernels, .failure = NO_FAILURE, .dry = dry};
    const size_t piece = job->report ? PIECE : PLAIN;
    p.size = in_block < piece ? piece / in_block : 1;
    p.reports = job->report && !dry ? parts : NULL;
    const uint32_t threads = elements < PAYS ? 1 : job->plan->element.options.threads;
    for (; p.start < blocks; p.start = p.end) {
        const size_t most = p.size * BATCH, n = shorter_of(blocks - p.start, most), pieces = (n - 1) / p.size + 1;
        p.end = p.start + n;
        memset(parts, 0, pieces * sizeof *parts);
        nf_parallel(pieces, threads, run_piece, &p);
        for (size_t i = 0; p.reports && i < pieces; i++)
            nf_report_add(&sum, &parts[i]);
    }
    if (p.reports && p.failure == NO_FAILURE)
        nf_report_add(job->report, &sum);
    return p.failure;
}

/* Could some element fail?  Only then is the input looked at before anything is written. */
static int may_fail(const nf_block_job *job, const nf_kernels *kernels)
{
    const nf_block_plan *plan = job->plan;
    const nf_options *o = &plan->element.options;
    size_t elements, blocks;
    if (o->overflow == NF_OVERFLOW_error || plan->block.compat != NF_compat_none)
        return 1;
    const int wraps = o->overflow == NF_OVERFLOW_wrap || o->overflow == NF_OVERFLOW_wrap_sign_magnitude ||
                      o->overflow == NF_OVERFLOW_drop_bits;
    if (!wraps && (plan->takes_nan || o->nan != NF_NAN_error))
        return 0;
    nf_block_count(job->shape, &elements, &blocks);
    return kernels->has_large(job->x_type, job->x, elements, 0);
}

nf_status nf_run_blocks(const nf_block_job *job)
{
    const nf_options *o = &job->plan->element.options;
    const nf_kernels *kernels = nf_pick_kernels(o->isa);
    if (!kernels)
        return NF_BAD_ARGUMENT;
    uint64_t failure = NO_FAILURE;
    if (!o->may_spoil && !job->decodes && may_fail(job, kernels))
        failure = run_pass(job, kernels, 1);
    if (failure == NO_FAILURE)
        failure = run_pass(job, kernels, 0);
    if (failure == NO_FAILURE)
        return NF_OK;
    if (o->failed_at)
        *o->failed_at = failure / 2;
    return failure % 2 ? NF_FOUND_NAN : NF_FOUND_RANGE;
}
