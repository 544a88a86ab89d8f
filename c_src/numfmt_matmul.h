/* Matrix products as machines compute them: every product, sum and rounding in the machine's order.  Part of numfmt.h,
 * which includes it.
 *
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef NUMFMT_MATMUL_H
#define NUMFMT_MATMUL_H

#include "numfmt_generators.h"

/* cdef: begin */

/* --- matrix products ---------------------------------------------------------------------------------------- */

/* What is done with the products of a block and the sum so far.
 *
 * chain    the sum takes one product after the other, rounded each time (with is_fused the products are not rounded)
 * tree     neighbours are added, rounded at every node, then the sum and the root
 * aligned  all terms are shifted to 2**(E - fraction_bits), E the largest exponent of a term, cut, and added as
 * integers
 *
 * exact    all terms are added exactly */
typedef enum nf_block_kind { NF_BLOCK_chain = 0, NF_BLOCK_tree, NF_BLOCK_aligned, NF_BLOCK_exact } nf_block_kind;

/* When the sum so far joins: as a term of the block; behind its products, both aligned once more and cut by floor (only
 * aligned); or added to the rounded sum of an instruction's products, which begins with 0. */
typedef enum nf_join { NF_JOIN_early = 0, NF_JOIN_late, NF_JOIN_after } nf_join;

/* Subnormal numbers: as they are; 0 of their sign; +0. */
typedef enum nf_flush { NF_FLUSH_none = 0, NF_FLUSH_keep_sign, NF_FLUSH_plus } nf_flush;

/* One rounding.  `format` NULL: none.  `options` as nf_encode has them, NULL the default; key, first and the like come
 * from those of the call. */
typedef struct nf_rounding_step {
    const nf_format *format;
    const nf_options *options;
} nf_rounding_step;

enum { NF_NO_FLOOR = -32768 };

/* Where stochastic roundings take their words: result i takes one for each of its own, in the order in which they are
 * done, from lane i mod lanes, after results i - lanes, i - 2 lanes and so on.  So one lane for each result gives each
 * its own register, fewer share theirs, and of recorded words row i holds those of result i.  Neither threads nor the
 * way that is taken change a bit. */
typedef struct nf_word_source {
    const nf_generator *generator;
    nf_generator_state *states; /* of each lane; they go on behind the words of a call that succeeds */
    size_t lanes;
} nf_word_source;

/* Scales of operands: `size` neighbours along k share one.  Codes of `format`, (batch, row or column, k / size) in C
 * order; `batches` apart, 0 where one batch of them serves all.  Exponents alone (as e8m0) are added to those of the
 * products; with `group` in the datapath any scales multiply the exact sums of groups, which are aligned by the
 * exponents of their scales. */
typedef struct nf_scaling {
    const nf_format *format;
    const void *a, *b;
    size_t size, a_batch, b_batch;
} nf_scaling;

typedef struct nf_datapath {
    const nf_format *result;  /* of c, of the sums that are stored and of the result: holds every value of `sum` */
    nf_rounding_step product; /* chain, tree: each product */
    nf_rounding_step sum;     /* each sum of a block; tree: of each node */
    nf_rounding_step join;    /* NF_JOIN_after: the sum so far and an instruction's; else none */
    nf_rounding_step combine; /* sums of chains: required where there are several, else none */
    uint8_t kind, joins;      /* nf_block_kind, nf_join */
    uint8_t is_fused;
    uint8_t flush_operands, flush_sums; /* nf_flush: of a, b and c; of what is rounded */
    uint8_t zero_is_plus;               /* a block's sum of 0, and one that is rounded to 0, is +0 */
    uint8_t leaves_at_end;  /* aligned, exact: a sum of 2**(emax + 1) or more is an infinity, however it is rounded */
    uint8_t cuts_by_floor;  /* aligned: terms are cut toward -infinity, else toward zero */
    uint8_t zeros_count;    /* aligned: terms of 0 take part in the largest exponent */
    uint8_t normalises;     /* aligned: a product's exponent is its own, not the sum of its factors' */
    int16_t fraction_bits;  /* aligned: -60..60 */
    int16_t least_exponent; /* aligned: E is at least this; NF_NO_FLOOR */
    int16_t late_bits[3];   /* late: fraction bits kept of the products' sum, of the sum so far, both below the larger
                             * exponent of the two, and of their sum, below its own */
    uint8_t far_is_zero;    /* late: a sum so far below 2**(exponent - late_bits[1] - 1) is 0, else as floor cuts it */
    uint8_t even_odd;       /* late: products at even and at odd places are aligned apart, then cut by floor */
    uint16_t group;         /* aligned: so many neighbours of a block are added exactly, then scaled; 0: none */
    const nf_scaling *scaling; /* or NULL */
    int16_t product_end;       /* a product of 2**product_end or more is an infinity; 0: none is */
    size_t block;              /* products of a block, 0: all of an instruction */
    size_t instruction;        /* products of an instruction, 0: all of a chain */
    const uint16_t *order;     /* NULL, or: its products in the order in which blocks take them, each once */
    uint64_t nan_code;         /* what a NaN result is written as, where it is not 0 */
    const size_t *chain_of;    /* NULL: one chain; or: a number < chains for each index of the sum over k */
    size_t chains;             /* each goes through its products in the order of k */
    size_t run;                /* chains run * i .. run * i + run - 1 are added, one after the other, before the sums of
                                * runs are; 0: each chain is one */
    uint8_t c_comes_last; /* c is added to the sum of all chains by `combine`; else the first chain begins with it */
    uint8_t in_pairs;    /* of S chains (or runs) i takes i + ceil(S / 2), and so on; else the first takes one after the
                          * other */
    uint8_t *path_taken; /* NULL, or: receives how the call computed, a row of nf_matmul_path_at */
    const nf_word_source *words; /* NULL: the call's key; or: of stochastic roundings, instead of a key */
} nf_datapath;

