/* The scale of one block: its code, its value, and what its elements are divided by. */
#ifndef NF_BLOCK_SCALE_H
#define NF_BLOCK_SCALE_H

#include "block.h"

/* What a look at all elements of a block finds. */
typedef struct nf_block_scan {
    nf_unpacked largest; /* finite magnitude, or zero */
    size_t largest_at, bad_at;
    uint8_t has_bad; /* a NaN, or an infinity that counts as one: the first is at bad_at */
} nf_block_scan;

typedef struct nf_block_scale {
    uint64_t code;
    nf_unpacked value;
    nf_unpacked divisor; /* of elements; where they are multiplied (fp32-te), the factor */
    uint8_t is_power;    /* the divisor is a power of two */
    uint8_t keeps;       /* the block stays as it is */
    uint32_t failed;     /* NF_FAILED_..., of element failed_at */
    size_t failed_at;
} nf_block_scale;

static nf_unpacked single_product(const nf_unpacked *a, const nf_unpacked *b) { return single(product(a, b)); }

/* Of a finite a that is not 0, by any b but a NaN. */
static nf_unpacked single_ratio(const nf_unpacked *a, const nf_unpacked *b)
{
    if (b->kind != NF_FINITE_NUMBER)
        return special_of(b->kind == NF_ZERO ? NF_INFINITY : NF_ZERO, a->sign ^ b->sign);
    return single(ratio(a, b));
}

/* Infinity stands for the largest float32. */
static nf_unpacked capped(nf_unpacked x) { return x.kind == NF_INFINITY ? number_of(x.sign, 0xFFFFFF, 104) : x; }

/* a <= b, of numbers that are not negative. */
static int at_most(const nf_unpacked *a, const nf_unpacked *b)
{
    if (a->kind != NF_FINITE_NUMBER || b->kind != NF_FINITE_NUMBER)
        return a->kind == NF_ZERO || b->kind == NF_INFINITY;
    return a->exponent != b->exponent ? a->exponent < b->exponent : a->significand <= b->significand;
}

/* The exponent of a power-of-two scale by the plan's rule, before it is clamped; `largest` is not zero. */
static int64_t exponent_by_rule(const nf_block_plan *plan, const nf_unpacked *largest)
{
    const uint64_t one = (uint64_t)1 << 63, s = largest->significand, top = plan->top.significand;
    const int64_t floored = largest->exponent - plan->top.exponent;
    switch (plan->block.scale_rule) {
    case NF_scale_rule_ceil:
        return floored + (s > one);
    case NF_scale_rule_rceil:
        return floored + (s > top);
    case NF_scale_rule_even:
        return floored + (plan->precision < 64 && s + (one >> plan->precision) < s);
    case NF_scale_rule_midmax: /* the limit is (top + the next power of two) / 2 */
        return floored + ((unsigned __int128)s << 1 > ((unsigned __int128)1 << 64) + top);
    default:
        return floored;
    }
}

static uint64_t code_of_power(const nf_block_plan *plan, int64_t e)
{
    if (plan->block.scale_kind == NF_SCALE_EXPONENT)
        return (uint64_t)e & (((uint64_t)1 << plan->block.exponent_bits) - 1);
    const nf_unpacked power = number_of(0, 1, e);
    return layout_float(&plan->scale.grid, &power).low;
}

/* The scale's code nearest to x, ties to even, saturating. */
static uint64_t nearest_scale(const nf_block_plan *plan, const nf_unpacked *x)
{
    return round_number(NF_ROUND_nearest_even, NF_FLOAT, &plan->scale, x, 0, 0).code;
}

static nf_unpacked scale_value(const nf_block_plan *plan, uint64_t code)
{
    const int bits = plan->block.exponent_bits;
    switch (plan->block.scale_kind) {
    case NF_SCALE_FORMAT:
        return unpack_float(&plan->scale.grid, code & plan->scale.grid.mask);
    case NF_SCALE_EXPONENT:
        return number_of(0, 1, (int64_t)(code << (64 - bits)) >> (64 - bits));
    default:
        return number_of(0, 1, 0);
    }
}

static uint64_t scale_of_zeros(const nf_block_plan *plan)
{
    if (plan->block.zero_scale == NF_zero_scale_one)
        return code_of_power(plan, 0);
    return plan->block.scale_kind == NF_SCALE_EXPONENT ? code_of_power(plan, plan->low) : 0;
}

