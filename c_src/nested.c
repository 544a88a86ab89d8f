/* The nested-pair law, for grids whose gaps differ: start from the cell of the mean, move outward the end that is
 * nearer until (mean - low) * (high - mean) reaches the variance, and mix that pair with the one before.
 *
 * Decisions are taken in double where its error cannot matter, else exactly. */
#include "law_grid.h"

#define NF_COLD __attribute__((noinline, cold))

enum { LINEAR_STEPS = 16, BISECTIONS = 52 };

static const double tiny_product = 0x1p-960, huge_product = 0x1p1000, relative_margin = 0x1p-49;

NF_INLINE void set_low(const nf_law *law, nf_pair *p, double mean, int64_t low)
{
    p->low = low;
    p->low_value = law_value(law, low);
    p->below = mean - p->low_value;
}

NF_INLINE void set_high(const nf_law *law, nf_pair *p, double mean, int64_t high)
{
    p->high = high;
    p->high_value = law_value(law, high);
    p->above = p->high_value - mean;
}

NF_INLINE int is_ordinary(double x) { return x > tiny_product && x < huge_product; }

/* compare_variance where rounding could matter. */
static NF_COLD int compare_closely(const nf_pair *p, double mean, double variance)
{
    if (p->below == 0 || p->above == 0 || variance == 0)
        return variance > 0 ? -1 : p->below > 0 && p->above > 0;
    nf_exact below = nf_exact_difference(mean, p->low_value), above = nf_exact_difference(p->high_value, mean);
    nf_exact product = nf_exact_multiply(&below, &above), wanted = nf_exact_of(variance);
    return nf_exact_compare(&product, &wanted);
}

/* The sign of (mean - low) * (high - mean) - variance. */
NF_INLINE int compare_variance(const nf_pair *p, double mean, double variance)
{
    double own = p->below * p->above, larger = own > variance ? own : variance;
    if (fabs(own - variance) > relative_margin * larger && is_ordinary(own) && is_ordinary(variance))
        return own > variance ? 1 : -1;
    return compare_closely(p, mean, variance);
}

/* What rounding took from the difference a - b (Knuth). */
static double lost_by_difference(double a, double b, double difference)
{
    double part = difference - a;
    return (a - (difference - part)) - (b + part);
}

/* Is the low end at most as far from the mean as the high one? */
NF_INLINE int low_is_nearer(const nf_pair *p, double mean)
{
    if (p->below != p->above)
        return p->below < p->above;
    return lost_by_difference(mean, p->low_value, p->below) <= lost_by_difference(p->high_value, mean, p->above);
}

/* Move the nearer end, or both where the mean is a value; an end that is last stays, and the other moves alone up to
 * reach_of(variance) from the mean.  Returns 0 where nothing moves. */
NF_INLINE int move_outward(const nf_law *law, nf_pair *p, double mean, double variance)
{
    int can_low = p->low > law->lowest, can_high = p->high < law->highest;
    int is_low = low_is_nearer(p, mean), both = p->low == p->high;
    if (both) {
        if (can_low)
            set_low(law, p, mean, p->low - 1);
        if (can_high)
            set_high(law, p, mean, p->high + 1);
        return can_low || can_high;
    }
    if (is_low ? !can_low : !can_high) {
        is_low = !is_low;
        if ((is_low ? !can_low : !can_high) || (is_low ? p->below : p->above) > reach_of(variance))
            return 0;
    }
    if (is_low)
        set_low(law, p, mean, p->low - 1);
    else
        set_high(law, p, mean, p->high + 1);
    return 1;
}

/* Both ends at about `distance` from the mean, `outward` values farther out. */
static nf_pair pair_at(const nf_law *law, double mean, double distance, int64_t outward)
{
    nf_pair p;
    double low_value = mean - distance, high_value = mean + distance;
    int64_t low = low_value > law->min ? law_floor(law, low_value) : law->lowest;
    int64_t high = high_value < law->max ? law_floor(law, high_value) + 1 : law->highest;
    low -= outward;
    high += outward;
    set_low(law, &p, mean, low < law->lowest ? law->lowest : low);
    set_high(law, &p, mean, high > law->highest ? law->highest : high);
    return p;
}

