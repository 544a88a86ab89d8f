/* Logarithmic numbers: codes, values and cells. */
#include "families.h"
#include "real.h"

int nf_lns_is_sound(const nf_format *f)
{
    return f->width >= 3 && f->is_signed == 1 && f->exponent_bits == 0 && f->special == 0 && f->subnormals == 0 &&
           f->bias == 0 && f->fraction_bits >= 0 && f->fraction_bits <= f->width - 2;
}

void nf_fill_lns(nf_grid *g)
{
    const int64_t offset = (int64_t)lns_offset(g);
    g->emin = (1 - offset) >> g->format.fraction_bits;
    g->emax = (offset - 1) >> g->format.fraction_bits;
    g->max_magnitude = g->min_magnitude = g->sign_bit - 1;
    g->normal_magnitude = 1;
    g->has_nan = 1;
    g->nan_code = g->sign_bit | lns_offset(g);
    g->zero_code = lns_offset(g);
}

/* A log of the format as a power. */
static nf_power power_of(const nf_grid *grid, int64_t log)
{
    const nf_power p = {log, NF_BASE_2, (uint8_t)grid->format.fraction_bits};
    return p;
}

/* The significand of 2**(fraction * 2**-fraction_bits), worked out once where the grid has a table. */
static uint64_t root_of(const nf_grid *grid, uint64_t fraction)
{
    if (!grid->roots || grid->format.fraction_bits > NF_ROOT_BITS)
        return nf_number_of_power(power_of(grid, (int64_t)fraction), 0).significand;
    if (!grid->roots[fraction])
        grid->roots[fraction] = nf_number_of_power(power_of(grid, (int64_t)fraction), 0).significand;
    return grid->roots[fraction];
}

nf_unpacked nf_unpack_lns(const nf_grid *grid, uint64_t code)
{
    const int sign = (code & grid->sign_bit) != 0, r = grid->format.fraction_bits;
    const uint64_t magnitude = (code + lns_offset(grid)) & (grid->sign_bit - 1);
    if (magnitude == 0)
        return special_of(sign ? NF_NAN : NF_ZERO, 0);
    const int64_t log = (int64_t)(magnitude - lns_offset(grid));
    const uint64_t fraction = (uint64_t)log & (((uint64_t)1 << r) - 1);
    nf_unpacked x = number_of(sign, 1, log >> r);
    if (fraction) {
        x.significand = root_of(grid, fraction);
        x.log = log;
        x.base = NF_BASE_2;
        x.root_bits = (uint8_t)r;
    }
    return x;
}

/* Where |x| lies among the logs. */
typedef struct place {
    __int128 log; /* the largest one not above it, no less than that of magnitude 0 */
    int is_past_half, is_half, is_exact;
} place;

static __int128 bottom_of(const nf_grid *grid) { return -(__int128)lns_offset(grid); }

/* One digit more than the format has: the half-way logs are those whose last digit is 1. */
static place place_of(const nf_grid *grid, const nf_deep *x)
{
    const nf_floor f = nf_log_floor(x, NF_BASE_2, grid->format.fraction_bits + 1);
    const __int128 bottom = bottom_of(grid);
    place p = {f.integer >> 1, 0, 0, 0};
    const int is_inside = p.log > bottom, is_odd = is_inside ? (int)f.integer & 1 : f.integer == 2 * bottom + 1;
    p.log = is_inside ? p.log : bottom;
    p.is_half = is_odd && f.is_exact;
    p.is_past_half = is_odd && !f.is_exact;
    p.is_exact = is_inside && !is_odd && f.is_exact;
    return p;
}

/* x / smallest as a power of 2, where it is one below zero's neighbour: then the result is not 0. */
static int binades_below(const nf_grid *grid, const nf_unpacked *x, int64_t *binades)
{
    const nf_deep number = deep_of(x);
    const nf_floor f = nf_log_floor(&number, NF_BASE_2, grid->format.fraction_bits);
    const __int128 below = bottom_of(grid) + 1 - f.integer, unit = (__int128)1 << grid->format.fraction_bits;
    *binades = (int64_t)(below >> grid->format.fraction_bits);
    return f.is_exact && below > 0 && below % unit == 0;
}

