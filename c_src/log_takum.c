/* Logarithmic takums: codes, values and cells. */
#include "families.h"
#include "real.h"

int nf_log_takum_is_sound(const nf_format *f) { return nf_takum_is_sound(f); }

/* The value of a magnitude but 0, its first bit on top, as a power. */
static nf_power power_of(const nf_grid *grid, uint64_t body)
{
    const nf_takum_fields f = takum_fields(body);
    const int room = grid->format.width - 1 - TAKUM_HEAD_BITS - f.regime, digits = room > 0 ? room : 0;
    const uint64_t fraction = digits ? f.fraction >> (64 - digits) : 0;
    const nf_power p = {f.characteristic * ((int64_t)1 << digits) + (int64_t)fraction, NF_BASE_E,
                        (uint8_t)(digits + 1)};
    return p;
}

void nf_fill_log_takum(nf_grid *g) { nf_fill_takum(g); }

nf_unpacked nf_unpack_log_takum(const nf_grid *grid, uint64_t code)
{
    int sign;
    uint64_t body;
    nf_unpacked special;
    if (!tapered_body(grid, code, &sign, &body, &special))
        return special;
    return nf_number_of_power(power_of(grid, body), sign);
}

/* Bits of the magnitude of |x|, which go on without end. */
typedef struct string {
    unsigned __int128 bits; /* the first ones asked for, modulo 2**64 at least */
    int is_exact;           /* the others are 0 */
    int is_below_all, is_above_all;
} string;

static string string_of(const nf_deep *x, int size)
{
    enum { LEAST = -255, MOST = 254, FEW_DIGITS = 100 };
    const int digits = size > TAKUM_HEAD_BITS ? size - TAKUM_HEAD_BITS : 0; /* of the fraction; some too many */
    const nf_floor f = nf_log_floor(x, NF_BASE_E, digits + 1);
    const __int128 whole = digits < FEW_DIGITS ? f.integer >> digits : nf_log_floor(x, NF_BASE_E, 1).integer;
    string s = {0, 0, whole<LEAST, whole> MOST};
    if (s.is_below_all || s.is_above_all)
        return s;
    int count;
    const unsigned __int128 front = takum_front((int64_t)whole, &count), one = 1;
    const int cut = count + digits - size;
    unsigned __int128 all = (unsigned __int128)f.integer;
    if (digits < 128)
        all = front << digits | (all & ((one << digits) - 1));
    s.bits = all >> cut;
    s.is_exact = f.is_exact && (all & ((one << cut) - 1)) == 0;
    return s;
}

/* Binary digits of the tail by value; of the smallest value where low is 0. */
static uint64_t digits_by_value(const nf_grid *grid, const nf_deep *x, uint64_t low, int digits)
{
    const int place = 64 - (grid->format.width - 1);
    const nf_power above = power_of(grid, (low + 1) << place), below = low ? power_of(grid, low << place) : above;
    return nf_digits_between(x, low ? &below : NULL, &above, digits);
}

/* The magnitude of the largest value not above |x|. */
static uint64_t low_of(const nf_grid *grid, const string *s)
{
    if (s->is_below_all)
        return 0;
    return s->is_above_all ? grid->max_magnitude : (uint64_t)(s->bits >> 1);
}

uint32_t nf_log_takum_digits(const nf_grid *grid, const nf_deep *x, int by_code, int word)
{
    const int width = grid->format.width, digits = 32 * (word + 1);
    const string s = string_of(x, width);
    const uint64_t low = low_of(grid, &s);
    if (low && by_code)
        return (uint32_t)string_of(x, width - 1 + digits).bits;
    return (uint32_t)digits_by_value(grid, x, low, digits);
}

static void give_tail(const nf_grid *grid, const nf_deep *x, nf_tail tail, nf_cell *cell)
{
    cell->sticky = 1;
    if (is_fraction_of_one(grid, &x->x)) {
        cut_number(&x->x, 63 - x->x.exponent, cell);
        return;
    }
    if (tail == NF_TAIL_BY_CODE && cell->low) {
        const string s = string_of(x, grid->format.width - 1 + 64);
        cell->tail = (uint64_t)s.bits;
        cell->sticky = !s.is_exact;
    } else if (tail != NF_TAIL_SIDE) {
        cell->tail = digits_by_value(grid, x, cell->low, 64);
    }
}

nf_cell nf_layout_log_takum(const nf_grid *grid, const nf_deep *x, int reaches_zero, nf_tail tail)
{
    const string s = string_of(x, grid->format.width);
    const uint64_t low = low_of(grid, &s), half = (uint64_t)1 << 63;
    const int is_side = (int)(s.bits & 1), is_exact = s.is_exact && !is_side;
    nf_cell cell = {low, 1, 0, 0, !(low & 1), 0, 0};
    cell.outside = s.is_above_all || (low == grid->max_magnitude && !is_exact);
    if (is_exact || cell.outside)
        return cell;
    cell.forced = low == 0 && !reaches_zero;
    cell.tail = is_side && low ? half : 0;
    cell.sticky = !(s.is_exact && low);
    if (tail != NF_TAIL_SIDE && !cell.forced)
        give_tail(grid, x, tail, &cell);
    return cell;
}
