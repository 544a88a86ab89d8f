/* Exact sums: a two's complement integer of many limbs to which terms are added, and what it is worth. */
#ifndef NF_QUIRE_H
#define NF_QUIRE_H

#include "arithmetic.h"

enum {
    NF_QUIRE_MOST_BITS = 1 << 16,
    NF_QUIRE_MOST_LIMBS = NF_QUIRE_MOST_BITS / 64 + 2,
    NF_QUIRE_GUARD = 31,
    NF_QUIRE_INFINITIES = NF_QUIRE_PLUS_INFINITY | NF_QUIRE_MINUS_INFINITY
};

/* Every finite value is a multiple of 2**low, and its magnitude at most 2**top. */
typedef struct nf_span {
    int64_t low, top;
} nf_span;

/* Of an operand; NF_BAD_FORMAT where it is too wide for any quire, irrational, or has several scales. */
nf_status nf_span_of(const nf_source *source, nf_span *span);

/* A quire for such values: 0 where it would be too wide. */
int nf_quire_for(nf_span span, int guard_bits, nf_quire *quire);

/* A checked operand; `n` elements of it will be read. */
nf_status nf_read_operand(nf_source *source, const nf_operand *operand, size_t n);

/* Elements from, from + source->step ... of an operand, n at most NF_PASS. */
void nf_load_vector(const nf_source *source, size_t from, size_t n, nf_unpacked *out);

/* sum (a quire) += or, where `minus`, -= elements of a, or products of elements of a and b, from there on. */
typedef struct nf_terms {
    const nf_source *a, *b; /* b: NULL, or of the products */
    size_t a_from, b_from;
    size_t count;
    int minus;
} nf_terms;

void nf_quire_accumulate(const nf_quire *quire, uint64_t *sum, const nf_terms *terms);

/* sum += x; sum += a * b. */
void nf_quire_add_number(const nf_quire *quire, uint64_t *sum, const nf_unpacked *x);
void nf_quire_add_pair(const nf_quire *quire, uint64_t *sum, const nf_unpacked *a, const nf_unpacked *b);

/* sum += integer * 2**low, whose bits below the quire's lowest one are 0. */
void nf_quire_add_integer(const nf_quire *quire, uint64_t *sum, __int128 integer, int64_t low);

/* sum += other. */
void nf_quire_merge(const nf_quire *quire, uint64_t *sum, const uint64_t *other);

/* sum = -sum. */
void nf_quire_turn(const nf_quire *quire, uint64_t *sum);

/* What a quire is worth, exact or cut behind 128 bits with a sticky; `down`: a sum of 0 of terms of both signs is -0.
 * What it raises is added to *raised. */
nf_unpacked nf_quire_number(const nf_quire *quire, const uint64_t *sum, int down, uint32_t *raised);

/* Digits of its magnitude, as nf_result_digits gives them; the quire becomes what is left. */
uint64_t nf_quire_digits(const nf_quire *quire, uint64_t *sum, int64_t weight, uint64_t divisor, int *follows);

/* Codes of what how->load gives: the rounding of all sums. */
nf_status nf_round_sums(nf_arithmetic *how, const nf_plan *plan, void *codes, size_t n, nf_report *report);

#endif
