/* The public functions of arithmetic: check the operands, run a job, return a status. */
#include "job.h"
#include "families.h"
#include "power_sums.h"
#include "function_job.h"
#include "function_operations.h"
#include "quire.h"

static const nf_operation_row rows[NF_OPERATION_COUNT] = {
#define NUMBER 0
#define TRUTH 1
#define NF_OPERATION(name, operands, gives, invents, meaning, aliases) \
    [NF_OP_##name] = {#name, aliases, meaning, operands, gives},
#include "operations.def"
#undef NF_OPERATION
};

/* The enum of the header has the order of the table. */
enum {
#define NF_OPERATION(name, operands, gives, invents, meaning, aliases) ROW_##name,
#include "operations.def"
#undef NF_OPERATION
    ROW_COUNT
};
#define NF_OPERATION(name, operands, gives, invents, meaning, aliases) \
    _Static_assert((int)ROW_##name == (int)NF_OP_##name, #name);
#include "operations.def"
#undef NF_OPERATION
_Static_assert((int)ROW_COUNT == (int)NF_OPERATION_COUNT, "an operation has no row");

const nf_operation_row *nf_operation_at(size_t index) { return index < NF_OPERATION_COUNT ? &rows[index] : NULL; }

/* Does [x, x + x_bytes) overlap the result without being it? */
static int overlaps(const nf_source *s, size_t n, const void *result, size_t result_size)
{
    const uintptr_t from = (uintptr_t)s->data, to = (uintptr_t)result;
    const size_t bytes = (s->step ? n : 1) * s->size;
    const int is_it = from == to && s->step && s->size == result_size;
    return n && !is_it && from < to + n * result_size && to < from + bytes;
}

enum { LONGEST_LOG = 32 /* bits of a logarithmic format, so that sums of logs do not overflow */ };

/* The exponents of the smallest normal numbers of plain floats; integers have none below. */
static const int64_t plain_normal[NF_TYPE_COUNT] = {-14, -126, -1022, 0, 0};

static nf_status read_codes(nf_source *s, const nf_operand *operand, size_t n)
{
    nf_status status = nf_grid_init(&s->grid, operand->format);
    if (status != NF_OK)
        return status;
    if (operand->type)
        return NF_BAD_ARGUMENT;
    const int is_long = has_irrational_values(&s->grid) && s->grid.format.width > LONGEST_LOG;
    if (is_long || (s->grid.format.family == NF_AFFINE && !nf_affine_is_short(operand->format)))
        return NF_BAD_FORMAT;
    s->has_codes = 1;
    s->size = bytes_of_code(operand->format);
    s->smallest_normal = s->grid.format.family == NF_FLOAT ? s->grid.emin : INT64_MIN;
    return nf_affine_fits(operand->format, s->step ? n : 1) ? NF_OK : NF_BAD_ARGUMENT;
}

nf_status nf_read_operand(nf_source *s, const nf_operand *operand, size_t n)
{
    static const size_t type_size[NF_TYPE_COUNT] = {2, 4, 8, 8, 8};
    if (operand->step > 1 || (n && !operand->data) || n > SIZE_MAX / 8)
        return NF_BAD_ARGUMENT;
    s->data = operand->data;
    s->step = operand->step;
    if (operand->format)
        return read_codes(s, operand, n);
    if ((unsigned)operand->type >= NF_TYPE_COUNT)
        return NF_BAD_ARGUMENT;
    s->type = operand->type;
    s->size = type_size[operand->type];
    s->smallest_normal = plain_normal[operand->type];
    return NF_OK;
}

/* Values of a logarithmic format lie within 2**-n and 2**n; those of logarithmic takums within e**+-127.5. */
static int binades_of(const nf_format *f)
{
    const int log_bits = f->width - 2 - f->fraction_bits;
    return f->family != NF_LNS ? 184 : log_bits < 16 ? 1 << log_bits : 1 << 16;
}

/* Irrational operands are all of one family, for operations that are exact on logs; the result, where it is no such
 * number, is one that their first 62 bits decide, or a sum. */
static nf_status check_irrational(nf_arithmetic *how, const nf_plan *plan)
{
    int any = 0;
    for (int k = 0; k < how->count; k++)
        any |= how->operands[k].has_codes && has_irrational_values(&how->operands[k].grid);
    const int count = how->operation == NF_OP_power ? 1 : how->count; /* the other ones are integers */
    for (int k = 0; any && k < count; k++) {
        const nf_source *s = &how->operands[k];
        if (is_remainder(how->operation) && binades_of(&s->grid.format) > NF_REMAINDER_BINADES / 2)
            return NF_BAD_FORMAT;
        if (!s->has_codes || s->grid.format.family != how->operands[0].grid.format.family)
            return NF_BAD_FORMAT;
        if (how->gives_truth || nf_decides(&s->grid, plan))
            continue;
        if (!is_power_sum(how->operation))
            return NF_BAD_FORMAT;
        how->is_long = 1;
    }
    return NF_OK;
}

static nf_status read_operands(nf_arithmetic *how, const nf_operand *operands, size_t n)
{
    for (int k = 0; k < how->count; k++) {
        const nf_status status = operands ? nf_read_operand(&how->operands[k], &operands[k], n) : NF_BAD_ARGUMENT;
        if (status != NF_OK)
            return status;
    }
    const int moves = how->operation == NF_OP_next_up || how->operation == NF_OP_next_down;
    return moves && !how->operands[0].has_codes ? NF_BAD_ARGUMENT : NF_OK;
}

static nf_status check_result(const nf_arithmetic *how, const nf_options *o, const void *result, size_t size, size_t n)
{
    if (!result && n)
        return NF_BAD_ARGUMENT;
    for (int k = 0; k < how->count; k++) {
        const nf_source flags = {.data = (const char *)o->element_flags, .size = 1, .step = 1};
        if (overlaps(&how->operands[k], n, result, size) ||
            (o->element_flags && (overlaps(&how->operands[k], n, flags.data, 0) || overlaps(&flags, n, result, 0))))
            return NF_BAD_ARGUMENT;
    }
    return NF_OK;
}

/* Truths are not rounded: a plan of options alone. */
static nf_status plan_truths(nf_plan *plan, const nf_format *format, const nf_options *options)
{
    memset(plan, 0, sizeof *plan);
    plan->options = options ? *options : plan->options;
    const nf_options *o = &plan->options;
    if (format)
        return NF_BAD_FORMAT;
    if (o->rounding || o->random_bits_per_element || o->variant || o->by_code || o->keep_minpos || o->tiny_before)
        return NF_BAD_ROUNDING;
    if (o->overflow || o->wrap_bits)
        return NF_BAD_OVERFLOW;
    return o->nan ? NF_BAD_NAN : o->key || o->random_bits ? NF_HAS_RANDOM : NF_OK;
}

nf_status nf_plan_for_codes(nf_plan *plan, const nf_format *format, const nf_options *options, size_t n)
{
    const nf_status status = nf_plan_for_operation(plan, format, options);
    if (status != NF_OK)
        return status;
    if (plan->options.overflow == NF_OVERFLOW_unbounded)
        return NF_BAD_OVERFLOW;
    return nf_affine_fits(format, n) ? NF_OK : NF_BAD_ARGUMENT;
}

nf_status nf_operate(nf_operation operation, const nf_format *format, const nf_options *options,
                     const nf_operand *operands, void *result, size_t n, nf_report *report)
{
    nf_plan plan;
    nf_arithmetic how;
    if ((unsigned)operation >= NF_OPERATION_COUNT)
        return NF_BAD_ARGUMENT;
    const int gives_truth = rows[operation].gives_truth;
    nf_status status = gives_truth ? plan_truths(&plan, format, options) : nf_plan_for_codes(&plan, format, options, n);
    if (status != NF_OK)
        return status;
    memset(&how, 0, sizeof how);
    how.operation = (uint8_t)operation;
    how.count = rows[operation].operands;
    how.gives_truth = (uint8_t)gives_truth;
    how.zero_is_negative = plan.options.rounding == NF_ROUND_down;
    how.divides_to_nan =
        plan.grid.format.family != NF_FLOAT || plan.grid.is_p3109 || plan.grid.format.special == NF_GEOMETRIC;
    nf_job job = {.plan = &plan, .arithmetic = &how, .y = result, .n = n, .whole_n = n, .report = report};
    job.y_size = gives_truth ? 1 : bytes_of_code(format);
    status = read_operands(&how, operands, n);
    if (status == NF_OK && is_function(operation))
        status = nf_plan_function(&how, &plan);
    if (status == NF_OK)
        status = check_irrational(&how, &plan);
    if (status == NF_OK)
        status = check_result(&how, &plan.options, result, job.y_size, n);
    if (status != NF_OK)
        return status;
    return is_function(operation) ? nf_run_function(&job) : nf_run_job(&job);
}

#define NF_NAMED(name, parameters, ...) \
    nf_status nf_##name parameters \
    { \
        const nf_operand *const given[] = {__VA_ARGS__}; \
        nf_operand operands[sizeof given / sizeof *given]; \
        for (size_t k = 0; k < sizeof given / sizeof *given; k++) { \
            if (!given[k]) \
                return NF_BAD_ARGUMENT; \
            operands[k] = *given[k]; \
        } \
        return nf_operate(NF_OP_##name, format, options, operands, codes, n, report); \
    }
#define NF_NAMED_1(name) \
    NF_NAMED(name, \
             (const nf_format *format, const nf_options *options, const nf_operand *a, void *codes, size_t n, \
              nf_report *report), \
             a)
#define NF_NAMED_2(name) \
    NF_NAMED(name, \
             (const nf_format *format, const nf_options *options, const nf_operand *a, const nf_operand *b, \
              void *codes, size_t n, nf_report *report), \
             a, b)
#define NF_NAMED_3(name) \
    NF_NAMED(name, \
             (const nf_format *format, const nf_options *options, const nf_operand *a, const nf_operand *b, \
              const nf_operand *c, void *codes, size_t n, nf_report *report), \
             a, b, c)
NF_NAMED_2(add)
NF_NAMED_2(subtract)
NF_NAMED_2(multiply)
NF_NAMED_2(divide)
NF_NAMED_3(fma)
NF_NAMED_1(sqrt)
NF_NAMED_1(exp)
NF_NAMED_1(exp2)
NF_NAMED_1(expm1)
NF_NAMED_1(log)
NF_NAMED_1(log2)
NF_NAMED_1(log1p)
NF_NAMED_1(tanh)
NF_NAMED_1(sigmoid)
NF_NAMED_1(softplus)
NF_NAMED_1(erf)
NF_NAMED_1(sin)
NF_NAMED_1(cos)
NF_NAMED_1(rsqrt)
NF_NAMED_1(cbrt)
#define NF_OP_pow NF_OP_power
NF_NAMED_2(pow)
