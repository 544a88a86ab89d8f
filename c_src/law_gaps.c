/* The gaps of a grid around a mean, and the variance that the law of its values takes over. */
#include "law_grid.h"

enum { TAKUM_HEADS = 1 << TAKUM_HEAD_BITS };

NF_INLINE double gap_above(const nf_law *law, int64_t low)
{
    low = low < law->highest ? low : law->highest - 1;
    return law_value(law, low + 1) - law_value(law, low);
}

/* The larger of the gap above a value and `gap`, where the value is one of first .. last. */
static double wider(const nf_law *law, int64_t number, int64_t first, int64_t last, double gap)
{
    if (number < first || number > last)
        return gap;
    double other = gap_above(law, number);
    return other > gap ? other : gap;
}

/* The largest gap that meets [mean - 8 sqrt(variance), mean + 8 sqrt(variance)]: gaps grow away from 0, but for those
 * beside 0, in a codebook, and where the regime of a logarithmic takum changes. */
static double largest_gap(const nf_law *law, double mean, double variance)
{
    double reach = reach_of(variance), low = mean - reach, high = mean + reach;
    int64_t first = law->lowest, last = law->highest - 1;
    uint8_t family = law->grid.format.family, width = law->grid.format.width;
    if (low > law->min) {
        first = law_floor(law, low);
        first -= law_value(law, first) == low;
    }
    if (high < law->max)
        last = law_floor(law, high);
    double gap = wider(law, last, first, last, gap_above(law, first));
    if (first <= 0 && last >= -1 && law->first_gap > gap)
        gap = law->first_gap;
    if (family == NF_CODEBOOK)
        for (int64_t number = first + 1; number < last; number++)
            gap = wider(law, number, first, last, gap);
    if (family == NF_LOG_TAKUM) {
        const int64_t regime = (int64_t)1 << (width > 5 ? width - 5 : 0); /* behind sign, direction and regime */
        for (int64_t i = 1; i < TAKUM_HEADS && i <= law->highest / regime; i++)
            gap = wider(law, -i * regime, first, last, wider(law, i * regime - 1, first, last, gap));
    }
    return gap;
}

double nf_law_own_variance_at(const nf_law *law, double mean, double variance, int64_t floor)
{
    double gap = law->gap;
    if (gap > 0) { /* uniform: what one step around the nearest value can give, else a quarter */
        double offset = mean - law_value(law, floor), nearest = offset > gap / 2 ? gap - offset : offset;
        return variance <= gap * gap / 4 || variance > gap * gap - nearest * nearest ? gap * gap / 4 : variance;
    }
    gap = gap_above(law, floor);
    if (variance <= gap * gap / 4)
        return variance;
    gap = largest_gap(law, mean, variance);
    return variance > gap * gap / 4 ? gap * gap / 4 : variance;
}

double nf_law_own_variance(const nf_law *law, double mean, double variance)
{
    if (law->is_lattice)
        return law->gap * law->gap / 4;
    return mean < law->min || mean > law->max ? variance
                                              : nf_law_own_variance_at(law, mean, variance, law_floor(law, mean));
}
