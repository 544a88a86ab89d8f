/* nf_regression_gradient: checks, and the chains few at a time so that their predictors stay in the cache. */
#include "sampler_loops.h"

enum { CHAINS_AT_ONCE = 32 };

/* Are rows * columns elements too many to count in bytes, or is their array missing? */
static int matrix_is_bad(const float *memory, size_t rows, size_t columns)
{
    return (columns && rows > SIZE_MAX / sizeof *memory / columns) || (rows && columns && !memory);
}

static int regression_is_bad(const nf_regression *r)
{
    return r->link >= NF_LINK_COUNT || r->rows > SIZE_MAX / sizeof *r->x / CHAINS_AT_ONCE ||
           matrix_is_bad(r->x, r->rows, r->features) || matrix_is_bad(r->x_transposed, r->features, r->rows) ||
           (r->rows && !r->labels);
}

/* The gradient of a few chains, with room for their predictors. */
static void gradient(const nf_kernels *kernels, const nf_regression *r, const float *params, float *out, size_t chains,
                     float *predictors)
{
    const size_t rows = r->rows, features = r->features;
    kernels->matmul_f32(params, features, r->x_transposed, rows, 1, predictors, chains, features, rows);
    kernels->sampler->residuals(r, predictors, chains);
    kernels->matmul_f32(predictors, rows, r->x, features, 1, out, chains, rows, features);
    kernels->sampler->add_prior(r, params, out, chains * features);
}

nf_status nf_regression_gradient(const nf_regression *regression, const float *params, float *out, size_t chains)
{
    const nf_kernels *kernels = regression ? nf_pick_kernels(regression->isa) : NULL;
    if (!kernels || regression_is_bad(regression) || matrix_is_bad(params, chains, regression->features) ||
        matrix_is_bad(out, chains, regression->features))
        return NF_BAD_ARGUMENT;
    size_t room = chains < CHAINS_AT_ONCE ? chains : CHAINS_AT_ONCE, features = regression->features;
    float *predictors = malloc(room * regression->rows * sizeof *predictors + 1);
    if (!predictors)
        return NF_NO_MEMORY;
    for (size_t start = 0; start < chains; start += room) {
        size_t n = chains - start < room ? chains - start : room;
        gradient(kernels, regression, params + start * features, out + start * features, n, predictors);
    }
    free(predictors);
    return NF_OK;
}
