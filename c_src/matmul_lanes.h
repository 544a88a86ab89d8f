/* Some results of a matrix product, side by side. */
#ifndef NF_MATMUL_LANES_H
#define NF_MATMUL_LANES_H

#include "matmul.h"

typedef struct nf_lanes {
    const nf_matmul_call *call;
    size_t first, n;
    const nf_factor *a[NF_PASS], *b[NF_PASS];
    nf_unpacked sum[NF_PASS];                     /* so far */
    nf_unpacked *nodes;                           /* tree: products of a block, NF_PASS each */
    nf_unpacked terms[NF_PASS][NF_MOST_OPERANDS]; /* what the numbers that are rounded are sums of, where */
    uint8_t operation;                            /* this is NF_OP_add or NF_OP_fma; else of `block` and terms[i][0] */
    const nf_matmul_block *block;
    uint64_t roundings;
    nf_generator_state states[NF_PASS]; /* where words come from the path's source: behind those taken so far */
    nf_matmul_piece *piece;
} nf_lanes;

/* The states of the results' words. */
void nf_begin_words(nf_lanes *l);

/* The next word of each. */
void nf_take_words(nf_lanes *l, uint32_t *words);

/* The codes of exact numbers; 0 where one failed. */
int nf_encode_lanes(nf_lanes *l, const nf_plan *given, const nf_unpacked *x, const uint32_t *raised, nf_report *report,
                    uint64_t *codes);

/* Replace exact numbers by what they are rounded to. */
void nf_round_lanes(nf_lanes *l, const nf_rounder *r, nf_unpacked *x, const uint32_t *raised, nf_report *report);

/* The same of sums, with what the machine does to them. */
void nf_round_block_sums(nf_lanes *l, const nf_rounder *r, nf_unpacked *x, const uint32_t *raised);

/* The exact sum of the block and terms[lane][0], in room for call->quire. */
void nf_sum_exactly(const nf_lanes *l, size_t lane, uint64_t *total);

/* x, or the 0 that a subnormal number is taken for. */
nf_unpacked nf_flushed(nf_unpacked x, uint8_t how, int64_t emin);

#endif
