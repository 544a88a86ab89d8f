/* e**z, ln z, the logistic function and its logarithm, float32 to float32: computed in double and rounded once, with an
 * error below 0.5001 ulp, so the same bits on every machine and instruction set.  NaN gives NaN. */
#ifndef NF_MATH32_H
#define NF_MATH32_H

#include "elementary.h"

/* e**z */
NF_INLINE float exp_of(float z)
{
    double x = z, e = exp_of_minus(fabs(x));
    return (float)(x > 0 ? 1 / e : e);
}

/* ln z: minus infinity at 0, NaN below */
NF_INLINE float log_of(float z)
{
    const double ln2 = 0x1.62e42fefa39efp-1;
    double x = z;
    nf_binade b = binade_of(x > 0 ? x : 1);
    double found = b.exponent * ln2 + log_near_one(b.significand);
    found = x < HUGE_VAL ? found : x;
    return (float)(x > 0 ? found : x == 0 ? -HUGE_VAL : NAN);
}

/* 1 / (1 + e**-z) */
NF_INLINE float logistic_of(float z)
{
    double x = z, e = exp_of_minus(fabs(x));
    return (float)((x < 0 ? e : 1.0) / (1 + e));
}

/* ln(1 / (1 + e**-z)) = min(z, 0) - ln(1 + e**-|z|) */
NF_INLINE float log_logistic_of(float z)
{
    const double root_two = 0x1.6a09e667f3bcdp+0, ln2 = 0x1.62e42fefa39efp-1;
    double x = z, e = exp_of_minus(fabs(x));
    int halved = 1 + e > root_two; /* then ln(1 + e) = ln 2 + ln((1 + e) / 2) */
    double s = (halved ? e - 1 : e) / (halved ? e + 3 : e + 2);
    return (float)((x < 0 ? x : 0) - ((halved ? ln2 : 0) + two_atanh(s)));
}

#endif
