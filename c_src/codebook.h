/* Codebooks: the code is the index in a table of ascending numbers.  Where nearest modes turn stands in the table too;
 * everything else goes by magnitude, as for floats. */
#ifndef NF_CODEBOOK_H
#define NF_CODEBOOK_H

#include "exact.h"
#include "cell.h"

NF_INLINE int is_codebook_code(const nf_grid *grid, uint64_t code)
{
    return grid->format.family != NF_CODEBOOK || code <= grid->max_magnitude;
}

/* A code beyond the table, which no encoding gives, is NaN. */
NF_INLINE nf_unpacked unpack_codebook(const nf_grid *grid, uint64_t code)
{
    return code <= grid->max_magnitude ? unpack_f64(grid->format.codebook->values[code]) : special_of(NF_NAN, 0);
}

/* The index of the largest value not above a number; -1 where all are. */
NF_INLINE int64_t codebook_floor(const nf_codebook *book, const nf_unpacked *x)
{
    int64_t low = -1, high = book->count;
    while (high - low > 1) {
        const int64_t middle = low + (high - low) / 2;
        const nf_unpacked value = unpack_f64(book->values[middle]);
        if (compare_numbers(&value, x) <= 0)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* a * b as a number whose significand has 128 bits, the top one set. */
typedef struct nf_product {
    unsigned __int128 significand;
    int64_t exponent;
} nf_product;

NF_INLINE nf_product product_of(const nf_unpacked *a, const nf_unpacked *b)
{
    nf_product p = {(unsigned __int128)a->significand * b->significand, a->exponent + b->exponent + 1};
    if (!(p.significand >> 127)) {
        p.significand <<= 1;
        p.exponent--;
    }
    return p;
}

/* x against the geometric mean of a and b, all of one sign. */
NF_INLINE int compare_with_geometric(const nf_unpacked *x, const nf_unpacked *a, const nf_unpacked *b)
{
    const nf_product square = product_of(x, x), product = product_of(a, b);
    int above = (square.significand > product.significand) - (square.significand < product.significand);
    if (square.exponent != product.exponent)
        above = square.exponent > product.exponent ? 1 : -1;
    return x->sign ? -above : above;
}

NF_INLINE int64_t lowest_bit(const nf_unpacked *x) { return x->exponent - 63 + __builtin_ctzll(x->significand); }

/* Are all points where nearest modes turn numbers of at most `bits` significant bits? */
NF_INLINE int codebook_turns_fit(const nf_codebook *book, int bits)
{
    for (uint32_t at = 0; book->turns == NF_TURN_MIDDLE && at + 1 < book->count; at++) {
        const nf_unpacked a = unpack_f64(book->values[at]), b = unpack_f64(book->values[at + 1]);
        const int either = a.kind == NF_ZERO || b.kind == NF_ZERO;
        const int64_t top = a.exponent > b.exponent ? a.exponent : b.exponent, low_a = either ? 0 : lowest_bit(&a);
        const int64_t low = either ? 0 : low_a < lowest_bit(&b) ? low_a : lowest_bit(&b);
        if (!either && top + 1 - low >= bits)
            return 0;
    }
    return book->turns != NF_TURN_GEOMETRIC;
}

/* The same of all digits of x, of which some are behind its significand (codebook.c). */
int nf_compare_with_middle(const nf_deep *x, double a, double b);
int nf_compare_with_geometric(const nf_deep *x, double a, double b);

/* x against (a + b) / 2, doubles; in 128 bits, where a lost part of the smaller one leaves a bit. */
NF_INLINE int compare_with_middle(const nf_deep *number, const nf_unpacked *a, const nf_unpacked *b)
{
    const nf_unpacked *x = &number->x;
    const int64_t top =
        a->kind == NF_ZERO || (b->kind != NF_ZERO && b->exponent > a->exponent) ? b->exponent : a->exponent;
    __int128 sum = 0;
    const nf_unpacked *const terms[] = {a, b};
    for (int i = 0; i < 2; i++) {
        if (terms[i]->kind == NF_ZERO)
            continue;
        const int64_t cut = top - terms[i]->exponent;
        const unsigned __int128 whole = (unsigned __int128)terms[i]->significand << 62;
        const unsigned __int128 kept = cut > 127 ? 0 : whole >> cut;
        const __int128 term = (__int128)(kept | (cut > 127 || kept << cut != whole));
        sum += terms[i]->sign ? -term : term;
    }
    const unsigned __int128 size = sum < 0 ? -(unsigned __int128)sum : (unsigned __int128)sum;
    /* 64 bits from the top one on: what lies below them lies between two numbers of 64 bits. */
    const uint64_t high = (uint64_t)(size >> 64), low = (uint64_t)size;
    const int zeros = high ? leading_zeros(high) : 0;
    nf_unpacked twice = *x, sum64 = number_of(sum < 0, high ? (uint64_t)(size << zeros >> 64) : low,
                                              top - 125 + (high ? 64 - zeros : 0));
    const int has_more = high && (uint64_t)(size << zeros);
    twice.exponent++;
    const int order = compare_numbers(&twice, &sum64);
    if (order == 0 && goes_on(x))
        return nf_compare_with_middle(number, pack_f64(a), pack_f64(b));
    return order == 0 && has_more ? (sum < 0 ? 1 : -1) : order;
}

/* x against the point where nearest modes turn between the values at and at + 1. */
NF_INLINE int compare_with_turn(const nf_codebook *book, int64_t at, const nf_deep *number)
{
    const nf_unpacked *x = &number->x, shorter = jammed(*x);
    const nf_unpacked a = unpack_f64(book->values[at]), b = unpack_f64(book->values[at + 1]);
    if (book->turns == NF_TURN_OWN) {
        const nf_unpacked turn = unpack_f64(book->thresholds[at]);
        return compare_numbers(&shorter, &turn);
    }
    const int have_one_sign = a.kind == NF_FINITE_NUMBER && b.kind == NF_FINITE_NUMBER && a.sign == b.sign;
    if (book->turns != NF_TURN_GEOMETRIC || !have_one_sign)
        return compare_with_middle(number, &a, &b);
    return goes_on(x) ? nf_compare_with_geometric(number, pack_f64(&a), pack_f64(&b))
                      : compare_with_geometric(x, &a, &b);
}

/* The cell around a number, 0 too.  The tail says on which side of the turn it lies, no more. */
NF_INLINE nf_cell layout_codebook(const nf_grid *grid, const nf_deep *number)
{
    const nf_unpacked shorter = jammed(number->x), *x = &shorter;
    const nf_codebook *book = grid->format.codebook;
    const int64_t at = codebook_floor(book, x);
    nf_cell cell = {(uint64_t)at, 1, 0, 0, 0, 0, 0};
    nf_unpacked value = unpack_f64(book->values[at < 0 ? 0 : at]);
    if (at >= 0 && compare_numbers(&value, x) == 0)
        return cell;
    if (at < 0 || at == book->count - 1) {
        cell.outside = 1;
        return cell;
    }
    const int order = compare_with_turn(book, at, number), is_negative = x->kind == NF_FINITE_NUMBER && x->sign;
    const uint64_t half = (uint64_t)1 << 63;
    cell.tail = half + (uint64_t)((is_negative ? -order : order) * ((int64_t)1 << 62));
    if (is_negative) {
        cell.low++;
        cell.step = ~(uint64_t)0;
    }
    cell.significand_even = !(cell.low & 1); /* `jam` is `to_odd` */
    return cell;
}

/* Do the neighbours of a number that lies between two have two signs? */
NF_INLINE int straddles_zero(const nf_grid *grid, const nf_cell *cell)
{
    const uint64_t other = cell->low + cell->step;
    const double *values = grid->format.codebook->values;
    return cell->tail && !cell->outside && (values[cell->low] < 0) != (values[other] < 0) && values[cell->low] != 0 &&
           values[other] != 0;
}

/* Is a number nearer to 0 than every value but 0? */
NF_INLINE int is_below_codebook(const nf_grid *grid, const nf_unpacked *x)
{
    const double *values = grid->format.codebook->values;
    const int64_t above = (int64_t)grid->normal_magnitude, below = above - 1 - !grid->lacks_zero;
    nf_unpacked size = *x;
    size.sign = 0;
    for (int64_t at = below < 0 ? 0 : below; at <= above && at <= (int64_t)grid->max_magnitude; at++) {
        const nf_unpacked value = unpack_f64(fabs(values[at]));
        if (value.kind != NF_ZERO && compare_numbers(&size, &value) >= 0)
            return 0;
    }
    return 1;
}

/* A number as a multiple of 2**unit, below 2**62. */
NF_INLINE int64_t in_units(const nf_unpacked *x, int64_t unit)
{
    const int64_t size = x->kind == NF_ZERO ? 0 : (int64_t)(x->significand >> (63 - (x->exponent - unit)));
    return x->sign ? -size : size;
}

/* The tail by value, |x - low| / |high - low|, where all three are below 2**62 in one unit, and nothing follows
 * the significand of x; else NF_ENDLESS. */
NF_INLINE nf_fraction codebook_fraction(const nf_grid *grid, const nf_unpacked *x)
{
    const double *values = grid->format.codebook->values;
    const int64_t at = codebook_floor(grid->format.codebook, x);
    const nf_unpacked low = unpack_f64(values[at]), high = unpack_f64(values[at + 1]);
    const nf_unpacked *const numbers[] = {&low, &high, x};
    int64_t unit = INT64_MAX, top = INT64_MIN;
    nf_fraction f = {0, NF_ENDLESS, 0, 0};
    for (int i = 0; i < 3; i++) {
        if (numbers[i]->kind == NF_ZERO)
            continue;
        const int64_t bit = lowest_bit(numbers[i]);
        unit = bit < unit ? bit : unit;
        top = numbers[i]->exponent > top ? numbers[i]->exponent : top;
    }
    if (top - unit >= 62 || goes_on(x))
        return f;
    const int64_t place = in_units(x, unit), below = in_units(&low, unit), above = in_units(&high, unit);
    f.numerator = (uint64_t)(x->sign ? above - place : place - below);
    f.divisor = (uint64_t)(above - below);
    return f;
}

/* The same for any three numbers, in codebook.c: 64 bits of the tail and whether there are more; and further words. */
void nf_codebook_wide_tail(const nf_grid *grid, const nf_deep *x, nf_cell *cell);
int nf_codebook_undecided(const nf_plan *plan, const nf_deep *x, uint64_t element);

/* Replace the side of the turn by the tail by value. */
NF_INLINE void codebook_tail_by_value(const nf_grid *grid, const nf_deep *x, nf_cell *cell)
{
    const nf_fraction f = codebook_fraction(grid, &x->x);
    if (f.divisor == NF_ENDLESS) {
        nf_codebook_wide_tail(grid, x, cell);
        return;
    }
    const unsigned __int128 scaled = f.numerator << 64;
    cell->tail = (uint64_t)(scaled / f.divisor);
    cell->sticky = scaled % f.divisor != 0;
}

NF_INLINE nf_fraction codebook_tail(const nf_plan *plan, const nf_unpacked *x)
{
    return codebook_fraction(&plan->grid, x);
}

#endif
