/* The variance-corrected laws over arrays.  A tile is the 64 elements of one philox_tile, handled in double, in units
 * of the gap where the grid is uniform.  The loops settle every element whose uniform numbers are not within a word of
 * a threshold, about 1 - 2**-31 of them, and mark the others, which law.c decides exactly.  Why that is right: mean,
 * gap and floor are exact, a probability has an absolute error below 2**-50, and the margin beside a threshold is
 * 2**-33.
 *
 * Included inside the region of an instruction set. */
#ifndef NF_VARIANCE_CORRECTED_H
#define NF_VARIANCE_CORRECTED_H

#include "gaussian.h"
#include "block_law.h"

enum { LAW_DOUBTFUL = 4 }; /* beside NF_LAW_SATURATED and NF_LAW_INFEASIBLE */

typedef struct law_tile {
    double mean[PHILOX_TILE], variance[PHILOX_TILE], gaussian[PHILOX_TILE], value[PHILOX_TILE];
    int64_t what[PHILOX_TILE], floor[PHILOX_TILE];
    int32_t exponent[PHILOX_TILE];
    uint32_t word[2 * PHILOX_TILE];
} law_tile;

/* The nearest integer, |x| < 2**51. */
NF_INLINE double integer_near(double x) { return (x + 0x1.8p52) - 0x1.8p52; }

NF_INLINE double clamp_between(double x, double low, double high)
{
    x = x < low ? low : x;
    return x > high ? high : x;
}

/* A word's middle: the uniform number is below p surely where p * 2**32 - middle is at least 1/2. */
NF_INLINE double middle_of(uint32_t word) { return centered(word) + 2147483648.5; }

/* Below this, scaling may have lost bits: those elements are marked. */
static const double law_smallest = 0x1p-500;

NF_INLINE int64_t too_small(double scaled, double original)
{
    return (int64_t)(fabs(scaled) < law_smallest) & (int64_t)(original != 0);
}

/* One element in units of the gap.  `wide`: the variance exceeds 1/4. */
NF_INLINE double lattice_point(int wide, double m, double w, double gaussian, uint32_t w0, uint32_t w1, double low,
                               double high, int64_t *what)
{
    double first = middle_of(w0), second = middle_of(w1);
    if (wide) {
        double x = clamp_between(m + sqrt(w - 0.25) * gaussian, low - 2, high + 2);
        double nearest = integer_near(x), r = x - nearest;
        double down = (r - 0.5) * (r - 0.5) * 0x1p31 - first, up = (0x1p32 - (r + 0.5) * (r + 0.5) * 0x1p31) - first;
        *what |= ((int64_t)(fabs(down) < 1) | (int64_t)(fabs(up) < 1)) * LAW_DOUBTFUL;
        return (nearest - (down > 0 ? 1.0 : 0.0)) + (up < 0 ? 1.0 : 0.0);
    }
    double nearest = integer_near(m), floor = nearest - (nearest > m ? 1.0 : 0.0), f = m - floor;
    double spare = w - f * (1 - f), step = spare * 0x1p31;
    double stay = (1 - f) * 0x1p32 - first, down = step - second, up = (0x1p32 - step) - second;
    int64_t doubt = (int64_t)(fabs(stay) < 1) | (int64_t)(fabs(down) < 1) | (int64_t)(fabs(up) < 1);
    doubt |= (int64_t)(fabs(spare) < 0x1p-48) & (int64_t)(f > 0);
    *what |= doubt * LAW_DOUBTFUL | (int64_t)(spare < 0) * NF_LAW_INFEASIBLE;
    return ((floor + (stay < 0 ? 1.0 : 0.0)) - (down > 0 ? 1.0 : 0.0)) + (up < 0 ? 1.0 : 0.0);
}

/* `kinds`: 1 some element is narrow, 2 some is wide. */
NF_INLINE int64_t lattice_loop(int kinds, const nf_law *law, law_tile *t)
{
    const double scale = 1 / law->gap, scale2 = scale * scale, gap = law->gap;
    const double low = (double)law->lowest, high = (double)law->highest;
    int64_t any = 0;
    for (int i = 0; i < PHILOX_TILE; i++) {
        double scaled = t->mean[i] * scale, m = clamp_between(scaled, low, high), w = t->variance[i] * scale2;
        uint32_t w0 = t->word[i], w1 = t->word[i + PHILOX_TILE];
        int64_t narrow_what = 0, wide_what = 0;
        double point = 0, wide_point = 0;
        if (kinds & 1)
            point = lattice_point(0, m, w, 0, w0, w1, low, high, &narrow_what);
        if (kinds & 2)
            wide_point = lattice_point(1, m, w, t->gaussian[i], w0, w1, low, high, &wide_what);
        int is_wide = kinds == 3 ? w > 0.25 : kinds == 2;
        point = is_wide ? wide_point : point;
        double inside = clamp_between(point, low, high);
        int64_t what = is_wide ? wide_what : narrow_what;
        what |= (int64_t)(m != scaled) | (int64_t)(inside != point);
        what |= (too_small(scaled, t->mean[i]) | too_small(w, t->variance[i])) * LAW_DOUBTFUL;
        t->value[i] = inside * gap;
        t->what[i] = what;
        any |= what;
    }
    return any;
}

