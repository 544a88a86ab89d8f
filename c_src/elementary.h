/* Polynomials in double for a few elementary functions: IEEE + - * / and integer operations alone, so every machine and
 * instruction set gives the same bits; all of them vectorise.  Coefficients: Chebyshev fits, error below 2**-53 of the
 * result unless said. */
#ifndef NF_ELEMENTARY_H
#define NF_ELEMENTARY_H

#include "format.h"

/* x = significand * 2**exponent with the significand in [sqrt(1/2), sqrt(2)]; x positive, normal, below 2**1000. */
typedef struct nf_binade {
    double significand, exponent;
} nf_binade;

NF_INLINE nf_binade binade_of(double x)
{
    const uint64_t one = (uint64_t)1023 << 52, root_half = 0x3FE6A09E667F3BCDu, magic = (uint64_t)1075 << 52;
    uint64_t bits, biased, number;
    nf_binade b;
    memcpy(&bits, &x, sizeof bits);
    biased = (bits + (one - root_half)) >> 52; /* exponent + 1023 */
    bits -= (biased - 1023) << 52;
    memcpy(&b.significand, &bits, sizeof bits);
    number = magic | biased; /* 2**52 + biased, as a double */
    memcpy(&b.exponent, &number, sizeof number);
    b.exponent -= 0x1p52 + 1023;
    return b;
}

/* 2 atanh(s) = ln((1 + s) / (1 - s)) for |s| <= 0.1716. */
NF_INLINE double two_atanh(double s)
{
    double z = s * s, z2 = z * z;
    double high = (0x1.7462b4ab2ef6bp-3 + z * 0x1.39fe606542ddep-3) + z2 * 0x1.2b584aae78a57p-3;
    double low =
        (0x1.5555555555558p-1 + z * 0x1.99999999952e2p-2) + z2 * (0x1.2492492df148dp-2 + z * 0x1.c71c62e5800a1p-3);
    return 2 * s + s * z * (low + z2 * z2 * high);
}

/* ln x for x in [sqrt(1/2), sqrt(2)]. */
NF_INLINE double log_near_one(double x) { return two_atanh((x - 1) / (x + 1)); }

/* sin(2 pi r) for |r| <= 1/4. */
NF_INLINE double sine_of_quarter(double r)
{
    double y = r * r, y2 = y * y, y4 = y2 * y2;
    double low =
        (-0x1.4abbce625be52p+5 + y * 0x1.466bc6775aa7dp+6) + y2 * (-0x1.32d2cce627c86p+6 + y * 0x1.5078348551854p+5);
    double high =
        (-0x1.e3074dfaf87afp+3 + y * 0x1.e8f3675ee37ddp+1) + y2 * (-0x1.6f7acdb8f6580p-1 + y * 0x1.9d462020fcc78p-4);
    return 0x1.921fb54442d18p+2 * r + r * y * (low + y4 * high);
}

/* e**-x for x >= 0; 0 above 700.  Relative error below 2**-44. */
NF_INLINE double exp_of_minus(double x)
{
    const double magic = 0x1.8p52, ln2_high = 0x1.62e42fee00000p-1, ln2_low = 0x1.a39ef35793c76p-33;
    double t = (x > 700 ? 700 : x) * -0x1.71547652b82fep+0 + magic; /* the nearest integer sits in the low bits */
    double k = t - magic, r = ((x > 700 ? -700 : -x) - k * ln2_high) - k * ln2_low, r2 = r * r;
    double low = (1.0 + r) + r2 * (0.5 + r * 0x1.5555555550d88p-3);
    double high = (0x1.55555588b8403p-5 + r * 0x1.11111123bf154p-7) +
                  r2 * ((0x1.6c162bb7d965cp-10 + r * 0x1.a01994c849582p-13) +
                        r2 * (0x1.a17df0d914d6cp-16 + r * 0x1.72e107c874de9p-19));
    uint64_t bits;
    double scale;
    memcpy(&bits, &t, sizeof bits);
    bits = (bits + 1023) << 52;
    memcpy(&scale, &bits, sizeof scale);
    return x > 700 ? 0 : (low + r2 * r2 * high) * scale;
}

#endif
