/* Rounding floats to narrow formats in place, where it vectorises: stochastic (all bits) and nearest_even, to fixed
 * point and floats, with their default overflow.  The same bits as the general loop: the number in units of its last
 * place, its floor and its fraction are exact in double, and an element whose first word is within one unit of its
 * threshold goes to the general loop.
 *
 * Included inside the region of an instruction set. */
#ifndef NF_NARROW_ROUND_H
#define NF_NARROW_ROUND_H

#include "variance_corrected.h"

static void run_general(nf_job *job);

enum { NARROW_BITS = 50, NARROW_EXPONENT = 400, NARROW_PRECISION = 24 };

static int narrow_fixed_fits(const nf_format *f)
{
    return f->width <= NARROW_BITS && f->fraction_bits <= NARROW_EXPONENT && f->fraction_bits >= -NARROW_EXPONENT;
}

/* Precision 1 breaks ties by the parity of the exponent, and without subnormals the lowest cell is another one. */
static int narrow_float_fits(const nf_grid *grid)
{
    const nf_format *f = &grid->format;
    return f->is_signed && f->subnormals == NF_SUBNORMALS && f->fraction_bits >= 1 &&
           f->fraction_bits < NARROW_PRECISION && grid->emin >= -NARROW_EXPONENT && grid->emax <= NARROW_EXPONENT;
}

static int narrow_round_applies(const nf_plan *plan)
{
    const nf_options *o = &plan->options;
    int is_all_bits = o->rounding == NF_ROUND_stochastic && o->random_bits_per_element == 0 && o->key;
    if (o->rounding != NF_ROUND_nearest_even && !is_all_bits)
        return 0;
    if (plan->grid.format.family == NF_FIXED)
        return o->overflow == NF_OVERFLOW_saturate && narrow_fixed_fits(&plan->grid.format);
    return plan->grid.format.family == NF_FLOAT && narrow_float_fits(&plan->grid) &&
           (o->overflow == NF_OVERFLOW_saturate || o->overflow == NF_OVERFLOW_infinity);
}

/* floor(m), or the integer above: nearest, or up with probability m - floor(m). */
NF_INLINE double narrow_point(int is_random, double m, uint32_t word, int64_t *doubt)
{
    double nearest = integer_near(m);
    if (!is_random)
        return nearest;
    double floor = nearest - (nearest > m ? 1.0 : 0.0);
    double stay = (1 - (m - floor)) * 0x1p32 - middle_of(word);
    *doubt |= (int64_t)(fabs(stay) < 1);
    return floor + (stay < 0 ? 1.0 : 0.0);
}

/* A tile: marks what saturated, and with LAW_DOUBTFUL what is not settled.  `words` is used where `is_random`. */
NF_INLINE int64_t narrow_fixed_tile(int is_random, const nf_grid *grid, const uint32_t *words, float *x, int64_t *what)
{
    const double gap = ldexp(1.0, -grid->format.fraction_bits), scale = 1 / gap;
    const double low = grid->min_magnitude ? -(double)grid->min_magnitude : 0.0, high = (double)grid->max_magnitude;
    int64_t any = 0;
    for (int i = 0; i < PHILOX_TILE; i++) {
        double m = clamp_between((double)x[i] * scale, low - 1, high + 1);
        int64_t doubt = x[i] != x[i];
        if (is_random)
            doubt |= too_small(m, x[i]);
        double point = narrow_point(is_random, m, words[i], &doubt);
        double inside = clamp_between(point, low, high);
        what[i] = (int64_t)(inside != point) | doubt * LAW_DOUBTFUL;
        any |= what[i];
        x[i] = doubt ? x[i] : (float)(inside * gap);
    }
    return any;
}

