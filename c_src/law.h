/* Laws on the grid of a format with a given mean and variance (LP-SGLD's variance-corrected rounding, and its form for
 * grids whose gaps differ).  A format's finite values are numbered in ascending order, 0 being the value 0, or the
 * first one of a codebook. */
#ifndef NF_LAW_H
#define NF_LAW_H

#include "exact.h"

/* What a call needs of its format. */
typedef struct nf_law {
    nf_grid grid;
    int is_lattice;          /* the paper's law on a uniform grid, else nested pairs */
    int is_fast;             /* the lattice fits the loops in double */
    int64_t lowest, highest; /* numbers of the smallest and of the largest value */
    uint64_t skipped;        /* magnitudes between 0 and the smallest positive value */
    double min, max;         /* their values */
    double gap;              /* of a lattice */
    double first_gap;        /* above the value number 0 */
    const double *values;    /* NULL, or all values in order, then infinities: NF_LAW_TABLE numbers */
    int32_t half;            /* of a table: the largest power of 2 below its number of values */
} nf_law;

/* What happened to an element: bits. */
enum { NF_LAW_SATURATED = 1, NF_LAW_INFEASIBLE = 2 };

/* One draw: the inputs of an element and its random numbers. */
typedef struct nf_draw {
    double mean, variance;
    int64_t floor;   /* the mean's, where the law has a table */
    double gaussian; /* used where the variance exceeds what the grid's own law can give */
    uint32_t word[2];
    nf_uniform uniform; /* to read further words */
} nf_draw;

/* Two values around the mean: their numbers, and how far from it they are. */
typedef struct nf_pair {
    int64_t low, high;
    double low_value, high_value, below, above;
} nf_pair;

/* The outer pair or the inner one, mixed to have the variance; then an end of it, so that the mean is exact. */
typedef struct nf_nested {
    nf_pair outer, inner;
    int has_inner, what;
    double mean, variance;
} nf_nested;

enum { NF_LAW_POINTS = 4, NF_LAW_TABLE = 512 };

nf_status nf_law_init(nf_law *law, const nf_format *format, uint8_t method);

/* The value with this number, and the largest value's number not above x, law->min <= x <= law->max: law_grid.h. */
double nf_law_value(const nf_law *law, int64_t number);
int64_t nf_law_floor(const nf_law *law, double x);

/* One element, exactly: the number of the value drawn. */
int64_t nf_lattice_draw(const nf_law *law, const nf_draw *draw, int *what);
int64_t nf_nested_draw(const nf_law *law, const nf_draw *draw, int *what);

/* The variance that the law takes over where the Gaussian comes first: the mean is Gaussian with the rest. */
double nf_law_own_variance(const nf_law *law, double mean, double variance);

/* The same for a mean inside the range whose floor is known. */
double nf_law_own_variance_at(const nf_law *law, double mean, double variance, int64_t floor);

nf_nested nf_nested_find(const nf_law *law, double mean, double variance);

/* The probability of the outer pair where there is an inner one, within 2**-50. */
double nf_probability_of_outer(const nf_nested *n);

/* The law itself: up to four values in ascending order, with their probabilities; the others have probability 0. */
void nf_law_points(const nf_law *law, double mean, double variance, double *values, double *probabilities);

#endif
