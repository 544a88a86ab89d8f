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

typedef struct nf_arithmetic nf_arithmetic;
struct nf_wide;

/* Results by the code of the first operand, where they are known. */
typedef struct nf_known {
    const uint16_t *place; /* of each code in: */
    const nf_unpacked *numbers;
    const uint32_t *raised;
} nf_known;

/* Another way to give the results of elements place .. place + n - 1, and what each raises. */
typedef void nf_load(const nf_arithmetic *how, size_t place, size_t n, nf_unpacked *x, uint32_t *raised);

/* And further digits of them: as nf_result_digits. */
typedef uint64_t nf_digits(const nf_arithmetic *how, size_t place, int64_t weight, uint64_t divisor, int *follows);

struct nf_arithmetic {
    uint8_t operation, count; /* nf_operation; operands */
    uint8_t zero_is_negative; /* an exact sum of 0 of numbers with different signs is -0 */
    uint8_t divides_to_nan;   /* x / 0 is NaN */
    uint8_t gives_truth;
    uint8_t has_log_poles; /* the logarithm of 0 is infinite even so */
    uint8_t is_long;       /* functions, sums of powers: the result's rounding asks for more than 62 bits */
    int64_t farthest;      /* functions: exponent up to which a result can be rounded */
    nf_source operands[NF_MOST_OPERANDS];
    const nf_known *known; /* or NULL */
    nf_load *load;         /* NULL, or: what gives the results, and the operation is none */
    nf_digits *digits;     /* then: what gives their digits */
    const void *from;      /* its own */
};

/* The plan of a call whose results are n codes. */
nf_status nf_plan_for_codes(nf_plan *plan, const nf_format *format, const nf_options *options, size_t n);

/* The results of elements place .. place + n - 1, n at most NF_PASS, and what each raises (NF_INVALID ...). */
void nf_load_results(const nf_arithmetic *how, size_t place, size_t n, nf_unpacked *x, uint32_t *raised);

/* The same of an operation that gives truths. */
void nf_load_truths(const nf_arithmetic *how, size_t place, size_t n, uint8_t *truths, uint32_t *raised);

/* The operands of one element. */
void nf_load_operands(const nf_arithmetic *how, size_t place, nf_unpacked *x);

/* The last 64 binary digits of floor(|result| / divisor * 2**-weight) of an element with a finite result of that sign,
 * for a divisor of 1 or with the top bit set; *follows: is that not all of it? */
uint64_t nf_result_digits(const nf_arithmetic *how, size_t place, int sign, int64_t weight, uint64_t divisor,
                          int *follows);

/* The same of a sum; `sum` becomes what is left. */
uint64_t nf_wide_digits(struct nf_wide *sum, int64_t weight, uint64_t divisor, int *follows);

/* May a result be NaN or infinite? */
int nf_may_be_special(const nf_arithmetic *how);

#endif