static int64_t lattice_narrow(const nf_law *law, law_tile *t) { return lattice_loop(1, law, t); }
static int64_t lattice_wide(const nf_law *law, law_tile *t) { return lattice_loop(2, law, t); }
static int64_t lattice_mixed(const nf_law *law, law_tile *t) { return lattice_loop(3, law, t); }

static void law_gaussians(const nf_key *key, uint64_t tile, law_tile *t)
{
    uint32_t words[2 * PHILOX_TILE];
    philox_two_draws(key->key, key->call, 2, tile, words);
    gaussian_fill(words, words + PHILOX_TILE, t->gaussian, PHILOX_TILE);
}

/* The numbers of the largest values not above the means, all lanes together: their latencies overlap. */
static void law_floors(const nf_law *law, law_tile *t)
{
    const double *values = law->values;
    for (int i = 0; i < PHILOX_TILE; i++) {
        int64_t place = 0;
        double mean = t->mean[i];
        for (int64_t step = NF_LAW_TABLE / 2; step; step >>= 1)
            place += values[place + step] <= mean ? step : 0;
        t->floor[i] = law->lowest + place;
    }
}

/* Elements begin .. end - 1 of the tile one by one; those of the fast loop only where it left doubt. */
static int64_t law_one_by_one(const nf_law *law, const nf_key *key, uint64_t tile, int begin, int end, law_tile *t,
                              int64_t needed)
{
    int64_t any = 0;
    for (int i = begin; i < end; i++) {
        if ((t->what[i] & needed) == needed) {
            nf_draw draw = {.mean = t->mean[i],
                            .variance = t->variance[i],
                            .floor = t->floor[i],
                            .gaussian = t->gaussian[i],
                            .word = {t->word[i], t->word[i + PHILOX_TILE]},
                            .uniform = {key, tile * PHILOX_TILE + (uint64_t)i, 0}};
            int what = 0;
            int64_t number = law->is_lattice ? nf_lattice_draw(law, &draw, &what) : nf_nested_draw(law, &draw, &what);
            t->value[i] = nf_law_value(law, number);
            t->what[i] = what;
        }
        any |= t->what[i];
    }
    return any;
}

/* Draw elements begin .. end - 1 of a tile, whose mean and variance are set (the other places hold copies of one of
 * them).  Returns what happened to any of them. */
static int64_t law_draw_tile(const nf_law *law, const nf_key *key, uint64_t tile, int begin, int end, law_tile *t)
{
    const double quarter = law->gap * law->gap / 4;
    int wide = 0, narrow = 0;
    for (int i = 0; i < PHILOX_TILE; i++) {
        wide |= t->variance[i] > quarter;
        narrow |= t->variance[i] <= quarter;
    }
    philox_two_draws(key->key, key->call, 0, tile, t->word);
    if (wide || !law->is_lattice)
        law_gaussians(key, tile, t);
    if (!law->is_fast) {
        memset(t->what, 0, sizeof t->what);
        if (law->values)
            law_floors(law, t);
        return law_one_by_one(law, key, tile, begin, end, t, 0);
    }
    int64_t any = !wide ? lattice_narrow(law, t) : narrow ? lattice_mixed(law, t) : lattice_wide(law, t);
    return any & LAW_DOUBTFUL ? law_one_by_one(law, key, tile, begin, end, t, LAW_DOUBTFUL) : any;
}

static void law_count(const law_tile *t, int begin, int end, int64_t any, nf_report *report)
{
    int64_t saturated = 0, infeasible = 0;
    report->count += (uint64_t)(end - begin);
    if (!any)
        return;
    for (int i = begin; i < end; i++) {
        saturated += t->what[i] & NF_LAW_SATURATED;
        infeasible += (t->what[i] & NF_LAW_INFEASIBLE) >> 1;
    }
    report->saturated += (uint64_t)saturated;
    report->infeasible += (uint64_t)infeasible;
}

