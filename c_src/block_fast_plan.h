/* Which jobs the fast loops of blocks are for, and what they need: made once a job.
 *
 * Scales are powers of two, chosen by a rule of exponents or given.  The rule is one sum of integers: `bump` added to
 * the bits of the largest magnitude carries into the exponent exactly where the rule takes the next power
 * (exponent_by_rule). */
#ifndef NF_BLOCK_FAST_PLAN_H
#define NF_BLOCK_FAST_PLAN_H

#include "block_fast.h"

enum { FRACTION_ONES = 0x7FFFFF, FIRST_NORMAL = 0x800000, INFINITE_BITS = 0x7F800000, SINGLE_BIAS = 127 };

/* From the largest magnitude of a block to its scale. */
typedef struct block_rule {
    uint32_t bump, origin;         /* move = exponent of (largest + bump) - origin */
    uint32_t least, span;          /* largest magnitudes that the loops are for, but for 0: least .. least + span */
    uint32_t code_of_0, zero_code; /* of the scale 2**0, of a block of zeros */
    uint32_t code_mask;
    int32_t lowest, highest; /* exponents that the loops are for */
    int sign_shift;          /* moves the sign of a code's exponent to the top; 0 where it has none */
} block_rule;

typedef struct block_pass {
    fast_constants_f32 constants;
    block_rule rule;
    block_loop *round;
    block_keyed_loop *round_each, *round_shared; /* NULL where no words are made */
    const nf_plan *element;
    int is_random, is_keyed, is_nearest, is_in_place, is_far;
    int streams, puts; /* past the caches: through the stream writer, or by the keyed loop itself */
} block_pass;

/* What makes the exponent of a magnitude carry where the rule says so.  f, `top`: fraction bits of the magnitude and of
 * the element's largest value, which has no more than 23 in these classes. */
static uint32_t bump_of_rule(const nf_block_plan *plan)
{
    const uint32_t top = (uint32_t)(plan->top.significand >> 40) & FRACTION_ONES;
    switch (plan->block.scale_rule) {
    case NF_scale_rule_ceil: /* f > 0 */
        return FRACTION_ONES;
    case NF_scale_rule_rceil: /* f > top */
        return FRACTION_ONES - top;
    case NF_scale_rule_even: /* f + half an ulp of the element's precision reaches 1 */
        return plan->precision > 23 ? 0 : (uint32_t)FIRST_NORMAL >> plan->precision;
    case NF_scale_rule_midmax: /* 2 f > 1 + top */
        return FRACTION_ONES - (FIRST_NORMAL + top) / 2;
    default:
        return 0;
    }
}

/* Scales whose codes are their exponents, but for a constant. */
static int scales_are_plain(const nf_block_plan *plan, int are_given)
{
    const nf_block *b = &plan->block;
    if (b->has_tensor_scale || b->compute != NF_compute_exact || b->compat != NF_compat_none ||
        (b->scale_rule >= NF_scale_rule_absmax && !are_given))
        return 0;
    if (b->scale_kind == NF_SCALE_EXPONENT)
        return 1;
    return b->scale_kind == NF_SCALE_FORMAT && b->scale.fraction_bits == 0 && plan->scale.grid.lacks_zero;
}

/* The class and constants of the elements under scale 1; FAST_NONE where not all overflow saturates. */
static fast_class class_of_elements(const nf_block_plan *plan, fast_constants_f32 *c)
{
    nf_plan element = plan->element;
    const uint8_t policy = element.options.overflow;
    const int is_float = element.grid.format.family == NF_FLOAT,
              is_symmetric = policy == NF_OVERFLOW_saturate_symmetric;
    if (!element.grid.sign_bit || element.options.rounding == NF_ROUND_jam || element.options.random_bits_per_element ||
        (policy != NF_OVERFLOW_saturate && policy != NF_OVERFLOW_saturate_propagate && !is_symmetric) ||
        (is_float && lacks_minus_zero(&element.grid)))
        return FAST_NONE;
    element.options.overflow = NF_OVERFLOW_saturate;
    const fast_class class = fast_plan_f32(&element, c);
    if (is_symmetric)
        c->below = c->above;
    return class == FAST_FIXED || class == FAST_GRID ? class : FAST_NONE;
}

