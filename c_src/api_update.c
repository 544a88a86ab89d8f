/* The fused sampler update: check the arguments, call the kernel, return a status. */
#include "update_job.h"

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

nf_status nf_plan_floats(nf_plan *plan, const nf_format *format, const nf_options *options, uint64_t first)
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

static nf_status plan_gradient(nf_update_state *s, const nf_update *u, nf_update_job *job)
{
    if (!u->gradient_format)
        return NF_OK;
    job->gradient_plan = &s->gradient;
    return nf_plan_floats(&s->gradient, u->gradient_format, u->gradient_options, u->first);
}

static nf_status plan_accumulator(nf_update_state *s, const nf_update *u, nf_update_job *job)
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
        return nf_plan_floats(&s->weight, u->accumulator_format, u->accumulator_options, u->first);
    }
    if (!u->weight_key || u->weight_key->call >> 48)
        return NF_BAD_ARGUMENT;
    job->weight_key = u->weight_key;
    job->law = &s->law;
    nf_status status =
        nf_law_init(&s->law, u->accumulator_format, p->finish == FINISH_PAPER ? NF_LAW_PAPER : NF_LAW_ONE_SHOT);
    return status == NF_OK ? nf_type_holds_format(u->accumulator_format, NF_F32) : status;
}

int nf_stays_inside(const nf_plan *plan)
{
    const uint8_t overflow = plan->options.overflow;
    return overflow == NF_OVERFLOW_saturate || overflow == NF_OVERFLOW_saturate_propagate ||
           overflow == NF_OVERFLOW_saturate_symmetric || overflow == NF_OVERFLOW_saturate_zero;
}

int nf_tame_exponent(const nf_plan *plan)
{
    if (!plan)
        return NF_TAME_EXPONENT;
    uint8_t overflow = plan->options.overflow;
    int64_t least = plan->grid.emin, most = plan->grid.emax;
    if (overflow == NF_OVERFLOW_error || overflow == NF_OVERFLOW_unbounded || least > NF_TAME_EXPONENT)
        return NF_NEVER_TAME;
    if (nf_stays_inside(plan) || most >= NF_TAME_EXPONENT)
        return nf_stays_inside(plan) || plan->grid.has_infinity || plan->grid.has_nan ? NF_TAME_EXPONENT
                                                                                      : NF_NEVER_TAME;
    return most > NF_NEVER_TAME ? (int)most : NF_NEVER_TAME;
}

/* Only where nothing can fail is the first pass, which writes nothing, left out. */
static int may_fail(const nf_update_job *job)
{
    const float tame = 0x1p60f, gradient_limit = ldexpf(1, nf_tame_exponent(job->gradient_plan));
    if (nf_tame_exponent(job->weight_plan) == NF_NEVER_TAME || fabsf(job->step_size) >= tame || job->deviation >= tame)
        return 1;
    const nf_sampler_loops *loops = job->kernels->sampler;
    return !loops->is_below(job->theta, job->n, tame) || !loops->is_below(job->gradient, job->n, gradient_limit);
}

int nf_is_noise(double variance) { return variance >= 0 && isfinite(variance); }

nf_status nf_update_prepare(const nf_update *update, nf_update_state *state, nf_update_job *job)
{
    if (update->policy >= POLICY_COUNT || !isfinite(update->step_size) || !nf_is_noise(update->noise_variance))
        return NF_BAD_ARGUMENT;
    job->first = update->first;
    job->step_size = update->step_size;
    job->deviation = (float)sqrt(update->noise_variance);
    job->noise_variance = update->noise_variance;
    const nf_status status = plan_gradient(state, update, job);
    return status == NF_OK ? plan_accumulator(state, update, job) : status;
}

nf_status nf_sampler_update(const nf_update *update, const float *theta, const float *gradient, float *out, size_t n,
                            nf_report *report, uint64_t *failed_at)
{
    nf_update_state state = {0};
    nf_report unused = {0};
    if (!update || (n && (!theta || !gradient || !out)) || n > SIZE_MAX / 8)
        return NF_BAD_ARGUMENT;
    const nf_kernels *kernels = nf_pick_kernels(update->isa);
    if (!kernels)
        return NF_BAD_ARGUMENT;
    nf_update_job job = {.theta = theta,
                         .gradient = gradient,
                         .out = out,
                         .n = n,
                         .report = report ? report : &unused,
                         .kernels = kernels};
    const nf_status status = nf_update_prepare(update, &state, &job);
    if (status != NF_OK)
        return status;
    if (may_fail(&job)) {
        job.dry = 1;
        kernels->sampler->update(&job);
        job.dry = 0;
    }
    if (!job.failed)
        kernels->sampler->update(&job);
    if (job.failed && failed_at)
        *failed_at = job.failed_at;
    return job.failed == 0 ? NF_OK : job.failed & NF_FAILED_NAN ? NF_FOUND_NAN : NF_FOUND_RANGE;
}
