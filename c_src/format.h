/* What the core derives from a format and its options, once a call: everything a loop needs. */
#ifndef NF_FORMAT_H
#define NF_FORMAT_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "numfmt.h"

#define NF_INLINE static inline __attribute__((always_inline, unused))

enum {
#define NF_ROUNDING(name, random, away, leaves, meaning, aliases) NF_ROUND_##name,
#include "rounding.def"
#undef NF_ROUNDING
    NF_ROUNDING_COUNT
};

enum {
#define NF_OVERFLOW(name, takes_count, meaning, aliases) NF_OVERFLOW_##name,
#include "overflow.def"
#undef NF_OVERFLOW
    NF_OVERFLOW_COUNT
};

enum {
#define NF_NAN_POLICY(name, meaning) NF_NAN_##name,
#include "nan.def"
#undef NF_NAN_POLICY
    NF_NAN_POLICY_COUNT
};

/* A checked format with its derived numbers.  A magnitude is a code without its sign: for fixed point, posits
 * and takums the absolute value of the two's complement code. */
typedef struct nf_grid {
    nf_format format;
    int64_t emin, emax;     /* exponent of the smallest normal and of the largest finite value; tapered: of the ends */
    uint64_t mask;          /* ones in every bit of a code */
    uint64_t sign_bit;      /* 0 where unsigned */
    uint64_t max_magnitude; /* of the largest finite value */
    uint64_t min_magnitude; /* of the most negative finite value */
    uint64_t normal_magnitude; /* of the smallest normal value */
    uint64_t nan_code, infinity_magnitude;
    uint64_t zero_code;
    uint8_t has_nan, has_infinity, has_negative_zero;
    uint8_t keeps_nan_sign; /* a NaN code of either sign */
    uint8_t is_p3109;
    uint8_t lacks_zero;     /* floats: magnitude 0 is the smallest value */
    uint8_t is_tapered;     /* posits, takums: rounds on the encoding, to 0 by chance alone; infinities are NaR */
    nf_unpacked scale;      /* affine: of the elements at hand, as are max_magnitude and so on */
    nf_unpacked reciprocal; /* affine: the float32 by which numbers are multiplied, or of kind NF_ZERO */
    int64_t zero_point;     /* affine, else 0 */
    uint64_t smallest_significand; /* tapered: of the smallest positive value, as in nf_unpacked */
    uint64_t
        *roots; /* NULL, or a loop's own table for lns.c: significands of fractional powers of 2, 0 where unknown */
} nf_grid;

enum { NF_ROOT_BITS = 10 }; /* of the fractions that the table is for */

/* What a division left below the last bit of its quotient: remainder / divisor of that bit (quotient.h). */
typedef struct nf_rest {
    uint64_t remainder, divisor;
    uint8_t is_jammed; /* the quotient's last bit was set because of it */
} nf_rest;

/* A grid with the modes of one call. */
typedef struct nf_plan {
    nf_grid grid;
    nf_options options;   /* overflow resolved: never NF_OVERFLOW_default */
    uint8_t own_words;    /* the words are the caller's: the low bits count */
    const nf_rest *rests; /* NULL, or: the numbers are quotients, and these their rests, from this element on: */
    uint64_t first_rest;
    const struct nf_arithmetic *arithmetic; /* NULL, or: what the numbers are results of; element i of the call is */
    uint64_t first_result;                  /* its place i - first_result */
} nf_plan;

/* What happened to an element. */
enum {
    NF_WAS_INEXACT = 1,
    NF_WAS_OVERFLOWED = 2, /* the rounded value was outside the finite range */
    NF_WAS_SATURATED = 4,  /* the result is a finite end for that reason */
    NF_WAS_NAN = 8,        /* the result is, or the input was, NaN */
    NF_FAILED_NAN = 16,
    NF_FAILED_RANGE = 32,
    NF_WAS_INVALID = 64, /* the operation that gave the number raised the flag */
    NF_WAS_DIVIDED = 128 /* by 0 */
};

#define NF_FAILED (NF_FAILED_NAN | NF_FAILED_RANGE)

/* Are values of the family irrational, so that a float type takes the nearest number? */
NF_INLINE int has_irrational_values(const nf_grid *grid)
{
    return grid->format.family == NF_LNS || grid->format.family == NF_LOG_TAKUM;
}

/* Does a float type take the nearest of some value? */
NF_INLINE int has_rounded_values(const nf_grid *grid)
{
    return has_irrational_values(grid) || grid->format.family == NF_AFFINE;
}

/* Bytes of a code of a checked format. */
NF_INLINE size_t bytes_of_code(const nf_format *format)
{
    return format->width <= 8 ? 1 : format->width <= 16 ? 2 : format->width <= 32 ? 4 : 8;
}

nf_status nf_grid_init(nf_grid *grid, const nf_format *format);
nf_status nf_plan_init(nf_plan *plan, const nf_format *format, const nf_options *options);

/* The same, and the source of random bits is checked too. */
nf_status nf_plan_for_operation(nf_plan *plan, const nf_format *format, const nf_options *options);

/* The same for calls that are no operation, which have no flags of elements. */
nf_status nf_plan_for_call(nf_plan *plan, const nf_format *format, const nf_options *options);

/* Does a finite overflow leave the finite range on both sides, under the policies `infinity` and `nan`? */
int nf_rounding_leaves(uint8_t rounding);

/* The value of a code of a checked format (formats.c; the loops use the inline text of unpack.h). */
void nf_unpack_code(const nf_grid *grid, uint64_t code, nf_unpacked *number);

#endif
