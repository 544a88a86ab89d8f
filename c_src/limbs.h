/* Fixed point of many limbs: arrays of 64-bit limbs, the lowest first.  A number in [0, 1) of w limbs counts units of
 * 2**(-64 w). */
#ifndef NF_LIMBS_H
#define NF_LIMBS_H

#include "format.h"

enum { NF_MOST_LIMBS = 16 };

/* out (of a_size + b_size limbs, none of them a's or b's) = a * b. */
NF_INLINE void limbs_multiply(const uint64_t *a, int a_size, const uint64_t *b, int b_size, uint64_t *out)
{
    memset(out, 0, (size_t)(a_size + b_size) * sizeof *out);
    for (int i = 0; i < a_size; i++) {
        uint64_t carry = 0;
        for (int j = 0; j < b_size; j++) {
            unsigned __int128 sum = (unsigned __int128)a[i] * b[j] + out[i + j] + carry;
            out[i + j] = (uint64_t)sum;
            carry = (uint64_t)(sum >> 64);
        }
        out[i + b_size] = carry;
    }
}

/* a += b, both of w limbs; returns the carry. */
NF_INLINE uint64_t limbs_add(uint64_t *a, const uint64_t *b, int w)
{
    uint64_t carry = 0;
    for (int i = 0; i < w; i++) {
        unsigned __int128 sum = (unsigned __int128)a[i] + b[i] + carry;
        a[i] = (uint64_t)sum;
        carry = (uint64_t)(sum >> 64);
    }
    return carry;
}

/* a -= b; returns the borrow. */
NF_INLINE uint64_t limbs_subtract(uint64_t *a, const uint64_t *b, int w)
{
    uint64_t borrow = 0;
    for (int i = 0; i < w; i++) {
        unsigned __int128 difference = (unsigned __int128)a[i] - b[i] - borrow;
        a[i] = (uint64_t)difference;
        borrow = (uint64_t)(difference >> 64) & 1;
    }
    return borrow;
}

/* a += b, a small number; returns the carry. */
NF_INLINE uint64_t limbs_add_small(uint64_t *a, uint64_t b, int w)
{
    for (int i = 0; i < w && b; i++) {
        a[i] += b;
        b = a[i] < b;
    }
    return b;
}

NF_INLINE uint64_t limbs_subtract_small(uint64_t *a, uint64_t b, int w)
{
    for (int i = 0; i < w && b; i++) {
        const uint64_t before = a[i];
        a[i] -= b;
        b = before < b;
    }
    return b;
}

NF_INLINE void limbs_negate(uint64_t *a, int w)
{
    for (int i = 0; i < w; i++)
        a[i] = ~a[i];
    limbs_add_small(a, 1, w);
}

/* a = 2 a + bit; returns the bit shifted out. */
NF_INLINE uint64_t limbs_double(uint64_t *a, uint64_t bit, int w)
{
    for (int i = 0; i < w; i++) {
        const uint64_t out = a[i] >> 63;
        a[i] = a[i] << 1 | bit;
        bit = out;
    }
    return bit;
}

/* a = a * 2**-shift, cut. */
NF_INLINE void limbs_shift_down(uint64_t *a, uint64_t shift, int w)
{
    const uint64_t whole = shift / 64, part = shift % 64;
    for (int i = 0; i < w; i++) {
        const uint64_t from = (uint64_t)i + whole;
        const uint64_t low = from < (uint64_t)w ? a[from] : 0, high = from + 1 < (uint64_t)w ? a[from + 1] : 0;
        a[i] = part ? low >> part | high << (64 - part) : low;
    }
}

/* a = a * 2**shift, shift < 64 w; the bits that leave are lost. */
NF_INLINE void limbs_shift_up(uint64_t *a, uint64_t shift, int w)
{
    const int whole = (int)(shift / 64), part = (int)(shift % 64);
    for (int i = w - 1; i >= 0; i--) {
        const uint64_t high = i >= whole ? a[i - whole] : 0, low = i > whole ? a[i - whole - 1] : 0;
        a[i] = part ? high << part | low >> (64 - part) : high;
    }
}

/* The same; is what was cut not 0? */
NF_INLINE int limbs_cut(uint64_t *a, uint64_t shift, int w)
{
    int lost = 0;
    for (uint64_t i = 0; i < (uint64_t)w && 64 * i < shift; i++)
        lost |= shift - 64 * i < 64 ? a[i] << (64 - (shift - 64 * i)) != 0 : a[i] != 0;
    limbs_shift_down(a, shift, w);
    return lost;
}

/* a = a / divisor, cut; returns the rest. */
NF_INLINE uint64_t limbs_divide(uint64_t *a, uint64_t divisor, int w)
{
    unsigned __int128 rest = 0;
    for (int i = w - 1; i >= 0; i--) {
        rest = rest << 64 | a[i];
        a[i] = (uint64_t)(rest / divisor);
        rest %= divisor;
    }
    return (uint64_t)rest;
}

/* Zero bits above the highest 1, 64 w where there is none. */
NF_INLINE int limbs_leading_zeros(const uint64_t *a, int w)
{
    int i = w - 1;
    while (i >= 0 && !a[i])
        i--;
    return i < 0 ? 64 * w : 64 * (w - 1 - i) + __builtin_clzll(a[i]);
}

/* a = a / divisor, cut; divisor < 2**32: by halves of limbs, as processors divide 64 bits by 64. */
NF_INLINE void limbs_divide_small(uint64_t *a, uint64_t divisor, int w)
{
    uint64_t rest = 0;
    for (int i = w - 1; i >= 0; i--) {
        const uint64_t high = rest << 32 | a[i] >> 32, low = high % divisor << 32 | (uint32_t)a[i];
        a[i] = high / divisor << 32 | low / divisor;
        rest = low % divisor;
    }
}

NF_INLINE int limbs_are_zero(const uint64_t *a, int w)
{
    uint64_t any = 0;
    for (int i = 0; i < w; i++)
        any |= a[i];
    return !any;
}

/* -1, 0 or 1 as a is below, at or above b. */
NF_INLINE int limbs_compare(const uint64_t *a, const uint64_t *b, int w)
{
    for (int i = w - 1; i >= 0; i--)
        if (a[i] != b[i])
            return a[i] < b[i] ? -1 : 1;
    return 0;
}

/* The top w <= 16 limbs of ln 2, log2(e) / 2, pi / 4 and 1 / sqrt(pi), all below 1, cut; and as many as
 * NF_TWO_OVER_PI_LIMBS of 2 / pi (constants.c). */
enum { NF_TWO_OVER_PI_LIMBS = 275 };
const uint64_t *nf_ln_2(int w);
const uint64_t *nf_half_log2_e(int w);
const uint64_t *nf_quarter_pi(int w);
const uint64_t *nf_inverse_root_pi(int w);
const uint64_t *nf_two_over_pi(int w);

#endif
