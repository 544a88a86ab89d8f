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
}

/* A log as a power. */
static nf_power power_of(const nf_grid *grid, int64_t log)
{
    const nf_power p = {log, NF_BASE_2, (uint8_t)grid->format.fraction_bits};
    return p;
}

nf_unpacked nf_unpack_lns(const nf_grid *grid, uint64_t code)
{
    const int sign = (code & grid->sign_bit) != 0;
    const uint64_t magnitude = (code + lns_offset(grid)) & (grid->sign_bit - 1);
    if (magnitude == 0)
        return special_of(sign ? NF_NAN : NF_ZERO, 0);
    return nf_number_of_power(power_of(grid, (int64_t)(magnitude - lns_offset(grid))), sign);
}

/* Where |x| lies among the logs. */
typedef struct place {
    __int128 log; /* the largest one not above it, no less than that of magnitude 0 */
    int is_past_half, is_half, is_exact;
} place;

/* One digit more than the format has: the half-way logs are those whose last digit is 1. */
static place place_of(const nf_grid *grid, const nf_unpacked *x)
{
    const nf_floor f = nf_log_floor(x, NF_BASE_2, grid->format.fraction_bits + 1);
    const __int128 bottom = -(__int128)lns_offset(grid), doubled = f.integer;
    place p = {doubled >> 1, 0, 0, 0};
    if (p.log <= bottom) { /* between zero and the smallest value: half a log below that */
        p.log = bottom;
        p.is_half = f.is_exact && doubled == 2 * bottom + 1;
        p.is_past_half = doubled == 2 * bottom + 1 && !f.is_exact;
        return p;
    }
    p.is_half = f.is_exact && (doubled & 1);
    p.is_past_half = (doubled & 1) && !f.is_exact;
    p.is_exact = f.is_exact && !(doubled & 1);
    return p;
}

/* Is the tail by value rational? */
static int is_rational(const nf_grid *grid, const nf_unpacked *x)
{
    return grid->format.fraction_bits == 0 && x->base == NF_RATIONAL;
}

/* Binary digits of the tail by value: x and its neighbours divided by a power of 2. */
static uint64_t digits_of(const nf_grid *grid, const nf_unpacked *x, __int128 log, int digits)
{
    const int r = grid->format.fraction_bits, is_bottom = log == -(__int128)lns_offset(grid);
    const int64_t whole = (int64_t)((log + is_bottom) >> r);
    const nf_power low = power_of(grid, (int64_t)(log - ((__int128)whole << r)));
    const nf_power high = power_of(grid, low.log + 1);
    nf_unpacked scaled = *x;
    scaled.exponent -= whole;
    scaled.log -= (int64_t)((uint64_t)whole << x->root_bits);
    return nf_digits_between(&scaled, is_bottom ? NULL : &low, &high, digits);
}

nf_fraction nf_lns_fraction(const nf_grid *grid, const nf_unpacked *x)
{
    const nf_fraction endless = {1, NF_ENDLESS, 0};
    const int64_t below = grid->emin - x->exponent;
    return is_rational(grid, x) ? fraction_below(x->significand, 63 + (below > 0 ? below : 0)) : endless;
}

uint32_t nf_lns_digits(const nf_grid *grid, const nf_unpacked *x, int word)
{
    return (uint32_t)digits_of(grid, x, place_of(grid, x).log, 32 * (word + 1));
}

static void give_tail_by_value(const nf_grid *grid, const nf_unpacked *x, __int128 log, nf_cell *cell)
{
    const int64_t below = grid->emin - x->exponent;
    if (is_rational(grid, x)) {
        cut_bits(x->significand, 63 + (below > 0 ? below : 0), cell);
        return;
    }
    cell->tail = digits_of(grid, x, log, 64);
    cell->sticky = 1;
}

nf_cell nf_layout_lns(const nf_grid *grid, const nf_unpacked *x, int by_value)
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
