/* Logarithms and powers of numbers, exactly: what is irrational is worked out to as many bits as decide the question.
 * Fixed point alone, so the answers are the same on every machine. */
#ifndef NF_REAL_H
#define NF_REAL_H

#include "number.h"

/* base**(log * 2**-root_bits). */
typedef struct nf_power {
    int64_t log;
    uint8_t base; /* NF_BASE_2 or NF_BASE_E */
    uint8_t root_bits;
} nf_power;

/* An integer, and whether it is the number itself and not only its floor. */
typedef struct nf_floor {
    __int128 integer;
    int is_exact;
} nf_floor;

/* The floor of log(|x|) * 2**digits modulo 2**128, to base 2 or e; x is finite and not 0.  0 <= digits <= 832.  It is
 * decided by up to 1,024 digits of x; a rational x nearer to a power of 2 than that is told from it. */
nf_floor nf_log_floor(const nf_deep *x, uint8_t base, int digits);

/* The number itself where it is rational; else the 62 bits below its leading one, cut, and a 1 behind them: rounded
 * once to 62 bits or fewer, that gives what the number gives.  Its exponent must be within +-2**62. */
nf_unpacked nf_number_of_power(nf_power power, int sign);

/* The last 64 binary digits of the floor of nu * 2**digits, nu = (|x| - low) / (high - low), low <= |x| < high; low is
 * 0 where it is NULL.  nu must be irrational.  digits <= 832: further ones read as 0. */
uint64_t nf_digits_between(const nf_deep *x, const nf_power *low, const nf_power *high, int digits);

#endif
