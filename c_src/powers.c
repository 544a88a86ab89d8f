/* Powers of 2 and e, and where a number lies between two of them. */
#include "limbs.h"
#include "real.h"

enum {
    HALVINGS = 8,
    SLACK = 1 << 24 /* units of the last place by which a power is cut at the most */
};

/* z = e**z - 1, z of w limbs and below ln 2: the series for z / 2**HALVINGS, squared as often.  All cuts are down. */
NF_INLINE void exponential(uint64_t *z, int w)
{
    uint64_t term[NF_MOST_LIMBS], part[NF_MOST_LIMBS], product[2 * NF_MOST_LIMBS];
    const size_t size = (size_t)w * sizeof *z;
    limbs_shift_down(z, HALVINGS, w);
    memcpy(part, z, size);
    memcpy(term, z, size);
    for (uint64_t i = 2; !limbs_are_zero(term, w); i++) {
        limbs_multiply(term, w, part, w, product);
        memcpy(term, product + w, size);
        limbs_divide_small(term, i, w);
        limbs_add(z, term, w);
    }
    for (int i = 0; i < HALVINGS; i++) { /* (1 + z)**2 = 1 + 2 z + z**2 */
        limbs_multiply(z, w, z, w, product);
        limbs_double(z, 0, w);
        limbs_add(z, product + w, w);
    }
}

/* The power is (1 + z) 2**exponent, but for less than SLACK units in z. */
NF_INLINE int64_t power_with(const nf_power *p, int w, uint64_t *z)
{
    uint64_t t[NF_MOST_LIMBS + 1] = {0}, product[2 * NF_MOST_LIMBS];
    const int root = p->root_bits;
    int64_t exponent = root ? p->log >> root : p->log;
    t[w - 1] = root ? (uint64_t)p->log << (64 - root) : 0;
    if (p->base == NF_BASE_2) {
        limbs_multiply(t, w, nf_ln_2(w), w, product);
        memcpy(z, product + w, (size_t)w * sizeof *z);
        exponential(z, w);
        return exponent;
    }
    t[w] = (uint64_t)exponent; /* ln of the power; the first guess of its exponent to base 2 may be 2 off */
    exponent = (int64_t)((__int128)exponent * (int64_t)(nf_half_log2_e(1)[0] >> 1) >> 62);
    const uint64_t size = exponent < 0 ? 0 - (uint64_t)exponent : (uint64_t)exponent;
    uint64_t whole[NF_MOST_LIMBS + 1];
    limbs_multiply(nf_ln_2(w), w, &size, 1, whole);
    if (exponent < 0)
        limbs_add(t, whole, w + 1);
    else
        limbs_subtract(t, whole, w + 1);
    for (; (int64_t)t[w] < 0; exponent--)
        t[w] += limbs_add(t, nf_ln_2(w), w);
    for (; t[w] || limbs_compare(t, nf_ln_2(w), w) >= 0; exponent++)
        t[w] -= limbs_subtract(t, nf_ln_2(w), w);
    memcpy(z, t, (size_t)w * sizeof *z);
    exponential(z, w);
    return exponent;
}

/* The number from the limbs z of its power; 0 where they do not decide. */
NF_INLINE int number_with(const nf_power *p, int w, nf_unpacked *x)
{
    uint64_t z[NF_MOST_LIMBS], high[NF_MOST_LIMBS];
    x->exponent = power_with(p, w, z);
    memcpy(high, z, (size_t)w * sizeof *z);
    const uint64_t bits = z[w - 1] >> 2;
    const uint64_t carry = limbs_add_small(high, SLACK, w) | limbs_subtract_small(z, SLACK, w);
    x->significand = (uint64_t)1 << 63 | bits << 1 | 1;
    return !carry && high[w - 1] >> 2 == bits && z[w - 1] >> 2 == bits;
}

