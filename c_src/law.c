/* The values of a format in order, and the exact lattice law for one element. */
#include "law.h"

#include <stdlib.h>

#include "law_grid.h"

double nf_law_value(const nf_law *law, int64_t number) { return law_value(law, number); }

int64_t nf_law_floor(const nf_law *law, double x) { return law_floor(law, x); }

/* A float of one exponent bit holds consecutive multiples of a power of two: the integers they are. */
static nf_format evenly_spaced(const nf_format *format)
{
    nf_format integers = *format;
    if (format->family != NF_FLOAT || format->exponent_bits != 1 || format->subnormals != NF_SUBNORMALS)
        return integers;
    integers = (nf_format){.family = NF_FIXED, .is_signed = 1};
    integers.width = (uint8_t)(format->fraction_bits + 2);
    integers.fraction_bits = (int32_t)(format->fraction_bits + format->bias - 1);
    return integers;
}

nf_status nf_law_init(nf_law *law, const nf_format *format, uint8_t method)
{
    enum { FAST_BITS = 50, FAST_SCALE = 400 };
    memset(law, 0, sizeof *law);
    nf_status status = nf_grid_init(&law->grid, format);
    if (status != NF_OK)
        return status;
    if (format->family == NF_AFFINE)
        return NF_BAD_FORMAT;
    if (method >= NF_LAW_METHOD_COUNT)
        return NF_BAD_ARGUMENT;
    const nf_grid *grid = &law->grid;
    if (nf_type_holds_format(format, NF_F64) != NF_OK || grid->emin < -1074 || grid->emax > 1023)
        return NF_BAD_TYPE;
    if (format->family == NF_FLOAT && format->subnormals != NF_SUBNORMALS)
        law->skipped = grid->normal_magnitude - 1;
    law->highest = (int64_t)(grid->max_magnitude ? grid->max_magnitude - law->skipped : 0);
    law->lowest = -(int64_t)(grid->min_magnitude ? grid->min_magnitude - law->skipped : 0);
    const nf_format even = evenly_spaced(format);
    if (even.family == NF_FIXED && nf_grid_init(&law->grid, &even) != NF_OK)
        return NF_BAD_TYPE;
    law->gap = even.family == NF_FIXED ? ldexp(1.0, -even.fraction_bits) : 0;
    law->min = nf_law_value(law, law->lowest);
    law->max = nf_law_value(law, law->highest);
    law->first_gap = law->highest > 0 ? nf_law_value(law, 1) - nf_law_value(law, 0) : 0;
    law->is_lattice = even.family == NF_FIXED && method == NF_LAW_PAPER;
    law->is_fast = law->is_lattice && even.width <= FAST_BITS && abs(even.fraction_bits) <= FAST_SCALE;
    return NF_OK;
}

static double clamp(double x, double low, double high) { return x < low ? low : x > high ? high : x; }

static nf_exact half_square(const nf_exact *x)
{
    nf_exact square = nf_exact_multiply(x, x), half = nf_exact_of(0.5);
    return nf_exact_multiply(&square, &half);
}

static int is_below(const nf_draw *draw, int which, const nf_exact *numerator, const nf_exact *denominator)
{
    nf_uniform u = draw->uniform;
    u.which = which;
    return nf_uniform_below(&u, numerator, denominator);
}

/* Around the nearest lattice point q of x: down with probability (r - 1/2)**2 / 2, up with (r + 1/2)**2 / 2, where
 * r = (x - q) / gap. */
static int64_t draw_around(const nf_law *law, const nf_draw *draw, double x)
{
    x = clamp(x, law->min - 2 * law->gap, law->max + 2 * law->gap); /* the ends take all that lies beyond */
    int64_t nearest = (int64_t)nearbyint(ldexp(x, law->grid.format.fraction_bits));
    nf_exact gap = nf_exact_of(law->gap), half = nf_exact_of(0.5), one = nf_exact_multiply(&gap, &gap);
    nf_exact point = nf_exact_of((double)nearest), exact = nf_exact_of(x), half_gap = nf_exact_multiply(&gap, &half);
    point = nf_exact_multiply(&point, &gap);
    nf_exact rest = nf_exact_subtract(&exact, &point);
    nf_exact toward_low = nf_exact_subtract(&rest, &half_gap), toward_high = nf_exact_add(&rest, &half_gap);
    nf_exact down = half_square(&toward_low), up = half_square(&toward_high), not_up = nf_exact_subtract(&one, &up);
    if (is_below(draw, 0, &down, &one))
        return nearest - 1;
    return is_below(draw, 0, &not_up, &one) ? nearest : nearest + 1;
}

/* Stochastic rounding of the mean, then a step of one gap down or up with probability (variance - below * above) /
 * (2 gap**2) each. */
static int64_t draw_cell(const nf_law *law, const nf_draw *draw, double mean, int *what)
{
    int64_t floor = nf_law_floor(law, mean);
    nf_exact gap = nf_exact_of(law->gap), variance = nf_exact_of(draw->variance);
    nf_exact below = nf_exact_difference(mean, (double)floor * law->gap), above = nf_exact_subtract(&gap, &below);
    nf_exact own = nf_exact_multiply(&below, &above), spare = nf_exact_subtract(&variance, &own);
    nf_exact square = nf_exact_multiply(&gap, &gap), whole = nf_exact_add(&square, &square);
    nf_exact rest = nf_exact_subtract(&whole, &spare);
    if (spare.sign < 0)
        *what |= NF_LAW_INFEASIBLE;
    int64_t point = is_below(draw, 0, &above, &gap) ? floor : floor + 1;
    if (is_below(draw, 1, &spare, &whole))
        return point - 1;
    return is_below(draw, 1, &rest, &whole) ? point : point + 1;
}

int64_t nf_lattice_draw(const nf_law *law, const nf_draw *draw, int *what)
{
    double mean = clamp(draw->mean, law->min, law->max), own = nf_law_own_variance(law, mean, draw->variance);
    int64_t point;
    *what = mean != draw->mean ? NF_LAW_SATURATED : 0;
    if (draw->variance > own)
        point = draw_around(law, draw, mean + sqrt(draw->variance - own) * draw->gaussian);
    else
        point = draw_cell(law, draw, mean, what);
    int64_t inside = point < law->lowest ? law->lowest : point > law->highest ? law->highest : point;
    if (inside != point)
        *what |= NF_LAW_SATURATED;
    return inside;
}
