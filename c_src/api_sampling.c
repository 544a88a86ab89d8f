/* The samplers' public functions: check the arguments, call a kernel, return a status. */
#include "block_law.h"
#include "sampler_loops.h"

/* A pointer is needed unless there is nothing to do, and all bytes of the array must be countable. */
static int array_is_bad(const void *pointer, size_t n) { return (!pointer && n) || n > SIZE_MAX / 8; }

static int key_is_bad(const nf_key *key) { return !key || key->call >> 48; }

nf_status nf_gaussian(const nf_key *key, uint64_t first, uint16_t draw, double *out, size_t n, uint8_t isa)
{
    const nf_kernels *kernels = nf_pick_kernels(isa);
    if (!kernels || key_is_bad(key) || draw == UINT16_MAX || array_is_bad(out, n))
        return NF_BAD_ARGUMENT;
    kernels->sampler->gaussian(key, draw, first, out, n);
    return NF_OK;
}

#define NF_FLOAT_FUNCTION(name, meaning) \
    nf_status nf_float_##name(const float *z, float *out, size_t n, uint8_t isa) \
    { \
        const nf_kernels *kernels = nf_pick_kernels(isa); \
        if (!kernels || array_is_bad(z, n) || array_is_bad(out, n)) \
            return NF_BAD_ARGUMENT; \
        kernels->sampler->float_##name(z, out, n); \
        return NF_OK; \
    }
#include "float_functions.def"
#undef NF_FLOAT_FUNCTION

/* Is rows * columns too large to count in bytes? */
static int product_is_bad(size_t rows, size_t columns) { return columns && rows > SIZE_MAX / 8 / columns; }

nf_status nf_matmul_in_order(nf_type type, const void *a, size_t a_step, const void *b, size_t b_row, size_t b_column,
                             void *out, size_t m, size_t k, size_t n, uint8_t isa)
{
    const nf_kernels *kernels = nf_pick_kernels(isa);
    if (!kernels || (type != NF_F32 && type != NF_F64))
        return NF_BAD_ARGUMENT;
    if (product_is_bad(m, k) || product_is_bad(k, n) || product_is_bad(m, n))
        return NF_BAD_ARGUMENT;
    if ((m && k && !a) || (k && n && !b) || (m && n && !out))
        return NF_BAD_ARGUMENT;
    if (type == NF_F32)
        kernels->matmul_f32(a, a_step, b, b_row, b_column, out, m, k, n);
    else
        kernels->matmul_f64(a, a_step, b, b_row, b_column, out, m, k, n);
    return NF_OK;
}

static nf_status failure(size_t index, int is_nan, uint64_t *failed_at)
{
    if (failed_at)
        *failed_at = index;
    return is_nan ? NF_FOUND_NAN : NF_FOUND_RANGE;
}

/* The elements must be finite, variances not negative. */
static nf_status check_numbers(const nf_kernels *kernels, nf_type mean_type, const void *mean, size_t n,
                               const double *variance, size_t variances, uint64_t *failed_at)
{
    int is_nan = 0;
    size_t index = kernels->sampler->check_law(mean_type, mean, n, 0, &is_nan);
    if (index < n)
        return failure(index, is_nan, failed_at);
    index = kernels->sampler->check_law(NF_F64, variance, variances, 1, &is_nan);
    return index < variances ? failure(index, is_nan, failed_at) : NF_OK;
}

static int is_single_or_double(nf_type type) { return type == NF_F32 || type == NF_F64; }

/* Check a job's arguments, which nothing has looked at yet, choose the scales of `blocks` where it has any, draw. */
static nf_status draw(nf_law_job *job, const nf_format *element, const nf_block_law *blocks, int32_t *exponents,
                      uint64_t *failed_at, uint8_t isa)
{
    const nf_kernels *kernels = nf_pick_kernels(isa);
    nf_report unused = {0};
    if (!kernels || key_is_bad(job->key) || !is_single_or_double(job->mean_type) || !is_single_or_double(job->out_type))
        return NF_BAD_ARGUMENT;
    size_t variances = job->one_variance && job->n ? 1 : job->n;
    if (array_is_bad(job->mean, job->n) || array_is_bad(job->variance, variances) || array_is_bad(job->out, job->n))
        return NF_BAD_ARGUMENT;
    if (nf_type_holds_format(element, job->out_type) != NF_OK)
        return NF_BAD_TYPE;
    nf_status status = check_numbers(kernels, job->mean_type, job->mean, job->n, job->variance, variances, failed_at);
    if (status != NF_OK)
        return status;
    if (blocks)
        nf_block_law_exponents(blocks, job->shape, job->mean_type, job->mean, job->variance, job->one_variance,
                               exponents);
    job->exponents = exponents;
    job->report = job->report ? job->report : &unused;
    kernels->sampler->draw_law(job);
    return NF_OK;
}

