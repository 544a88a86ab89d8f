/* Elementary functions: tries with more and more limbs (Ziv, "Fast evaluation of elementary mathematical functions with
 * correctly rounded last bit", 1991), and the results that are found by algebra. */
#ifndef NF_FUNCTIONS_H
#define NF_FUNCTIONS_H

#include "number.h"

/* One try: 1 where so many limbs decide the leading 63 bits of a result that has more than 64. */
int nf_try_function_2(nf_function which, const nf_unpacked *x, int64_t n, nf_unpacked *y);
int nf_try_function_4(nf_function which, const nf_unpacked *x, int64_t n, nf_unpacked *y);
int nf_try_function_16(nf_function which, const nf_unpacked *x, int64_t n, nf_unpacked *y);

/* Algebraic functions of finite numbers other than 0, exactly: x > 0 and rational; rational; */
nf_unpacked nf_reciprocal_root(const nf_unpacked *x);
nf_unpacked nf_cube_root(const nf_unpacked *x);

/* Where the result is a number of at most 64 bits, or a power of 2 or e that a nf_unpacked holds: 1, and the number. */
int nf_power_is_exact(const nf_unpacked *x, int64_t n, nf_unpacked *y);
int nf_root_of_power(const nf_unpacked *x, int root, nf_unpacked *y);

#endif
