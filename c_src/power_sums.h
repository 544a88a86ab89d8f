/* Sums of powers of 2 or of e (operations on LNS and on logarithmic takums).
 *
 * Powers of 2 with logs that differ by no integer are linearly independent over the rationals, and so are all powers of
 * e with different rational logs (Lindemann and Weierstrass).  So a sum is a power, or rational, only where its terms
 * merge into one, or are all rational themselves; any other is irrational, and no turning point of a format: digits
 * enough decide.  So it is with remainders, which are sums of two powers, one of them an integer number of times. */
#ifndef NF_POWER_SUMS_H
#define NF_POWER_SUMS_H

#include "arithmetic.h"
#include "real.h"

/* The terms of an operation on such numbers, all finite, after all that merge have: 0 of them give zero, whose sign
 * then is `sign`. */
typedef struct nf_power_sum {
    nf_unpacked term[NF_MOST_OPERANDS];
    int count, sign;
    uint8_t
        rest; /* nf_rest_kind: NONE, or what is behind the point of term[0], above 1 and irrational, times term[1] */
} nf_power_sum;

/* What is behind the point of a number, or what it lacks of the next integer. */
typedef enum nf_rest_kind { NF_REST_NONE = 0, NF_REST_BELOW, NF_REST_ABOVE } nf_rest_kind;

NF_INLINE int is_remainder(int operation)
{
    return operation == NF_OP_remainder || operation == NF_OP_fmod || operation == NF_OP_ieee_remainder;
}

NF_INLINE int is_power_sum(int operation)
{
    return operation == NF_OP_add || operation == NF_OP_subtract || operation == NF_OP_fma || operation == NF_OP_faa ||
           is_remainder(operation);
}

/* Most binades between the operands of a remainder: the integer bits of their quotient leave digits enough. */
enum { NF_REMAINDER_BINADES = 512 };

/* Operands of which one is irrational. */
nf_power_sum nf_power_sum_of(const nf_arithmetic *how, const nf_unpacked *x);

/* Of a remainder, neither operand 0: a - b q, q an integer, is what a / b has behind its point, times b. */
nf_power_sum nf_power_remainder_of(const nf_arithmetic *how, const nf_unpacked *x);

/* Exact, or cut behind 128 bits with a sticky; a power as such, unless it `is_long`: then it is cut so too. */
nf_unpacked nf_power_sum_number(const nf_power_sum *sum, int is_long);

/* Digits as of nf_result_digits. */
uint64_t nf_power_sum_digits(nf_power_sum *sum, int64_t weight, uint64_t divisor, int *follows);

/* -1 or 1 where the size of an inexact sum is so little below or above a power, *beside, that no digits tell; else 0.
 */
int nf_is_beside_power(const nf_deep *x, nf_power *beside);

/* One try with 4 limbs, and with 16, as those of functions. */
int nf_try_sum_4(const nf_power_sum *sum, nf_unpacked *y);
int nf_try_sum_16(const nf_power_sum *sum, nf_unpacked *y);

/* |sum| within `error` units of the last limb: fraction * 2**exponent of 16 limbs. */
double nf_sum_fraction(const nf_power_sum *sum, uint64_t *fraction, int64_t *exponent);

#endif
