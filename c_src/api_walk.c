/* Many sampler updates of a Gaussian target: check the arguments, call the kernel, return a status. */
#include "update_job.h"

enum { CALL_BITS = 48 };

static const double largest_gaussian = 6.8, tame = 0x1p59, slack = 1 + 0x1p-10; /* of rounding to float32 */

/* Would the last step's call be too large for the key? */
static int runs_out(const nf_key *key, uint64_t steps) { return key && steps > ((uint64_t)1 << CALL_BITS) - key->call; }

static int is_any_call_too_large(const nf_walk_job *job, uint64_t steps)
{
    const nf_update_job *u = job->update;
    const nf_plan *plans[] = {job->forward_plan, u->gradient_plan, u->weight_plan};
    for (size_t i = 0; i < sizeof plans / sizeof *plans; i++)
        if (plans[i] && runs_out(plans[i]->options.key, steps))
            return 1;
    return runs_out(u->noise_key, steps) || runs_out(u->weight_key, steps) || runs_out(job->gradient_noise_key, steps);
}

/* Steps of one call, 0 where there are too many for its arrays. */
static uint64_t steps_of(const nf_walk *walk, size_t n)
{
    const uint64_t most = SIZE_MAX / 8;
    if (walk->draws == 0 || walk->thin == 0 || walk->draws > most / (n ? n : 1) || walk->draws > most / walk->thin)
        return 0;
    return walk->draws * walk->thin;
}

static int are_sizes_good(const nf_walk *walk, uint64_t steps)
{
    for (uint64_t s = 0; walk->step_sizes && s < steps; s++)
        if (!isfinite(walk->step_sizes[s]))
            return 0;
    for (uint64_t s = 0; walk->noise_variances && s < steps; s++)
        if (!nf_is_noise(walk->noise_variances[s]))
            return 0;
    return 1;
}

static int is_bad(const nf_walk *walk, const float *theta, size_t n, const float *out)
{
    if (!walk || n > SIZE_MAX / 8 || !(walk->gradient_noise >= 0) || !isfinite(walk->gradient_noise))
        return 1;
    if (n && (!theta || !out || !walk->precision || !walk->mean || walk->size == 0))
        return 1;
    return walk->gradient_noise > 0 && (!walk->gradient_noise_key || walk->gradient_noise_key->call >> CALL_BITS);
}

/* The largest magnitude, infinity where one is NaN. */
static double largest(const float *x, size_t n)
{
    double found = 0;
    for (size_t i = 0; i < n; i++)
        found = fabsf(x[i]) <= found ? found : x[i] == x[i] ? fabsf(x[i]) : INFINITY;
    return found;
}

/* A bound of what a plan gives for numbers of at most x; infinity where it may fail, or none is known. */
static double bound_rounded(const nf_plan *plan, double x)
{
    if (!plan)
        return x;
    const int exponent = nf_tame_exponent(plan);
    if (exponent == NF_NEVER_TAME || !(x < ldexp(1, exponent)))
        return INFINITY;
    const double end = ldexp(1, (int)(plan->grid.emax < NF_TAME_EXPONENT ? plan->grid.emax : NF_TAME_EXPONENT) + 2);
    return nf_stays_inside(plan) && end < 2 * x ? end : 2 * x;
}

/* Bounds of one step from any state of at most `theta`. */
typedef struct step_bound {
    double gradient, move; /* of the drift and the noise together */
} step_bound;

static step_bound bound_step(const nf_walk_job *job, double step_size, double deviation, double theta)
{
    const double weight = bound_rounded(job->forward_plan, theta);
    const double distance = largest(job->mean, job->size) + weight;
    const double given = distance * largest(job->precision, job->size) + largest_gaussian * job->gradient_noise;
    const double gradient = bound_rounded(job->update->gradient_plan, given * slack);
    const step_bound bound = {gradient, (step_size * gradient + largest_gaussian * deviation) * slack};
    return bound;
}

