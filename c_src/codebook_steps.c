/* Where a rounding to a codebook steps: by bisection between two neighbouring values, after a look at the places where
 * the modes do step (beside the values, and at the turn between them). */
#include "codebook_steps.h"
#include "target.h"
#include "processor_rounding.h"

enum {
    PAYS_FROM = 32, /* elements a code: bisection takes about five roundings for each */
    LOOKS = 5
};

/* Float64 numbers in their order, as integers; -0 is one below 0. */
static int64_t place_of(double x)
{
    int64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits < 0 ? bits ^ INT64_MAX : bits;
}

static double number_at(int64_t place)
{
    double x;
    const int64_t bits = place < 0 ? place ^ INT64_MAX : place;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* The code steps to k at a number above `below` (whose code is less) and up to `from` (whose code is not). */
typedef struct gap {
    int64_t below, from;
} gap;

static int64_t middle_of(const gap *g) { return g->below + (int64_t)(((uint64_t)g->from - (uint64_t)g->below) / 2); }

/* About where nearest modes turn below code k. */
static double turn_below(const nf_codebook *book, uint32_t k)
{
    const double low = book->values[k - 1], high = book->values[k];
    if (book->turns == NF_TURN_OWN)
        return book->thresholds[k - 1];
    if (book->turns == NF_TURN_GEOMETRIC && low * high > 0)
        return (low < 0 ? -1 : 1) * sqrt(fabs(low)) * sqrt(fabs(high));
    return low / 2 + high / 2;
}

/* The number to round next: one within the gap, where that is not empty. */
static int64_t place_to_look(const nf_codebook *book, uint32_t k, int look, const gap *g)
{
    const int64_t turn = place_of(turn_below(book, k)), middle = middle_of(g);
    const int64_t looks[LOOKS] = {turn, turn + 1, turn - 1, g->below + 1, g->from - 1};
    const int64_t place = look < LOOKS ? looks[look] : middle;
    return place > g->below && place < g->from ? place : middle;
}

/* Round one number of each gap, and leave the half in which the step is.  Returns whether a gap is still open. */
static int halve(const nf_job *job, const nf_kernels *kernels, int look, gap *gaps)
{
    const nf_codebook *book = job->plan->grid.format.codebook;
    double x[NF_MOST_STEPS];
    uint8_t codes[NF_MOST_STEPS];
    nf_job one = {
        .plan = job->plan, .x = x, .x_type = NF_F64, .x_size = sizeof *x, .y = codes, .y_size = sizeof *codes};
    int64_t places[NF_MOST_STEPS];
    int is_open = 0;
    one.n = one.whole_n = book->count - 1;
    for (uint32_t k = 1; k < book->count; k++) {
        places[k - 1] = place_to_look(book, k, look, &gaps[k]);
        x[k - 1] = number_at(places[k - 1]);
    }
    kernels->run(&one);
    for (uint32_t k = 1; k < book->count; k++) {
        *(codes[k - 1] < k ? &gaps[k].below : &gaps[k].from) = places[k - 1];
        is_open |= gaps[k].from - 1 > gaps[k].below;
    }
    return is_open;
}

/* The least float32 that is not below a float64. */
static float float_from(double x)
{
    const float near = (float)x;
    return (double)near < x ? nextafterf(near, INFINITY) : near;
}

static void set_step(nf_steps *steps, uint32_t k, double from, double value)
{
    steps->from_f64[k] = from;
    steps->from_f32[k] = float_from(from);
    steps->values_f64[k] = value;
    steps->values_f32[k] = (float)value;
}

int nf_steps_pay(const nf_job *job)
{
    const nf_plan *plan = job->plan;
    const nf_codebook *book = plan->grid.format.codebook;
    const uint8_t policy = plan->options.overflow;
    if (!book || book->count > NF_MOST_STEPS || job->n / PAYS_FROM < book->count)
        return 0;
    if (nf_rounding_at(plan->options.rounding)->is_random ||
        (policy != NF_OVERFLOW_saturate && policy != NF_OVERFLOW_saturate_propagate))
        return 0;
    const int takes = job->x_type == NF_F32 || job->x_type == NF_F64;
    return takes && !job->source && !job->report && (!job->to_values || job->y_type != NF_F16);
}

void nf_steps_find(const nf_job *job, const nf_kernels *kernels, nf_steps *steps)
{
    const nf_codebook *book = job->plan->grid.format.codebook;
    gap gaps[NF_MOST_STEPS];
    const processor_rounding caller = round_toward(1);
    steps->count = book->count;
    for (steps->first_jump = 1; 2 * steps->first_jump < book->count;)
        steps->first_jump *= 2;
    for (uint32_t k = 1; k < book->count; k++)
        gaps[k] = (gap){place_of(book->values[k - 1]), place_of(book->values[k])};
    for (int look = 0; halve(job, kernels, look, gaps);)
        look++;
    set_step(steps, 0, NAN, book->values[0]);
    for (uint32_t k = 1; k < NF_MOST_STEPS; k++)
        set_step(steps, k, k < book->count ? number_at(gaps[k].from) : NAN, k < book->count ? book->values[k] : 0);
    round_again(caller);
}
