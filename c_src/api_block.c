/* The public functions of block formats: check the arguments, run a job, return a status. */
#include "block_job.h"

static const size_t type_size[NF_TYPE_COUNT] = {2, 4, 8, 8, 8};

/* a * b, or SIZE_MAX where it is larger. */
static size_t times(size_t a, size_t b) { return a && b > SIZE_MAX / a ? SIZE_MAX : a * b; }

nf_status nf_block_count(const nf_block_shape *s, size_t *elements, size_t *scales)
{
    if (!s || !elements || !scales || !s->block_rows || !s->block_columns)
        return NF_BAD_ARGUMENT;
    const size_t down = blocks_along(s->rows, s->block_rows), across = blocks_along(s->columns, s->block_columns);
    const int is_empty = !s->outer || !s->rows || !s->middle || !s->columns || !s->inner;
    const size_t n = times(times(times(times(s->outer, s->rows), s->middle), s->columns), s->inner);
    const size_t blocks = times(times(times(times(s->outer, down), s->middle), across), s->inner);
    if (!is_empty && (n > SIZE_MAX / 8 || blocks > SIZE_MAX / 8))
        return NF_BAD_ARGUMENT;
    *elements = is_empty ? 0 : n;
    *scales = is_empty ? 0 : blocks;
    return NF_OK;
}

/* Do two arrays share memory without being the same? */
static int overlap(const void *x, size_t x_bytes, const void *y, size_t y_bytes)
{
    const uintptr_t from = (uintptr_t)x, to = (uintptr_t)y;
    return !(from == to && x_bytes == y_bytes) && from < to + y_bytes && to < from + x_bytes;
}

/* The arrays of a job that has plan, shape, sizes and scales: are they there, and apart? */
static int arrays_are_bad(const nf_block_job *job, size_t elements, size_t blocks)
{
    const int needs_scales = job->plan->block.scale_kind != NF_SCALE_NONE && !job->to_values;
    if ((elements && (!job->x || !job->y)) || (blocks && !job->scales && (needs_scales || job->scales_given)))
        return 1;
    if (job->decodes && elements && job->plan->block.scale_kind != NF_SCALE_NONE && !job->scales)
        return 1;
    const size_t scale_bytes = job->scales ? blocks * job->scale_size : 0;
    if (overlap(job->x, elements * job->x_size, job->y, elements * job->y_size))
        return 1;
    return scale_bytes && (overlap(job->x, elements * job->x_size, job->scales, scale_bytes) ||
                           overlap(job->scales, scale_bytes, job->y, elements * job->y_size) || job->scales == job->x ||
                           job->scales == job->y);
}

/* Forms that are float32 programs read float32 numbers. */
static int reads_type(const nf_block *block, nf_type type)
{
    const int in_single = block->compute != NF_compute_exact || block->compat != NF_compat_none;
    return (unsigned)type < NF_TYPE_COUNT && (!in_single || type == NF_F16 || type == NF_F32);
}

/* A positive finite float32 is a tensor's scale. */
static int set_tensor(nf_block_plan *plan, float stored)
{
    uint32_t bits;
    memcpy(&bits, &stored, sizeof bits);
    plan->tensor = unpack_ieee(bits, 8, 23);
    return plan->tensor.kind == NF_FINITE_NUMBER && !plan->tensor.sign;
}

static nf_status find_tensor(nf_block_plan *plan, const nf_block_job *job, nf_block_scales *scales, size_t n)
{
    const nf_kernels *kernels = nf_pick_kernels(plan->element.options.isa);
    if (!plan->block.has_tensor_scale)
        return NF_OK;
    if (scales && scales->tensor_is_given) { /* fp32-te takes its reciprocal */
        const int is_usable = set_tensor(plan, scales->tensor) &&
                              (plan->block.compute != NF_compute_fp32_te || plan->tensor.exponent >= -126);
        return is_usable ? NF_OK : NF_BAD_ARGUMENT;
    }
    if (!kernels)
        return NF_BAD_ARGUMENT;
    const nf_unpacked largest = kernels->largest(job->x_type, job->x, n);
    plan->tensor = nf_tensor_scale(plan, &largest);
    return NF_OK;
}

