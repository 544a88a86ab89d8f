/* The samplers' public functions: check the arguments, call a kernel, return a status. */
#include "kernels.h"

/* A pointer is needed unless there is nothing to do, and all bytes of the array must be countable. */
static int array_is_bad(const void *pointer, size_t n) { return (!pointer && n) || n > SIZE_MAX / 8; }

static int key_is_bad(const nf_key *key) { return !key || key->call >> 48; }

nf_status nf_gaussian(const nf_key *key, uint64_t first, uint16_t draw, double *out, size_t n, uint8_t isa)
{
    const nf_kernels *kernels = nf_pick_kernels(isa);
    if (!kernels || key_is_bad(key) || draw == UINT16_MAX || array_is_bad(out, n))
        return NF_BAD_ARGUMENT;
    kernels->gaussian(key, draw, first, out, n);
    return NF_OK;
}

nf_status nf_logistic(const float *z, float *out, size_t n, uint8_t isa)
{
    const nf_kernels *kernels = nf_pick_kernels(isa);
    if (!kernels || array_is_bad(z, n) || array_is_bad(out, n))
        return NF_BAD_ARGUMENT;
    kernels->logistic(z, out, n);
    return NF_OK;
}

nf_status nf_log_logistic(const float *z, float *out, size_t n, uint8_t isa)
{
    const nf_kernels *kernels = nf_pick_kernels(isa);
    if (!kernels || array_is_bad(z, n) || array_is_bad(out, n))
        return NF_BAD_ARGUMENT;
    kernels->log_logistic(z, out, n);
    return NF_OK;
}

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
