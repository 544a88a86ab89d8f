/* A law as a list of values and probabilities, in double. */
#include "law.h"

static void add_point(const nf_law *law, int64_t number, double probability, double *values, double *probabilities)
{
    double value = nf_law_value(law, number < law->lowest    ? law->lowest
                                     : number > law->highest ? law->highest
                                                             : number);
    int i = 0;
    while (probabilities[i] > 0 && values[i] != value)
        i++;
    values[i] = value;
    probabilities[i] += probability;
}

static void sort_points(double *values, double *probabilities)
{
    for (int i = 1; i < NF_LAW_POINTS; i++)
        for (int j = i; j > 0 && probabilities[j] > 0 && values[j] < values[j - 1]; j--) {
            double value = values[j], probability = probabilities[j];
            values[j] = values[j - 1], probabilities[j] = probabilities[j - 1];
            values[j - 1] = value, probabilities[j - 1] = probability;
        }
}

static void lattice_points(const nf_law *law, double mean, double variance, double *values, double *probabilities)
{
    double own = nf_law_own_variance(law, mean, variance);
    double position = (variance > own ? mean : fmin(fmax(mean, law->min), law->max)) / law->gap;
    position = fmin(fmax(position, (double)law->lowest - 2), (double)law->highest + 2);
    if (variance > own) {
        double nearest = nearbyint(position), rest = position - nearest;
        double down = (rest - 0.5) * (rest - 0.5) / 2, up = (rest + 0.5) * (rest + 0.5) / 2;
        add_point(law, (int64_t)nearest - 1, down, values, probabilities);
        add_point(law, (int64_t)nearest, 1 - down - up, values, probabilities);
        add_point(law, (int64_t)nearest + 1, up, values, probabilities);
        return;
    }
    double low = floor(position), up = position - low, spare = variance / (law->gap * law->gap) - up * (1 - up);
    double step = spare > 0 ? spare / 2 : 0;
    int64_t number = (int64_t)low;
    add_point(law, number - 1, (1 - up) * step, values, probabilities);
    add_point(law, number, (1 - up) * (1 - 2 * step) + up * step, values, probabilities);
    add_point(law, number + 1, up * (1 - 2 * step) + (1 - up) * step, values, probabilities);
    add_point(law, number + 2, up * step, values, probabilities);
}

static void pair_points(const nf_law *law, const nf_pair *p, double share, double *values, double *probabilities)
{
    double up = p->low == p->high ? 0 : p->below / (p->high_value - p->low_value);
    add_point(law, p->low, share * (1 - up), values, probabilities);
    if (up > 0)
        add_point(law, p->high, share * up, values, probabilities);
}

void nf_law_points(const nf_law *law, double mean, double variance, double *values, double *probabilities)
{
    memset(values, 0, NF_LAW_POINTS * sizeof *values);
    memset(probabilities, 0, NF_LAW_POINTS * sizeof *probabilities);
    if (law->is_lattice) {
        lattice_points(law, mean, variance, values, probabilities);
    } else if (mean <= law->min || mean >= law->max) {
        values[0] = mean <= law->min ? law->min : law->max;
        probabilities[0] = 1;
    } else {
        double own = nf_law_own_variance(law, mean, variance);
        nf_nested n = nf_nested_find(law, mean, variance < own ? variance : own);
        double outer = n.has_inner ? nf_probability_of_outer(&n) : 1;
        pair_points(law, &n.outer, outer, values, probabilities);
        if (n.has_inner)
            pair_points(law, &n.inner, 1 - outer, values, probabilities);
    }
    sort_points(values, probabilities);
}
