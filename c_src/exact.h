/* Exact dyadic numbers for the cold branches of the samplers' laws: sums and products of doubles without rounding, and
 * the comparison of a uniform random number, read word by word, with an exact probability. */
#ifndef NF_EXACT_H
#define NF_EXACT_H

#include "format.h"

/* A product of two sums of doubles spans at most 4,200 bits; a comparison needs two words more. */
enum { NF_EXACT_LIMBS = 140 };

/* sign * sum of limb[i] * 2**(32 * (i + exponent)); sign 0 is zero. */
typedef struct nf_exact {
    int32_t sign, exponent, size;
    uint32_t limb[NF_EXACT_LIMBS];
} nf_exact;

nf_exact nf_exact_of(double x);
nf_exact nf_exact_of_number(const nf_unpacked *x); /* finite */
nf_exact nf_exact_add(const nf_exact *a, const nf_exact *b);
nf_exact nf_exact_subtract(const nf_exact *a, const nf_exact *b);
nf_exact nf_exact_multiply(const nf_exact *a, const nf_exact *b);

/* The sign of a - b. */
int nf_exact_compare(const nf_exact *a, const nf_exact *b);

/* a - b of doubles, exactly. */
nf_exact nf_exact_difference(double a, double b);

/* The next 32 binary digits of rest / whole, 0 <= rest < whole; the rest stays. */
uint32_t nf_exact_next_digits(nf_exact *rest, const nf_exact *whole);

/* The uniform number `which` (0 or 1) of an element: 0.W0 W1 W2 ... in base 2**32.  W0 is the word of draw `which`, the
 * further ones those of draws 4 + which, 6 + which, ...; draws 2 and 3 are the element's Gaussian. */
typedef struct nf_uniform {
    const nf_key *key;
    uint64_t element;
    int which;
} nf_uniform;

/* Is the uniform number below numerator / denominator?  denominator > 0.  Decided exactly. */
int nf_uniform_below(const nf_uniform *u, const nf_exact *numerator, const nf_exact *denominator);

#endif