/* Round a job's numbers: what quantize and encode share. */
static nf_status round_blocks(nf_block_plan *plan, nf_block_job *job, nf_block_scales *scales)
{
    size_t elements, blocks;
    if (nf_block_count(job->shape, &elements, &blocks) != NF_OK || !reads_type(&plan->block, job->x_type))
        return NF_BAD_ARGUMENT;
    job->x_size = type_size[job->x_type];
    job->scale_size = nf_block_scale_size(&plan->block);
    job->scales = scales ? scales->codes : NULL;
    job->scales_given = scales && scales->is_given;
    const int wants_given = plan->block.scale_rule == NF_scale_rule_given;
    const int takes_given = plan->block.scale_kind != NF_SCALE_NONE && plan->block.compat == NF_compat_none;
    if (job->scales_given ? !takes_given : wants_given)
        return NF_BAD_ARGUMENT;
    if (arrays_are_bad(job, elements, blocks) || (plan->block.has_tensor_scale && !job->to_values && !scales))
        return NF_BAD_ARGUMENT;
    nf_status status = find_tensor(plan, job, scales, elements);
    if (status == NF_OK)
        status = nf_run_blocks(job);
    if (status == NF_OK && scales && plan->block.has_tensor_scale) {
        const uint32_t bits = (uint32_t)pack_ieee(&plan->tensor, 8, 23);
        memcpy(&scales->tensor, &bits, sizeof bits);
    }
    return status;
}

nf_status nf_block_quantize(const nf_block *block, const nf_block_shape *shape, const nf_options *options,
                            nf_type x_type, const void *x, nf_type y_type, void *y, nf_block_scales *scales,
                            nf_report *report)
{
    nf_block_plan plan;
    nf_status status = nf_block_plan_init(&plan, block, options);
    if (status != NF_OK)
        return status;
    if ((unsigned)y_type > NF_F64)
        return NF_BAD_ARGUMENT;
    nf_block_job job = {.plan = &plan, .shape = shape, .x = x, .x_type = x_type, .report = report};
    job.y = y;
    job.y_type = y_type;
    job.y_size = type_size[y_type];
    job.to_values = 1;
    return round_blocks(&plan, &job, scales);
}

nf_status nf_block_encode(const nf_block *block, const nf_block_shape *shape, const nf_options *options, nf_type x_type,
                          const void *x, void *codes, nf_block_scales *scales, nf_report *report)
{
    nf_block_plan plan;
    nf_status status = nf_block_plan_init(&plan, block, options);
    if (status != NF_OK)
        return status;
    nf_block_job job = {.plan = &plan, .shape = shape, .x = x, .x_type = x_type, .report = report};
    job.y = codes;
    job.y_size = bytes_of_code(&block->element);
    return round_blocks(&plan, &job, scales);
}

nf_status nf_block_decode(const nf_block *block, const nf_block_shape *shape, const void *codes,
                          const nf_block_scales *scales, nf_type y_type, void *y, uint8_t isa, uint32_t threads)
{
    nf_block_plan plan;
    size_t elements, blocks;
    nf_status status = nf_block_plan_init(&plan, block, NULL);
    if (status == NF_BAD_ROUNDING) /* a form whose default rounding is another */
        status = NF_OK;
    if (status != NF_OK)
        return status;
    if (nf_block_count(shape, &elements, &blocks) != NF_OK || (unsigned)y_type > NF_F64)
        return NF_BAD_ARGUMENT;
    plan.element.options.isa = isa;
    plan.element.options.threads = threads;
    nf_block_job job = {.plan = &plan, .shape = shape, .x = codes, .decodes = 1, .to_values = 1};
    job.x_size = bytes_of_code(&block->element);
    job.y = y;
    job.y_type = y_type;
    job.y_size = type_size[y_type];
    job.scales = scales ? scales->codes : NULL;
    job.scale_size = nf_block_scale_size(block);
    if (arrays_are_bad(&job, elements, blocks) || (block->has_tensor_scale && !scales))
        return NF_BAD_ARGUMENT;
    if (block->has_tensor_scale && !set_tensor(&plan, scales->tensor))
        return NF_BAD_ARGUMENT;
    return nf_run_blocks(&job);
}
