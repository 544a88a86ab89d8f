/* Operations on powers of 2 or e (LNS, logarithmic takums): exact on logs; sums cut behind 128 bits. */
#ifndef NF_POWERS_ARITH_H
#define NF_POWERS_ARITH_H

#include "real.h"

/* A finite number that is a power of the base; a rational one is a power of 2, or 1. */
NF_INLINE nf_power as_power(const nf_unpacked *x, uint8_t base)
{
    if (x->base != NF_RATIONAL)
        return (nf_power){x->log, x->base, x->root_bits};
    return (nf_power){base == NF_BASE_2 ? x->exponent : 0, base, 0};
}

/* a * b, or a / b where `sign` is -1; logs of formats of at most 32 bits do not overflow. */
NF_INLINE nf_unpacked product_of_powers(const nf_unpacked *a, const nf_unpacked *b, int sign)
{
    const uint8_t base = a->base | b->base;
    const nf_power p = as_power(a, base), q = as_power(b, base);
    const int root = p.root_bits > q.root_bits ? p.root_bits : q.root_bits;
    const int64_t one = 1, log = p.log * (one << (root - p.root_bits)) + sign * q.log * (one << (root - q.root_bits));
    return nf_number_of_power((nf_power){log, base, (uint8_t)root}, a->sign ^ b->sign);
}

/* -1, 0 or 1 as |a| is below, at or above |b|: both powers of the same base. */
NF_INLINE int order_of_powers(const nf_unpacked *a, const nf_unpacked *b)
{
    const uint8_t base = a->base | b->base;
    const nf_power p = as_power(a, base), q = as_power(b, base);
    const __int128 one = 1, left = p.log * (one << q.root_bits), right = q.log * (one << p.root_bits);
    return (left > right) - (left < right);
}

#endif
