/* Rounding floats to narrow fixed point in place, where it vectorises: stochastic (all bits) and nearest_even,
 * saturating. The same bits as the general loop: the scaled number, its floor and its fraction are exact in double, and
 * an element whose first word is within one unit of its threshold goes to the general loop.
 *
 * Included inside the region of an instruction set. */
#ifndef NF_FIXED_ROUND_H
#define NF_FIXED_ROUND_H

#include "variance_corrected.h"

enum { FIXED_ROUND_BITS = 50, FIXED_ROUND_SCALE = 400 };

static int fixed_round_applies(const nf_plan *plan)
{
    const nf_options *o = &plan->options;
    const nf_format *f = &plan->grid.format;
    int mode_fits = o->rounding == NF_ROUND_nearest_even ||
                    (o->rounding == NF_ROUND_stochastic && o->random_bits_per_element == 0 && o->key);
    return f->family == NF_FIXED && f->width <= FIXED_ROUND_BITS && f->fraction_bits <= FIXED_ROUND_SCALE &&
           f->fraction_bits >= -FIXED_ROUND_SCALE && o->overflow == NF_OVERFLOW_saturate && mode_fits;
}

/* A tile: marks what saturated, and with LAW_DOUBTFUL what is not settled.  `words` is used where `is_random`. */
NF_INLINE int64_t fixed_round_tile(int is_random, const nf_grid *grid, double scale, double gap, const uint32_t *words,
                                   float *x, int64_t *what)
{
    const double low = -(double)grid->min_magnitude, high = (double)grid->max_magnitude;
    int64_t any = 0;
    for (int i = 0; i < PHILOX_TILE; i++) {
        double m = clamp_between((double)x[i] * scale, low - 1, high + 1), nearest = integer_near(m), point = nearest;
        int64_t doubt = x[i] != x[i];
        if (is_random) {
            double floor = nearest - (nearest > m ? 1.0 : 0.0);
            double stay = (1 - (m - floor)) * 0x1p32 - middle_of(words[i]);
            point = floor + (stay < 0 ? 1.0 : 0.0);
            doubt |= (int64_t)(fabs(stay) < 1) | too_small(m, x[i]);
        }
        double inside = clamp_between(point, low, high);
        what[i] = (int64_t)(inside != point) | doubt * LAW_DOUBTFUL;
        any |= what[i];
        x[i] = doubt ? x[i] : (float)(inside * gap);
    }
    return any;
}

static int64_t fixed_round_stochastic(const nf_grid *grid, double scale, double gap, const uint32_t *words, float *x,
                                      int64_t *what)
{
    return fixed_round_tile(1, grid, scale, gap, words, x, what);
}

static int64_t fixed_round_nearest(const nf_grid *grid, double scale, double gap, const uint32_t *words, float *x,
                                   int64_t *what)
{
    return fixed_round_tile(0, grid, scale, gap, words, x, what);
}

#endif
