/* Split a job into pieces, look for failures first where the caller wants that, and add reports up. */
#include <stdatomic.h>

#include "codebook_steps.h"
#include "job.h"
#include "threads.h"
#include "target.h"
#include "processor_rounding.h"

enum {
    PAYS = 1 << 18,         /* elements from which on other threads are woken */
    SLOW_PIECE = 1 << 6,    /* elements of slow jobs */
    SHORT_PIECE = 1 << 15,  /* elements */
    LONG_PIECE = 1 << 16,   /* elements; where there are enough of them for all threads */
    PIECES_A_THREAD = 8,    /* so that a slow thread has some to leave to the others */
    REPORT_PIECE = 1 << 12, /* the error sums are of pieces this long, whoever does them */
    REPORT_BATCH = 256      /* reports of pieces that are kept at a time */
};

#define NO_FAILURE UINT64_MAX

/* One pass over elements start .. end - 1 of a job. */
typedef struct pass {
    const nf_job *job;
    const nf_kernels *kernels;
    size_t start, end, size; /* elements; `size` in a piece, fewer in the last */
    int dry;
    nf_report *reports;       /* one a piece, or NULL */
    _Atomic uint64_t failure; /* NO_FAILURE, or of the first: twice its index, and 1 more for a NaN */
} pass;

static size_t shorter(size_t a, size_t b) { return a < b ? a : b; }

static size_t piece_size(size_t n, uint32_t threads)
{
    if (threads <= 1 || n < PAYS)
        return n;
    return n / LONG_PIECE / PIECES_A_THREAD >= threads ? LONG_PIECE : SHORT_PIECE;
}

static size_t piece_of(const nf_job *job)
{
    const uint32_t threads = job->plan->options.threads;
    return job->is_slow && threads > 1 ? SLOW_PIECE : piece_size(job->n, threads);
}

static void in_pieces(size_t n, size_t size, uint32_t threads, nf_work *work, void *context)
{
    if (n > size)
        nf_parallel((n - 1) / size + 1, threads, work, context);
    else if (n)
        work(context, 0);
}

static void note_failure(pass *p, size_t element, uint32_t failed)
{
    uint64_t found = 2 * (uint64_t)element + ((failed & NF_FAILED_NAN) != 0), first = atomic_load(&p->failure);
    while (found < first && !atomic_compare_exchange_weak(&p->failure, &first, found))
        ;
}

static void run_piece(void *context, size_t piece)
{
    pass *p = context;
    size_t start = p->start + piece * p->size;
    if (start > atomic_load(&p->failure) / 2)
        return;
    nf_plan plan;
    nf_job part = nf_job_piece(p->job, start, shorter(p->end - start, p->size), &plan);
    part.report = p->reports ? &p->reports[piece] : NULL;
    part.dry = p->dry;
    const processor_rounding caller = round_toward(1);
    p->kernels->run(&part);
    round_again(caller);
    if (part.failed)
        note_failure(p, start + part.failed_at, part.failed);
}

static void run_pass(pass *p) { in_pieces(p->end - p->start, p->size, p->job->plan->options.threads, run_piece, p); }

/* One pass over the whole job; `dry` writes nothing.  Returns the failure. */
static uint64_t run_whole(const nf_job *job, const nf_kernels *kernels, int dry)
{
    pass p = {.job = job, .kernels = kernels, .end = job->n, .size = piece_of(job), .dry = dry, .failure = NO_FAILURE};
    run_pass(&p);
    return p.failure;
}

/* The same with a report, which is added to where nothing failed. */
static uint64_t run_reported(const nf_job *job, const nf_kernels *kernels)
{
    nf_report parts[REPORT_BATCH], sum = {0};
    pass p = {.job = job, .kernels = kernels, .size = REPORT_PIECE, .reports = parts, .failure = NO_FAILURE};
    for (; p.start < job->n && p.failure == NO_FAILURE; p.start = p.end) {
        size_t n = shorter(job->n - p.start, (size_t)REPORT_PIECE * REPORT_BATCH), pieces = (n - 1) / REPORT_PIECE + 1;
        p.end = p.start + n;
        memset(parts, 0, pieces * sizeof *parts);
        run_pass(&p);
        for (size_t i = 0; i < pieces; i++)
            nf_report_add(&sum, &parts[i]);
    }
    if (p.failure == NO_FAILURE)
        nf_report_add(job->report, &sum);
    return p.failure;
}

/* A search for NaN, infinity and numbers of the largest binades. */
typedef struct search {
    const nf_job *job;
    const nf_kernels *kernels;
    size_t size;
    int binades;
    atomic_int found;
} search;

