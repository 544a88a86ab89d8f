/* Matrix products: what a checked call is made of, and the sums of some of its results. */
#ifndef NF_MATMUL_H
#define NF_MATMUL_H

#include "kernels.h"
#include "quire.h"

enum { NF_SCALE_PRECISION = 8 /* bits of a scale's significand */ };

/* An operand's element.  Subnormal numbers are normalised; `field` is the exponent that their format gives them. */
typedef struct nf_factor {
    uint64_t significand;
    int32_t exponent, field;
    uint8_t kind, sign;
} nf_factor;

/* A checked rounding. */
typedef struct nf_rounder {
    nf_plan plan;
    uint8_t rounds, is_random;
} nf_rounder;

/* The products places[start] .. places[end - 1] of a sum, which are one block. */
typedef struct nf_matmul_block {
    size_t start, end;
    uint8_t opens, closes; /* an instruction */
    uint8_t ends_chain, ends_run;
} nf_matmul_block;

typedef struct nf_matmul_call {
    const nf_datapath *path;
    nf_dot_shape shape;
    nf_options options;
    nf_rounder product, sum, join, combine;
    nf_plan result;
    const nf_kernels *kernels;
    const nf_factor *a, *b;     /* rows and columns, their terms side by side */
    const nf_factor *scales[2]; /* NULL, or of each row and column, scale_count side by side */
    size_t scale_count;
    int64_t group_unit; /* sums of groups are integers times 2**group_unit */
    nf_source c;
    size_t c_batch, c_row, c_column;
    int has_c;
    nf_quire quire; /* exact: of a block and the sum so far */
    size_t *places; /* of all terms, in the order of the blocks */
    nf_matmul_block *blocks;
    size_t block_count;
    uint8_t path_taken;
    nf_generator_state *states; /* NULL, or of each result's words: behind those taken, where a loop takes them */
} nf_matmul_call;

/* What became of one piece. */
typedef struct nf_matmul_piece {
    size_t failed_at; /* SIZE_MAX: nothing failed */
    uint32_t failed;
    nf_report *report; /* or NULL */
} nf_matmul_piece;

/* The sum of a block's products and the sum so far, all finite, of one result: a and b are its row and column. */
nf_unpacked nf_aligned_sum(const nf_matmul_call *call, const nf_factor *a, const nf_factor *b,
                           const nf_matmul_block *block, const nf_unpacked *sum);

/* Check the description and make its roundings ready. */
nf_status nf_read_path(nf_matmul_call *call);

/* Does the call bring what its stochastic roundings need, and nothing that none needs?  Behind nf_lay_out_blocks. */
nf_status nf_check_words(const nf_matmul_call *call, size_t count);

/* Fill call->states, which the caller of nf_matmul frees. */
nf_status nf_begin_all_words(nf_matmul_call *call, size_t count);

/* The words of a call of `count` results have been taken. */
void nf_end_words(const nf_matmul_call *call, size_t count);

/* The stochastic roundings of each result.  Behind nf_lay_out_blocks. */
uint64_t nf_count_words(const nf_matmul_call *call);

/* Read path->scaling: exponents into the factors, or scales of groups, for which `products` is the range of theirs. */
nf_status nf_read_scales(nf_matmul_call *call, nf_span products);

/* A number of a format whose least normal exponent is emin, flushed as nf_flush says. */
nf_factor nf_factor_of(const nf_unpacked *x, uint8_t flush, int64_t emin);

/* Read what the operands are of, and c; size the quire of exact sums. */
nf_status nf_check_operands(nf_matmul_call *call, const nf_vectors *a, const nf_vectors *b, const nf_vectors *c,
                            nf_source *sources);

/* Lay out places and blocks, which the caller frees. */
nf_status nf_lay_out_blocks(nf_matmul_call *call);

/* Results first .. first + n - 1, n at most NF_PASS, as codes.  NF_NO_MEMORY, or NF_OK and what the piece says. */
nf_status nf_matmul_results(const nf_matmul_call *call, size_t first, size_t n, uint64_t *codes,
                            nf_matmul_piece *piece);

/* The same, and what failed as a status. */
nf_status nf_matmul_piece_of(const nf_matmul_call *call, size_t first, size_t n, uint64_t *codes,
                             nf_matmul_piece *piece);

/* Fill call->a and call->b, which the caller of nf_matmul frees. */
nf_status nf_read_factors(nf_matmul_call *call, const nf_vectors *a, const nf_vectors *b);

/* All results by a loop over columns, where one gives the reference's bits: *is_done. */
nf_status nf_matmul_fast_path(nf_matmul_call *call, const nf_vectors *a, const nf_vectors *b, const nf_vectors *c,
                              const nf_source *sources, void *codes, int *is_done);

#endif