/* The same for floats, in units of each one's last place. */
NF_INLINE int64_t narrow_float_tile(int is_random, const nf_plan *plan, const uint32_t *words, float *x, int64_t *what)
{
    const nf_grid *grid = &plan->grid;
    const int t = grid->format.fraction_bits;
    const uint64_t exponent_mask = (uint64_t)0x7FF << 52, sign_mask = (uint64_t)1 << 63;
    const uint64_t lowest = (uint64_t)(grid->emin + 1023) << 52, to_unit = (uint64_t)t << 52;
    const uint64_t zero_mask = grid->has_negative_zero ? sign_mask : 0;
    const nf_unpacked largest = unpack_float(grid, grid->max_magnitude);
    const double beyond = ldexp(1.0, (int)grid->emax + 1), limit = pack_f64(&largest);
    const double end = plan->options.overflow == NF_OVERFLOW_infinity ? INFINITY : limit;
    int64_t any = 0;
    for (int i = 0; i < PHILOX_TILE; i++) {
        double given = (double)x[i], size = fabs(given), inside = size < beyond ? size : beyond, unit, scale, result;
        uint64_t bits, given_bits, unit_bits, scale_bits, result_bits;
        int64_t doubt = x[i] != x[i];
        memcpy(&bits, &inside, sizeof bits);
        memcpy(&given_bits, &given, sizeof bits);
        bits &= exponent_mask;
        unit_bits = (bits > lowest ? bits : lowest) - to_unit;
        scale_bits = ((uint64_t)2046 << 52) - unit_bits;
        memcpy(&unit, &unit_bits, sizeof unit);
        memcpy(&scale, &scale_bits, sizeof scale);
        result = narrow_point(is_random, inside * scale, words[i], &doubt) * unit;
        int64_t is_over = result > limit;
        result = is_over ? end : result;
        memcpy(&result_bits, &result, sizeof bits);
        result_bits |= given_bits & (result > 0 ? sign_mask : zero_mask);
        memcpy(&result, &result_bits, sizeof bits);
        what[i] = (is_over & (int64_t)(end == limit)) | doubt * LAW_DOUBTFUL;
        any |= what[i] | is_over;
        x[i] = doubt ? x[i] : (float)result;
    }
    return any;
}

static int64_t narrow_round_tile(const nf_plan *plan, const uint32_t *words, float *x, int64_t *what)
{
    int is_random = plan->options.key != NULL;
    if (plan->grid.format.family == NF_FIXED)
        return is_random ? narrow_fixed_tile(1, &plan->grid, words, x, what)
                         : narrow_fixed_tile(0, &plan->grid, words, x, what);
    return is_random ? narrow_float_tile(1, plan, words, x, what) : narrow_float_tile(0, plan, words, x, what);
}

/* Round `n` floats in place by the general loop.  Returns NF_FAILED_... of the first that failed, and its index. */
static uint32_t round_any(const nf_plan *plan, uint64_t offset, float *x, size_t n, size_t *failed_at,
                          uint64_t *saturated)
{
    nf_plan shifted = *plan;
    shifted.options.first += offset;
    nf_job job = {.plan = &shifted,
                  .x = x,
                  .x_type = NF_F32,
                  .x_size = sizeof *x,
                  .y = x,
                  .y_type = NF_F32,
                  .y_size = sizeof *x,
                  .to_values = 1,
                  .n = n};
    run_general(&job);
    *failed_at = job.failed_at;
    *saturated += job.saturated;
    return job.failed;
}

/* What a tile of the fast loop left to the general one, and its count of saturated elements. */
static uint32_t round_rest(const nf_plan *plan, uint64_t offset, float *x, size_t n, const int64_t *what,
                           size_t *failed_at, uint64_t *saturated)
{
    for (size_t i = 0; i < n; i++) {
        size_t unused;
        uint32_t failed = 0;
        if (what[i] & LAW_DOUBTFUL)
            failed = round_any(plan, offset + i, x + i, 1, &unused, saturated);
        else
            *saturated += (uint64_t)what[i];
        *failed_at = i;
        if (failed)
            return failed;
    }
    return 0;
}

/* The same as round_any, faster where the format allows. */
static uint32_t round_floats(const nf_plan *plan, uint64_t offset, float *x, size_t n, size_t *failed_at,
                             uint64_t *saturated)
{
    const nf_options *o = &plan->options;
    uint32_t words[PHILOX_TILE] = {0}, failed = 0;
    float numbers[PHILOX_TILE] = {0};
    int64_t what[PHILOX_TILE];
    if (NF_GENERAL_ONLY || !narrow_round_applies(plan))
        return round_any(plan, offset, x, n, failed_at, saturated);
    for (size_t start = 0, count; start < n && !failed; start += count) {
        count = n - start < PHILOX_TILE ? n - start : PHILOX_TILE;
        memcpy(numbers, x + start, count * sizeof *numbers);
        if (o->key)
            philox_fill(o->key->key, o->key->call, 0, o->first + offset + start, words, PHILOX_TILE);
        if (narrow_round_tile(plan, words, numbers, what))
            failed = round_rest(plan, offset + start, numbers, count, what, failed_at, saturated);
        *failed_at += failed ? start : 0;
        memcpy(x + start, numbers, count * sizeof *numbers);
    }
    return failed;
}

#endif
