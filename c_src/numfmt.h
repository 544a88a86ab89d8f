/* numfmt: bit-exact models of number formats.
 *
 * A FORMAT says which codes exist and what each is worth.  A ROUNDING says which neighbour a value between two of
 * them goes to.  An OVERFLOW policy says what a rounded value outside the finite range becomes.  Everything is one
 * pipeline: decode to the exact value, round once, apply the policy, encode.
 *
 * Examples in these headers are statements of a function's body that a test runs; assert() says what holds.
 *
 * Conventions.  Codes are unsigned integers of nf_code_size() bytes (1, 2, 4 or 8), the code in the low bits.  A
 * source or target pointer is aligned for its elements, and NULL only when n is 0.  Output may be the input itself
 * where both have the same element size, and must not overlap it otherwise.  Every function returns an nf_status; when
 * it is not NF_OK, all outputs are as they were before the call (options.may_spoil waives that for arrays).  No
 * function keeps a pointer, prints, exits, or reads the environment, and all are safe to call from several threads at
 * once.  Results depend on the arguments alone, never on the instruction set or on the number of threads.
 *
 * Threads.  A call on a large array is done by at most as many threads as it asks for (options.threads), the caller's
 * among them.  The others are the only state of the library: they start when a call first needs them, sleep between
 * calls, and are lost in the child of a fork, which starts its own.  Calls that run at the same time share the number
 * that they ask for.  A system without POSIX threads leaves all work to the caller's.
 *
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef NUMFMT_H
#define NUMFMT_H

#include <stddef.h>
#include <stdint.h>

/* Libraries of the same number serve the same programs: it is the number in the shared library's name too. */
#define NF_ABI_VERSION 0

