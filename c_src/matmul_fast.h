/* Matrix products by loops over columns side by side: which loop gives the reference's bits, and what it reads. */
#ifndef NF_MATMUL_FAST_H
#define NF_MATMUL_FAST_H

#include "matmul.h"
#include "quire.h"

enum {
#define NF_MATMUL_PATH(name, meaning) NF_PATH_##name,
#include "matmul_paths.def"
#undef NF_MATMUL_PATH
    NF_PATH_COUNT
};

enum {
    NF_PANEL = 64,       /* columns of a panel */
    NF_TILE_ROWS = 32,   /* rows of a tile */
    NF_NO_TERM = -8192,  /* below every exponent */
    NF_MOST_NODES = 64,  /* products of a tree, chains side by side */
    NF_EXACT_LEVELS = 4, /* of exact sums, */
    NF_LEVEL_BITS = 44   /* digits of each */
};

/* The loops, and what their operands become. */
typedef enum nf_matmul_loop {
    NF_LOOP_aligned, /* float32, terms in 32-bit integers */
    NF_LOOP_integer, /* int16 in pairs of terms, every sum exact or modulo 2**32 */
    NF_LOOP_fixed,   /* int16, a chain of fixed point in 32-bit integers */
    NF_LOOP_floats,  /* float32, a chain of sums of few bits */
    NF_LOOP_fused,   /* float32 or float64, a chain of binary32 or binary64 */
    NF_LOOP_lanes,   /* any: float64 with odd rounding before the one that counts */
    NF_LOOP_COUNT
} nf_matmul_loop;

typedef enum nf_packing { NF_PACK_f32, NF_PACK_f64 } nf_packing;

/* What lanes of float64 do beyond the ends: leave a mark (a NaN, for the reference to do), stay, or go around. */
typedef enum nf_lane_end { NF_END_mark, NF_END_saturate, NF_END_wrap } nf_lane_end;

/* A rounding of float64 lanes. */
typedef struct nf_lane_rounder {
    uint8_t rounds, mode, is_random, random_bits, end, is_fixed;
    uint8_t flush;         /* nf_flush */
    uint8_t keeps;         /* every number as it is */
    uint8_t is_exact, low; /* random: digits behind the word's decide; how far its bits are below the top */
    uint32_t flip;         /* of a word */
    int precision, emin;
    double largest, least, modulus, normal, limit; /* of what is proved to wrap */
} nf_lane_rounder;

/* A rounding of integers: a shift, then the ends (NF_END_mark: it cannot reach them). */
typedef struct nf_fixed_step {
    uint8_t mode, end, is_signed;
    int shift, free; /* free: bits above the word */
    int32_t least, largest;
} nf_fixed_step;

/* What is known of an operand's numbers. */
typedef struct nf_number_range {
    int32_t top;      /* exponent of the largest, INT32_MIN where all are 0 */
    int32_t low;      /* of the smallest that is not 0, INT32_MAX */
    uint8_t has_more; /* infinities or NaN */
    uint8_t has_minus_zero;
} nf_number_range;

typedef struct nf_packed {
    nf_grid format;
    int precision;
    size_t vectors;   /* of a batch */
    size_t groups;    /* of NF_PANEL vectors, in a batch */
    uint8_t is_panel; /* each term of a group side by side, the last vector repeated; else each vector */
    void *numbers;
    int16_t *integers; /* of them, in units of 2**grid; NF_LOOP_integer: two terms side by side, the last one 0 */
    int grid;
    int16_t *exponents;  /* of them, NF_NO_TERM for 0; or NULL */
    uint8_t *is_special; /* NULL, or of each vector: has an infinity or NaN */
    nf_number_range range;
} nf_packed;

typedef struct nf_matmul_fast {
    const nf_matmul_call *call;
    nf_matmul_loop loop;
    nf_packing packing;
    uint8_t path;           /* reported */
    uint8_t makes_integers; /* operands become those at once, not numbers first */
    uint8_t cuts;           /* the processor rounds toward zero */
    nf_packed a, b;
    nf_lane_rounder product, sum, join, combine;
    double product_end; /* lanes: products that are infinities; 0: none */
    int levels;         /* lanes: of exact sums */
    size_t group;       /* aligned: products whose sum an int32 holds */
    int unit;           /* integers: of products, 2**unit */
    double code_unit;   /* integers: of codes of a fixed result */
    uint8_t wraps;      /* integer: modulo 2**width, with products shifted by unit_shift */
    uint8_t width, is_signed;
    int unit_shift;
    nf_fixed_step fixed_product, fixed_sum;
    int product_shift; /* fixed: left, to the units of the sum before it is rounded */
} nf_matmul_fast;

/* Some rows of a batch against a panel of columns.  sums: NF_PANEL each row, of float for `aligned`, of int32 for
 * `integer`, else of double; c when the loop begins, results when it ends, NaN for those that the reference has to do.
 */
typedef struct nf_matmul_tile {
    const nf_matmul_fast *fast;
    const void *a, *b;
    const int16_t *a_exponents, *b_exponents;
    size_t rows, columns;
    void *sums;
    uint64_t first; /* the number of result 0 for random words; of the next row, `row_step` more */
    uint64_t row_step;
} nf_matmul_tile;

/* The loops of an instruction set. */
typedef struct nf_matmul_loops {
    int fuses; /* NF_LOOP_fused is there */
    void (*tile[NF_LOOP_COUNT])(const nf_matmul_tile *tile);
    /* Take numbers below `normal` for 0, as nf_flush says. */
    void (*flush)(nf_packing packing, void *x, size_t n, double normal, int keeps_sign);
    void (*measure)(nf_packing packing, const void *x, size_t n, nf_number_range *range);
    void (*exponents)(const float *x, size_t n, int emin, int16_t *out);
    void (*integers)(const float *x, size_t n, float scale, int16_t *out);
    /* The same of terms of `wide` numbers: neighbours in pairs. */
    void (*pairs)(const float *x, size_t terms, size_t wide, float scale, int16_t *out);
} nf_matmul_loops;

/* How the operands of a checked call are decoded; 0: for the reference alone. */
int nf_choose_packing(nf_matmul_fast *fast, const nf_source *a, const nf_source *b);

/* Is it one of integers, whatever the operands' numbers are? */
int nf_is_for_integers(nf_matmul_fast *fast, const nf_number_range *c);

/* The loop, by formats and ranges; 0: the reference. */
int nf_choose_loop(nf_matmul_fast *fast, const nf_number_range *c);

/* Numbers of both operands and their ranges; what the loop needs beside them; the end of both. */
nf_status nf_pack_operands(nf_matmul_fast *fast, const nf_vectors *a, const nf_vectors *b);
nf_status nf_pack_for_loop(nf_matmul_fast *fast);
void nf_free_operands(nf_matmul_fast *fast);

#endif
