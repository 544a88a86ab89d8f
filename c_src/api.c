/* The public functions: check the arguments, call a kernel, return a status. */
#include "job.h"
#include "families.h"
#include "random.h"
#include "target.h"
#include "processor_rounding.h"

#define NF_VERSION "0.1.0"

const char *nf_version(void) { return NF_VERSION; }

uint32_t nf_abi_version(void) { return NF_ABI_VERSION; }

const char *nf_status_message(nf_status status)
{
    static const char *const messages[] = {
        [NF_OK] = "success",
        [NF_BAD_FORMAT] = "the descriptor describes no format",
        [NF_BAD_ROUNDING] = "unknown rounding, or parameters that it does not take",
        [NF_BAD_OVERFLOW] = "the overflow policy has no meaning for this format",
        [NF_BAD_NAN] = "the NaN policy has no meaning for this format",
        [NF_BAD_ARGUMENT] = "a NULL pointer, an unknown type or instruction set, or a size that overflows",
        [NF_NEEDS_RANDOM] = "a stochastic rounding needs a key or random bits",
        [NF_HAS_RANDOM] = "a key and random bits, or either with a rounding that draws none",
        [NF_FOUND_NAN] = "a NaN met a format without NaN",
        [NF_FOUND_RANGE] = "a value is out of range",
        [NF_BAD_TYPE] = "the element type cannot hold every result",
        [NF_NO_MEMORY] = "out of memory",
    };
    return (unsigned)status <= NF_NO_MEMORY ? messages[status] : "unknown status";
}

static const size_t type_size[NF_TYPE_COUNT] = {2, 4, 8, 8, 8};

/* A pointer is needed unless there is nothing to do, and all bytes of the array must be countable. */
static int array_is_bad(const void *pointer, size_t n) { return (!pointer && n) || n > SIZE_MAX / 8; }

/* Is an array needed and not there, or too large; or does y overlap x without being it? */
static int arrays_are_bad(const void *x, size_t x_size, const void *y, size_t y_size, size_t n)
{
    const uintptr_t from = (uintptr_t)x, to = (uintptr_t)y;
    if (array_is_bad(x, n) || array_is_bad(y, n))
        return 1;
    return (from != to || x_size != y_size) && from < to + n * y_size && to < from + n * x_size;
}

nf_status nf_plan_for_operation(nf_plan *plan, const nf_format *format, const nf_options *options)
{
    nf_status status = nf_plan_init(plan, format, options);
    if (status != NF_OK)
        return status;
    const nf_options *o = &plan->options;
    int draws = nf_rounding_at(o->rounding)->is_random;
    if (draws && !o->key && !o->random_bits)
        return NF_NEEDS_RANDOM;
    if ((o->key && o->random_bits) || (!draws && (o->key || o->random_bits)))
        return NF_HAS_RANDOM;
    return o->key && o->key->call >> 48 ? NF_BAD_ARGUMENT : NF_OK;
}

nf_status nf_plan_for_call(nf_plan *plan, const nf_format *format, const nf_options *options)
{
    const nf_status status = nf_plan_for_operation(plan, format, options);
    if (status != NF_OK)
        return status;
    return options && (options->element_flags || options->tiny_before) ? NF_BAD_ARGUMENT : NF_OK;
}

nf_status nf_quantize(const nf_format *format, const nf_options *options, nf_type x_type, const void *x, nf_type y_type,
                      void *y, size_t n, nf_report *report)
{
    nf_plan plan;
    nf_status status = nf_plan_for_call(&plan, format, options);
    if (status != NF_OK)
        return status;
    if ((unsigned)x_type >= NF_TYPE_COUNT || (unsigned)y_type > NF_F64 ||
        arrays_are_bad(x, type_size[x_type], y, type_size[y_type], n) || !nf_affine_fits(format, n))
        return NF_BAD_ARGUMENT;
    status = nf_type_holds(format, options, x_type, y_type);
    if (status != NF_OK)
        return status;
    nf_job job = {.plan = &plan,
                  .x = x,
                  .x_type = x_type,
                  .x_size = type_size[x_type],
                  .y = y,
                  .y_type = y_type,
                  .y_size = type_size[y_type],
                  .to_values = 1,
                  .n = n,
                  .whole_n = n,
                  .report = report};
    return nf_run_job(&job);
}

nf_status nf_encode(const nf_format *format, const nf_options *options, nf_type x_type, const void *x, void *codes,
                    size_t n, nf_report *report)
{
    nf_plan plan;
    nf_status status = nf_plan_for_call(&plan, format, options);
    if (status != NF_OK)
        return status;
    if (plan.options.overflow == NF_OVERFLOW_unbounded)
        return NF_BAD_OVERFLOW;
    if ((unsigned)x_type >= NF_TYPE_COUNT || arrays_are_bad(x, type_size[x_type], codes, bytes_of_code(format), n) ||
        !nf_affine_fits(format, n))
        return NF_BAD_ARGUMENT;
    nf_job job = {.plan = &plan,
                  .x = x,
                  .x_type = x_type,
                  .x_size = type_size[x_type],
                  .y = codes,
                  .y_size = bytes_of_code(format),
                  .n = n,
                  .whole_n = n,
                  .report = report};
    return nf_run_job(&job);
}