/* Exponents under which every constant of the loop is a normal float32: what fast_plan.inc asks of the class, of a
 * format whose ulp is 2**(lsb + e).  Only stochastic rounding takes the digits below it.  0 where there are none. */
static int limit_exponents(block_pass *pass, const nf_block_plan *plan, fast_class class)
{
    const nf_grid *g = &plan->element.grid;
    const int64_t lsb = class == FAST_FIXED ? g->emin : g->emin - g->format.fraction_bits;
    const int64_t top = class == FAST_FIXED ? lsb : g->emax - g->format.fraction_bits;
    const int64_t least = pass->is_random ? 31 - SINGLE_BIAS : 2 - SINGLE_BIAS;
    const int64_t low = least - lsb, high = SINGLE_BIAS - 1 - 23 - top;
    if (low > plan->high || high < plan->low || low > high)
        return 0;
    pass->rule.lowest = (int32_t)(low > plan->low ? low : plan->low);
    pass->rule.highest = (int32_t)(high < plan->high ? high : plan->high);
    return 1;
}

/* The largest magnitudes that get such exponents by the rule; 0 where there are none. */
static int limit_magnitudes(block_pass *pass, const nf_block_plan *plan)
{
    const int64_t up = plan->top.exponent + SINGLE_BIAS, bump = pass->rule.bump;
    int64_t least = (pass->rule.lowest + up) * FIRST_NORMAL - bump;
    int64_t most = (pass->rule.highest + 1 + up) * FIRST_NORMAL - bump - 1;
    least = least < FIRST_NORMAL ? FIRST_NORMAL : least;
    most = most < INFINITE_BITS ? most : INFINITE_BITS - 1;
    pass->rule.least = (uint32_t)least;
    pass->rule.span = (uint32_t)(most - least);
    return least <= most;
}

/* code_of_power, for scales_are_plain. */
static void plan_scale_codes(block_pass *pass, const nf_block_plan *plan)
{
    const int is_exponent = plan->block.scale_kind == NF_SCALE_EXPONENT;
    const int width = is_exponent ? plan->block.exponent_bits : plan->block.scale.width;
    pass->rule.code_of_0 = is_exponent ? 0 : (uint32_t)-plan->low;
    pass->rule.code_mask = ~0u >> (32 - width);
    pass->rule.sign_shift = is_exponent ? 32 - width : 0;
    const uint32_t of_zeros = plan->block.zero_scale == NF_zero_scale_one ? 0 : (uint32_t)plan->low;
    pass->rule.zero_code = (of_zeros + pass->rule.code_of_0) & pass->rule.code_mask;
}

static int block_prepare(const nf_block_job *job, block_pass *pass)
{
    const nf_block_plan *plan = job->plan;
    const int reads = job->x_type == NF_F32 && !job->decodes;
    if (!reads || job->dry || job->report || (job->to_values ? job->y_type != NF_F32 : job->y_size > 4) ||
        !scales_are_plain(plan, job->scales_given))
        return 0;
    const fast_class class = class_of_elements(plan, &pass->constants);
    if (class == FAST_NONE)
        return 0;
    const int mode = plan->element.options.rounding;
    pass->round = block_loops[mode][class == FAST_GRID][!job->to_values];
    pass->is_random = nf_rounding_at((size_t)mode)->is_random;
    pass->is_keyed = pass->is_random && plan->element.options.key;
    pass->round_each = block_keyed_loops[mode][0][class == FAST_GRID][!job->to_values];
    pass->round_shared = block_keyed_loops[mode][1][class == FAST_GRID][!job->to_values];
    pass->element = &plan->element;
    pass->is_nearest = mode == NF_ROUND_nearest_even;
    pass->is_in_place = job->x == job->y;
    pass->rule.bump = bump_of_rule(plan);
    pass->rule.origin = (uint32_t)(plan->top.exponent + SINGLE_BIAS) << 23;
    plan_scale_codes(pass, plan);
    return limit_exponents(pass, plan, class) && (job->scales_given || limit_magnitudes(pass, plan));
}

#endif
