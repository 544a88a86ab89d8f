/* Schoolbook arithmetic on limbs of 32 bits. */
#include "exact.h"
#include "number.h"
#include "random.h"

/* Drop zero limbs at both ends. */
static void trim(nf_exact *x)
{
    int32_t low = 0;
    while (x->size && x->limb[x->size - 1] == 0)
        x->size--;
    if (x->size == 0) {
        x->sign = x->exponent = 0;
        return;
    }
    while (x->limb[low] == 0)
        low++;
    memmove(x->limb, x->limb + low, (size_t)(x->size - low) * sizeof *x->limb);
    x->size -= low;
    x->exponent += low;
}

nf_exact nf_exact_of_number(const nf_unpacked *x)
{
    nf_exact y = {.sign = x->sign ? -1 : 1, .size = 3};
    const int position = (int)x->exponent - 63, shift = position & 31; /* the lowest bit, and its place in a limb */
    y.exponent = (position - shift) / 32;
    y.limb[0] = (uint32_t)(x->significand << shift);
    y.limb[1] = (uint32_t)((unsigned __int128)x->significand << shift >> 32);
    y.limb[2] = (uint32_t)((unsigned __int128)x->significand << shift >> 64);
    trim(&y);
    return y;
}

nf_exact nf_exact_of(double x)
{
    const nf_unpacked number = unpack_f64(x);
    return nf_exact_of_number(&number);
}

/* The limb of weight 2**(32 * position). */
static uint32_t limb_at(const nf_exact *x, int32_t position)
{
    int32_t i = position - x->exponent;
    return i >= 0 && i < x->size ? x->limb[i] : 0;
}

static int32_t top_of(const nf_exact *x) { return x->exponent + x->size; }

static int compare_magnitudes(const nf_exact *a, const nf_exact *b)
{
    int32_t top = top_of(a) > top_of(b) ? top_of(a) : top_of(b);
    int32_t bottom = a->exponent < b->exponent ? a->exponent : b->exponent;
    for (int32_t i = top - 1; i >= bottom; i--)
        if (limb_at(a, i) != limb_at(b, i))
            return limb_at(a, i) < limb_at(b, i) ? -1 : 1;
    return 0;
}

/* |a| + |b|, or |a| - |b| where |a| >= |b|, with a's sign. */
static nf_exact combine(const nf_exact *a, const nf_exact *b, int subtract)
{
    nf_exact sum = {.sign = a->sign, .exponent = a->exponent < b->exponent ? a->exponent : b->exponent};
    int32_t top = top_of(a) > top_of(b) ? top_of(a) : top_of(b);
    int64_t carry = 0;
    for (int32_t i = sum.exponent; i < top; i++) {
        int64_t other = limb_at(b, i);
        carry += (int64_t)limb_at(a, i) + (subtract ? -other : other);
        sum.limb[sum.size++] = (uint32_t)carry;
        carry >>= 32;
    }
    sum.limb[sum.size++] = (uint32_t)carry;
    trim(&sum);
    return sum;
}

nf_exact nf_exact_add(const nf_exact *a, const nf_exact *b)
{
    if (a->sign == 0)
        return *b;
    if (b->sign == 0)
        return *a;
    if (a->sign == b->sign)
        return combine(a, b, 0);
    return compare_magnitudes(a, b) >= 0 ? combine(a, b, 1) : combine(b, a, 1);
}

nf_exact nf_exact_subtract(const nf_exact *a, const nf_exact *b)
{
    nf_exact negative = *b;
    negative.sign = -negative.sign;
    return nf_exact_add(a, &negative);
}

nf_exact nf_exact_multiply(const nf_exact *a, const nf_exact *b)
{
    nf_exact product = {.sign = a->sign * b->sign, .exponent = a->exponent + b->exponent, .size = a->size + b->size};
    for (int32_t i = 0; i < a->size; i++) {
        uint64_t carry = 0;
        for (int32_t j = 0; j < b->size; j++) {
            carry += (uint64_t)a->limb[i] * b->limb[j] + product.limb[i + j];
            product.limb[i + j] = (uint32_t)carry;
            carry >>= 32;
        }
        product.limb[i + b->size] = (uint32_t)carry;
    }
    trim(&product);
    return product;
}

int nf_exact_compare(const nf_exact *a, const nf_exact *b) { return nf_exact_subtract(a, b).sign; }

nf_exact nf_exact_difference(double a, double b)
{
    nf_exact x = nf_exact_of(a), y = nf_exact_of(b);
    return nf_exact_subtract(&x, &y);
}

uint32_t nf_exact_next_digits(nf_exact *rest, const nf_exact *whole)
{
    uint32_t digits = 0;
    for (int i = 0; i < 32; i++) {
        *rest = nf_exact_add(rest, rest);
        const nf_exact less = nf_exact_subtract(rest, whole);
        const int is_one = less.sign >= 0;
        digits = digits << 1 | (unsigned)is_one;
        *rest = is_one ? less : *rest;
    }
    return digits;
}

/* What is left of the numerator after the words so far, in units of the last one: below 0 the number is above the
 * fraction, from the denominator on it is below.  Each step shifts by one limb, so the span does not grow. */
int nf_uniform_below(const nf_uniform *u, const nf_exact *numerator, const nf_exact *denominator)
{
    nf_exact rest = *numerator;
    for (uint64_t draw = (uint64_t)u->which; draw < 65536; draw += draw < 2 ? 4 : 2) {
        if (rest.sign <= 0)
            return 0;
        if (nf_exact_compare(&rest, denominator) >= 0)
            return 1;
        nf_exact word = nf_exact_of(philox_word(u->key->key, u->key->call, draw, u->element));
        nf_exact taken = nf_exact_multiply(&word, denominator);
        rest.exponent++;
        rest = nf_exact_subtract(&rest, &taken);
    }
    return rest.sign > 0;
}
