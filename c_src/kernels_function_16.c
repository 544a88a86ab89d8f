/* Functions in fixed point of 1024 bits. */
#define NF_LIMBS 16
#define NF_SUM_TRY nf_try_sum_16
#define NF_FUNCTION_TRY nf_try_function_16
#include "function_try.inc"

double nf_function_fraction(nf_function which, const nf_unpacked *x, int64_t n, uint64_t *fraction, int64_t *exponent)
{
    const ball b = value_of(which, x, n);
    memcpy(fraction, b.limb, sizeof b.limb);
    *exponent = b.exponent;
    return b.error;
}

double nf_sum_fraction(const nf_power_sum *sum, uint64_t *fraction, int64_t *exponent)
{
    const ball b = sum_of(sum);
    memcpy(fraction, b.limb, sizeof b.limb);
    *exponent = b.exponent;
    return b.error;
}