/* Give the law a table of all values in order, where that is cheap. */
static void law_add_table(nf_law *law, size_t n, double *table)
{
    uint64_t last = (uint64_t)law->highest - (uint64_t)law->lowest;
    if (law->values || law->is_lattice || last >= NF_LAW_TABLE || last >= n)
        return;
    for (int64_t i = 0; i < NF_LAW_TABLE; i++)
        table[i] = i <= (int64_t)last ? nf_law_value(law, law->lowest + i) : INFINITY;
    law->values = table;
    law->half = 1;
    while ((uint64_t)law->half * 2 <= last)
        law->half *= 2;
}

static double number_at(nf_type type, const void *x, size_t i)
{
    return type == NF_F32 ? (double)((const float *)x)[i] : ((const double *)x)[i];
}

/* A tile's numbers from an array; other places get a copy of the first. */
static void law_load(nf_type type, const void *x, size_t start, int begin, int end, double *out)
{
    double filler = number_at(type, x, start);
    if (end - begin < PHILOX_TILE)
        for (int i = 0; i < PHILOX_TILE; i++)
            out[i] = filler;
    if (type == NF_F32)
        for (int i = begin; i < end; i++)
            out[i] = ((const float *)x)[start + (size_t)(i - begin)];
    else
        memcpy(out + begin, (const double *)x + start, (size_t)(end - begin) * sizeof *out);
}

/* A tile's numbers in units of their blocks' scales; places without an element as the first one. */
static void law_to_units(const nf_law_job *job, size_t start, int begin, int end, law_tile *t)
{
    nf_exponents_of(job->shape, job->exponents, start, (size_t)(end - begin), t->exponent + begin);
    for (int i = 0; i < PHILOX_TILE; i++) {
        const int32_t e = t->exponent[i < begin || i >= end ? begin : i];
        t->mean[i] = times_two_to(t->mean[i], -e);
        t->variance[i] = variance_times(job->one_variance ? job->variance[0] : t->variance[i], -e);
    }
}

static void law_from_units(int begin, int end, law_tile *t)
{
    for (int i = begin; i < end; i++)
        t->value[i] = times_two_to(t->value[i], t->exponent[i]);
}

static void law_store(nf_type type, const double *values, size_t n, void *out, size_t start)
{
    if (type == NF_F32)
        for (size_t i = 0; i < n; i++)
            ((float *)out)[start + i] = (float)values[i];
    else
        memcpy((double *)out + start, values, n * sizeof *values);
}

static void NF_PASTE(draw_law_, NF_ISA)(const nf_law_job *job)
{
    nf_law law = *job->law;
    double table[NF_LAW_TABLE];
    law_tile t;
    law_add_table(&law, job->n, table);
    if (job->one_variance && job->n)
        for (int i = 0; i < PHILOX_TILE; i++)
            t.variance[i] = job->variance[0];
    for (size_t start = 0; start < job->n;) {
        uint64_t element = job->first + start, tile = element / PHILOX_TILE;
        int begin = (int)(element % PHILOX_TILE);
        size_t left = job->n - start, room = (size_t)(PHILOX_TILE - begin), count = left < room ? left : room;
        int end = begin + (int)count;
        law_load(job->mean_type, job->mean, start, begin, end, t.mean);
        if (!job->one_variance)
            law_load(NF_F64, job->variance, start, begin, end, t.variance);
        if (job->shape)
            law_to_units(job, start, begin, end, &t);
        int64_t any = law_draw_tile(&law, job->key, tile, begin, end, &t);
        if (job->shape)
            law_from_units(begin, end, &t);
        law_count(&t, begin, end, any, job->report);
        law_store(job->out_type, t.value + begin, count, job->out, start);
        start += count;
    }
}

/* The first element that has no law: its index, or n; *is_nan says why. */
static size_t NF_PASTE(check_law_, NF_ISA)(nf_type type, const void *x, size_t n, int is_variance, int *is_nan)
{
    const double least = is_variance ? 0 : -INFINITY;
    for (size_t start = 0; start < n; start += PHILOX_TILE) {
        size_t count = n - start < PHILOX_TILE ? n - start : PHILOX_TILE;
        double numbers[PHILOX_TILE];
        int64_t bad = 0;
        law_load(type, x, start, 0, (int)count, numbers);
        for (size_t i = 0; i < count; i++)
            bad |= !(numbers[i] >= least) | !(fabs(numbers[i]) <= 0x1.fffffffffffffp1023);
        for (size_t i = 0; bad && i < count; i++) {
            *is_nan = numbers[i] != numbers[i];
            if (!(numbers[i] >= least) || !(fabs(numbers[i]) <= 0x1.fffffffffffffp1023))
                return start + i;
        }
    }
    return n;
}

#endif
