/* Standard Gaussians from two words (Box and Muller): the same bits on every machine, for only + - * / sqrt and integer
 * operations occur.  xi = sqrt(-2 ln u) cos(2 pi t), u = (w0 + 1/2) / 2**32, t = (w1 + 1/2) / 2**32; |xi| < 6.77.
 * The error is below 6 ulp. */
#ifndef NF_GAUSSIAN_H
#define NF_GAUSSIAN_H

#include "elementary.h"
#include "random.h"

/* w - 2**31, exactly: signed conversions are the ones that vectorise everywhere. */
NF_INLINE double centered(uint32_t w) { return (double)(int32_t)(w ^ 0x80000000u); }

/* -2 ln((w + 1/2) / 2**32) */
NF_INLINE double minus_two_log(uint32_t w)
{
    const double middle = 2147483648.5, ln2 = 0x1.62e42fefa39efp-1;
    nf_binade b = binade_of(centered(w) + middle);
    return -2 * ((b.exponent - 32) * ln2 + log_near_one(b.significand));
}

/* cos(2 pi (w + 1/2) / 2**32) as sin(2 pi r), r the distance to the nearest quarter turn: exact, in [-1/4, 1/4]. */
NF_INLINE double cosine_of_turn(uint32_t w)
{
    double r = fabs((centered(w) + 0.5) * 0x1p-32) - 0.25;
    return sine_of_quarter(r);
}

NF_INLINE double gaussian_of(uint32_t w0, uint32_t w1) { return sqrt(minus_two_log(w0)) * cosine_of_turn(w1); }

/* The Gaussians of n elements, from two arrays of words. */
static inline void gaussian_fill(const uint32_t *w0, const uint32_t *w1, double *out, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = gaussian_of(w0[i], w1[i]);
}

#endif