nf_status nf_variance_corrected(const nf_format *format, uint8_t method, const nf_key *key, uint64_t first,
                                nf_type mean_type, const void *mean, const double *variance, int one_variance,
                                nf_type out_type, void *out, size_t n, nf_report *report, uint64_t *failed_at,
                                uint8_t isa)
{
    nf_law law;
    nf_status status = nf_law_init(&law, format, method);
    if (status != NF_OK)
        return status;
    nf_law_job job = {.law = &law,
                      .key = key,
                      .first = first,
                      .mean_type = mean_type,
                      .out_type = out_type,
                      .mean = mean,
                      .variance = variance,
                      .one_variance = one_variance,
                      .out = out,
                      .n = n,
                      .report = report};
    return draw(&job, format, NULL, NULL, failed_at, isa);
}

/* The law of a block format, and how many elements and scales an array has. */
static nf_status init_blocks(nf_block_law *law, const nf_block *block, const nf_block_shape *shape, uint8_t method,
                             int symmetric, nf_type type, const int32_t *exponents, size_t *n)
{
    size_t scales;
    if (nf_block_count(shape, n, &scales) != NF_OK || (!exponents && scales) || !is_single_or_double(type))
        return NF_BAD_ARGUMENT;
    return nf_block_law_init(law, block, method, symmetric, type);
}

nf_status nf_block_variance_corrected(const nf_block *block, const nf_block_shape *shape, uint8_t method, int symmetric,
                                      const nf_key *key, uint64_t first, nf_type mean_type, const void *mean,
                                      const double *variance, int one_variance, nf_type out_type, void *out,
                                      int32_t *exponents, nf_report *report, uint64_t *failed_at, uint8_t isa)
{
    nf_block_law law;
    size_t n;
    nf_status status = init_blocks(&law, block, shape, method, symmetric, out_type, exponents, &n);
    if (status != NF_OK)
        return status;
    nf_law_job job = {.law = &law.law,
                      .key = key,
                      .first = first,
                      .mean_type = mean_type,
                      .out_type = out_type,
                      .mean = mean,
                      .variance = variance,
                      .one_variance = one_variance,
                      .out = out,
                      .n = n,
                      .report = report,
                      .shape = shape};
    return draw(&job, &block->element, &law, exponents, failed_at, isa);
}

/* Are the arrays of a law's points there, and the numbers right? */
static nf_status check_points(const double *mean, const double *variance, const double *values,
                              const double *probabilities, size_t n, uint64_t *failed_at)
{
    if (array_is_bad(mean, n) || array_is_bad(variance, n) || array_is_bad(values, n) || array_is_bad(probabilities, n))
        return NF_BAD_ARGUMENT;
    return check_numbers(nf_pick_kernels(0), NF_F64, mean, n, variance, n, failed_at);
}

nf_status nf_variance_corrected_law(const nf_format *format, uint8_t method, const double *mean, const double *variance,
                                    double *values, double *probabilities, size_t n, uint64_t *failed_at)
{
    nf_law law;
    nf_status status = nf_law_init(&law, format, method);
    if (status == NF_OK)
        status = check_points(mean, variance, values, probabilities, n, failed_at);
    for (size_t i = 0; status == NF_OK && i < n; i++)
        nf_law_points(&law, mean[i], variance[i], values + NF_LAW_POINTS * i, probabilities + NF_LAW_POINTS * i);
    return status;
}

nf_status nf_block_variance_corrected_law(const nf_block *block, const nf_block_shape *shape, uint8_t method,
                                          int symmetric, const double *mean, const double *variance, double *values,
                                          double *probabilities, int32_t *exponents, uint64_t *failed_at)
{
    nf_block_law law;
    size_t n;
    nf_status status = init_blocks(&law, block, shape, method, symmetric, NF_F64, exponents, &n);
    if (status == NF_OK)
        status = check_points(mean, variance, values, probabilities, n, failed_at);
    if (status != NF_OK)
        return status;
    nf_block_law_exponents(&law, shape, NF_F64, mean, variance, 0, exponents);
    for (size_t i = 0; i < n; i++) {
        double *points = values + NF_LAW_POINTS * i;
        int32_t e;
        nf_exponents_of(shape, exponents, i, 1, &e);
        nf_law_points(&law.law, times_two_to(mean[i], -e), variance_times(variance[i], -e), points,
                      probabilities + NF_LAW_POINTS * i);
        for (int k = 0; k < NF_LAW_POINTS; k++)
            points[k] = times_two_to(points[k], e);
    }
    return NF_OK;
}
