/* Elementary functions of arrays.  They are slow and operands are often of few bits, so each code that occurs in an
 * array is evaluated once: rounded too, where all elements of a code are rounded alike and nothing is reported. */
#include <stdlib.h>

#include "function_job.h"
#include "affine.h"
#include "function_operations.h"
#include "threads.h"

enum {
    PAYS = 64,          /* elements */
    MOST_BITS = 16,     /* of codes */
    SHARE = 32,         /* codes evaluated as one piece of work */
    STRETCH = 1 << 16,  /* elements looked up as one */
    DECIDED_BITS = 62,  /* that 63 digits round to as all do */
    WRAPPED_STEPS = 62, /* of affine integers: binary digits of their numbers before the point */
    FAR = 61            /* exponents beyond 2**FAR are those of results beyond all numbers */
};

static int wraps(const nf_plan *plan)
{
    const uint8_t policy = plan->options.overflow;
    return policy == NF_OVERFLOW_wrap || policy == NF_OVERFLOW_wrap_sign_magnitude || policy == NF_OVERFLOW_drop_bits;
}

static int64_t smallest_scale(const nf_affine *affine)
{
    int64_t smallest = INT64_MAX;
    for (size_t i = 0; i < affine->count; i++) {
        const int64_t exponent = unpack_f64(affine->scales[i]).exponent;
        smallest = exponent < smallest ? exponent : smallest;
    }
    return smallest;
}

static int64_t farthest_wrapped(const nf_plan *plan)
{
    const nf_format *format = &plan->grid.format;
    if (format->family == NF_AFFINE)
        return smallest_scale(format->affine) + WRAPPED_STEPS;
    return format->family == NF_LNS ? (int64_t)1 << FAR : NF_KNOWN_DIGITS - 65 - (int64_t)format->fraction_bits;
}

/* Do 63 digits leave a rounding undecided? */
static int asks_for_more(const nf_plan *plan)
{
    nf_format_facts facts;
    const nf_format *format = &plan->grid.format;
    const int is_binary = format->family == NF_FLOAT || format->family == NF_FIXED || plan->grid.is_tapered;
    if (!is_binary || format->special == NF_GEOMETRIC || format->family == NF_LOG_TAKUM || wraps(plan))
        return 1;
    nf_format_describe(format, &facts);
    return nf_rounding_at(plan->options.rounding)->is_random || facts.precision > DECIDED_BITS;
}

/* Can its numbers be angles that are not reduced? */
static int has_far_angles(const nf_source *s)
{
    const uint8_t family = s->grid.format.family;
    if (!s->has_codes || family == NF_AFFINE || family == NF_CODEBOOK)
        return 0;
    return s->grid.emax >= (has_irrational_values(&s->grid) ? NF_MOST_IRRATIONAL_TURNS : NF_MOST_TURNS);
}

/* Of at most 63 bits and a sign. */
static int are_integers(const nf_source *s)
{
    const nf_format *format = &s->grid.format;
    if (!s->has_codes)
        return s->type == NF_I64;
    return format->family == NF_FIXED && format->fraction_bits == 0 && (format->is_signed || format->width < 64);
}

nf_status nf_plan_function(nf_arithmetic *how, const nf_plan *plan)
{
    const nf_function which = function_of(how->operation);
    how->is_long = (uint8_t)asks_for_more(plan);
    how->farthest = wraps(plan) ? farthest_wrapped(plan) : INT64_MAX;
    how->has_log_poles = plan->grid.is_p3109;
    if ((which == NF_FUNCTION_sin || which == NF_FUNCTION_cos) && has_far_angles(&how->operands[0]))
        return NF_BAD_FORMAT;
    return which == NF_FUNCTION_power && !are_integers(&how->operands[1]) ? NF_BAD_ARGUMENT : NF_OK;
}

/* The codes that occur, and what is found for each; all in one piece of memory. */
typedef struct table {
    const nf_job *job;
    size_t codes, count; /* possible ones; those that occur */
    uint64_t mask;
    uint16_t *found, *place; /* those that occur; their places in `found` */
    uint8_t *seen;           /* by code: does it occur?  Later the flags it raises */
    nf_unpacked *numbers;    /* as `found` */
    uint32_t *raised;
    char *results;    /* as `found` */
    char *by_code;    /* the same by code */
    uint8_t *flags;   /* as `found` */
    nf_arithmetic of; /* the operation on `found` */
} table;

static size_t element_bits(const nf_source *s)
{
    const size_t plain = s->type == NF_F16 ? 16 : 64;
    return s->has_codes ? s->grid.format.width : plain;
}

/* Does a code have one result? */
static int goes_by_code(const nf_arithmetic *how)
{
    const nf_source *s = &how->operands[0];
    const int varies = s->has_codes && s->grid.format.family == NF_AFFINE && s->grid.format.affine->count > 1;
    return s->step && element_bits(s) <= MOST_BITS && !varies && !(how->count > 1 && how->operands[1].step);
}

/* Are all elements of one number rounded alike? */
static int rounds_alike(const nf_plan *plan)
{
    const nf_format *format = &plan->grid.format;
    const int varies = format->family == NF_AFFINE && format->affine->count > 1;
    return !varies && !nf_rounding_at(plan->options.rounding)->is_random;
}