/* Do states stay finite, whatever is drawn?  Where the accumulator has ends, they are inside; in binary32 they move by
 * at most as much a step as from where the last bound lets them. */
static int may_fail(const nf_walk_job *job, uint64_t steps)
{
    const nf_update_job *u = job->update;
    double theta = largest(u->theta, job->n), step_size = fabsf(u->step_size), deviation = u->deviation;
    if (job->step_sizes)
        step_size = largest(job->step_sizes, steps);
    for (uint64_t s = 0; job->noise_variances && s < steps; s++)
        deviation = fmax(s ? deviation : 0, sqrt(job->noise_variances[s]));
    if (u->law)
        theta = fmax(theta, fmax(fabs(u->law->min), fabs(u->law->max)));
    else if (u->weight_plan && nf_stays_inside(u->weight_plan))
        theta = fmax(theta, bound_rounded(u->weight_plan, tame / 4));
    else if (u->weight_plan)
        return 1;
    else
        theta += (double)steps * bound_step(job, step_size, deviation, tame / 4).move * slack;
    const step_bound bound = bound_step(job, step_size, deviation, theta);
    return !(theta < tame && bound.gradient < tame && theta + bound.move < tame);
}

static void run(nf_walk_job *job, uint64_t steps)
{
    const nf_sampler_loops *loops = job->update->kernels->sampler;
    if (job->n && may_fail(job, steps)) {
        job->dry = 1;
        loops->walk(job);
        job->dry = 0;
    }
    if (job->failed)
        return;
    if (job->counts)
        memset(job->counts, 0, job->draws * sizeof *job->counts);
    loops->walk(job);
}

static nf_status plan_walk(const nf_walk *walk, nf_update_state *state, nf_plan *forward, nf_update_job *update,
                           nf_walk_job *job)
{
    nf_status status = nf_update_prepare(&walk->update, state, update);
    if (status == NF_OK && walk->weight_format) {
        job->forward_plan = forward;
        status = nf_plan_floats(forward, walk->weight_format, walk->weight_options, walk->update.first);
    }
    return status;
}

nf_status nf_sampler_walk(const nf_walk *walk, const float *theta, size_t n, float *out, float *means,
                          nf_draw_counts *counts, uint64_t *failed_step, uint64_t *failed_at)
{
    nf_update_state state = {0};
    nf_plan forward;
    if (is_bad(walk, theta, n, out))
        return NF_BAD_ARGUMENT;
    const nf_kernels *kernels = nf_pick_kernels(walk->update.isa);
    const uint64_t steps = steps_of(walk, n);
    if (!kernels || !steps || !are_sizes_good(walk, steps))
        return NF_BAD_ARGUMENT;
    nf_update_job update = {.theta = theta, .n = n, .kernels = kernels};
    nf_walk_job job = {.update = &update,
                       .n = n,
                       .precision = walk->precision,
                       .mean = walk->mean,
                       .size = walk->size,
                       .gradient_noise_key = walk->gradient_noise > 0 ? walk->gradient_noise_key : NULL,
                       .gradient_noise = walk->gradient_noise,
                       .step_sizes = walk->step_sizes,
                       .noise_variances = walk->noise_variances,
                       .draws = walk->draws,
                       .thin = walk->thin,
                       .out = out,
                       .means = means,
                       .counts = counts};
    const nf_status status = plan_walk(walk, &state, &forward, &update, &job);
    if (status != NF_OK)
        return status;
    if (is_any_call_too_large(&job, steps))
        return NF_BAD_ARGUMENT;
    run(&job, steps);
    if (job.failed && failed_step)
        *failed_step = job.failed_step;
    if (job.failed && failed_at)
        *failed_at = job.failed_at;
    return job.failed == 0 ? NF_OK : job.failed & NF_FAILED_NAN ? NF_FOUND_NAN : NF_FOUND_RANGE;
}
