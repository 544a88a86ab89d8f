/* Digits of exact results as far as anyone asks: for wrapped integers of more than 128 bits, and for the random words
 * that the first 128 bits leave undecided. */
#include "arith.h"
#include "function_operations.h"
#include "limbs.h"
#include "result_digits.h"
#include "power_sums.h"

enum { DIGITS = 64 };

typedef unsigned __int128 wide;

static wide sum_modulo(wide a, wide b, wide divisor) { return a >= divisor - b ? a - (divisor - b) : a + b; }

static wide product_modulo(wide a, wide b, wide divisor)
{
    wide product = 0;
    for (int i = 127; i >= 0; i--) {
        product = sum_modulo(product, product, divisor);
        product = (b >> i) & 1 ? sum_modulo(product, a, divisor) : product;
    }
    return product;
}

/* a * 2**power modulo a divisor above a. */
static wide shifted_modulo_wide(wide a, uint64_t power, wide divisor)
{
    wide base = sum_modulo(1 % divisor, 1 % divisor, divisor);
    for (; power; power >>= 1) {
        a = power & 1 ? product_modulo(a, base, divisor) : a;
        base = power > 1 ? product_modulo(base, base, divisor) : base;
    }
    return a;
}

/* The last 64 digits of floor(n * 2**places / divisor); *rest: what the division leaves. */
static uint64_t divided(wide n, uint64_t places, wide divisor, wide *rest)
{
    const uint64_t few = places < DIGITS ? places : DIGITS;
    uint64_t digits = (uint64_t)(n / divisor);
    *rest = n % divisor;
    if (places > DIGITS)
        *rest = shifted_modulo_wide(*rest, places - DIGITS, divisor);
    for (uint64_t i = 0; i < few; i++) {
        const int is_one = *rest >= divisor - *rest;
        *rest = sum_modulo(*rest, *rest, divisor);
        digits = digits << 1 | (unsigned)is_one;
    }
    return digits;
}

/* Of |a| / |b|. */
static uint64_t quotient_digits(const nf_unpacked *a, const nf_unpacked *b, int64_t weight, uint64_t divisor,
                                int *follows)
{
    const int64_t places = sum_of_exponents(sum_of_exponents(a->exponent, -b->exponent), -weight);
    wide rest = 1;
    const uint64_t digits =
        places < 0 ? 0 : divided(a->significand, (uint64_t)places, (wide)b->significand * divisor, &rest);
    *follows = rest != 0;
    return digits;
}

/* Of the root; 0 far behind its first digits, where no random stream leads. */
static uint64_t root_digits(const nf_unpacked *a, int64_t weight, uint64_t divisor, int *follows)
{
    enum { SIZE = NF_MOST_LIMBS, MOST_PLACES = 64 * (SIZE - 2) };
    uint64_t root[SIZE] = {0}, left[SIZE] = {0}, least[SIZE];
    const int is_odd = (int)(a->exponent & 1);
    const int64_t places = (a->exponent - is_odd) / 2 - 63 - weight;
    wide rest;
    *follows = 1;
    if (places <= -DIGITS || places > MOST_PLACES)
        return 0;
    root[0] = integer_root((wide)a->significand << (63 + is_odd), &rest);
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
    const int is_cut = places < 0 && root[0] << (DIGITS + places) != 0;
    root[0] >>= places < 0 ? -places : 0;
    const uint64_t undivided = limbs_divide(root, divisor, SIZE);
    *follows = is_cut || undivided || !limbs_are_zero(left, SIZE);
    return root[0];
}

/* The digits of a term from `weight` up, and what their division leaves; what lies below stays in the term. */
static uint64_t take_digits(nf_wide *term, int64_t weight, uint64_t divisor, wide *rest)
{
    const int64_t count = sum_of_exponents(term->exponent, 1 - weight);
    const wide high = term->high, low = term->low;
    *rest = 0;
    if (count <= 0 || wide_is_zero(term))
        return 0;
    term->high = count < 128 ? high << count | low >> (128 - count) : count < 256 ? low << (count - 128) : 0;
    term->low = count < 128 ? low << count : 0;
    term->exponent -= count;
    wide_normalise(term);
    if (count <= 128 || count > 256 || !low)
        return count <= 128 ? divided(high >> (128 - count), 0, divisor, rest)
                            : divided(high, (uint64_t)count - 128, divisor, rest);
    wide of_low;
    const wide behind = low >> (256 - count);
    uint64_t digits = divided(high, (uint64_t)count - 128, divisor, rest);
    digits += divided(behind, 0, divisor, &of_low);
    digits += *rest >= divisor - of_low;
    *rest = sum_modulo(*rest, of_low, divisor);
    return digits;
}

/* Of |sum| of at most three terms, whose sign is `sign`.  What is left of the terms: a multiple of the unit, and less
 * than one. */
