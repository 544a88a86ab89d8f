/* Operations on exact numbers: the result is exact, or cut behind 128 bits with a sticky.  One function apply_<name> a
 * row of operations.def that gives numbers; x has its operands.  What it raises goes to *raised (NF_INVALID ...). */
#ifndef NF_ARITH_H
#define NF_ARITH_H

#include "affine.h"
#include "ordering.h"
#include "power_sums.h"
#include "powers_arith.h"
#include "wide.h"

NF_INLINE nf_unpacked invalid(uint32_t *raised)
{
    *raised |= NF_INVALID;
    return special_of(NF_NAN, 0);
}

NF_INLINE int any_is_nan(const nf_unpacked *x, int count)
{
    int any = 0;
    for (int i = 0; i < count; i++)
        any |= x[i].kind == NF_NAN;
    return any;
}

/* The sum of terms of which one is infinite or NaN. */
NF_INLINE nf_unpacked special_sum(const nf_unpacked *x, int count, uint32_t *raised)
{
    int has[2] = {0, 0};
    if (any_is_nan(x, count))
        return special_of(NF_NAN, 0);
    for (int i = 0; i < count; i++)
        if (x[i].kind == NF_INFINITY)
            has[x[i].sign] = 1;
    return has[0] && has[1] ? invalid(raised) : special_of(NF_INFINITY, has[1]);
}

NF_INLINE int are_finite(const nf_unpacked *x, int count)
{
    int all = 1;
    for (int i = 0; i < count; i++)
        all &= x[i].kind <= NF_FINITE_NUMBER;
    return all;
}

/* The sum of finite numbers of which one is irrational. */
static __attribute__((noinline, cold, unused)) nf_unpacked sum_of_powers(const nf_arithmetic *how, const nf_unpacked *x)
{
    const nf_power_sum sum = nf_power_sum_of(how, x);
    return nf_power_sum_number(&sum, how->is_long);
}

NF_INLINE nf_unpacked apply_add(const nf_arithmetic *how, const nf_unpacked *x, uint32_t *raised)
{
    if (!are_finite(x, 2))
        return special_sum(x, 2, raised);
    if (x[0].base | x[1].base)
        return sum_of_powers(how, x);
    const nf_wide sum = wide_sum(wide_of(&x[0]), wide_of(&x[1]), how->zero_is_negative);
    return number_of_wide(&sum);
}

NF_INLINE nf_unpacked apply_subtract(const nf_arithmetic *how, const nf_unpacked *x, uint32_t *raised)
{
    nf_unpacked terms[2] = {x[0], x[1]};
    if (are_finite(x, 2) && (x[0].base | x[1].base))
        return sum_of_powers(how, x);
    terms[1].sign ^= 1;
    return apply_add(how, terms, raised);
}

NF_INLINE nf_unpacked apply_faa(const nf_arithmetic *how, const nf_unpacked *x, uint32_t *raised)
{
    if (!are_finite(x, 3))
        return special_sum(x, 3, raised);
    if (x[0].base | x[1].base | x[2].base)
        return sum_of_powers(how, x);
    const nf_wide sum = wide_sum_of_three(x, how->zero_is_negative);
    return number_of_wide(&sum);
}

/* The product of two numbers of which one is infinite or NaN. */
NF_INLINE nf_unpacked special_product(const nf_unpacked *x, uint32_t *raised)
{
    if (any_is_nan(x, 2))
        return special_of(NF_NAN, 0);
    if (x[0].kind == NF_ZERO || x[1].kind == NF_ZERO)
        return invalid(raised);
    return special_of(NF_INFINITY, x[0].sign ^ x[1].sign);
}

NF_INLINE nf_unpacked apply_multiply(const nf_arithmetic *how, const nf_unpacked *x, uint32_t *raised)
{
    (void)how;
    if (!are_finite(x, 2))
        return special_product(x, raised);
    if ((x[0].base | x[1].base) && x[0].kind == x[1].kind)
        return product_of_powers(&x[0], &x[1], 1);
    const nf_wide p = wide_product(&x[0], &x[1]);
    return number_of_wide(&p);
}

NF_INLINE nf_unpacked apply_fma(const nf_arithmetic *how, const nf_unpacked *x, uint32_t *raised)
{
    if (are_finite(x, 3) && (x[0].base | x[1].base | x[2].base))
        return sum_of_powers(how, x);
    if (are_finite(x, 3)) {
        const nf_wide sum = wide_sum(wide_product(&x[0], &x[1]), wide_of(&x[2]), how->zero_is_negative);
        return number_of_wide(&sum);
    }
    if (x[2].kind == NF_NAN)
        return special_of(NF_NAN, 0);
    const nf_unpacked terms[2] = {are_finite(x, 2) ? special_of(NF_ZERO, 0) : special_product(x, raised), x[2]};
    return special_sum(terms, 2, raised);
}

