/* Exact numbers: taken out of plain elements, and put back without rounding. */
#ifndef NF_NUMBER_H
#define NF_NUMBER_H

#include "format.h"

NF_INLINE int leading_zeros(uint64_t bits) { return __builtin_clzll(bits); }

/* (-1)**sign * integer * 2**scale; integer 0 is a zero. */
NF_INLINE nf_unpacked number_of(int sign, uint64_t integer, int64_t scale)
{
    nf_unpacked x = {.kind = NF_ZERO, .sign = (uint8_t)sign};
    if (integer) {
        int zeros = leading_zeros(integer);
        x.kind = NF_FINITE_NUMBER;
        x.significand = integer << zeros;
        x.exponent = scale + 63 - zeros;
    }
    return x;
}

NF_INLINE nf_unpacked special_of(nf_kind kind, int sign)
{
    nf_unpacked x = {.kind = (uint8_t)kind, .sign = (uint8_t)sign};
    return x;
}

/* A number with all its digits: where `from` is not NULL, x is its result at `place`, or that times a power of 2. */
typedef struct nf_deep {
    nf_unpacked x;
    const struct nf_arithmetic *from;
    size_t place;
    int64_t exponent; /* of the result */
} nf_deep;

/* A number without digits behind its own. */
NF_INLINE nf_deep deep_of(const nf_unpacked *x) { return (nf_deep){*x, NULL, 0, x->exponent}; }

/* The last 64 digits of floor(|x| * 2**-weight); *follows: is that not all of it?  And the first 64 w digits. */
uint64_t nf_deep_digits(const nf_deep *x, int64_t weight, int *follows);
void nf_deep_limbs(const nf_deep *x, int w, uint64_t *limb);

/* Is x irrational, and its square a rational number, which then is *square? */
int nf_square_is_rational(const nf_deep *x, nf_unpacked *square);

/* Does something follow the 64 bits of the significand? */
NF_INLINE int goes_on(const nf_unpacked *x) { return (x->more != 0) | x->sticky; }

/* A number that rounds to 62 bits or fewer as x does: with 64 bits, the last one set where something follows. */
NF_INLINE nf_unpacked jammed(nf_unpacked x)
{
    x.significand |= (uint64_t)goes_on(&x);
    x.more = x.sticky = 0;
    return x;
}

/* -1, 0 or 1 as a is below, at or above b; neither infinite nor NaN. */
NF_INLINE int compare_numbers(const nf_unpacked *a, const nf_unpacked *b)
{
    const int a_sign = a->kind == NF_ZERO ? 0 : a->sign ? -1 : 1, b_sign = b->kind == NF_ZERO ? 0 : b->sign ? -1 : 1;
    if (a_sign != b_sign)
        return a_sign < b_sign ? -1 : 1;
    if (a_sign == 0)
        return 0;
    if (a->exponent != b->exponent)
        return a->exponent < b->exponent ? -a_sign : a_sign;
    return a->significand == b->significand ? 0 : a->significand < b->significand ? -a_sign : a_sign;
}

/* An IEEE interchange format with the given field widths. */
NF_INLINE nf_unpacked unpack_ieee(uint64_t bits, int exponent_bits, int fraction_bits)
{
    uint64_t top = ((uint64_t)1 << exponent_bits) - 1;
    uint64_t field = (bits >> fraction_bits) & top;
    uint64_t fraction = bits & (((uint64_t)1 << fraction_bits) - 1);
    int sign = (int)(bits >> (exponent_bits + fraction_bits)) & 1;
    int64_t scale = -(int64_t)(top >> 1) - fraction_bits;
    if (field == top)
        return special_of(fraction ? NF_NAN : NF_INFINITY, sign);
    if (field == 0)
        return number_of(sign, fraction, scale + 1);
    return number_of(sign, fraction | ((uint64_t)1 << fraction_bits), scale + (int64_t)field);
}

/* The reverse, for numbers that the interchange format holds exactly. */
NF_INLINE uint64_t pack_ieee(const nf_unpacked *x, int exponent_bits, int fraction_bits)
{
    int64_t emin = 2 - ((int64_t)1 << (exponent_bits - 1));
    uint64_t top = (((uint64_t)1 << exponent_bits) - 1) << fraction_bits;
    uint64_t bits = (uint64_t)x->sign << (exponent_bits + fraction_bits);
    int64_t shift = 63 - fraction_bits + (x->exponent < emin ? emin - x->exponent : 0);
    if (x->kind == NF_NAN)
        return bits | top | ((uint64_t)1 << (fraction_bits - 1));
    if (x->kind == NF_INFINITY)
        return bits | top;
    if (x->kind == NF_ZERO)
        return bits;
    if (x->exponent > emin)
        bits += (uint64_t)(x->exponent - emin) << fraction_bits;
    return shift > 63 ? bits : bits + (x->significand >> shift);
}

/* The nearest number of the interchange format, ties to even: one that pack_ieee takes. */
NF_INLINE nf_unpacked nearest_ieee(const nf_unpacked *x, int exponent_bits, int fraction_bits)
{
    const int64_t emax = ((int64_t)1 << (exponent_bits - 1)) - 1, emin = 1 - emax;
    const int64_t cut = 63 - fraction_bits + (x->exponent < emin ? emin - x->exponent : 0);
    if (x->kind != NF_FINITE_NUMBER)
        return *x;
    if (cut > 64)
        return special_of(NF_ZERO, x->sign);
    const uint64_t kept = cut > 63 ? 0 : x->significand >> cut, tail = x->significand << (64 - cut);
    const uint64_t half = (uint64_t)1 << 63;
    const nf_unpacked y =
        number_of(x->sign, kept + (tail > half || (tail == half && (kept & 1))), x->exponent - 63 + cut);
    return y.kind == NF_FINITE_NUMBER && y.exponent > emax ? special_of(NF_INFINITY, x->sign) : y;
}

/* The same for a float type; infinity beyond its range. */
NF_INLINE nf_unpacked nearest_of(nf_type type, const nf_unpacked *x)
{
    static const uint8_t fields[][2] = {{5, 10}, {8, 23}, {11, 52}};
    return nearest_ieee(x, fields[type][0], fields[type][1]);
}

/* Exponent of the largest finite number of a float type. */
NF_INLINE int64_t largest_exponent(nf_type type) { return type == NF_F16 ? 15 : type == NF_F32 ? 127 : 1023; }

/* Is a number too large for a float type?  (In its largest binade it is one of the type, or was rounded to one.) */
NF_INLINE int is_beyond(nf_type type, const nf_unpacked *x)
{
    return x->kind == NF_FINITE_NUMBER && x->exponent > largest_exponent(type);
}

NF_INLINE nf_unpacked unpack_f64(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return unpack_ieee(bits, 11, 52);
}

NF_INLINE double pack_f64(const nf_unpacked *x)
{
    uint64_t bits = pack_ieee(x, 11, 52);
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

NF_INLINE nf_unpacked unpack_i64(int64_t value)
{
    return number_of(value < 0, value < 0 ? 0 - (uint64_t)value : (uint64_t)value, 0);
}

#endif