/* A geometric mean may be such a value itself; affine integers turn at (integer + 1/2) * scale.  Affine values must be
 * whole. */
int nf_decides(const nf_grid *source, const nf_plan *plan)
{
    enum { DECIDED_BITS = 62 };
    nf_format_facts facts;
    const nf_options *o = &plan->options;
    if (source->format.family == NF_AFFINE && !nf_affine_is_short(&source->format))
        return 0;
    if (!has_irrational_values(source) || has_irrational_values(&plan->grid))
        return 1;
    if (plan->grid.format.family == NF_CODEBOOK && !codebook_turns_fit(plan->grid.format.codebook, DECIDED_BITS))
        return 0;
    nf_format_describe(&plan->grid.format, &facts);
    const int words = o->rounding == NF_ROUND_stochastic;
    const int scale_bits = plan->grid.format.family == NF_AFFINE ? 1 + nf_affine_scale_bits(&plan->grid.format) : 0;
    const int drawn = words ? o->random_bits_per_element ? o->random_bits_per_element : 32 : 0;
    return facts.precision + scale_bits + drawn <= DECIDED_BITS;
}

nf_status nf_convert(const nf_format *source, const nf_format *target, const nf_options *options,
                     const void *source_codes, void *codes, size_t n, nf_report *report)
{
    nf_plan plan;
    nf_grid grid;
    nf_status status = nf_grid_init(&grid, source);
    if (status == NF_OK)
        status = nf_plan_for_call(&plan, target, options);
    if (status != NF_OK)
        return status;
    if (plan.options.overflow == NF_OVERFLOW_unbounded)
        return NF_BAD_OVERFLOW;
    if (!nf_decides(&grid, &plan) ||
        arrays_are_bad(source_codes, bytes_of_code(source), codes, bytes_of_code(target), n) ||
        !nf_affine_fits(source, n) || !nf_affine_fits(target, n))
        return NF_BAD_ARGUMENT;
    nf_job job = {.plan = &plan,
                  .source = &grid,
                  .x = source_codes,
                  .x_size = bytes_of_code(source),
                  .y = codes,
                  .y_size = bytes_of_code(target),
                  .n = n,
                  .whole_n = n,
                  .report = report};
    return nf_run_job(&job);
}

nf_status nf_decode(const nf_format *format, const void *codes, nf_type y_type, void *y, size_t n, uint8_t isa,
                    uint32_t threads)
{
    nf_grid grid;
    nf_status status = nf_grid_init(&grid, format);
    if (status != NF_OK)
        return status;
    const nf_kernels *kernels = nf_pick_kernels(isa);
    if (!kernels || (unsigned)y_type > NF_F64 ||
        arrays_are_bad(codes, bytes_of_code(format), y, type_size[y_type], n) || !nf_affine_fits(format, n))
        return NF_BAD_ARGUMENT;
    nf_job job = {.source = &grid,
                  .x = codes,
                  .x_size = bytes_of_code(format),
                  .y = y,
                  .y_type = y_type,
                  .y_size = type_size[y_type],
                  .n = n,
                  .whole_n = n};
    status = nf_type_holds_format(format, y_type);
    if (status == NF_OK)
        nf_run_decode(&job, kernels, threads);
    return status;
}

static double larger(double a, double b) { return a > b ? a : b; }

nf_status nf_report_add(nf_report *sum, const nf_report *part)
{
    if (!sum || !part)
        return NF_BAD_ARGUMENT;
    const processor_rounding caller = round_toward(1);
    sum->count += part->count;
    sum->inexact += part->inexact;
    sum->overflowed += part->overflowed;
    sum->underflowed += part->underflowed;
    sum->saturated += part->saturated;
    sum->nan += part->nan;
    sum->infeasible += part->infeasible;
    sum->finite += part->finite;
    sum->max_ulp = larger(sum->max_ulp, part->max_ulp);
    sum->max_error = larger(sum->max_error, part->max_error);
    sum->sum_squared_ulp += part->sum_squared_ulp;
    sum->sum_squared_error += part->sum_squared_error;
    sum->sum_squared_value += part->sum_squared_value;
    sum->flags |= part->flags;
    round_again(caller);
    return NF_OK;
}

nf_status nf_unpack(const nf_format *format, uint64_t code, nf_unpacked *number)
{
    nf_grid grid;
    nf_status status = nf_grid_init(&grid, format);
    if (status != NF_OK)
        return status;
    if (!number || code > grid.mask || !is_codebook_code(&grid, code))
        return NF_BAD_ARGUMENT;
    nf_unpack_code(&grid, code, number);
    return NF_OK;
}

void nf_philox(const uint32_t *counter, const uint32_t *key, uint32_t *out) { philox_block(counter, key, out); }

nf_status nf_random_bits(const nf_key *key, uint64_t first, uint16_t draw, uint32_t *out, size_t n, uint8_t isa,
                         uint32_t threads)
{
    const nf_kernels *kernels = nf_pick_kernels(isa);
    if (!key || !kernels || key->call >> 48 || array_is_bad(out, n))
        return NF_BAD_ARGUMENT;
    nf_run_random_bits(kernels, key, first, draw, out, n, threads);
    return NF_OK;
}