/* The stored scale of a block by a float32 program. */
static uint64_t code_in_single(const nf_block_plan *plan, const nf_unpacked *largest)
{
    const nf_unpacked one = number_of(0, 1, 0);
    nf_unpacked least = number_of(0, 1, plan->scale.grid.emin), x;
    if (plan->block.compute == NF_compute_fp32_te) {
        const nf_unpacked inverse = single_ratio(&one, &plan->top), factor = single_product(&plan->tensor, &inverse);
        x = capped(single_product(largest, &factor));
    } else {
        const nf_unpacked part = single_ratio(largest, &plan->top);
        x = single_ratio(&part, &plan->tensor);
        x = at_most(&x, &least) ? least : x;
    }
    return nearest_scale(plan, &x);
}

static uint64_t code_by_value(const nf_block_plan *plan, const nf_unpacked *largest)
{
    const nf_unpacked unit = product(&plan->top, &plan->tensor), x = ratio(largest, &unit);
    const uint64_t code = nearest_scale(plan, &x);
    const int is_zero = scale_value(plan, code).kind == NF_ZERO;
    return is_zero && plan->block.zero_scale != NF_zero_scale_zero ? code_of_power(plan, plan->low) : code;
}

static uint64_t code_by_rule(const nf_block_plan *plan, const nf_unpacked *largest)
{
    if (plan->block.compute != NF_compute_exact)
        return code_in_single(plan, largest);
    if (largest->kind == NF_ZERO)
        return scale_of_zeros(plan);
    if (plan->block.scale_rule == NF_scale_rule_absmax)
        return code_by_value(plan, largest);
    const int64_t e = exponent_by_rule(plan, largest);
    if (e > plan->high && plan->block.too_large == NF_too_large_nan && plan->scale_has_nan)
        return plan->scale.grid.nan_code;
    return code_of_power(plan, e < plan->low ? plan->low : e > plan->high ? plan->high : e);
}

/* What elements are divided by (fp32-te: multiplied) under a scale. */
static nf_unpacked divisor_under(const nf_block_plan *plan, const nf_unpacked *value)
{
    const nf_unpacked one = number_of(0, 1, 0);
    if (plan->block.compute == NF_compute_exact)
        return product(value, &plan->tensor);
    if (plan->block.compute == NF_compute_fp32_torchao)
        return single_product(value, &plan->tensor);
    const nf_unpacked inverse = single_ratio(&one, &plan->tensor), s = single_product(value, &inverse);
    return s.kind == NF_NAN ? s : capped(single_ratio(&one, &s));
}

static void fail_scale(nf_block_scale *scale, uint32_t failed, size_t at)
{
    scale->failed = failed;
    scale->failed_at = at;
}

/* QPyTorch leaves a block of subnormals and zeros alone, and its sums overflow under large exponents. */
static void keep_as_qpytorch(const nf_block_scan *scan, int to_values, nf_block_scale *scale)
{
    const int is_zero = scan->largest.kind == NF_ZERO, is_large = scan->largest.exponent > 125;
    scale->keeps = is_zero || scan->largest.exponent < -126;
    if (!is_zero && (is_large || (scale->keeps && !to_values)))
        fail_scale(scale, NF_FAILED_RANGE, scan->largest_at);
}

/* The scale of a block that was looked at; `given`: the caller's code, or NULL. */
static nf_block_scale choose_scale(const nf_block_plan *plan, const nf_block_scan *scan, const uint64_t *given,
                                   int to_values)
{
    const nf_block *block = &plan->block;
    nf_block_scale scale = {0};
    const int is_poisoned = scan->has_bad && block->nan == NF_nan_block && block->scale_kind != NF_SCALE_NONE;
    if (is_poisoned && !plan->scale_has_nan && plan->element.options.nan == NF_NAN_error)
        fail_scale(&scale, NF_FAILED_NAN, scan->bad_at);
    if (is_poisoned && plan->scale_has_nan)
        scale.code = plan->scale.grid.nan_code;
    else if (block->scale_kind != NF_SCALE_NONE)
        scale.code = given ? *given : code_by_rule(plan, &scan->largest);
    scale.value = scale_value(plan, scale.code);
    scale.divisor = divisor_under(plan, &scale.value);
    scale.is_power = scale.divisor.kind == NF_FINITE_NUMBER && scale.divisor.significand == (uint64_t)1 << 63;
    if (block->compat == NF_compat_qpytorch && scale.value.kind != NF_NAN)
        keep_as_qpytorch(scan, to_values, &scale);
    return scale;
}

#endif
