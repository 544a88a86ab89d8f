/* An operation on arrays, as a way of loading numbers: element i is the exact result of the operands' elements i. */
#ifndef NF_ARITHMETIC_H
#define NF_ARITHMETIC_H

#include "number.h"

enum { NF_MOST_OPERANDS = 3, NF_PASS = 256 /* elements of a pass */ };

/* A checked operand. */
typedef struct nf_source {
    nf_grid grid; /* all 0 for plain numbers */
    uint8_t has_codes;
    nf_type type;
    const char *data;
    size_t size, step;       /* bytes of an element; from one element to the next, in elements: 1, or 0 */
    int64_t smallest_normal; /* exponent of the smallest normal number */
} nf_source;

typedef struct nf_arithmetic {
    uint8_t operation, count; /* nf_operation; operands */
    uint8_t zero_is_negative; /* an exact sum of 0 of numbers with different signs is -0 */
    uint8_t divides_to_nan;   /* x / 0 is NaN */
    uint8_t gives_truth;
    nf_source operands[NF_MOST_OPERANDS];
} nf_arithmetic;

/* The results of elements place .. place + n - 1, n at most NF_PASS, and what each raises (NF_INVALID ...). */
void nf_load_results(const nf_arithmetic *how, size_t place, size_t n, nf_unpacked *x, uint32_t *raised);

/* The same of an operation that gives truths. */
void nf_load_truths(const nf_arithmetic *how, size_t place, size_t n, uint8_t *truths, uint32_t *raised);

/* May a result be NaN or infinite? */
int nf_may_be_special(const nf_arithmetic *how);

#endif