/* A quotient of finite numbers but 0. */
NF_INLINE nf_unpacked exact_quotient(const nf_unpacked *a, const nf_unpacked *b)
{
    nf_rest rest;
    nf_unpacked q = special_of(NF_FINITE_NUMBER, a->sign ^ b->sign);
    const int is_whole = begin_quotient(a->significand, b->significand, &rest);
    q.exponent = sum_of_exponents(a->exponent, -b->exponent - !is_whole);
    q.significand = next_quotient_bits(&rest, is_whole ? 63 : 64) | (uint64_t)is_whole << 63;
    q.more = next_quotient_bits(&rest, 64);
    q.sticky = rest.remainder != 0;
    return q;
}

NF_INLINE nf_unpacked apply_divide(const nf_arithmetic *how, const nf_unpacked *x, uint32_t *raised)
{
    const int sign = x[0].sign ^ x[1].sign;
    if (any_is_nan(x, 2))
        return special_of(NF_NAN, 0);
    if (x[0].kind == x[1].kind && x[0].kind != NF_FINITE_NUMBER)
        return invalid(raised);
    if (x[1].kind == NF_ZERO) {
        *raised |= x[0].kind == NF_FINITE_NUMBER || how->divides_to_nan ? NF_DIVIDE_BY_ZERO : 0;
        return how->divides_to_nan ? special_of(NF_NAN, 0) : special_of(NF_INFINITY, sign);
    }
    if (x[0].kind == NF_INFINITY)
        return special_of(NF_INFINITY, sign);
    if (x[0].kind == NF_ZERO || x[1].kind == NF_INFINITY)
        return special_of(NF_ZERO, sign);
    return x[0].base | x[1].base ? product_of_powers(&x[0], &x[1], -1) : exact_quotient(&x[0], &x[1]);
}

NF_INLINE nf_unpacked apply_reciprocal(const nf_arithmetic *how, const nf_unpacked *x, uint32_t *raised)
{
    const nf_unpacked operands[2] = {number_of(0, 1, 0), x[0]};
    return apply_divide(how, operands, raised);
}

/* The root of n, whose top bit or the next is set, cut; *rest becomes n less its square. */
NF_INLINE uint64_t integer_root(unsigned __int128 n, unsigned __int128 *rest)
{
    uint64_t root = 0;
    unsigned __int128 left = 0; /* two digits of n at a time */
    for (int i = 126; i >= 0; i -= 2) {
        const unsigned __int128 next = left << 2 | ((n >> i) & 3), least = ((unsigned __int128)root << 2) | 1;
        const int fits = next >= least;
        left = fits ? next - least : next;
        root = root << 1 | (unsigned)fits;
    }
    *rest = left;
    return root;
}

/* 64 further digits of the root of n, from its integer root and what that leaves, which is at most 2 root. */
NF_INLINE uint64_t further_root(uint64_t root, unsigned __int128 rest)
{
    const unsigned __int128 dividend = rest << 63, digits = dividend / root, half_left = dividend % root;
    if (digits >> 64)
        return ~(uint64_t)0;
    const uint64_t q = (uint64_t)digits;
    const unsigned __int128 left = half_left << 1, square = (unsigned __int128)q * q;
    return left >> 64 || left << 64 >= square ? q : q - 1;
}

NF_INLINE nf_unpacked exact_root(const nf_unpacked *a)
{
    nf_unpacked y = special_of(NF_FINITE_NUMBER, 0);
    const int is_odd = (int)(a->exponent & 1);
    unsigned __int128 rest;
    y.significand = integer_root((unsigned __int128)a->significand << (63 + is_odd), &rest);
    y.more = further_root(y.significand, rest);
    y.exponent = (a->exponent - is_odd) / 2;
    y.sticky = rest != 0;
    if (is_odd && a->significand << 1 == 0) { /* a power of 2 that logarithmic formats hold */
        y.base = NF_BASE_2;
        y.log = a->exponent;
        y.root_bits = 1;
    }
    return y;
}

NF_INLINE nf_unpacked apply_sqrt(const nf_arithmetic *how, const nf_unpacked *x, uint32_t *raised)
{
    (void)how;
    if (x->kind == NF_NAN)
        return special_of(NF_NAN, 0);
    if (x->kind == NF_ZERO)
        return *x;
    if (x->sign)
        return invalid(raised);
    if (x->base)
        return nf_number_of_power((nf_power){x->log, x->base, (uint8_t)(x->root_bits + 1)}, 0);
    return x->kind == NF_INFINITY ? *x : exact_root(x);
}

