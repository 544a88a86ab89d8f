/* The range of element types, as powers of 2. */
#ifndef NF_EXTENT_H
#define NF_EXTENT_H

#include "format.h"

/* Values of a type in the binade of exponent e are multiples of 2**lsb. */
typedef struct extent {
    int64_t lowest, highest; /* exponents of the smallest and the largest nonzero number */
    int fraction_bits;
    int is_integer;
} extent;

static const extent extents[NF_TYPE_COUNT] = {
    [NF_F16] = {-24, 15, 10, 0}, [NF_F32] = {-149, 127, 23, 0}, [NF_F64] = {-1074, 1023, 52, 0},
    [NF_I64] = {0, 63, 63, 1},   [NF_U64] = {0, 63, 63, 1},
};

static inline int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }

#endif