/* A long way to go: skip to a pair that lies inside the one looked for.  Wherever the moves stand, they lead to the
 * same pairs, because the nearer end moves first. */
static NF_COLD void skip_ahead(const nf_law *law, nf_pair *p, double mean, double variance)
{
    double near = p->below < p->above ? p->below : p->above, far = reach_of(variance);
    for (int i = 0; i < BISECTIONS; i++) {
        double middle = near + (far - near) / 2;
        nf_pair beyond = pair_at(law, mean, middle, 1);
        if (compare_variance(&beyond, mean, variance) < 0)
            near = middle;
        else
            far = middle;
    }
    nf_pair inside = pair_at(law, mean, near, -1);
    if (inside.low < p->low && inside.high > p->high)
        *p = inside;
}

/* One end moves many times in a row: skip to its last move, or near it. */
static NF_COLD void skip_alone(const nf_law *law, nf_pair *p, double mean, double variance)
{
    int is_low = low_is_nearer(p, mean), waits = is_low ? p->low == law->lowest : p->high == law->highest;
    is_low ^= waits;
    uint64_t room = is_low ? (uint64_t)p->low - (uint64_t)law->lowest : (uint64_t)law->highest - (uint64_t)p->high;
    int64_t good = 0, bad = (int64_t)(room > (uint64_t)INT64_MAX / 2 ? (uint64_t)INT64_MAX / 2 : room);
    while (bad - good > 1) {
        nf_pair moved = *p;
        int64_t steps = good + (bad - good) / 2;
        if (is_low)
            set_low(law, &moved, mean, p->low - steps);
        else
            set_high(law, &moved, mean, p->high + steps);
        int goes_on =
            waits ? (is_low ? moved.below : moved.above) <= reach_of(variance) : low_is_nearer(&moved, mean) == is_low;
        if (goes_on && compare_variance(&moved, mean, variance) < 0)
            good = steps;
        else
            bad = steps;
    }
    if (is_low)
        set_low(law, p, mean, p->low - good);
    else
        set_high(law, p, mean, p->high + good);
}

static void find_pairs(const nf_law *law, double mean, double variance, int64_t floor, nf_nested *n)
{
    n->mean = mean;
    n->variance = variance;
    n->what = n->has_inner = 0;
    set_low(law, &n->outer, mean, floor);
    set_high(law, &n->outer, mean, n->outer.below > 0 ? floor + 1 : floor);
    int order = compare_variance(&n->outer, mean, variance);
    if (order > 0)
        n->what = NF_LAW_INFEASIBLE;
    for (int step = 1; order < 0; step++) {
        if (step == LINEAR_STEPS)
            skip_ahead(law, &n->outer, mean, variance);
        else if (step % LINEAR_STEPS == 0)
            skip_alone(law, &n->outer, mean, variance);
        n->inner = n->outer;
        if (!move_outward(law, &n->outer, mean, variance)) {
            n->what = NF_LAW_SATURATED;
            break;
        }
        order = compare_variance(&n->outer, mean, variance);
        n->has_inner = order >= 0;
    }
}

nf_nested nf_nested_find(const nf_law *law, double mean, double variance)
{
    nf_nested n;
    find_pairs(law, mean, variance, law_floor(law, mean), &n);
    return n;
}

/* (variance - inner variance) / (outer variance - inner variance) as a fraction; the difference of the variances is the
 * product of the end that stayed and the gap that the other moved by. */
NF_INLINE void share_of_outer(const nf_nested *n, double *share, double *whole)
{
    const nf_pair *o = &n->outer, *i = &n->inner;
    *share = n->variance - i->below * i->above;
    if (o->low != i->low && o->high != i->high)
        *whole = o->below * o->above;
    else if (o->low != i->low)
        *whole = (i->low_value - o->low_value) * o->above;
    else
        *whole = (o->high_value - i->high_value) * o->below;
}

/* Is the uniform number below share / whole, where share has an absolute error of at most `error`?  1, 0, or -1: too
 * close. */
