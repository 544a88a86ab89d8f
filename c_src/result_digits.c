/* Digits of exact results as far as anyone asks: for wrapped integers of more than 128 bits, and for the random words
 * that the first 128 bits leave undecided. */
#include "arith.h"
#include "function_operations.h"
#include "limbs.h"

enum { DIGITS = 64 };

/* Of |a| / |b|. */
static uint64_t quotient_digits(const nf_unpacked *a, const nf_unpacked *b, int64_t weight, int *follows)
{
    const uint64_t divisor = b->significand;
    const int64_t places = sum_of_exponents(sum_of_exponents(a->exponent, -b->exponent), -weight);
    const uint64_t whole = a->significand / divisor, rest = a->significand % divisor;
    *follows = 1;
    if (places < 0)
        return 0;
    const int few = places < DIGITS ? (int)places : DIGITS;
    const uint64_t left = places > DIGITS ? shifted_modulo(rest, (uint64_t)(places - DIGITS), divisor) : rest;
    const unsigned __int128 dividend = (unsigned __int128)left << few;
    *follows = dividend % divisor != 0;
    return (uint64_t)(dividend / divisor) + (few < DIGITS ? whole << few : 0);
}

/* Of the root; 0 far behind its first digits, where no random stream leads. */
static uint64_t root_digits(const nf_unpacked *a, int64_t weight, int *follows)
{
    enum { SIZE = NF_MOST_LIMBS, MOST_PLACES = 64 * (SIZE - 2) };
    uint64_t root[SIZE] = {0}, left[SIZE] = {0}, least[SIZE], whole;
    const int is_odd = (int)(a->exponent & 1);
    const int64_t places = (a->exponent - is_odd) / 2 - 63 - weight;
    unsigned __int128 rest;
    whole = integer_root((unsigned __int128)a->significand << (63 + is_odd), &rest);
    *follows = 1;
    if (places < 0 || places > MOST_PLACES)
        return places < 0 && places > -DIGITS ? whole >> -places : 0;
    root[0] = whole;
    left[0] = (uint64_t)rest;
    left[1] = (uint64_t)(rest >> 64);
    for (int64_t i = 0; i < places; i++) {
        memcpy(least, root, sizeof least);
        limbs_double(least, 0, SIZE);
        limbs_double(least, 1, SIZE);
        limbs_double(left, 0, SIZE);
        limbs_double(left, 0, SIZE);
        const int fits = limbs_compare(left, least, SIZE) >= 0;
        if (fits)
            limbs_subtract(left, least, SIZE);
        limbs_double(root, (uint64_t)fits, SIZE);
    }
    *follows = !limbs_are_zero(left, SIZE);
    return root[0];
}

/* The digits of a term from `weight` up; what lies below stays in it. */
static uint64_t take_digits(nf_wide *term, int64_t weight)
{
    const int64_t count = sum_of_exponents(term->exponent, 1 - weight);
    const unsigned __int128 high = term->high;
    if (count <= 0 || wide_is_zero(term))
        return 0;
    term->high = count < 128 ? high << count : 0;
    term->exponent -= count;
    wide_normalise(term);
    if (count <= 128)
        return (uint64_t)(high >> (128 - count));
    return count < 256 ? (uint64_t)(high << (count - 128)) : 0;
}

/* Of |sum| of at most three terms, whose sign is `sign`. */
static uint64_t sum_digits(nf_wide *terms, int count, int sign, int64_t weight, int *follows)
{
    uint64_t digits = 0;
    nf_unpacked below[3] = {{0}, {0}, {0}};
    for (int i = 0; i < count; i++) {
        const uint64_t taken = take_digits(&terms[i], weight);
        terms[i].sign ^= (uint8_t)sign;
        digits += terms[i].sign ? 0 - taken : taken;
        below[i] = number_of_wide(&terms[i]);
    }
    nf_wide rest = count == 3 ? wide_sum_of_three(below, 0) : count == 2 ? wide_sum(terms[0], terms[1], 0) : terms[0];
    const uint64_t whole = take_digits(&rest, weight); /* 0, 1 or 2 */
    *follows = !wide_is_zero(&rest) || rest.sticky;
    return rest.sign ? digits - whole - (unsigned)*follows : digits + whole;
}

/* The terms whose sum an operation gives where it is no quotient and no root. */
static int terms_of(const nf_arithmetic *how, const nf_unpacked *x, nf_wide *terms)
{
    int is_odd;
    nf_unpacked part;
    for (int i = 0; i < 3; i++)
        terms[i] = wide_of(&x[i]);
    switch (how->operation) {
    case NF_OP_multiply:
    case NF_OP_fma:
        terms[0] = wide_product(&x[0], &x[1]);
        terms[1] = terms[2];
        return how->operation == NF_OP_fma ? 2 : 1;
    case NF_OP_remainder:
    case NF_OP_ieee_remainder: /* a sum only where the divisor has the other sign */
        part = cut_remainder(&x[0], &x[1], &is_odd);
        terms[0] = wide_of(&part);
        terms[1].sign = !part.sign;
        return 2;
    case NF_OP_subtract:
        terms[1].sign ^= 1;
        return 2;
    default:
        return how->count;
    }
}

/* Of a number of 128 bits. */
static uint64_t own_digits(const nf_unpacked *y, int sign, int64_t weight, int *follows)
{
    nf_wide term = wide_of(y);
    return sum_digits(&term, 1, sign, weight, follows);
}

/* Of an elementary function. */
static uint64_t function_digits(const nf_arithmetic *how, const nf_unpacked *x, int64_t weight, int *follows)
{
    uint32_t raised = 0;
    const nf_function which = function_of(how->operation);
    const int64_t n = exponent_of(which, x);
    const nf_unpacked y = nf_function_result(which, x, n, 1, &raised);
    return y.sticky ? nf_function_digits(which, x, n, &y, weight, follows) : own_digits(&y, y.sign, weight, follows);
}

uint64_t nf_result_digits(const nf_arithmetic *how, size_t place, int sign, int64_t weight, int *follows)
{
    nf_unpacked x[NF_MOST_OPERANDS] = {{0}, {0}, {0}};
    const nf_unpacked one = number_of(0, 1, 0);
    nf_wide terms[NF_MOST_OPERANDS];
    uint32_t raised;
    if (how->load) { /* nothing is known behind its numbers */
        how->load(how, place, 1, x, &raised);
        return own_digits(&x[0], sign, weight, follows);
    }
    nf_load_operands(how, place, x);
    if (is_function(how->operation))
        return function_digits(how, x, weight, follows);
    switch (how->operation) {
    case NF_OP_divide:
        return quotient_digits(&x[0], &x[1], weight, follows);
    case NF_OP_reciprocal:
        return quotient_digits(&one, &x[0], weight, follows);
    case NF_OP_sqrt:
        return root_digits(&x[0], weight, follows);
    default:
        return sum_digits(terms, terms_of(how, x, terms), sign, weight, follows);
    }
}