nf_unpacked nf_number_of_power(nf_power power, int sign)
{
    if (power.base == NF_BASE_2 && (power.root_bits == 0 || (uint64_t)power.log << (64 - power.root_bits) == 0))
        return number_of(sign, 1, power.log >> power.root_bits);
    if (power.log == 0)
        return number_of(sign, 1, 0);
    nf_unpacked x = number_of(sign, 1, 0);
    x.log = power.log;
    x.base = power.base;
    x.root_bits = power.root_bits;
    if (number_with(&power, 2, &x))
        return x;
    for (int w = 3; w <= NF_MOST_LIMBS && !number_with(&power, w, &x); w++)
        ;
    return x;
}

/* The same for a number that may be rational: (n) 2**exponent, 1 <= n < 2, the w lower limbs behind the point. */
static int64_t place(const nf_deep *number, int w, uint64_t *n)
{
    const nf_unpacked *x = &number->x;
    memset(n, 0, (NF_MOST_LIMBS + 1) * sizeof *n);
    if (x->base != NF_RATIONAL) {
        const nf_power p = {x->log, x->base, x->root_bits};
        n[w] = 1;
        return power_with(&p, w, n);
    }
    nf_deep_limbs(number, w, n);
    limbs_double(n, 0, w + 1);
    return x->exponent;
}

/* n = |x| - low and d = high - low, in units of 2**-64w times the same power of 2. */
static void distances(const nf_deep *x, const nf_power *low, const nf_power *high, int w, uint64_t *n, uint64_t *d)
{
    uint64_t u[NF_MOST_LIMBS + 1];
    const int64_t from = place(x, w, n), to = power_with(high, w, d);
    d[w] = 1;
    limbs_shift_down(n, (uint64_t)(to - from), w + 1);
    if (!low)
        return;
    const int64_t below = power_with(low, w, u);
    u[w] = 1;
    limbs_shift_down(u, (uint64_t)(to - below), w + 1);
    limbs_subtract(d, u, w + 1);
    if (limbs_subtract(n, u, w + 1)) /* for the cuts alone */
        memset(n, 0, (size_t)(w + 1) * sizeof *n);
}

/* One binary digit of n / d; n becomes the rest, doubled before. */
static uint64_t next_digit(uint64_t *n, const uint64_t *d, int w)
{
    limbs_double(n, 0, w);
    const int reaches = limbs_compare(n, d, w) >= 0;
    if (reaches)
        limbs_subtract(n, d, w);
    return (uint64_t)reaches;
}

/* One try with w limbs; 0 where they do not decide. */
static int digits_with(const nf_deep *x, const nf_power *low, const nf_power *high, int digits, int w, uint64_t *found)
{
    uint64_t least[NF_MOST_LIMBS + 1], most[NF_MOST_LIMBS + 1], narrow[NF_MOST_LIMBS + 1], wide[NF_MOST_LIMBS + 1];
    const size_t size = (size_t)(w + 1) * sizeof *least;
    distances(x, low, high, w, least, narrow);
    memcpy(most, least, size);
    memcpy(wide, narrow, size);
    if (limbs_subtract_small(least, 4 * SLACK, w + 1))
        memset(least, 0, size);
    limbs_subtract_small(narrow, 4 * SLACK, w + 1);
    limbs_add_small(most, 4 * SLACK, w + 1);
    limbs_add_small(wide, 4 * SLACK, w + 1);
    int is_sure = limbs_compare(most, narrow, w + 1) < 0;
    for (int i = 0; i < digits; i++) {
        const uint64_t digit = next_digit(least, wide, w + 1);
        is_sure &= digit == next_digit(most, narrow, w + 1);
        *found = *found << 1 | digit;
    }
    return is_sure;
}

uint64_t nf_digits_between(const nf_deep *x, const nf_power *low, const nf_power *high, int digits)
{
    uint64_t found = 0;
    for (int w = digits / 64 + 2; w <= NF_MOST_LIMBS; w++) {
        found = 0;
        if (digits_with(x, low, high, digits, w, &found))
            return found;
    }
    return found;
}