/* The tail by value where it is rational; else NF_ENDLESS.  Among the roots of 2 no other three are dependent. */
nf_fraction nf_lns_fraction(const nf_grid *grid, const nf_unpacked *x)
{
    const nf_fraction endless = {1, NF_ENDLESS, 0, 0};
    const int64_t below = grid->emin - x->exponent;
    int64_t binades;
    if (grid->format.fraction_bits == 0 && x->base == NF_RATIONAL)
        return fraction_below(x, 63 + (below > 0 ? below : 0));
    if ((x->base != NF_RATIONAL || !goes_on(x)) && binades_below(grid, x, &binades))
        return (nf_fraction){(uint64_t)1 << 63, 1, 63 + binades, 0};
    return endless;
}

/* Binary digits of the irrational tail by value. */
static uint64_t digits_of(const nf_grid *grid, const nf_deep *x, __int128 log, int digits)
{
    const nf_power low = power_of(grid, (int64_t)log), high = power_of(grid, (int64_t)log + 1);
    return nf_digits_between(x, log == bottom_of(grid) ? NULL : &low, &high, digits);
}

uint32_t nf_lns_digits(const nf_grid *grid, const nf_deep *x, int word)
{
    return (uint32_t)digits_of(grid, x, place_of(grid, x).log, 32 * (word + 1));
}

/* The tail from the significands of x and its neighbours, where its first 34 digits are sure: more are asked for only
 * where a word does not decide.  Each significand may be 1 off, and the gap of roots is above 2**52. */
static int tail_is_near(const nf_grid *grid, const nf_unpacked *x, __int128 log, uint64_t *tail)
{
    enum { SURE_BITS = 34, SLACK = 1 << (64 - 52 + 3) };
    const int r = grid->format.fraction_bits;
    const uint64_t last = ((uint64_t)1 << r) - 1, fraction = (uint64_t)log & last;
    if (!grid->roots || r > NF_ROOT_BITS || r == 0 || log == bottom_of(grid))
        return 0;
    const uint64_t low = root_of(grid, fraction);
    const unsigned __int128 high = fraction == last ? (unsigned __int128)1 << 64 : root_of(grid, fraction + 1);
    const uint64_t gap = (uint64_t)(high - low), above = x->significand > low ? x->significand - low : 0;
    if (above >= gap)
        return 0;
    *tail = (uint64_t)(((unsigned __int128)above << 64) / gap);
    const uint64_t unit = (uint64_t)1 << (64 - SURE_BITS), rest = *tail & (unit - 1);
    return rest >= SLACK && rest < unit - SLACK;
}

static void give_tail_by_value(const nf_grid *grid, const nf_deep *x, __int128 log, nf_cell *cell)
{
    cell->sticky = 1;
    if (tail_is_near(grid, &x->x, log, &cell->tail))
        return;
    nf_fraction f = nf_lns_fraction(grid, &x->x);
    if (f.divisor == NF_ENDLESS) {
        cell->tail = digits_of(grid, x, log, 64);
        return;
    }
    cell->tail = (uint64_t)next_digits(&f) << 32;
    cell->tail |= next_digits(&f);
    cell->sticky = f.numerator != 0 || x->x.sticky;
}

nf_cell nf_layout_lns(const nf_grid *grid, const nf_deep *x, int by_value)
{
    const place p = place_of(grid, x);
    const __int128 magnitude = p.log + lns_offset(grid);
    nf_cell cell = {(uint64_t)magnitude, 1, 0, 0, !(magnitude & 1), magnitude > grid->max_magnitude, 0};
    if (p.is_exact)
        return cell;
    if (by_value) {
        give_tail_by_value(grid, x, p.log, &cell);
        return cell;
    }
    cell.tail = p.is_past_half || p.is_half ? (uint64_t)1 << 63 : 0;
    cell.sticky = !p.is_half;
    return cell;
}
