/* Exact sums and products: numbers of 256 bits and a sticky.
 *
 * A sum of two is exact where they lie within 256 bits of each other.  Where they do not, the larger has at most 128
 * bits, so that no more than one bit cancels: the first 128 bits are right, and the sticky says that more follow. */
#ifndef NF_WIDE_H
#define NF_WIDE_H

#include "number.h"

/* (-1)**sign * (high * 2**128 + low) * 2**(exponent - 255), the top bit of high set; 0 where both are 0. */
typedef struct nf_wide {
    unsigned __int128 high, low;
    int64_t exponent;
    uint8_t sign, sticky;
} nf_wide;

NF_INLINE int wide_is_zero(const nf_wide *x) { return !(x->high | x->low); }

/* Of a finite number. */
NF_INLINE nf_wide wide_of(const nf_unpacked *x)
{
    nf_wide y = {.sign = x->sign};
    if (x->kind == NF_FINITE_NUMBER) {
        y.high = (unsigned __int128)x->significand << 64 | x->more;
        y.exponent = x->exponent;
        y.sticky = x->sticky;
    }
    return y;
}

NF_INLINE nf_unpacked number_of_wide(const nf_wide *x)
{
    nf_unpacked y = special_of(wide_is_zero(x) ? NF_ZERO : NF_FINITE_NUMBER, x->sign);
    y.exponent = wide_is_zero(x) ? 0 : x->exponent;
    y.significand = (uint64_t)(x->high >> 64);
    y.more = (uint64_t)x->high;
    y.sticky = x->sticky | (x->low != 0);
    return y;
}

/* A sum of exponents, within the limits that no format reaches. */
NF_INLINE int64_t sum_of_exponents(int64_t a, int64_t b)
{
    enum { BEYOND = 4096 };
    const int64_t limit = ((int64_t)1 << 62) + BEYOND;
    const __int128 sum = (__int128)a + b;
    return sum > limit ? limit : sum < -limit ? -limit : (int64_t)sum;
}

/* Of finite numbers with nothing behind their significands. */
NF_INLINE nf_wide wide_product(const nf_unpacked *a, const nf_unpacked *b)
{
    nf_wide p = {.sign = a->sign ^ b->sign};
    if (a->kind == NF_ZERO || b->kind == NF_ZERO)
        return p;
    p.high = (unsigned __int128)a->significand * b->significand;
    const int carries = (int)(p.high >> 127);
    p.high <<= !carries;
    p.exponent = sum_of_exponents(sum_of_exponents(a->exponent, b->exponent), carries);
    return p;
}

NF_INLINE void wide_shift_down(nf_wide *x, uint64_t shift)
{
    if (shift >= 256) {
        x->sticky |= !wide_is_zero(x);
        x->high = x->low = 0;
    } else if (shift >= 128) {
        x->sticky |= x->low != 0 || (shift > 128 && x->high << (256 - shift) != 0);
        x->low = x->high >> (shift - 128);
        x->high = 0;
    } else if (shift) {
        x->sticky |= x->low << (128 - shift) != 0;
        x->low = x->low >> shift | x->high << (128 - shift);
        x->high >>= shift;
    }
}

NF_INLINE void wide_normalise(nf_wide *x)
{
    if (wide_is_zero(x))
        return;
    if (!x->high) {
        x->high = x->low;
        x->low = 0;
        x->exponent -= 128;
    }
    const uint64_t top = (uint64_t)(x->high >> 64);
    const int zeros = top ? leading_zeros(top) : 64 + leading_zeros((uint64_t)x->high);
    x->exponent -= zeros;
    if (zeros) {
        x->high = x->high << zeros | x->low >> (128 - zeros);
        x->low <<= zeros;
    }
}

/* a += b, both aligned and of one sign. */
NF_INLINE void wide_add_aligned(nf_wide *a, const nf_wide *b)
{
    a->low += b->low;
    const unsigned carry = a->low < b->low;
    const unsigned __int128 high = a->high + b->high + carry;
    const int carries = high < a->high || (carry && high == a->high);
    a->high = high;
    a->sticky |= b->sticky;
    if (!carries)
        return;
    wide_shift_down(a, 1);
    a->high |= (unsigned __int128)1 << 127;
    a->exponent++;
}

/* a -= b, aligned, |a| >= |b|: the floor, where b was cut. */
NF_INLINE void wide_subtract_aligned(nf_wide *a, const nf_wide *b)
{
    const unsigned __int128 low = b->low + b->sticky; /* a carry out of it is all there is of high's borrow */
    const int wraps = low < b->low, borrows = a->low < low;
    a->low -= low;
    a->high -= b->high + (unsigned)wraps + (unsigned)borrows;
    a->sticky |= b->sticky;
    wide_normalise(a);
}

NF_INLINE int wide_is_below(const nf_wide *a, const nf_wide *b)
{
    if (a->exponent != b->exponent)
        return a->exponent < b->exponent;
    return a->high != b->high ? a->high < b->high : a->low < b->low;
}

/* a + b; `down`: the sign of a sum of 0 of numbers with different signs. */
NF_INLINE nf_wide wide_sum(nf_wide a, nf_wide b, int down)
{
    const nf_wide zero = {.sign = a.sign == b.sign ? a.sign : (uint8_t)down};
    if (wide_is_zero(&a))
        return wide_is_zero(&b) ? zero : b;
    if (wide_is_zero(&b))
        return a;
    if (wide_is_below(&a, &b)) {
        const nf_wide t = a;
        a = b;
        b = t;
    }
    wide_shift_down(&b, (uint64_t)a.exponent - (uint64_t)b.exponent);
    if (a.sign == b.sign)
        wide_add_aligned(&a, &b);
    else
        wide_subtract_aligned(&a, &b);
    return wide_is_zero(&a) ? zero : a;
}

/* a + b + c of finite numbers of 64 bits: the two nearest ones first, so that what cancels is exact. */
NF_INLINE nf_wide wide_sum_of_three(const nf_unpacked *x, int down)
{
    enum { NEAR = 190 };
    nf_wide a = wide_of(&x[0]), b = wide_of(&x[1]), c = wide_of(&x[2]), t;
    if (wide_is_below(&a, &b))
        t = a, a = b, b = t;
    if (wide_is_below(&b, &c))
        t = b, b = c, c = t;
    if (wide_is_below(&a, &b))
        t = a, a = b, b = t;
    const int are_near = (uint64_t)a.exponent - (uint64_t)b.exponent <= NEAR;
    return are_near ? wide_sum(wide_sum(a, b, down), c, down) : wide_sum(a, wide_sum(b, c, down), down);
}

#endif
