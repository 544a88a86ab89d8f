/* Variance-corrected laws on blocks: one scale a block, a power of two that is chosen before anything is drawn; then
 * each element has the law of its format at its mean / scale and its variance / scale**2. */
#ifndef NF_BLOCK_LAW_H
#define NF_BLOCK_LAW_H

#include "block.h"
#include "law.h"

typedef struct nf_block_law {
    nf_law law;        /* of elements under a scale of 1 */
    int64_t low, high; /* exponents of the scales */
    nf_exact room;     /* how far from 0 means may lie under a scale of 1: two gaps inside the largest value */
    double room_near;  /* the same, rounded, */
    double room_error; /* by less than a quarter of this */
    int zeros_are_one; /* the exponent of a block of zeros is 0, not the least */
} nf_block_law;

/* `symmetric`: signed integers stay between plus and minus the same end.  Scales are those under which every value but
 * 0 is a normal number of `out_type`.  NF_BAD_FORMAT: not a block format, one whose scales are not powers of two that
 * follow from its numbers, or one whose elements leave no room. */
nf_status nf_block_law_init(nf_block_law *law, const nf_block *block, uint8_t method, int symmetric, nf_type out_type);

/* The exponent of each block's scale, in the order of scales: the least e with t = room * 2**e - max |mean| >= 0 and
 * t**2 >= 36 * variance, all of them decided exactly, or the last that there is. */
void nf_block_law_exponents(const nf_block_law *law, const nf_block_shape *shape, nf_type mean_type, const void *mean,
                            const double *variance, int one_variance, int32_t *exponents);

/* The exponents of the scales that elements start .. start + n - 1 of an array have. */
void nf_exponents_of(const nf_block_shape *shape, const int32_t *exponents, size_t start, size_t n, int32_t *out);

/* 2**half * 2**(e - half) is 2**e for every e that a scale has, and both factors are normal numbers. */
enum { NF_FARTHEST_SCALE = 2044 };

NF_INLINE double two_to(int32_t e)
{
    const uint64_t bits = (uint64_t)(e + 1023) << 52;
    double power;
    memcpy(&power, &bits, sizeof power);
    return power;
}

/* x * 2**e; rounded only where it is no normal number. */
NF_INLINE double times_two_to(double x, int32_t e)
{
    const int32_t half = e / 2;
    return x * two_to(half) * two_to(e - half);
}

/* A variance times 2**(2 * e), at most the largest double. */
NF_INLINE double variance_times(double variance, int32_t e)
{
    const double scaled = times_two_to(times_two_to(variance, e), e);
    return scaled < 0x1.fffffffffffffp1023 ? scaled : 0x1.fffffffffffffp1023;
}

#endif
