/* Digits of functions behind the 128 bits of their numbers: from 1,024 bits, or from an integer power itself. */
#include "functions.h"
#include "limbs.h"
#include "wide.h"

enum { W = NF_MOST_LIMBS, BITS = 64 * W };

/* The odd part of x to the power n, an integer of W limbs that ends in front of weight *scale; 0 where it has more. */
static int power_of_odd(const nf_unpacked *x, int64_t n, uint64_t *power, int64_t *scale)
{
    const int zeros = __builtin_ctzll(x->significand), bits = 64 - zeros;
    const uint64_t odd = x->significand >> zeros;
    uint64_t product[W + 1];
    if (x->base != NF_RATIONAL || n < 0 || n > BITS / bits)
        return 0;
    memset(power, 0, W * sizeof *power);
    power[0] = 1;
    for (int64_t i = 0; i < n; i++) {
        limbs_multiply(power, W, &odd, 1, product);
        memcpy(power, product, W * sizeof *power);
    }
    *scale = (int64_t)((uint64_t)(x->exponent - 63 + zeros) * (uint64_t)n);
    return 1;
}

/* The digits of an integer power * 2**scale. */
static uint64_t digits_of_power(uint64_t *power, int64_t scale, int64_t weight, int *follows)
{
    const int64_t below = weight - scale;
    uint64_t cut[W];
    if (below <= 0) {
        *follows = 0;
        return below <= -64 ? 0 : power[0] << -below;
    }
    memcpy(cut, power, sizeof cut);
    limbs_shift_down(cut, (uint64_t)below, W);
    const uint64_t digits = cut[0];
    limbs_shift_up(power, below < BITS ? (uint64_t)(BITS - below) : 0, W);
    *follows = !limbs_are_zero(power, W);
    return digits;
}

/* The fraction of |y| to NF_KNOWN_DIGITS and more.  Where its bits are in doubt, y lies beside a number of few bits, on
 * the side that its own first ones tell. */
static void known_fraction(nf_function which, const nf_unpacked *x, int64_t n, const nf_unpacked *y, uint64_t *fraction)
{
    uint64_t high[W];
    int64_t exponent;
    int lost = 0;
    double error = nf_function_fraction(which, x, n, fraction, &exponent) + 1;
    for (; error > 0x1p62 && lost < W - 2; lost++)
        error = error * 0x1p-64 + 1;
    if (exponent == y->exponent + 1) {
        memcpy(high, fraction, sizeof high);
        limbs_add_small(high + lost, (uint64_t)error + 1, W - lost);
        limbs_subtract_small(fraction + lost, (uint64_t)error + 1, W - lost);
        if (fraction[W - 1] != y->significand || fraction[W - 2] != y->more)
            memcpy(fraction, high, sizeof high);
        return;
    }
    memset(fraction, exponent > y->exponent ? 0xFF : 0, (W - 2) * sizeof *fraction);
    fraction[W - 1] = y->significand;
    fraction[W - 2] = y->more;
}

uint64_t nf_function_digits(nf_function which, const nf_unpacked *x, int64_t n, const nf_unpacked *y, int64_t weight,
                            int *follows)
{
    uint64_t limbs[W];
    int64_t scale;
    const int64_t count = sum_of_exponents(y->exponent, 1 - weight);
    *follows = 1;
    if (count <= 0 || count > NF_KNOWN_DIGITS)
        return 0;
    if (which == NF_FUNCTION_power && power_of_odd(x, n, limbs, &scale))
        return digits_of_power(limbs, scale, weight, follows);
    known_fraction(which, x, n, y, limbs);
    limbs_shift_down(limbs, (uint64_t)(BITS - count), W);
    return limbs[0];
}
