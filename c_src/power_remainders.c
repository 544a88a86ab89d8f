/* Remainders of powers of 2 or of e. */
#include "arith.h"
#include "limbs.h"
#include "power_sums.h"

enum { W = NF_MOST_LIMBS, BITS = 64 * W };

/* Is what an irrational number above 1 has behind its point more than a half?  It is no half. */
static int is_above_half(const nf_unpacked *x)
{
    const nf_power_sum alone = {.term = {*x}, .count = 1};
    uint64_t fraction[W];
    int64_t exponent;
    nf_sum_fraction(&alone, fraction, &exponent);
    const int64_t bit = BITS - 1 - exponent;
    return (int)(fraction[bit / 64] >> (bit % 64) & 1);
}

/* Is one more multiple of b taken off than fit into a? */
static int goes_beyond(const nf_arithmetic *how, const nf_unpacked *x, const nf_unpacked *ratio)
{
    switch (how->operation) {
    case NF_OP_remainder:
        return x[0].sign != x[1].sign;
    case NF_OP_ieee_remainder:
        return ratio->base != NF_RATIONAL && (ratio->exponent < 0 ? ratio->exponent == -1 : is_above_half(ratio));
    default:
        return 0;
    }
}

nf_power_sum nf_power_remainder_of(const nf_arithmetic *how, const nf_unpacked *x)
{
    nf_unpacked ratio = product_of_powers(&x[0], &x[1], -1), b = x[1];
    nf_power_sum s = {.term = {x[0]}, .sign = x[0].sign};
    ratio.sign = 0;
    if (ratio.base == NF_RATIONAL && ratio.exponent >= 0)
        return s;
    const int beyond = goes_beyond(how, x, &ratio);
    b.sign = x[0].sign ^ beyond;
    if (ratio.exponent < 0 && beyond) {
        const nf_arithmetic sum = {.operation = NF_OP_add, .count = 2, .zero_is_negative = how->zero_is_negative};
        const nf_unpacked terms[NF_MOST_OPERANDS] = {x[0], b};
        return nf_power_sum_of(&sum, terms);
    }
    s.count = 1;
    if (ratio.exponent >= 0)
        s = (nf_power_sum){.term = {ratio, b}, .count = 2, .rest = beyond ? NF_REST_ABOVE : NF_REST_BELOW};
    return s;
}
