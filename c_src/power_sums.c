/* Sums of powers: what merges, what is rational, and digits of the rest. */
#include "power_sums.h"
#include "arith.h"
#include "limbs.h"

enum { W = NF_MOST_LIMBS, BITS = 64 * W, FAR = 900 /* bits between terms of which one leaves the other's digits */ };

/* log(a) - log(b) in units of 2**-root_bits, their common ones. */
static __int128 log_between(const nf_unpacked *a, const nf_unpacked *b, uint8_t base, int *root_bits)
{
    const nf_power p = as_power(a, base), q = as_power(b, base);
    const int root = p.root_bits > q.root_bits ? p.root_bits : q.root_bits;
    *root_bits = root;
    const __int128 one = 1;
    return p.log * (one << (root - p.root_bits)) - q.log * (one << (root - q.root_bits));
}

static void drop(nf_power_sum *s, int i)
{
    s->count--;
    for (; i < s->count; i++)
        s->term[i] = s->term[i + 1];
}

/* x times 2**binades. */
static nf_unpacked moved(const nf_unpacked *x, int binades)
{
    const nf_power p = as_power(x, NF_BASE_2);
    return nf_number_of_power((nf_power){p.log + binades * ((int64_t)1 << p.root_bits), NF_BASE_2, p.root_bits},
                              x->sign);
}

/* Make one term of two, or none, where they give that: the first one is not the smaller. */
static int merge_two(nf_power_sum *s, int i, int j, uint8_t base)
{
    int root;
    const __int128 between = log_between(&s->term[i], &s->term[j], base, &root);
    const int is_minus = s->term[i].sign != s->term[j].sign;
    if (between == 0 && is_minus) {
        drop(s, j);
        drop(s, i);
        return 1;
    }
    if (base != NF_BASE_2 || between != (is_minus ? (__int128)1 << root : 0))
        return 0;
    s->term[i] = moved(&s->term[i], is_minus ? -1 : 1); /* 2**(k + 1) - 2**k = 2**k, and 2**k + 2**k */
    drop(s, j);
    return 1;
}

/* The largest term first. */
static void sort(nf_power_sum *s, uint8_t base)
{
    int root;
    for (int i = 0; i < s->count; i++)
        for (int j = i + 1; j < s->count; j++)
            if (log_between(&s->term[i], &s->term[j], base, &root) < 0) {
                const nf_unpacked t = s->term[i];
                s->term[i] = s->term[j];
                s->term[j] = t;
            }
}

static void merge(nf_power_sum *s, uint8_t base)
{
    int merges = 1;
    while (merges) {
        merges = 0;
        sort(s, base);
        for (int i = 0; i < s->count && !merges; i++)
            for (int j = i + 1; j < s->count && !merges; j++)
                merges = merge_two(s, i, j, base);
    }
}

nf_power_sum nf_power_sum_of(const nf_arithmetic *how, const nf_unpacked *x)
{
    nf_power_sum s = {.sign = how->zero_is_negative};
    const uint8_t base = x[0].base | x[1].base | (how->count == 3 ? x[2].base : 0);
    uint32_t raised = 0;
    int from = 0;
    if (is_remainder(how->operation))
        return nf_power_remainder_of(how, x);
    if (how->operation == NF_OP_fma) {
        s.term[s.count++] = apply_multiply(how, x, &raised);
        from = 2;
    }
    for (int k = from; k < how->count; k++)
        s.term[s.count++] = x[k];
    if (how->operation == NF_OP_subtract)
        s.term[1].sign ^= 1;
    for (int k = s.count - 1; k >= 0; k--)
        if (s.term[k].kind == NF_ZERO)
            drop(&s, k);
    merge(&s, base);
    return s;
}

static int are_rational(const nf_power_sum *s)
{
    int base = 0;
    for (int i = 0; i < s->count; i++)
        base |= s->term[i].base;
    return base == NF_RATIONAL;
}

static nf_wide rational_sum(const nf_power_sum *s)
{
    nf_unpacked x[3] = {{0}, {0}, {0}};
    memcpy(x, s->term, (size_t)s->count * sizeof *x);
    return wide_sum_of_three(x, 0);
}

/* A first term so far above the others that these are no more than what follows its digits: the rest is told by its
 * own. */
static nf_wide sum_of_far(const nf_power_sum *s)
{
    const nf_power_sum rest = {.term = {s->term[1], s->term[2]}, .count = s->count - 1};
    const nf_unpacked below = nf_power_sum_number(&rest, 1);
    nf_wide least = wide_of(&below);
    least.sticky = 1;
    return wide_sum(wide_of(&s->term[0]), least, 0);
}

nf_unpacked nf_power_sum_number(const nf_power_sum *s, int is_long)
{
    nf_unpacked y;
    if (s->count == 0)
        return special_of(NF_ZERO, s->sign);
    if (s->count == 1 && !is_long)
        return s->term[0];
    if (are_rational(s)) {
        const nf_wide sum = rational_sum(s);
        return number_of_wide(&sum);
    }
    if (nf_try_sum_4(s, &y) || nf_try_sum_16(s, &y))
        return y;
    const nf_wide sum = sum_of_far(s);
    return number_of_wide(&sum);
}

/* Of the limbs in front of `weight`, where the error leaves them sure. */
static int sure_digits(const nf_power_sum *s, int64_t weight, uint64_t divisor, uint64_t *digits)
{
    uint64_t low[W], high[W];
    int64_t exponent;
    int lost = 0;
    double error = nf_sum_fraction(s, low, &exponent) + 1;
    for (; error > 0x1p62 && lost < W - 2; lost++)
        error = error * 0x1p-64 + 1;
    memcpy(high, low, sizeof high);
    const uint64_t leaves = limbs_add_small(high + lost, (uint64_t)error + 1, W - lost) |
                            limbs_subtract_small(low + lost, (uint64_t)error + 1, W - lost);
    const int64_t count = sum_of_exponents(exponent, -weight);
    if (leaves || count > BITS)
        return 0;
    limbs_shift_down(low, (uint64_t)(count < 0 ? BITS : BITS - count), W);
    limbs_shift_down(high, (uint64_t)(count < 0 ? BITS : BITS - count), W);
    limbs_divide(low, divisor, W);
    limbs_divide(high, divisor, W);
    *digits = low[0];
    return low[0] == high[0];
}

uint64_t nf_power_sum_digits(nf_power_sum *s, int64_t weight, uint64_t divisor, int *follows)
{
    uint64_t digits;
    nf_wide sum;
    *follows = 1;
    if (!are_rational(s) && sure_digits(s, weight, divisor, &digits))
        return digits;
    sum = are_rational(s) ? rational_sum(s) : sum_of_far(s);
    return nf_wide_digits(&sum, weight, divisor, follows);
}

int nf_is_beside_power(const nf_deep *x, nf_power *beside)
{
    nf_unpacked operand[NF_MOST_OPERANDS] = {{0}, {0}, {0}};
    if (!x->from || x->from->load || !is_power_sum(x->from->operation))
        return 0;
    nf_load_operands(x->from, x->place, operand);
    const uint8_t base = operand[0].base | operand[1].base | operand[2].base;
    if (base == NF_RATIONAL)
        return 0;
    const nf_power_sum s = nf_power_sum_of(x->from, operand);
    if (s.count < 2 || s.rest || s.term[0].exponent - s.term[1].exponent < FAR)
        return 0;
    *beside = as_power(&s.term[0], base);
    return s.term[0].sign == s.term[1].sign ? 1 : -1;
}