#ifdef __cplusplus
extern "C" {
#endif
#ifdef __GNUC__
#pragma GCC visibility push(default)
#endif

/* The text between the two cdef marks is also what the Python bindings read: plain declarations, no macros. */
/* cdef: begin */

/* --- status ------------------------------------------------------------------------------------------------- */

typedef enum nf_status {
    NF_OK = 0,
    NF_BAD_FORMAT,   /* the descriptor describes no format: see nf_format */
    NF_BAD_ROUNDING, /* unknown rounding, or its parameters are out of range */
    NF_BAD_OVERFLOW, /* the policy has no meaning for this format */
    NF_BAD_NAN,      /* the NaN policy has no meaning for this format */
    NF_BAD_ARGUMENT, /* NULL pointer, unknown element type or instruction set, too large or overlapping arrays */
    NF_NEEDS_RANDOM, /* a stochastic rounding without key and without random bits */
    NF_HAS_RANDOM,   /* a key or random bits with a rounding that uses none */
    NF_FOUND_NAN,    /* a NaN met a format without NaN (options.failed_at tells where) */
    NF_FOUND_RANGE,  /* a value is out of range under the policy `error`, an infinity under a wrapping policy, a rounded
                      * value beyond the type that it is for */
    NF_BAD_TYPE,     /* the target element type cannot hold every result that can occur */
    NF_NO_MEMORY
} nf_status;

/* A sentence that describes the status; never NULL.
 *
 *     nf_format format;
 *     nf_status status = nf_parse_format("fixed<8;3>", &format);
 *     if (status != NF_OK)
 *         printf("fixed<8;3>: %s\n", nf_status_message(status));
 *     assert(status == NF_BAD_FORMAT); */
const char *nf_status_message(nf_status status);

/* --- formats ------------------------------------------------------------------------------------------------ */

typedef enum nf_family {
    NF_FIXED = 0,
    NF_FLOAT,
    NF_POSIT,
    NF_LNS,
    NF_CODEBOOK,
    NF_TAKUM,
    NF_LOG_TAKUM,
    NF_AFFINE,
    NF_FAMILY_COUNT
} nf_family;

/* What the special codes of a float mean. */
typedef enum nf_special {
    NF_IEEE = 0,       /* top exponent: infinity where the fraction is 0, NaN elsewhere */
    NF_FN,             /* all ones is NaN (with either sign), no infinity */
    NF_FNUZ,           /* the code of -0 is NaN; no -0, no infinity; signed only */
    NF_FINITE,         /* every code is a number */
    NF_P3109_EXTENDED, /* P3109: one zero, NaN at the code of -0, infinities beside it; unsigned: on top, NaN above */
    NF_P3109_FINITE,   /* the same without infinity */
    NF_FNU,       /* exponents alone (E8M0): code E is 2**(E - bias), all ones NaN; no zero, no sign, no infinity */
    NF_GEOMETRIC, /* powers of 2: every code is a number, nearest roundings turn at sqrt(2); signed, no fraction */
    NF_SPECIAL_COUNT
} nf_special;

/* What a float does below its smallest normal number. */
typedef enum nf_subnormals {
    NF_FLUSH_ROUND = 0, /* no subnormals: rounds, by the mode, to 0 or the smallest normal */
    NF_SUBNORMALS,      /* gradual underflow */
    NF_FTZ_BEFORE,      /* 0 where |x| is below the smallest normal */
    NF_FTZ_AFTER,       /* 0 where the result, rounded with unbounded exponent, is below the smallest normal */
    NF_SUBNORMALS_COUNT
} nf_subnormals;

/* Where nearest modes turn in a codebook: middles, geometric means (middles where signs differ), own thresholds. */
typedef enum nf_turns { NF_TURN_MIDDLE = 0, NF_TURN_GEOMETRIC, NF_TURN_OWN, NF_TURN_COUNT } nf_turns;

/* The values of a codebook: 2..65536 finite numbers in ascending order, all different, no -0.  It and its arrays belong
 * to the caller and stay as they are for as long as a format that names it is used. */
typedef struct nf_codebook {
    const double *values;
    const double *thresholds; /* NF_TURN_OWN: count - 1, each from one value to the next; else NULL */
    uint32_t count;
    uint8_t turns; /* nf_turns */
} nf_codebook;

/* How affine integers divide numbers by the scale: exactly, or by float32 arithmetic, rounding the reciprocal of the
 * scale and its product with the number each to nearest even. */
typedef enum nf_divide { NF_DIVIDE_EXACT = 0, NF_DIVIDE_FL32_RECIPROCAL, NF_DIVIDE_COUNT } nf_division;

/* The scales of affine integers.  In an array in C order, `extent` is the size of the axis along which they vary and
 * `inner` the product of the sizes behind it.  Its size is a multiple of inner * extent.
 *
 *   count 1                one scale for all; extent and inner are 1
 *   group 0, count extent  one for each index along the axis
 *   group G                one for each G indices along the axis, of which the last group may have fewer, and for each
 *                          index of the other axes, in C order
 *
 * It and its arrays belong to the caller and stay as they are for as long as a format that names it is used. */
typedef struct nf_affine {
    const double *scales;       /* count; positive and finite; NF_DIVIDE_FL32_RECIPROCAL: float32 numbers with a finite
                                   float32 reciprocal */
    const int64_t *zero_points; /* NULL, all 0, or count: integers that are codes, below 2**63 */
    size_t count, extent, inner, group;
    uint8_t divide; /* nf_division */
} nf_affine;

/* A format.  Fill the fields of its family, leave the others 0, and ask nf_format_check.
 *
 *   NF_FIXED  code = two's complement (or unsigned) integer, value = code * 2**-fraction_bits.
 *             width 1..64; fraction_bits -1023..1074 (so that one ulp is a double), negative or beyond width too.
 *
 *   NF_FLOAT  | sign | exponent_bits E | fraction_bits T |   width = is_signed + E + T, 2..64; E 1..63, T 0..62
 *             E = 0: T * 2**(1 - bias - fraction_bits);  else (2**fraction_bits + T) * 2**(E - bias - fraction_bits)
 *             Every exponent must lie within +-2**62.  P3109: width from 3, bias 2**(exponent_bits - 1), subnormals.
 *             NF_FNU: is_signed and fraction_bits 0, subnormals NF_SUBNORMALS.
 *
 *   NF_POSIT  two's complement code, regime, exponent_bits = es 0..5; width 2..64; 10..0 is NaR.
 *
 *   NF_LNS    | sign | log2 of the magnitude, two's complement, in units of 2**-fraction_bits |   width 3..64;
 *             fraction_bits 0..width - 2; is_signed 1.  The log 10..0 is zero or, with the sign set, NaN.  Nearest
 *             roundings turn at the half-way log, stochastic ones go by values.  Most values are irrational.
 *
 *   NF_CODEBOOK  value = codebook->values[code]; width: the bits of count - 1.  Codes from count on decode to NaN.
 *
 *   NF_TAKUM  two's complement code | S | D | regime 3 | characteristic | fraction |, 0s behind the code below 12 bits;
 *             width 2..64; 10..0 is NaR.  NF_LOG_TAKUM: sqrt(e)**(characteristic + fraction); most are irrational.
 *
 *   NF_AFFINE  code = two's complement (or unsigned) integer, value = scale * (integer - zero point); width 1..64.
 *              Functions of one code, and the facts, take the first scale. */
typedef struct nf_format {
    uint8_t family;
    uint8_t width;
    uint8_t is_signed;
    uint8_t exponent_bits;
    uint8_t special;
    uint8_t subnormals;
    int32_t fraction_bits;
    int64_t bias;
    const nf_codebook *codebook;
    const nf_affine *affine;
} nf_format;

/* NF_OK, or NF_BAD_FORMAT where a field is out of range or no nonzero finite value would exist.
 *
 *     nf_format binary16 = {.family = NF_FLOAT, .width = 16, .is_signed = 1, .exponent_bits = 5,
 *                           .fraction_bits = 10, .bias = 15, .special = NF_IEEE, .subnormals = NF_SUBNORMALS};
 *     assert(nf_format_check(&binary16) == NF_OK && nf_code_size(&binary16) == 2);
 *     nf_format_facts facts;
 *     nf_status status = nf_format_describe(&binary16, &facts);
 *     assert(status == NF_OK && facts.max_code == 0x7BFF && facts.precision == 11 && facts.has_nan); */
nf_status nf_format_check(const nf_format *format);

/* Bytes of one code: 1, 2, 4 or 8; 0 for a bad format. */
size_t nf_code_size(const nf_format *format);

/* Facts that follow from a format. */
typedef struct nf_format_facts {
    uint64_t max_code, min_code; /* the largest and the smallest (where signed: most negative) finite value */
    uint64_t smallest_positive_code, smallest_normal_code; /* both the same but of floats; codebook: count if none is */
    uint64_t nan_code, infinity_code;                      /* valid where has_nan, has_infinity */
    uint8_t has_nan, has_infinity, has_negative_zero, has_zero;
    uint8_t has_irrational;   /* values that no float is: see nf_unpacked */
    uint8_t is_tapered;       /* posits, takums: rounds on the encoding, to 0 by chance alone; NaN is NaR */
    uint8_t precision;        /* at most, with the hidden bit; fixed: width less the sign; LNS: fraction_bits + 1 */
    uint8_t default_overflow; /* nf_overflow */
} nf_format_facts;

nf_status nf_format_describe(const nf_format *format, nf_format_facts *facts);

/* The named formats, one after the other: NULL name past the end.  `aliases` are separated by spaces. */
typedef struct nf_named_format {
    const char *name;
    const char *aliases;
    nf_format format;
} nf_named_format;

const nf_named_format *nf_named_format_at(size_t index);

/* --- modes -------------------------------------------------------------------------------------------------- */

/* One row of a mode table: `name` is canonical, `aliases` are other spellings, separated by spaces. */
typedef struct nf_mode {
    const char *name;
    const char *aliases;
    const char *meaning;
    uint8_t is_random;   /* roundings: draws random bits */
    uint8_t takes_count; /* overflows: takes a number, as wrap(2); roundings: takes bits= and variant= */
} nf_mode;

/* Row `index` of the table, index = the number used in nf_options; NULL past the end. */
const nf_mode *nf_rounding_at(size_t index);
const nf_mode *nf_overflow_at(size_t index);
const nf_mode *nf_nan_policy_at(size_t index);

/* NF_OK where the policy (a number of nf_overflow_at) has a meaning for the format, else NF_BAD_OVERFLOW.
 * `wrap_bits` is the n of wrap(n). */
nf_status nf_overflow_check(const nf_format *format, uint8_t overflow, uint8_t wrap_bits);

/* Where a call takes its random bits: Philox4x32-10 with this key; `call` < 2**48. */
typedef struct nf_key {
    uint64_t key;
    uint64_t call;
} nf_key;

/* How to round.  All zero is the default: nearest_even, the format's default overflow, NaN refused where the format
 * has none, best instruction set.  A stochastic rounding needs a key, or words of its own:
 *
 *     const nf_key key = {.key = 42, .call = 0};
 *     nf_options down = {0}, some_bits = {.key = &key};
 *     nf_parse_rounding("down", &down);
 *     nf_parse_overflow("wrap", &down);
 *     nf_parse_rounding("stochastic(bits=8)", &some_bits);
 *     nf_format f;
 *     nf_parse_format("fixed<8,3>", &f);
 *     float x[] = {-0.01f, 16}, y[2];
 *     nf_status status = nf_quantize(&f, &down, NF_F32, x, NF_F32, y, 2, NULL);
 *     assert(status == NF_OK && y[0] == -0.125f && y[1] == -16);
 *     status = nf_quantize(&f, &some_bits, NF_F32, x, NF_F32, y, 2, NULL);
 *     assert(status == NF_OK && (y[0] == 0 || y[0] == -0.125f) && y[1] == 15.875f); */
typedef struct nf_options {
    uint8_t rounding;                /* a row of nf_rounding_at */
    uint8_t overflow;                /* a row of nf_overflow_at; row 0 is the format's default */
    uint8_t nan;                     /* a row of nf_nan_policy_at; row 0 is the default */
    uint8_t random_bits_per_element; /* stochastic(bits=N): 1..32; 0: all bits, an exact law */
    uint8_t variant;                 /* nf_variant (numfmt_random.h), with N; NONE means A */
    uint8_t by_code;     /* stochastic, tapered formats: probability proportional to the code's tail, not the value */
    uint8_t keep_minpos; /* random, tapered formats: below the smallest value always that one, as posits round */
    uint8_t wrap_bits;   /* n of wrap(n), wrap_sign_magnitude(n) */
    uint8_t isa;         /* 0: the best; else 1 + a row of nf_isa_at */
    uint8_t may_spoil;   /* not 0: a call that fails may leave anything in its output array, and does not look first */
    uint32_t threads;    /* at most so many work on a large array, 256 at the most; 0 and 1: the caller's alone */
    const nf_key *key;   /* stochastic roundings: a key, or */
    const uint32_t *random_bits; /* one word an element; the low N bits are used (N above, else 32) */
    uint64_t first;              /* the number of element 0 in the whole array */
    uint64_t *failed_at;         /* NULL, or: receives the index of the first element that failed */
    uint8_t *element_flags;      /* nf_operate: NULL, or: receives the nf_flags of each element */
    uint8_t tiny_before;         /* nf_operate: a result is tiny, for the underflow flag, before it is rounded */
} nf_options;

/* Counters, added to by every call that is given the report.  Zero it before first use. */
typedef struct nf_report {
    uint64_t count, inexact, overflowed, underflowed, saturated, nan, infeasible;
    uint64_t finite;                     /* elements with finite input and result: the errors below are theirs */
    double max_ulp, sum_squared_ulp;     /* one ulp is the gap of the format around the value */
    double max_error, sum_squared_error; /* absolute */
    double sum_squared_value;            /* of the exact inputs */
    uint32_t flags;                      /* NF_INVALID ... */
} nf_report;

/* sum += part: of two reports of different elements.  Neither may be NULL. */
nf_status nf_report_add(nf_report *sum, const nf_report *part);

typedef enum nf_flags {
    NF_INVALID = 1,
    NF_DIVIDE_BY_ZERO = 2,
    NF_OVERFLOW = 4,
    NF_UNDERFLOW = 8,
    NF_INEXACT = 16
} nf_flags;

/* --- instruction sets --------------------------------------------------------------------------------------- */

/* Row `index` of the instruction sets this library was built with, best first; NULL past the end. */
const char *nf_isa_at(size_t index);

/* 1 where this machine has it, else 0.  The last row is plain C, which defines what the others give:
 *
 *     size_t last = 0;
 *     while (nf_isa_at(last + 1))
 *         last++;
 *     nf_options plain = {.isa = (uint8_t)(1 + last)};
 *     float x = 0.3f, one, other;
 *     nf_quantize(&nf_named_format_at(0)->format, NULL, NF_F32, &x, NF_F32, &one, 1, NULL);
 *     nf_quantize(&nf_named_format_at(0)->format, &plain, NF_F32, &x, NF_F32, &other, 1, NULL);
 *     assert(nf_isa_supported(last) && one == other && nf_abi_version() == NF_ABI_VERSION); */
int nf_isa_supported(size_t index);

const char *nf_version(void);
/* The NF_ABI_VERSION that the library was built with. */
uint32_t nf_abi_version(void);

/* cdef: end */

#include "numfmt_arrays.h"
#include "numfmt_arithmetic.h"
#include "numfmt_block.h"
#include "numfmt_quire.h"
#include "numfmt_matmul.h"
#include "numfmt_functions.h"
#include "numfmt_requantize.h"
#include "numfmt_random.h"
#include "numfmt_samplers.h"
#include "numfmt_spelling.h"
#ifdef __GNUC__
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif

#endif
