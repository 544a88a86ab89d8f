/* The values of a format in order, inline. */
#ifndef NF_LAW_GRID_H
#define NF_LAW_GRID_H

#include "overflow.h"
#include "law.h"

/* How far from the mean an end of a pair moves alone. */
NF_INLINE double reach_of(double variance) { return 8 * sqrt(variance); }

NF_INLINE double law_value(const nf_law *law, int64_t number)
{
    const nf_grid *grid = &law->grid;
    if (law->values)
        return law->values[number - law->lowest];
    if (grid->format.family == NF_FIXED)
        return (double)number * law->gap;
    if (grid->format.family == NF_CODEBOOK)
        return grid->format.codebook->values[number];
    uint64_t magnitude = (uint64_t)(number < 0 ? -number : number);
    if (magnitude)
        magnitude += law->skipped;
    nf_unpacked exact = unpack_code(grid, code_of(grid, magnitude, 0)), x = nearest_ieee(&exact, 11, 52);
    double value = pack_f64(&x);
    return number < 0 ? -value : value;
}

/* The grid of irrational values is that of the nearest doubles: one that x has been rounded past, or to. */
NF_INLINE int64_t law_settle(const nf_law *law, int64_t number, double x)
{
    if (number > law->lowest && law_value(law, number) > x)
        return number - 1;
    return number < law->highest && law_value(law, number + 1) <= x ? number + 1 : number;
}

NF_INLINE int64_t law_floor(const nf_law *law, double x)
{
    const nf_grid *grid = &law->grid;
    if (law->values) {
        int64_t place = 0;
        for (int64_t step = law->half; step; step >>= 1)
            place += law->values[place + step] <= x ? step : 0;
        return law->lowest + place;
    }
    if (grid->format.family == NF_CODEBOOK) {
        const nf_unpacked place = unpack_f64(x);
        return codebook_floor(grid->format.codebook, &place);
    }
    if (x == 0)
        return 0;
    if (grid->format.family == NF_FIXED) { /* a scaled x may underflow, but not past its sign */
        double scaled = floor(ldexp(x, grid->format.fraction_bits));
        return x < 0 && scaled == 0 ? -1 : (int64_t)scaled;
    }
    const nf_unpacked number = unpack_f64(x);
    const nf_deep deep = deep_of(&number);
    nf_cell cell = layout_magnitude(grid, &deep, 0);
    int64_t below = cell.low ? (int64_t)(cell.low - law->skipped) : 0;
    int is_inexact = (cell.tail | cell.sticky) != 0;
    const int64_t floor = number.sign ? -below - is_inexact : below;
    return has_irrational_values(grid) ? law_settle(law, floor, x) : floor;
}

#endif