/* |a| modulo |b| in units of b's last bit, |a| >= |b|; *is_odd: is the quotient's floor odd? */
NF_INLINE uint64_t modulo(const nf_unpacked *a, const nf_unpacked *b, int *is_odd)
{
    const uint64_t shift = (uint64_t)a->exponent - (uint64_t)b->exponent, divisor = b->significand;
    if (shift == 0) {
        *is_odd = 1;
        return a->significand - divisor;
    }
    const unsigned __int128 twice = (unsigned __int128)shifted_modulo(a->significand % divisor, shift - 1, divisor)
                                    << 1;
    *is_odd = twice >= divisor;
    return (uint64_t)(*is_odd ? twice - divisor : twice);
}

/* The special cases of remainders; 1 where *found is the result. */
NF_INLINE int special_remainder(const nf_unpacked *x, uint32_t *raised, nf_unpacked *found)
{
    if (any_is_nan(x, 2))
        *found = special_of(NF_NAN, 0);
    else if (x[0].kind == NF_INFINITY || x[1].kind == NF_ZERO)
        *found = invalid(raised);
    else if (x[0].kind == NF_ZERO || x[1].kind == NF_INFINITY)
        *found = x[0];
    else
        return 0;
    return 1;
}

/* |a| < |b|? */
NF_INLINE int is_smaller(const nf_unpacked *a, const nf_unpacked *b)
{
    return a->exponent != b->exponent ? a->exponent < b->exponent : a->significand < b->significand;
}

/* a modulo |b|, with the sign of a; finite numbers but 0. */
NF_INLINE nf_unpacked cut_remainder(const nf_unpacked *a, const nf_unpacked *b, int *is_odd)
{
    *is_odd = 0;
    return is_smaller(a, b) ? *a : number_of(a->sign, modulo(a, b, is_odd), b->exponent - 63);
}

NF_INLINE nf_unpacked apply_fmod(const nf_arithmetic *how, const nf_unpacked *x, uint32_t *raised)
{
    nf_unpacked found;
    int is_odd;
    if (special_remainder(x, raised, &found))
        return found;
    return x[0].base | x[1].base ? sum_of_powers(how, x) : cut_remainder(&x[0], &x[1], &is_odd);
}

/* Where the cut remainder has not b's sign, b is added; a 0 has b's sign. */
NF_INLINE nf_unpacked apply_remainder(const nf_arithmetic *how, const nf_unpacked *x, uint32_t *raised)
{
    nf_unpacked terms[2] = {apply_fmod(how, x, raised), x[1]};
    if (terms[0].kind == NF_NAN)
        return terms[0];
    if (terms[0].kind == NF_ZERO)
        terms[0].sign = x[1].sign;
    return terms[0].sign == x[1].sign ? terms[0] : apply_add(how, terms, raised);
}

/* Nearer to the next multiple of b, or as near and the multiple below is odd: then b's magnitude is taken off. */
NF_INLINE nf_unpacked apply_ieee_remainder(const nf_arithmetic *how, const nf_unpacked *x, uint32_t *raised)
{
    nf_unpacked terms[2], twice;
    int is_odd;
    if (special_remainder(x, raised, &terms[0]))
        return terms[0];
    if (x[0].base | x[1].base)
        return sum_of_powers(how, x);
    terms[0] = cut_remainder(&x[0], &x[1], &is_odd);
    if (terms[0].kind == NF_ZERO)
        return terms[0];
    twice = terms[0];
    twice.exponent++;
    const int is_half = twice.exponent == x[1].exponent && twice.significand == x[1].significand;
    if (is_smaller(&twice, &x[1]) || (is_half && !is_odd))
        return terms[0];
    terms[1] = x[1];
    terms[1].sign = !terms[0].sign;
    return apply_add(how, terms, raised);
}

NF_INLINE nf_unpacked with_sign(const nf_unpacked *x, int sign)
{
    nf_unpacked y = *x;
    y.sign = (uint8_t)sign;
    return y;
}

NF_INLINE nf_unpacked apply_negative(const nf_arithmetic *how, const nf_unpacked *x, uint32_t *raised)
{
    (void)how, (void)raised;
    return with_sign(x, !x->sign);
}

NF_INLINE nf_unpacked apply_absolute(const nf_arithmetic *how, const nf_unpacked *x, uint32_t *raised)
{
    (void)how, (void)raised;
    return with_sign(x, 0);
}

NF_INLINE nf_unpacked apply_copysign(const nf_arithmetic *how, const nf_unpacked *x, uint32_t *raised)
{
    (void)how, (void)raised;
    return with_sign(x, x[1].sign);
}

/* The code was moved before it was decoded (operate.c). */
#define NF_APPLY_MOVED(name) \
    NF_INLINE nf_unpacked apply_##name(const nf_arithmetic *how, const nf_unpacked *x, uint32_t *raised) \
    { \
        (void)how, (void)raised; \
        return *x; \
    }
NF_APPLY_MOVED(next_up)
NF_APPLY_MOVED(next_down)
#undef NF_APPLY_MOVED

#endif