static void search_piece(void *context, size_t piece)
{
    search *s = context;
    size_t start = piece * s->size;
    const char *x = (const char *)s->job->x + start * s->job->x_size;
    if (s->kernels->has_large(s->job->x_type, x, shorter(s->job->n - start, s->size), s->binades))
        atomic_store(&s->found, 1);
}

static int has_large(const nf_job *job, const nf_kernels *kernels, int binades)
{
    uint32_t threads = job->plan->options.threads;
    search s = {.job = job, .kernels = kernels, .size = piece_size(job->n, threads), .binades = binades};
    in_pieces(job->n, s.size, threads, search_piece, &s);
    return s.found;
}

/* Could some element fail?  Only then is the input looked at before anything is written. */
static int may_fail(const nf_job *job, const nf_kernels *kernels)
{
    const nf_plan *plan = job->plan;
    uint8_t policy = plan->options.overflow;
    if (job->arithmetic && job->arithmetic->gives_truth)
        return 0;
    if (policy == NF_OVERFLOW_error || policy == NF_OVERFLOW_unbounded)
        return 1;
    int wraps =
        policy == NF_OVERFLOW_wrap || policy == NF_OVERFLOW_wrap_sign_magnitude || policy == NF_OVERFLOW_drop_bits;
    const int refuses_nan = !plan->grid.has_nan && plan->options.nan == NF_NAN_error;
    const int may_leave = nf_job_may_leave(job);
    if (!wraps && !refuses_nan && !may_leave)
        return 0;
    if (job->arithmetic)
        return wraps || nf_may_be_special(job->arithmetic);
    if (job->source)
        return job->source->has_nan || job->source->has_infinity || job->source->format.family == NF_CODEBOOK;
    return has_large(job, kernels, may_leave ? nf_binades_near_end(plan, job->y_type) : 0);
}

static nf_status run_job(const nf_job *job, const nf_kernels *kernels)
{
    const nf_options *o = &job->plan->options;
    uint64_t failure = NO_FAILURE;
    if (!o->may_spoil && may_fail(job, kernels))
        failure = run_whole(job, kernels, 1);
    if (failure == NO_FAILURE)
        failure = job->report ? run_reported(job, kernels) : run_whole(job, kernels, 0);
    if (failure == NO_FAILURE)
        return NF_OK;
    if (o->failed_at)
        *o->failed_at = failure / 2;
    return failure % 2 ? NF_FOUND_NAN : NF_FOUND_RANGE;
}

static nf_status run_with_steps(nf_job job, const nf_kernels *kernels)
{
    nf_steps steps;
    nf_steps_find(&job, kernels, &steps);
    job.steps = &steps;
    return run_job(&job, kernels);
}

nf_status nf_run_job(const nf_job *job)
{
    const nf_kernels *kernels = nf_pick_kernels(job->plan->options.isa);
    if (!kernels)
        return NF_BAD_ARGUMENT;
    return !job->arithmetic && nf_steps_pay(job) ? run_with_steps(*job, kernels) : run_job(job, kernels);
}

/* Work that cannot fail. */
typedef struct fill {
    const nf_kernels *kernels;
    const nf_job *job; /* of codes, or */
    const nf_key *key; /* words: */
    uint64_t first, draw;
    uint32_t *words;
    size_t n, size;
} fill;

static void decode_piece(void *context, size_t piece)
{
    const fill *f = context;
    const nf_job *job = f->job;
    size_t start = piece * f->size, n = shorter(f->n - start, f->size);
    const char *codes = (const char *)job->x + start * job->x_size;
    char *y = (char *)job->y + start * job->y_size;
    const processor_rounding caller = round_toward(1);
    f->kernels->decode(job->source, codes, job->x_size, job->y_type, y, start, n, job->whole_n);
    round_again(caller);
}

void nf_run_decode(const nf_job *job, const nf_kernels *kernels, uint32_t threads)
{
    fill f = {.kernels = kernels, .job = job, .n = job->n, .size = piece_size(job->n, threads)};
    in_pieces(f.n, f.size, threads, decode_piece, &f);
}

static void words_piece(void *context, size_t piece)
{
    const fill *f = context;
    size_t start = piece * f->size, n = shorter(f->n - start, f->size);
    f->kernels->random_bits(f->key->key, f->key->call, f->draw, f->first + start, f->words + start, n);
}

void nf_run_random_bits(const nf_kernels *kernels, const nf_key *key, uint64_t first, uint16_t draw, uint32_t *out,
                        size_t n, uint32_t threads)
{
    fill f = {.kernels = kernels, .key = key, .first = first, .draw = draw, .words = out, .n = n};
    f.size = piece_size(n, threads);
    in_pieces(n, f.size, threads, words_piece, &f);
}
