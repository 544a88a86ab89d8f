/* What each instruction set offers: one table of functions, compiled from kernels.inc. */
#ifndef NF_KERNELS_H
#define NF_KERNELS_H

#include "format.h"

/* One pass over an array: load, round, check, store. */
typedef struct nf_job {
    const nf_plan *plan;
    const nf_grid *source; /* of the codes in x, or NULL: x holds elements of x_type */
    const void *x;
    nf_type x_type;
    size_t x_size; /* bytes of an element of x */
    void *y;
    nf_type y_type; /* where to_values */
    size_t y_size;
    int to_values; /* y holds values, not codes */
    int dry;       /* look for failures, write nothing */
    size_t n;
    nf_report *report; /* or NULL */
    uint32_t failed;   /* out: NF_FAILED_... of the first element that failed */
    size_t failed_at;
} nf_job;

typedef struct nf_kernels {
    const char *name;
    void (*run)(nf_job *job);
    void (*decode)(const nf_grid *grid, const void *codes, size_t code_size, nf_type y_type, void *y, size_t n);
    int (*has_specials)(nf_type type, const void *x, size_t n); /* any NaN or infinity? */
    void (*random_bits)(uint64_t key, uint64_t call, uint64_t draw, uint64_t first, uint32_t *out, size_t n);
    void (*gaussian)(const nf_key *key, uint64_t draw, uint64_t first, double *out, size_t n);
    void (*logistic)(const float *z, float *out, size_t n);
    void (*log_logistic)(const float *z, float *out, size_t n);
    void (*matmul_f32)(const float *a, size_t a_step, const float *b, size_t b_row, size_t b_column, float *out, size_t m,
                       size_t k, size_t n);
    void (*matmul_f64)(const double *a, size_t a_step, const double *b, size_t b_row, size_t b_column, double *out,
                       size_t m, size_t k, size_t n);
} nf_kernels;

/* The table for options.isa: 0 the best this machine has, else 1 + a row of isa.def; NULL where it has not. */
const nf_kernels *nf_pick_kernels(uint8_t isa);

#endif