/* How nf_matmul may compute: row 0 is the reference, result by result, which alone has a report.  The others give its
 * bits, and are taken where formats and the ranges of the operands prove that.  NULL past the end. */
typedef struct nf_matmul_path {
    const char *name, *meaning;
} nf_matmul_path;

const nf_matmul_path *nf_matmul_path_at(size_t index);

/* codes[g, i, j] of path->result = c[g, i, j] + the sum over k < shape->terms of a[g, i, k] * b[g, j, k] (nf_vectors),
 * computed as `path` says.  c, codes of path->result with `step` from column to column, may be NULL: 0.  A last
 * instruction or block that is not full has fewer products.  Operands are codes of formats, with rational values of at
 * most 64 significant bits; codes are batches * rows * columns, in C order, apart from the operands.
 *
 * The s-th rounding of the call (of each result: the roundings are counted as each is computed) takes its random bits
 * from call key->call + s, element first + its place in codes.  The report counts every rounding of `sum`, `join` and
 * `combine`.  options: isa, threads, key, first, failed_at; the rest is 0.
 *
 * A tensor core's blocks of 16 products, aligned with 25 fraction bits and cut to binary32:
 *
 *     enum { ROWS = 2, COLUMNS = 3, TERMS = 40 };
 *     nf_format binary16, binary32;
 *     nf_parse_format("binary16", &binary16);
 *     nf_parse_format("binary32", &binary32);
 *     nf_options cut = {0};
 *     nf_parse_rounding("toward_zero", &cut);
 *     nf_datapath path = {.result = &binary32, .sum = {&binary32, &cut}, .kind = NF_BLOCK_aligned, .block = 16,
 *                         .fraction_bits = 25, .least_exponent = -133, .zero_is_plus = 1, .leaves_at_end = 1};
 *     uint16_t a[ROWS][TERMS], b[TERMS][COLUMNS];
 *     for (int k = 0; k < TERMS; k++) {
 *         a[0][k] = a[1][k] = 0x3C00;                              (1)
 *         b[k][0] = b[k][1] = b[k][2] = 0x3800;                    (1/2)
 *     }
 *     uint32_t codes[ROWS][COLUMNS];
 *     nf_dot_shape shape = {.batches = 1, .rows = ROWS, .columns = COLUMNS, .terms = TERMS};
 *     nf_vectors x = {.format = &binary16, .data = a, .row = TERMS, .step = 1};
 *     nf_vectors y = {.format = &binary16, .data = b, .row = 1, .step = COLUMNS};
 *     nf_status status = nf_matmul(&path, &shape, &x, &y, NULL, NULL, codes, NULL);
 *     assert(status == NF_OK && codes[1][2] == 0x41A00000);        (20)
 *
 * NF_BAD_ARGUMENT for a field out of range, NF_BAD_FORMAT for formats without exact products, for roundings to
 * irrational values, or a result that does not hold every sum, and what the roundings' own checks find. */
nf_status nf_matmul(const nf_datapath *path, const nf_dot_shape *shape, const nf_vectors *a, const nf_vectors *b,
                    const nf_vectors *c, const nf_options *options, void *codes, nf_report *report);

/* The words that each result takes of path->words: the number of its stochastic roundings. */
nf_status nf_matmul_words(const nf_datapath *path, const nf_dot_shape *shape, uint64_t *words);

/* cdef: end */

#endif
