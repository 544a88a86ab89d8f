/* Samplers' functions: laws, noise, updates and products of matrices. */
#include "fuzz.h"

enum { MOST = 12 };

static void check_law(reader *r, const nf_format *f, const nf_key *key, size_t n)
{
    uint64_t failed_at = 0;
    nf_report report = {0};
    const nf_type mean_type = (nf_type)pick(r, NF_I64), out_type = (nf_type)pick(r, NF_I64);
    const uint8_t method = (uint8_t)pick(r, NF_LAW_METHOD_COUNT + 1), isa = take(r) % 6;
    const int one = take(r) & 1;
    void *mean = room(r, n * 8), *out = room(NULL, n * size_of(out_type));
    double *variance = room(r, n * 8 + 8);
    nf_status status = nf_variance_corrected(f, method, key, take(r), mean_type, mean, variance, one, out_type, out, n,
                                             &report, &failed_at, isa);
    MUST(status == NF_OK || is_untouched(out, n * size_of(out_type)));
    double *values = room(NULL, 32 * n), *probabilities = room(NULL, 32 * n);
    status = nf_variance_corrected_law(f, method, mean, variance, values, probabilities, n, &failed_at);
    for (size_t i = 0; status == NF_OK && i < 4 * n; i++)
        MUST(probabilities[i] >= 0 && probabilities[i] <= 1 && values[i] == values[i]);
    MUST(status == NF_OK || is_untouched(values, 32 * n));
    free(mean);
    free(out);
    free(variance);
    free(values);
    free(probabilities);
}

/* An update of any policy, with what it needs or without; its options are o[0] and o[1]. */
static nf_update make_update(reader *r, const nf_format *gradient, const nf_format *accumulator, const nf_key *key,
                             const nf_options *o)
{
    const nf_update update = {.policy = (uint8_t)pick(r, 5),
                              .gradient_format = take(r) & 1 ? gradient : NULL,
                              .gradient_options = take(r) & 7 ? &o[0] : NULL,
                              .accumulator_format = take(r) & 7 ? accumulator : NULL,
                              .accumulator_options = take(r) & 7 ? &o[1] : NULL,
                              .noise_key = take(r) & 7 ? key : NULL,
                              .weight_key = take(r) & 7 ? key : NULL,
                              .first = take(r),
                              .step_size = 0.125f,
                              .noise_variance = (int8_t)take(r) / 16.0,
                              .isa = take(r) % 6};
    return update;
}

static void check_update(reader *r, const nf_format *gradient, const nf_format *accumulator, const nf_key *key,
                         size_t n)
{
    uint64_t failed_at = 0;
    nf_options o[2];
    nf_key keys[2];
    static const uint32_t words[MOST];
    make_options(r, &o[0], &keys[0], words);
    make_options(r, &o[1], &keys[1], words);
    const nf_update update = make_update(r, gradient, accumulator, key, o);
    float *theta = room(r, n * 4), *slope = room(r, n * 4), *out = room(NULL, n * 4);
    const nf_status status = nf_sampler_update(&update, theta, slope, out, n, NULL, &failed_at);
    MUST(status == NF_OK || is_untouched(out, n * 4));
    free(theta);
    free(slope);
    free(out);
}

static void check_walk(reader *r, const nf_format *gradient, const nf_format *accumulator, const nf_key *key, size_t n)
{
    enum { STEPS = 6 };
    uint64_t failed_step = 0, failed_at = 0;
    nf_options o[3];
    nf_key keys[3];
    static const uint32_t words[MOST];
    for (int i = 0; i < 3; i++)
        make_options(r, &o[i], &keys[i], words);
    const size_t size = pick(r, 3);
    float *target = room(r, 2 * 4 * (size + 1)), *sizes = room(r, STEPS * 4), *theta = room(r, n * 4);
    double *variances = room(r, STEPS * 8);
    const nf_walk walk = {.update = make_update(r, gradient, accumulator, key, o),
                          .precision = take(r) & 7 ? target : NULL,
                          .mean = target + size,
                          .size = size,
                          .weight_format = take(r) & 1 ? accumulator : NULL,
                          .weight_options = take(r) & 7 ? &o[2] : NULL,
                          .gradient_noise = (int8_t)take(r) / 16.0f,
                          .gradient_noise_key = take(r) & 7 ? key : NULL,
                          .step_sizes = take(r) & 1 ? sizes : NULL,
                          .noise_variances = take(r) & 1 ? variances : NULL,
                          .draws = pick(r, 3),
                          .thin = pick(r, 3)};
    const size_t draws = (size_t)walk.draws;
    float *out = room(NULL, draws * n * 4), *means = take(r) & 1 ? room(NULL, draws * n * 4) : NULL;
    nf_draw_counts *counts = take(r) & 1 ? room(NULL, draws * sizeof *counts) : NULL;
    const nf_status status = nf_sampler_walk(&walk, theta, n, out, means, counts, &failed_step, &failed_at);
    MUST(status == NF_OK || is_untouched(out, draws * n * 4));
    MUST(status == NF_OK || !means || is_untouched(means, draws * n * 4));
    MUST(status == NF_OK || !counts || is_untouched(counts, draws * sizeof *counts));
    free(target);
    free(sizes);
    free(theta);
    free(variances);
    free(out);
    free(means);
    free(counts);
}

static void check_regression(reader *r)
{
    const size_t rows = pick(r, 40), features = pick(r, 20), chains = pick(r, 70);
    float *x = room(r, rows * features * 4), *transposed = room(r, rows * features * 4), *labels = room(r, rows * 4);
    float *params = room(r, chains * features * 4), *out = room(NULL, chains * features * 4);
    const nf_regression regression = {.link = take(r) % (NF_LINK_COUNT + 1),
                                      .rows = rows,
                                      .features = features,
                                      .x = take(r) & 15 ? x : NULL,
                                      .x_transposed = take(r) & 15 ? transposed : NULL,
                                      .labels = take(r) & 15 ? labels : NULL,
                                      .row_weight = 0.5f,
                                      .prior_precision = 2,
                                      .isa = take(r) % 6};
    const nf_status status = nf_regression_gradient(&regression, params, out, chains);
    MUST(status == NF_OK || is_untouched(out, chains * features * 4));
    free(x);
    free(transposed);
    free(labels);
    free(params);
    free(out);
}

static void check_product(reader *r)
{
    const size_t m = pick(r, 7), k = pick(r, 20), n = pick(r, 40), gap = pick(r, 3);
    const nf_type type = (nf_type)pick(r, NF_TYPE_COUNT);
    void *a = room(r, (m * (k + gap) + 1) * 8), *b = room(r, (k * (n + gap) + 1) * 8), *out = room(NULL, m * n * 8);
    nf_matmul_in_order(type, a, k + gap, b, n + gap, 1, out, m, k, n, take(r) % 6);
    free(a);
    free(b);
    free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    reader r = {data, size};
    subject a, b;
    double noise[MOST];
    const nf_key key = {take(&r), take(&r)};
    const size_t n = pick(&r, MOST);
    make_subject(&r, &a);
    make_subject(&r, &b);
    switch (pick(&r, 6)) {
    case 0:
        check_product(&r);
        break;
    case 1:
        nf_gaussian(&key, take_word(&r), take(&r), noise, n, take(&r) % 6);
        break;
    case 2:
        check_update(&r, &a.format, &b.format, &key, n);
        break;
    case 3:
        check_walk(&r, &a.format, &b.format, &key, n);
        break;
    case 4:
        check_regression(&r);
        break;
    default:
        check_law(&r, &a.format, &key, n);
    }
    return 0;
}
