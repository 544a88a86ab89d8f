/* Digits of exact results, of operands at hand. */
#ifndef NF_RESULT_DIGITS_H
#define NF_RESULT_DIGITS_H

#include "arithmetic.h"

/* As nf_result_digits, of an operation's operands x. */
uint64_t nf_operation_digits(const nf_arithmetic *how, const nf_unpacked *x, int sign, int64_t weight, uint64_t divisor,
                             int *follows);

/* The same of a number with nothing behind its 128 bits. */
uint64_t nf_own_digits(const nf_unpacked *y, int64_t weight, uint64_t divisor, int *follows);

#endif
