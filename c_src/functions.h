/* Elementary functions: tries with more and more limbs (Ziv, "Fast evaluation of elementary mathematical functions with
 * correctly rounded last bit", 1991), and the results that are found by algebra. */
#ifndef NF_FUNCTIONS_H
#define NF_FUNCTIONS_H

#include "number.h"

/* One try: 1 where so many limbs decide the leading 63 bits, or 128 where it `is_long`, of a result that has more; the
 * smallest has no long ones. */
int nf_try_function_2(nf_function which, const nf_unpacked *x, int64_t n, int is_long, nf_unpacked *y);
int nf_try_function_4(nf_function which, const nf_unpacked *x, int64_t n, int is_long, nf_unpacked *y);
int nf_try_function_16(nf_function which, const nf_unpacked *x, int64_t n, int is_long, nf_unpacked *y);

/* The function of x (or x**n), flags as in numfmt_functions.h; x is no irrational power of too large an angle.
 * `is_long`: exact, or cut behind 128 bits with a sticky, as the other operations give numbers; else 63 bits and a 1.
 */
nf_unpacked nf_function_result(nf_function which, const nf_unpacked *x, int64_t n, int is_long, uint32_t *flags);

/* The last 64 binary digits of floor(|y| * 2**-weight), y such a result that is_long, with a sticky; 0 where they lie
 * NF_KNOWN_DIGITS or more behind the first one. */
uint64_t nf_function_digits(nf_function which, const nf_unpacked *x, int64_t n, const nf_unpacked *y, int64_t weight,
                            int *follows);

/* The function within `error` units of the last limb: fraction * 2**exponent of 16 limbs. */
double nf_function_fraction(nf_function which, const nf_unpacked *x, int64_t n, uint64_t *fraction, int64_t *exponent);

enum {
    NF_MOST_TURNS = 16384, /* exponents from which on angles are refused, */
    NF_MOST_IRRATIONAL_TURNS = 700,
    NF_KNOWN_DIGITS = 896 /* of the 1,024 that a function is computed with */
};

/* Roots of finite rational numbers other than 0, the first of positive ones; the last bit is 1 where more follows. */
nf_unpacked nf_reciprocal_root(const nf_unpacked *x, int *is_exact);
nf_unpacked nf_cube_root(const nf_unpacked *x, int *is_exact);

/* Where the result is a number of at most 128 bits, or a power of 2 or e that a nf_unpacked holds: 1, and the number.
 */
int nf_power_is_exact(const nf_unpacked *x, int64_t n, nf_unpacked *y);
int nf_root_of_power(const nf_unpacked *x, int root, nf_unpacked *y);

#endif
