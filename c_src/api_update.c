/* The fused sampler update: check the arguments, call the kernel, return a status. */
#include "kernels.h"

enum { FINISH_KEEP, FINISH_ROUND, FINISH_PAPER, FINISH_ONE_SHOT };

typedef struct policy {
    nf_mode mode;
    uint8_t adds_noise, finish;
} policy;

static const policy policies[] = {
#define NF_POLICY(name, adds_noise, finish, meaning) {{#name, "", meaning, 1, 0}, adds_noise, FINISH_##finish},
#include "policy.def"
#undef NF_POLICY
};

enum { POLICY_COUNT = sizeof policies / sizeof *policies };

const nf_mode *nf_policy_at(size_t index) { return index < POLICY_COUNT ? &policies[index].mode : NULL; }

/* Everything that a call derives from its arguments. */
typedef struct update_state {
    nf_plan gradient, weight;
    nf_law law;
    nf_report unused;
} update_state;

static nf_status plan_rounding(nf_plan *plan, const nf_format *format, const nf_options *options, uint64_t first)
{
    nf_status status = nf_plan_for_call(plan, format, options);
    if (status != NF_OK)
        return status;
    if (plan->grid.format.family == NF_AFFINE)
        return NF_BAD_FORMAT;
    plan->options.first = first;
    if (plan->options.random_bits)
        return NF_BAD_ARGUMENT;
    return nf_may_leave(plan, NF_F32) ? NF_BAD_TYPE : nf_type_holds(format, options, NF_F32, NF_F32);
}

static nf_status plan_gradient(update_state *s, const nf_update *u, nf_update_job *job)
{
    if (!u->gradient_format)
        return NF_OK;
    job->gradient_plan = &s->gradient;
    return plan_rounding(&s->gradient, u->gradient_format, u->gradient_options, u->first);
}

static nf_status plan_accumulator(update_state *s, const nf_update *u, nf_update_job *job)
{
    const policy *p = &policies[u->policy];
    if (p->adds_noise) {
        if (!u->noise_key || u->noise_key->call >> 48)
            return NF_BAD_ARGUMENT;
        job->noise_key = u->noise_key;
    }
    if (p->finish == FINISH_KEEP)
        return NF_OK;
    if (p->finish == FINISH_ROUND) {
        job->weight_plan = &s->weight;
        return plan_rounding(&s->weight, u->accumulator_format, u->accumulator_options, u->first);
    }
    if (!u->weight_key || u->weight_key->call >> 48)
        return NF_BAD_ARGUMENT;
    job->weight_key = u->weight_key;
    job->law = &s->law;
    nf_status status =
        nf_law_init(&s->law, u->accumulator_format, p->finish == FINISH_PAPER ? NF_LAW_PAPER : NF_LAW_ONE_SHOT);
    return status == NF_OK ? nf_type_holds_format(u->accumulator_format, NF_F32) : status;
}

static int is_one_of_ends(uint8_t overflow)
{
    return overflow == NF_OVERFLOW_saturate || overflow == NF_OVERFLOW_saturate_propagate ||
           overflow == NF_OVERFLOW_saturate_symmetric || overflow == NF_OVERFLOW_saturate_zero;
}

enum { TAME_EXPONENT = 60 }; /* a sum of products of such numbers does not overflow */

/* Numbers below 2**exponent round to numbers of at most that size or twice their own; -1000: none do surely. */
static int tame_exponent(const nf_plan *plan)
{
    if (!plan)
        return TAME_EXPONENT;
    uint8_t overflow = plan->options.overflow;
    int64_t least = plan->grid.emin, most = plan->grid.emax;
    if (overflow == NF_OVERFLOW_error || overflow == NF_OVERFLOW_unbounded || least > TAME_EXPONENT)
        return -1000;
    if (is_one_of_ends(overflow) || most >= TAME_EXPONENT)
        return is_one_of_ends(overflow) || plan->grid.has_infinity || plan->grid.has_nan ? TAME_EXPONENT : -1000;
    return most > -1000 ? (int)most : -1000;
}

/* Only where nothing can fail is the first pass, which writes nothing, left out. */
static int may_fail(const nf_update_job *job, const nf_kernels *kernels)
{
    const float tame = 0x1p60f, gradient_limit = ldexpf(1, tame_exponent(job->gradient_plan));
    if (tame_exponent(job->weight_plan) == -1000 || fabsf(job->step_size) >= tame || job->deviation >= tame)
        return 1;
    return !kernels->is_below(job->theta, job->n, tame) || !kernels->is_below(job->gradient, job->n, gradient_limit);
}

nf_status nf_sampler_update(const nf_update *update, const float *theta, const float *gradient, float *out, size_t n,
                            nf_report *report, uint64_t *failed_at)
{
    update_state state = {0};
    if (!update || update->policy >= POLICY_COUNT || (n && (!theta || !gradient || !out)) || n > SIZE_MAX / 8)
        return NF_BAD_ARGUMENT;
    const nf_kernels *kernels = nf_pick_kernels(update->isa);
    if (!kernels || !isfinite(update->step_size) || !(update->noise_variance >= 0) || !isfinite(update->noise_variance))
        return NF_BAD_ARGUMENT;
    nf_update_job job = {.theta = theta,
                         .gradient = gradient,
                         .out = out,
                         .n = n,
                         .first = update->first,
                         .step_size = update->step_size,
                         .deviation = (float)sqrt(update->noise_variance),
                         .noise_variance = update->noise_variance,
                         .report = report ? report : &state.unused};
    nf_status status = plan_gradient(&state, update, &job);
    if (status == NF_OK)
        status = plan_accumulator(&state, update, &job);
    if (status != NF_OK)
        return status;
    if (may_fail(&job, kernels)) {
        job.dry = 1;
        kernels->update(&job);
        job.dry = 0;
    }
    if (!job.failed)
        kernels->update(&job);
    if (job.failed && failed_at)
        *failed_at = job.failed_at;
    return job.failed == 0 ? NF_OK : job.failed & NF_FAILED_NAN ? NF_FOUND_NAN : NF_FOUND_RANGE;
}
