/* numfmt.h's part for samplers, which it includes.
 *
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef NUMFMT_SAMPLERS_H
#define NUMFMT_SAMPLERS_H

/* cdef: begin */

/* --- samplers ----------------------------------------------------------------------------------------------- */

/* The standard Gaussians of elements first .. first + n - 1 of the key's call: from two words each, at draws `draw` and
 * `draw` + 1, by Box and Muller's rule.  The same bits on every machine; the error is below 6 ulp. */
nf_status nf_gaussian(const nf_key *key, uint64_t first, uint16_t draw, double *out, size_t n, uint8_t isa);

/* e**z, ln z, 1 / (1 + e**-z) and the logarithm of that, with an error below 0.5001 ulp.  The same bits on every
 * machine; ln 0 is minus infinity, ln of less is NaN. */
nf_status nf_float_exp(const float *z, float *out, size_t n, uint8_t isa);
nf_status nf_float_log(const float *z, float *out, size_t n, uint8_t isa);
nf_status nf_float_logistic(const float *z, float *out, size_t n, uint8_t isa);
nf_status nf_float_log_logistic(const float *z, float *out, size_t n, uint8_t isa);

typedef enum nf_law_method {
    NF_LAW_PAPER = 0, /* uniform grids: Zhang, Wilson and De Sa (ICML 2022); others: nested pairs */
    NF_LAW_ONE_SHOT,  /* nested pairs on every grid */
    NF_LAW_METHOD_COUNT
} nf_law_method;

/* For each element a random value of the format with exactly the given mean and variance, where the grid has such a
 * law.  mean and out have n elements of their types, NF_F32 or NF_F64; variance has n, or one where
 * `one_variance` is not 0.  Element i draws from (key, first + i).  `report` gets count, saturated (the mean was
 * outside the range, or the result was moved to an end) and infeasible (the variance is below the least that a law with
 * this mean has: stochastic rounding).  NF_FOUND_NAN, NF_FOUND_RANGE: a NaN, an infinite or a negative number at
 * *failed_at (may be NULL).  NF_BAD_TYPE: `out_type` or a double cannot hold every value of the format.  `out` may be
 * `mean` where the types agree. */
nf_status nf_variance_corrected(const nf_format *format, uint8_t method, const nf_key *key, uint64_t first,
                                nf_type mean_type, const void *mean, const double *variance, int one_variance,
                                nf_type out_type, void *out, size_t n, nf_report *report, uint64_t *failed_at,
                                uint8_t isa);

/* The laws themselves: `values` and `probabilities` have 4 * n elements, ascending, those unused with probability 0.
 * Where the variance exceeds what the grid's own law gives, a Gaussian comes first: then this is the law that follows
 * when the Gaussian's outcome is `mean`. */
nf_status nf_variance_corrected_law(const nf_format *format, uint8_t method, const double *mean, const double *variance,
                                    double *values, double *probabilities, size_t n, uint64_t *failed_at);

/* The same for blocks that share a scale.  Each block gets one power of two, before anything is drawn: the least scale
 * 2**e with t = (largest element - two last gaps) * 2**e - max |mean| >= 0 and t**2 >= 36 * largest variance, decided
 * exactly, or the last that the format has and under which the values are normal numbers of out_type.  Every element
 * then has the law above on the element's grid times 2**e; only numbers below 2**-1022 units of the scale are rounded.
 * `symmetric`: signed integers stay between plus and minus the same end.  `exponents` has room for e of each block, in
 * the order of scales.  NF_BAD_FORMAT: scales that are no powers of two (a tensor's, rules absmax and given), a
 * `compat`, elements whose largest value is at most two of its gaps.  Elements are numbered in the C order of the
 * array. */
nf_status nf_block_variance_corrected(const nf_block *block, const nf_block_shape *shape, uint8_t method, int symmetric,
                                      const nf_key *key, uint64_t first, nf_type mean_type, const void *mean,
                                      const double *variance, int one_variance, nf_type out_type, void *out,
                                      int32_t *exponents, nf_report *report, uint64_t *failed_at, uint8_t isa);