#define EACH_CODE(...) \
    if (s->size == 1) { \
        const uint8_t *x = (const uint8_t *)s->data; \
        __VA_ARGS__ \
    } else { \
        const uint16_t *x = (const uint16_t *)s->data; \
        __VA_ARGS__ \
    }

static void find_codes(table *t)
{
    const nf_source *s = &t->job->arithmetic->operands[0];
    EACH_CODE(for (size_t i = 0; i < t->job->n; i++) t->seen[x[i] & t->mask] = 1;)
    for (size_t code = 0; code < t->codes; code++) {
        t->place[code] = (uint16_t)t->count;
        t->found[t->count] = (uint16_t)code;
        t->count += t->seen[code];
    }
}

/* The operation on the codes found, whose array has elements of 16 bits as nf_load_operands reads them. */
static void use_found(table *t)
{
    t->of = *t->job->arithmetic;
    t->of.operands[0].data = (const char *)t->found;
    t->of.operands[0].size = sizeof *t->found;
}

static void *part(char **memory, size_t bytes)
{
    void *const p = *memory;
    *memory += (bytes + 63) / 64 * 64;
    return p;
}

static void *make_table(table *t, const nf_job *job)
{
    const nf_source *s = &job->arithmetic->operands[0];
    const size_t bits = element_bits(s), most = (size_t)1 << bits, extra = 64;
    const size_t each = sizeof(nf_unpacked) + sizeof(uint32_t) + 2 * sizeof(uint16_t) + 2 * job->y_size + 2;
    void *const memory = calloc(1, (most + extra) * each + 8 * 64);
    char *next = memory;
    if (!memory)
        return NULL;
    *t = (table){.job = job, .codes = most, .mask = most - 1};
    t->numbers = part(&next, most * sizeof *t->numbers);
    t->results = part(&next, most * job->y_size);
    t->by_code = part(&next, most * job->y_size);
    t->raised = part(&next, most * sizeof *t->raised);
    t->found = part(&next, (most + 1) * sizeof *t->found);
    t->place = part(&next, most * sizeof *t->place);
    t->seen = part(&next, most);
    t->flags = part(&next, most);
    find_codes(t);
    use_found(t);
    return memory;
}

static void evaluate(void *context, size_t piece)
{
    const table *t = context;
    const size_t start = piece * SHARE, left = t->count - start, n = left < SHARE ? left : SHARE;
    nf_load_results(&t->of, start, n, t->numbers + start, t->raised + start);
}

/* With the exact results of its codes each element is rounded by itself. */
static nf_status run_with_numbers(table *t)
{
    nf_arithmetic how = *t->job->arithmetic;
    nf_job job = *t->job;
    const nf_known known = {t->place, t->numbers, t->raised};
    nf_parallel((t->count - 1) / SHARE + 1, job.plan->options.threads, evaluate, t);
    how.known = &known;
    job.arithmetic = &how;
    job.is_slow = 0;
    return nf_run_job(&job);
}

#define LOOK_UP(type) \
    EACH_CODE(for (size_t i = start; i < end; i++)((type *)job->y)[i] = ((const type *)t->by_code)[x[i] & t->mask];) \
    break;

static void look_up(void *context, size_t piece)
{
    const table *t = context;
    const nf_job *job = t->job;
    const nf_source *s = &job->arithmetic->operands[0];
    const size_t start = piece * STRETCH, end = job->n - start < STRETCH ? job->n : start + STRETCH;
    uint8_t *flags = job->plan->options.element_flags;
    if (flags) {
        EACH_CODE(for (size_t i = start; i < end; i++) flags[i] = t->seen[x[i] & t->mask];)
    }
    switch (job->y_size) {
    case 1:
        LOOK_UP(uint8_t)
    case 2:
        LOOK_UP(uint16_t)
    case 4:
        LOOK_UP(uint32_t)
    default:
        LOOK_UP(uint64_t)
    }
}

/* The codes found are rounded as an array of their own; not where one fails, as the first element that does counts. */
static nf_status run_rounded(table *t)
{
    nf_plan plan = *t->job->plan;
    nf_job job = *t->job;
    const size_t size = job.y_size;
    plan.options.element_flags = plan.options.element_flags ? t->flags : NULL;
    plan.options.failed_at = NULL;
    job.plan = &plan;
    job.arithmetic = &t->of;
    job.y = t->results;
    job.n = job.whole_n = t->count;
    const nf_status status = nf_run_job(&job);
    if (status != NF_OK)
        return status;
    for (size_t k = 0; k < t->count; k++) {
        memcpy(t->by_code + t->found[k] * size, t->results + k * size, size);
        t->seen[t->found[k]] = t->flags[k];
    }
    nf_parallel((t->job->n - 1) / STRETCH + 1, plan.options.threads, look_up, t);
    return NF_OK;
}

nf_status nf_run_function(const nf_job *job)
{
    table t;
    nf_job slow = *job;
    nf_status status = NF_FOUND_NAN;
    slow.is_slow = 1;
    void *memory = job->n >= PAYS && goes_by_code(job->arithmetic) ? make_table(&t, &slow) : NULL;
    if (!memory)
        return nf_run_job(&slow);
    if (!job->report && rounds_alike(job->plan))
        status = run_rounded(&t);
    if (status == NF_FOUND_NAN || status == NF_FOUND_RANGE)
        status = run_with_numbers(&t);
    free(memory);
    return status;
}
