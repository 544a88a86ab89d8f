/* Requantisation by blocks that fit on the stack, one loop for each mode. */
#ifndef NF_REQUANTIZE_H
#define NF_REQUANTIZE_H

#include "format.h"

enum { NF_REQUANT_BLOCK = 256 };

/* Neighbouring elements, with what each is scaled by, and the ends of y. */
typedef struct nf_requant_block {
    const int32_t *x;      /* accumulators of 32 bits, */
    const int64_t *long_x; /* or of 64; the other is NULL */
    size_t n;
    int32_t zero_point;
    int64_t low, high; /* of y: minimum and maximum without the zero point */
    int32_t q[NF_REQUANT_BLOCK];
    int64_t s[NF_REQUANT_BLOCK]; /* as wide as what is shifted */
    double scale[NF_REQUANT_BLOCK];
    int32_t result[NF_REQUANT_BLOCK];
} nf_requant_block;

/* result[i] of a block. */
typedef void nf_requant_loop(nf_requant_mode mode, nf_requant_block *block);
/* The low bits of a block's results. */
typedef void nf_requant_store(const nf_requant_block *block, void *results, unsigned bits);

typedef struct nf_requant_loops {
    nf_requant_loop *run;
    nf_requant_store *store;
} nf_requant_loops;

/* The reference has no fast path to leave out. */
#define nf_requant_scalar nf_requant_portable
extern const nf_requant_loops nf_requant_portable, nf_requant_avx2, nf_requant_avx512;

#endif