static uint64_t sum_digits(nf_wide *terms, int count, int sign, int64_t weight, uint64_t divisor, int *follows)
{
    uint64_t digits = 0;
    __int128 left = 0, unit = divisor;
    nf_unpacked below[3] = {{0}, {0}, {0}};
    for (int i = 0; i < count; i++) {
        wide rest;
        const uint64_t taken = take_digits(&terms[i], weight, divisor, &rest);
        terms[i].sign ^= (uint8_t)sign;
        digits += terms[i].sign ? 0 - taken : taken;
        left += terms[i].sign ? -(__int128)rest : (__int128)rest;
        below[i] = number_of_wide(&terms[i]);
    }
    nf_wide sum = count == 3 ? wide_sum_of_three(below, 0) : count == 2 ? wide_sum(terms[0], terms[1], 0) : terms[0];
    wide none;
    const int64_t whole = (int64_t)take_digits(&sum, weight, 1, &none); /* 0, 1 or 2 */
    *follows = !wide_is_zero(&sum) || sum.sticky;
    left += sum.sign ? -whole - *follows : whole;
    for (; left < 0; left += unit)
        digits--;
    *follows |= left % unit != 0;
    return digits + (uint64_t)(left / unit);
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

uint64_t nf_wide_digits(nf_wide *sum, int64_t weight, uint64_t divisor, int *follows)
{
    return sum_digits(sum, 1, sum->sign, weight, divisor, follows);
}

uint64_t nf_own_digits(const nf_unpacked *y, int64_t weight, uint64_t divisor, int *follows)
{
    nf_wide term = wide_of(y);
    return sum_digits(&term, 1, y->sign, weight, divisor, follows);
}

/* Of an elementary function: all digits in front of `weight`, divided. */
static uint64_t function_digits(const nf_arithmetic *how, const nf_unpacked *x, int64_t weight, uint64_t divisor,
                                int *follows)
{
    enum { SIZE = NF_MOST_LIMBS + 1 };
    uint64_t limb[SIZE] = {0};
    uint32_t raised = 0;
    const nf_function which = function_of(how->operation);
    const int64_t n = exponent_of(which, x);
    const nf_unpacked y = nf_function_result(which, x, n, 1, &raised);
    if (!y.sticky)
        return nf_own_digits(&y, weight, divisor, follows);
    const int64_t count = divisor == 1 ? 0 : sum_of_exponents(y.exponent, 1 - weight);
    int more;
    limb[0] = nf_function_digits(which, x, n, &y, weight, follows);
    for (int i = 1; i < SIZE && 64 * i < count; i++)
        limb[i] = nf_function_digits(which, x, n, &y, weight + 64 * (int64_t)i, &more);
    *follows |= limbs_divide(limb, divisor, SIZE) != 0;
    return limb[0];
}

uint64_t nf_result_digits(const nf_arithmetic *how, size_t place, int sign, int64_t weight, uint64_t divisor,
                          int *follows)
{
    nf_unpacked x[NF_MOST_OPERANDS] = {{0}, {0}, {0}};
    if (how->load)
        return how->digits(how, place, weight, divisor, follows);
    nf_load_operands(how, place, x);
    return nf_operation_digits(how, x, sign, weight, divisor, follows);
}

uint64_t nf_operation_digits(const nf_arithmetic *how, const nf_unpacked *x, int sign, int64_t weight, uint64_t divisor,
                             int *follows)
{
    const nf_unpacked one = number_of(0, 1, 0);
    nf_wide terms[NF_MOST_OPERANDS];
    if (is_power_sum(how->operation) && (x[0].base | x[1].base | x[2].base)) {
        nf_power_sum s = nf_power_sum_of(how, x);
        return nf_power_sum_digits(&s, weight, divisor, follows);
    }
    if (is_function(how->operation))
        return function_digits(how, x, weight, divisor, follows);
    switch (how->operation) {
    case NF_OP_divide:
        return quotient_digits(&x[0], &x[1], weight, divisor, follows);
    case NF_OP_reciprocal:
        return quotient_digits(&one, &x[0], weight, divisor, follows);
    case NF_OP_sqrt:
        return root_digits(&x[0], weight, divisor, follows);
    default:
        return sum_digits(terms, terms_of(how, x, terms), sign, weight, divisor, follows);
    }
}

uint64_t nf_deep_digits(const nf_deep *x, int64_t weight, int *follows)
{
    const int64_t cut = weight - (x->exponent - 127);
    const wide all = (wide)x->x.significand << 64 | x->x.more;
    if (x->x.sticky && x->from && cut < 0)
        return nf_result_digits(x->from, x->place, x->x.sign, weight, 1, follows);
    *follows = x->x.sticky;
    if (cut <= 0)
        return cut > -64 ? (uint64_t)all << -cut : 0;
    *follows |= cut > 127 || all << (128 - cut) != 0;
    return cut > 127 ? 0 : (uint64_t)(all >> cut);
}

void nf_deep_limbs(const nf_deep *x, int w, uint64_t *limb)
{
    int follows;
    limb[w - 1] = x->x.significand;
    for (int i = 1; i < w; i++)
        limb[w - 1 - i] = i == 1 ? x->x.more : nf_deep_digits(x, x->exponent - 63 - 64 * (int64_t)i, &follows);
}

int nf_square_is_rational(const nf_deep *x, nf_unpacked *square)
{
    nf_unpacked operand[NF_MOST_OPERANDS];
    const nf_unpacked *known = &x->x;
    if (known->base == NF_BASE_2 && known->root_bits == 1) {
        *square = number_of(0, 1, known->log);
        return 1;
    }
    if (known->base != NF_RATIONAL || !known->sticky || !x->from || x->from->operation != NF_OP_sqrt)
        return 0;
    nf_load_operands(x->from, x->place, operand);
    *square = operand[0];
    return 1;
}