nf_status nf_block_variance_corrected_law(const nf_block *block, const nf_block_shape *shape, uint8_t method,
                                          int symmetric, const double *mean, const double *variance, double *values,
                                          double *probabilities, int32_t *exponents, uint64_t *failed_at);

/* Row `index` of the update policies, index = the number used in nf_update; NULL past the end. */
const nf_mode *nf_policy_at(size_t index);

/* One step of a Langevin sampler in low precision, in float32 arithmetic with every operation rounded:
 *
 *   g = gradient, rounded to gradient_format;   mu = theta + step_size * g;   then by the policy
 *   full      mu + deviation * xi
 *   naive     mu + deviation * xi, rounded to accumulator_format
 *   vc        nf_variance_corrected(mu, noise_variance) on accumulator_format, by the paper's method
 *   one_shot  the same by the one-shot method
 *
 * where deviation is the float32 square root of noise_variance and xi the float32 Gaussian of noise_key. */
typedef struct nf_update {
    uint8_t policy;
    const nf_format *gradient_format;      /* NULL: not rounded */
    const nf_options *gradient_options;    /* with its own key, and `first` of this struct */
    const nf_format *accumulator_format;   /* needed by all but full */
    const nf_options *accumulator_options; /* naive */
    const nf_key *noise_key;               /* full, naive */
    const nf_key *weight_key;              /* vc, one_shot */
    uint64_t first;                        /* the number of element 0 */
    float step_size;
    double noise_variance;
    uint8_t isa;
} nf_update;

/* `out` may be theta.  `report` gets count, saturated and infeasible, of the accumulator.  NF_FOUND_NAN and
 * NF_FOUND_RANGE: *failed_at (may be NULL) is the first element that cannot be rounded.
 *
 *     nf_format grid;
 *     nf_parse_format("fixed<8,3>", &grid);
 *     const nf_key key = {.key = 42, .call = 0};
 *     nf_update step = {.accumulator_format = &grid, .weight_key = &key, .step_size = 0.5f, .noise_variance = 0.01};
 *     while (strcmp(nf_policy_at(step.policy)->name, "vc"))
 *         step.policy++;
 *     float theta[] = {1, -2}, gradient[] = {0.25f, 0};
 *     nf_report report = {0};
 *     nf_status status = nf_sampler_update(&step, theta, gradient, theta, 2, &report, NULL);
 *     assert(status == NF_OK && report.count == 2 && theta[0] * 8 == floorf(theta[0] * 8)); */
nf_status nf_sampler_update(const nf_update *update, const float *theta, const float *gradient, float *out, size_t n,
                            nf_report *report, uint64_t *failed_at);

/* Many steps of nf_sampler_update on `n` coordinates with a Gaussian law each, whose gradient the core computes: before
 * the update, in float32 with every operation rounded, element i has
 *
 *   w = theta, rounded to weight_format;   gradient = (mean[c] - w) * precision[c] + gradient_noise * xi
 *
 * where c = i mod size and xi is the float32 Gaussian of gradient_noise_key.  Step s = 0, 1, ... has the keys' calls
 * plus s. */
typedef struct nf_walk {
    nf_update update;              /* of step 0 */
    const float *precision, *mean; /* of `size` coordinates */
    size_t size;
    const nf_format *weight_format;   /* NULL: not rounded */
    const nf_options *weight_options; /* with its own key, and `first` of the update */
    float gradient_noise;             /* a standard deviation, not negative */
    const nf_key *gradient_noise_key; /* needed where gradient_noise is not 0 */
    const float *step_sizes;          /* NULL: the update's; else one a step */
    const double *noise_variances;    /* the same */
    uint64_t draws, thin;             /* draws * thin steps; every thin-th state is kept, both at least 1 */
} nf_walk;

/* Of the `thin` steps up to a draw: results moved to an end of the accumulator's range or of the weight's, coordinates
 * whose variance has no law, coordinates that a step left as they were. */