NF_INLINE int is_below_roughly(uint32_t word, double share, double whole, double error)
{
    double distance = share * 0x1p32 - whole * ((double)word + 0.5);
    double margin = whole * (0.5 + 0x1p-10) + error * 0x1p32;
    if (!(fabs(distance) >= margin) || !is_ordinary(whole))
        return -1;
    return distance > 0;
}

static void exact_share_of_outer(const nf_nested *n, nf_exact *share, nf_exact *whole)
{
    nf_exact product[2], variance = nf_exact_of(n->variance);
    for (int k = 0; k < 2; k++) {
        const nf_pair *p = k ? &n->outer : &n->inner;
        nf_exact below = nf_exact_difference(n->mean, p->low_value),
                 above = nf_exact_difference(p->high_value, n->mean);
        product[k] = nf_exact_multiply(&below, &above);
    }
    *share = nf_exact_subtract(&variance, &product[0]);
    *whole = nf_exact_subtract(&product[1], &product[0]);
}

double nf_probability_of_outer(const nf_nested *n)
{
    double share, whole;
    nf_exact rest, divisor;
    share_of_outer(n, &share, &whole);
    if (n->variance + n->inner.below * n->inner.above <= 4 * whole) /* the difference loses little */
        return share / whole;
    exact_share_of_outer(n, &rest, &divisor);
    if (rest.sign <= 0 || nf_exact_compare(&rest, &divisor) >= 0)
        return rest.sign > 0;
    const double first = nf_exact_next_digits(&rest, &divisor);
    return first * 0x1p-32 + nf_exact_next_digits(&rest, &divisor) * 0x1p-64;
}

static NF_COLD int outer_is_drawn_exactly(const nf_nested *n, const nf_draw *draw)
{
    nf_exact share, whole;
    nf_uniform u = draw->uniform;
    u.which = 0;
    exact_share_of_outer(n, &share, &whole);
    return nf_uniform_below(&u, &share, &whole);
}

NF_INLINE int outer_is_drawn(const nf_nested *n, const nf_draw *draw)
{
    double share, whole;
    share_of_outer(n, &share, &whole);
    double error = relative_margin * (n->variance + n->inner.below * n->inner.above);
    int answer = is_below_roughly(draw->word[0], share, whole, error);
    return answer >= 0 ? answer : outer_is_drawn_exactly(n, draw);
}

static NF_COLD int high_is_drawn_exactly(const nf_pair *p, double mean, const nf_draw *draw)
{
    nf_exact numerator = nf_exact_difference(mean, p->low_value);
    nf_exact denominator = nf_exact_difference(p->high_value, p->low_value);
    nf_uniform u = draw->uniform;
    u.which = 1;
    return nf_uniform_below(&u, &numerator, &denominator);
}

NF_INLINE int64_t draw_end(const nf_pair *p, double mean, const nf_draw *draw)
{
    if (p->low == p->high)
        return p->low;
    int answer = is_below_roughly(draw->word[1], p->below, p->high_value - p->low_value, 0);
    answer = answer >= 0 ? answer : high_is_drawn_exactly(p, mean, draw);
    return answer ? p->high : p->low;
}

int64_t nf_nested_draw(const nf_law *law, const nf_draw *draw, int *what)
{
    double mean = draw->mean, variance = draw->variance;
    *what = NF_LAW_SATURATED;
    if (mean < law->min || mean > law->max)
        return mean < law->min ? law->lowest : law->highest;
    int64_t floor = law->values ? draw->floor : law_floor(law, mean);
    double own = nf_law_own_variance_at(law, mean, variance, floor);
    if (variance > own) {
        mean += sqrt(variance - own) * draw->gaussian;
        variance = own;
        if (mean < law->min || mean > law->max)
            return mean < law->min ? law->lowest : law->highest;
        floor = law_floor(law, mean);
    }
    nf_nested n;
    find_pairs(law, mean, variance, floor, &n);
    *what = n.what;
    return draw_end(n.has_inner && !outer_is_drawn(&n, draw) ? &n.inner : &n.outer, mean, draw);
}
