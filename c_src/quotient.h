/* Exact quotients by a positive scale: 64 significant bits, and what is left of the division; and products.
 *
 * `quotient` makes a number that every deterministic rounding to at most 62 bits treats as the quotient itself, because
 * its last bit is set where something is left.  The first 32 digits of a tail, and bits=N with its sticky, are right
 * where the rounded significand has at most 62 - N bits (30 for N = 32).  For further digits the cold branch needs the
 * rests: a plan's `rests` are those of the elements from `first_rest` on. */
#ifndef NF_QUOTIENT_H
#define NF_QUOTIENT_H

#include "cell.h"

/* A positive scale: significand * 2**(exponent - 63), top bit set. */
typedef struct nf_scale {
    uint64_t significand;
    int64_t exponent;
} nf_scale;

/* Long division: the next `bits` <= 64 binary digits of remainder / divisor, whose remainder stays. */
NF_INLINE uint64_t next_quotient_bits(nf_rest *rest, int bits)
{
    const unsigned __int128 dividend = (unsigned __int128)rest->remainder << bits;
    rest->remainder = (uint64_t)(dividend % rest->divisor);
    return (uint64_t)(dividend / rest->divisor);
}

/* The whole part, 0 or 1, of the quotient of two significands with the top bit set; the rest is what is left. */
NF_INLINE int begin_quotient(uint64_t significand, uint64_t divisor, nf_rest *rest)
{
    const int is_whole = significand >= divisor;
    rest->remainder = is_whole ? significand - divisor : significand;
    rest->divisor = divisor;
    rest->is_jammed = 0;
    return is_whole;
}

/* x / scale; what is not finite and nonzero stays as it is. */
NF_INLINE nf_unpacked quotient(const nf_unpacked *x, const nf_scale *scale, nf_rest *rest)
{
    nf_unpacked q = *x;
    const nf_rest none = {0, 1, 0};
    *rest = none;
    if (x->kind != NF_FINITE_NUMBER)
        return q;
    const int is_whole = begin_quotient(x->significand, scale->significand, rest);
    q.exponent = x->exponent - scale->exponent - !is_whole;
    q.significand = next_quotient_bits(rest, is_whole ? 63 : 64) | (uint64_t)is_whole << 63;
    rest->is_jammed = rest->remainder && !(q.significand & 1);
    q.significand |= rest->is_jammed;
    return q;
}

/* Product of two numbers; the last of its 64 bits is set where more were cut off. */
NF_INLINE nf_unpacked product(const nf_unpacked *a, const nf_unpacked *b)
{
    const int sign = a->sign ^ b->sign;
    const nf_unpacked *special = a->kind > b->kind ? a : b, *other = special == a ? b : a;
    if (special->kind == NF_NAN || (special->kind == NF_INFINITY && other->kind == NF_ZERO))
        return (nf_unpacked){.kind = NF_NAN};
    if (special->kind == NF_INFINITY || other->kind == NF_ZERO)
        return (nf_unpacked){.kind = special->kind == NF_INFINITY ? NF_INFINITY : NF_ZERO, .sign = (uint8_t)sign};
    unsigned __int128 exact = (unsigned __int128)a->significand * b->significand;
    const int carries = (int)(exact >> 127);
    exact <<= !carries;
    return (nf_unpacked){.kind = NF_FINITE_NUMBER,
                         .sign = (uint8_t)sign,
                         .exponent = a->exponent + b->exponent + carries,
                         .significand = (uint64_t)(exact >> 64) | ((uint64_t)exact != 0)};
}

/* a / b for a finite b that is not 0; of a finite a the last bit is set where something is left. */
NF_INLINE nf_unpacked ratio(const nf_unpacked *a, const nf_unpacked *b)
{
    nf_rest rest;
    const nf_scale scale = {b->significand, b->exponent};
    nf_unpacked q = quotient(a, &scale, &rest);
    q.sign ^= b->sign;
    return q;
}

/* The nearest float32. */
NF_INLINE nf_unpacked single(nf_unpacked x) { return nearest_of(NF_F32, &x); }

/* The tail of a quotient, of which `f`, with divisor 1, is the tail of its first 64 bits as `quotient` gives them. */
NF_INLINE nf_fraction fraction_with_rest(nf_fraction f, const nf_rest *rest)
{
    f.numerator = (f.numerator - rest->is_jammed) * rest->divisor + rest->remainder;
    f.divisor = rest->divisor;
    return f;
}

#endif