typedef struct nf_draw_counts {
    uint64_t saturated, infeasible, frozen;
} nf_draw_counts;

/* `out` receives draws x n states, `means` (may be NULL) what mu was in the step to each, `counts` (may be NULL) a row
 * a draw.  `out` may be theta where draws is 1; otherwise nothing overlaps.  NF_FOUND_NAN and NF_FOUND_RANGE:
 * *failed_step and *failed_at (may be NULL) are the first step and its first element that cannot be rounded; nothing
 * has been written then.
 *
 *     nf_format grid;
 *     nf_parse_format("fixed<8,3>", &grid);
 *     const nf_key key = {.key = 42, .call = 0};
 *     const float precision = 1, mean = 0;
 *     nf_walk walk = {.precision = &precision, .mean = &mean, .size = 1, .draws = 2, .thin = 50};
 *     walk.update =
 *         (nf_update){.accumulator_format = &grid, .weight_key = &key, .step_size = 0.01f, .noise_variance = 0.02};
 *     while (strcmp(nf_policy_at(walk.update.policy)->name, "vc"))
 *         walk.update.policy++;
 *     float theta[3] = {1, -2, 0}, draws[6];
 *     nf_draw_counts counts[2];
 *     nf_status status = nf_sampler_walk(&walk, theta, 3, draws, NULL, counts, NULL, NULL);
 *     assert(status == NF_OK && counts[1].saturated == 0 && draws[5] * 8 == floorf(draws[5] * 8)); */
nf_status nf_sampler_walk(const nf_walk *walk, const float *theta, size_t n, float *out, float *means,
                          nf_draw_counts *counts, uint64_t *failed_step, uint64_t *failed_at);

/* out = a @ b in float32 or float64 arithmetic (`type`), each output summed over k in ascending order from 0, every
 * product and every sum rounded once.  a: m x k, element (i, j) at i * a_step + j.  b: k x n, element (i, j) at
 * i * b_row + j * b_column.  out: m x n without gaps, overlapping neither. */
nf_status nf_matmul_in_order(nf_type type, const void *a, size_t a_step, const void *b, size_t b_row, size_t b_column,
                             void *out, size_t m, size_t k, size_t n, uint8_t isa);

/* The mean of a response given its predictor z, in a generalised linear model. */
typedef enum nf_link {
    NF_LINK_IDENTITY = 0, /* z */
    NF_LINK_LOGISTIC,     /* nf_float_logistic(z) */
    NF_LINK_EXP,          /* nf_float_exp(z) */
    NF_LINK_COUNT
} nf_link;

/* The data of a Bayesian regression.  x: rows x features, x_transposed: features x rows, both without gaps and of the
 * same numbers; labels: one a row. */
typedef struct nf_regression {
    uint8_t link;
    size_t rows, features;
    const float *x, *x_transposed, *labels;
    float row_weight;      /* 1, or the precision of linear regression's noise */
    float prior_precision; /* of every parameter's Gaussian of mean 0 */
    uint8_t isa;
} nf_regression;

/* The gradient of the log posterior at `chains` rows of parameters, `out` shaped as `params` and overlapping it not:
 *
 *   out = (row_weight * (labels - mean(params @ x_transposed))) @ x - prior_precision * params
 *
 * in float32, every operation rounded, products as nf_matmul_in_order.  NF_NO_MEMORY: no room for the predictors of a
 * few chains.
 *
 *     const float x[] = {1, 2}, labels[] = {0, 1}, theta[] = {0};
 *     nf_regression data = {.link = NF_LINK_LOGISTIC, .rows = 2, .features = 1, .x = x, .x_transposed = x};
 *     data.labels = labels, data.row_weight = 1, data.prior_precision = 1;
 *     float gradient;
 *     nf_status status = nf_regression_gradient(&data, theta, &gradient, 1);
 *     assert(status == NF_OK && gradient == 0.5f); */
nf_status nf_regression_gradient(const nf_regression *regression, const float *params, float *out, size_t chains);

/* cdef: end */

#endif
