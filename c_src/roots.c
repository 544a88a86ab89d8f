/* Roots and powers by integers. */
#include "functions.h"
#include "limbs.h"
#include "real.h"

enum { SIZE = 3 }; /* limbs of what is compared */

/* The largest q below 2**64 for which q**degree * factor <= target: its bits from the top. */
static uint64_t largest_root(int degree, uint64_t factor, const uint64_t *target, int *is_exact)
{
    uint64_t q = 0, product[SIZE], square[2];
    for (uint64_t bit = (uint64_t)1 << 63; bit; bit >>= 1) {
        const uint64_t with = q | bit, last = degree == 3 ? with : factor;
        limbs_multiply(&with, 1, &with, 1, square);
        limbs_multiply(square, 2, &last, 1, product);
        const int order = limbs_compare(product, target, SIZE);
        q = order <= 0 ? with : q;
        *is_exact |= order == 0;
    }
    return q;
}

static nf_unpacked rooted(const nf_unpacked *x, uint64_t q, int is_exact, int64_t exponent)
{
    nf_unpacked y = {.kind = NF_FINITE_NUMBER, .sign = x->sign, .exponent = exponent, .significand = q | !is_exact};
    return y;
}

/* x = m 4**half, 1 <= m < 4.  m = 1 has a root; else q**2 m <= 2**128 for the 64 bits q behind the point, and equality
 * would make m a power of 2. */
nf_unpacked nf_reciprocal_root(const nf_unpacked *x, int *is_exact)
{
    const int odd = (int)(x->exponent & 1);
    const int64_t half = (x->exponent - odd) / 2;
    const uint64_t target[SIZE] = {0, 0, (uint64_t)1 << (63 - odd)};
    *is_exact = 0;
    const uint64_t q = largest_root(2, x->significand, target, is_exact);
    *is_exact = !odd && x->significand << 1 == 0;
    return *is_exact ? rooted(x, x->significand, 1, -half) : rooted(x, q, 0, -half - 1);
}

/* x = m 8**third, 1 <= m < 8: q**3 <= m 2**189. */
nf_unpacked nf_cube_root(const nf_unpacked *x, int *is_exact)
{
    const int64_t rest = (x->exponent % 3 + 3) % 3;
    uint64_t target[SIZE] = {0, 0, x->significand};
    *is_exact = 0;
    limbs_shift_down(target, (uint64_t)(2 - rest), SIZE);
    const uint64_t q = largest_root(3, 0, target, is_exact);
    return rooted(x, q, *is_exact, (x->exponent - rest) / 3);
}

/* base**(log 2**-root_bits), where that is a number of nf_unpacked. */
static int number_of_log(__int128 log, int root_bits, uint8_t base, int sign, nf_unpacked *y)
{
    for (; root_bits && !(log & 1); root_bits--)
        log >>= 1;
    const __int128 most = (__int128)1 << 62;
    if (log >= most || log <= -most || root_bits > 63)
        return 0;
    const nf_power power = {(int64_t)log, base, (uint8_t)root_bits};
    *y = nf_number_of_power(power, sign);
    return 1;
}

int nf_root_of_power(const nf_unpacked *x, int root, nf_unpacked *y)
{
    if (root == -2)
        return number_of_log(-(__int128)x->log, x->root_bits + 1, x->base, x->sign, y);
    return x->log % root == 0 && number_of_log(x->log / root, x->root_bits, x->base, x->sign, y);
}

int nf_power_is_exact(const nf_unpacked *x, int64_t n, nf_unpacked *y)
{
    enum { MOST_FACTORS = 80 }; /* 3**81 has more than 128 bits */
    const int sign = x->sign && n & 1;
    if (x->base != NF_RATIONAL)
        return number_of_log((__int128)x->log * n, x->root_bits, x->base, sign, y);
    const int zeros = __builtin_ctzll(x->significand);
    const uint64_t odd = x->significand >> zeros;
    const __int128 scale = (__int128)(x->exponent - 63 + zeros) * n, most = (__int128)1 << 62;
    if (scale > most || scale < -most || (odd != 1 && (n < 0 || n > MOST_FACTORS)))
        return 0;
    unsigned __int128 product = 1;
    for (int64_t i = 0; odd != 1 && i < n; i++) {
        if (product > ~(unsigned __int128)0 / odd)
            return 0;
        product *= odd;
    }
    const uint64_t high = (uint64_t)(product >> 64);
    if (high) {
        const int up = leading_zeros(high);
        *y = number_of(sign, 1, (int64_t)scale + 127 - up);
        y->significand = (uint64_t)(product << up >> 64);
        y->more = (uint64_t)(product << up);
        return 1;
    }
    *y = number_of(sign, (uint64_t)product, (int64_t)scale);
    return 1;
}
