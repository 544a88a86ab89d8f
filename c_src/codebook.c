/* Codebooks: which are sound, what follows from one, and the tails that 64 bits do not hold. */
#include "families.h"
#include "limbs.h"
#include "random.h"

enum { MOST_VALUES = 65536 };

static int is_ascending(const double *x, uint32_t n)
{
    int is_sound = isfinite(x[0]) && isfinite(x[n - 1]);
    for (uint32_t i = 0; i < n; i++)
        is_sound &= !(x[i] == 0 && signbit(x[i])) && (i == 0 || x[i - 1] < x[i]);
    return is_sound;
}

/* Own thresholds: one in each gap, ends included. */
static int turns_are_sound(const nf_codebook *book)
{
    int is_sound = book->turns < NF_TURN_COUNT && (book->turns == NF_TURN_OWN) == (book->thresholds != NULL);
    if (!is_sound || !book->thresholds)
        return is_sound;
    for (uint32_t i = 0; i + 1 < book->count; i++)
        is_sound &= book->values[i] <= book->thresholds[i] && book->thresholds[i] <= book->values[i + 1];
    return is_sound;
}

int nf_codebook_is_sound(const nf_format *f)
{
    const nf_codebook *book = f->codebook;
    if (f->is_signed || f->exponent_bits || f->special || f->subnormals || f->fraction_bits || f->bias)
        return 0;
    if (!book->values || book->count < 2 || book->count > MOST_VALUES ||
        f->width != 64 - leading_zeros(book->count - 1))
        return 0;
    return is_ascending(book->values, book->count) && turns_are_sound(book);
}

void nf_fill_codebook(nf_grid *g)
{
    const nf_codebook *book = g->format.codebook;
    const nf_unpacked zero = number_of(0, 0, 0);
    const int64_t at = codebook_floor(book, &zero);
    g->max_magnitude = (uint64_t)book->count - 1;
    g->lacks_zero = at < 0 || book->values[at] != 0;
    g->zero_code = g->lacks_zero ? 0 : (uint64_t)at;
    g->normal_magnitude = (uint64_t)(at + 1);
    g->emin = INT64_MAX;
    g->emax = INT64_MIN;
    for (uint32_t i = 0; i < book->count; i++) {
        const nf_unpacked value = unpack_f64(book->values[i]);
        if (value.kind == NF_ZERO)
            continue;
        g->emin = value.exponent < g->emin ? value.exponent : g->emin;
        g->emax = value.exponent > g->emax ? value.exponent : g->emax;
    }
}

/* --- numbers of any number of digits ------------------------------------------------------------------------ */

/* The last 64 digits of floor(|x| * 2**-weight). */
static uint64_t digits_of(const nf_exact *x, int64_t weight)
{
    uint64_t digits = 0;
    for (int32_t i = 0; i < x->size; i++) {
        const int64_t place = 32 * ((int64_t)i + x->exponent) - weight;
        if (place > -32 && place < 64)
            digits |= place < 0 ? (uint64_t)x->limb[i] >> -place : (uint64_t)x->limb[i] << place;
    }
    return digits;
}

/* 64 digits at a time, as far as those of a + b go. */
int nf_compare_with_middle(const nf_deep *x, double a, double b)
{
    enum { LOWEST = -1074 };
    const nf_exact p = nf_exact_of(a), q = nf_exact_of(b), sum = nf_exact_add(&p, &q);
    const int sign = x->x.sign ? -1 : 1;
    const int64_t top = 32 * ((int64_t)sum.exponent + sum.size), own = x->exponent + 2;
    int follows = 1;
    if (sum.sign != sign)
        return sign;
    for (int64_t weight = (own > top ? own : top) - 64; weight > LOWEST - 64; weight -= 64) {
        const uint64_t mine = nf_deep_digits(x, weight - 1, &follows), its = digits_of(&sum, weight); /* of 2 x */
        if (mine != its)
            return mine < its ? -sign : sign;
    }
    return follows ? sign : 0;
}

/* The square of w limbs against a product, both with the top bit set or, of the square, the next. */
static int compare_square(const uint64_t *limb, int w, int64_t exponent, const nf_product *product)
{
    uint64_t square[2 * NF_MOST_LIMBS], other[2 * NF_MOST_LIMBS] = {0};
    limbs_multiply(limb, w, limb, w, square);
    const int carries = (int)(square[2 * w - 1] >> 63);
    if (!carries)
        limbs_double(square, 0, 2 * w);
    if (2 * exponent + carries != product->exponent)
        return 2 * exponent + carries < product->exponent ? -1 : 1;
    other[2 * w - 1] = (uint64_t)(product->significand >> 64);
    other[2 * w - 2] = (uint64_t)product->significand;
    return limbs_compare(square, other, 2 * w);
}

/* x**2 against a * b, in as many limbs as decide.  Equal are only squares that are known to be rational. */
int nf_compare_with_geometric(const nf_deep *x, double a, double b)
{
    const nf_unpacked p = unpack_f64(a), q = unpack_f64(b);
    const nf_product product = product_of(&p, &q);
    const int sign = x->x.sign ? -1 : 1;
    uint64_t limb[NF_MOST_LIMBS];
    nf_unpacked square;
    if (nf_square_is_rational(x, &square)) {
        const nf_unpacked one = number_of(0, 1, 0);
        const nf_product exact = product_of(&square, &one);
        if (exact.exponent == product.exponent && exact.significand == product.significand)
            return 0;
    }
    for (int w = 2; w <= NF_MOST_LIMBS; w++) {
        nf_deep_limbs(x, w, limb);
        const int is_above = compare_square(limb, w, x->exponent, &product) >= 0;
        if (is_above || limbs_add_small(limb, 1, w) || compare_square(limb, w, x->exponent, &product) <= 0)
            return is_above ? sign : -sign;
    }
    return -sign;
}

/* |x - low| and |high - low|, x cut behind w limbs, and a unit of that.  A number below every double stands for all
 * smaller ones: no random stream is so long that it tells them apart. */
typedef struct tail {
    nf_exact rest, whole, unit;
    int is_exact;
} tail;

static nf_exact times_power(uint64_t significand, int64_t exponent)
{
    const nf_unpacked x = number_of(0, significand, exponent);
    nf_exact none = {0};
    return significand ? nf_exact_of_number(&x) : none;
}

static void find_tail(const nf_grid *grid, const nf_deep *x, int w, tail *t)
{
    enum { FAR_BELOW = -1200 };
    const double *values = grid->format.codebook->values;
    const nf_unpacked shorter = jammed(x->x);
    const int64_t at = codebook_floor(grid->format.codebook, &shorter);
    const int64_t top = x->exponent < FAR_BELOW ? FAR_BELOW : x->exponent;
    const nf_exact low = nf_exact_of(values[at]), high = nf_exact_of(values[at + 1]);
    nf_exact number = {0};
    int follows = 0;
    for (int i = 0; i < w && x->x.kind == NF_FINITE_NUMBER; i++) {
        const uint64_t digits = nf_deep_digits(x, x->exponent - 63 - 64 * (int64_t)i, &follows);
        const nf_exact part = times_power(digits, top - 63 - 64 * (int64_t)i);
        number = nf_exact_add(&number, &part);
    }
    number.sign = x->x.sign ? -number.sign : number.sign;
    t->whole = nf_exact_subtract(&high, &low);
    t->rest = x->x.sign ? nf_exact_subtract(&high, &number) : nf_exact_subtract(&number, &low);
    t->unit = times_power(1, top + 1 - 64 * (int64_t)w);
    t->is_exact = !follows;
}

/* The last of 32 `count` binary digits of the tail; *follows: is that not all of it? */
static uint32_t tail_digits(const nf_grid *grid, const nf_deep *x, int count, int *follows)
{
    uint32_t digits = 0, most = 0;
    int is_sure = 0;
    for (int w = goes_on(&x->x) ? 2 + count / 2 : 1; w <= NF_MOST_LIMBS && !is_sure; w++) {
        tail t;
        find_tail(grid, x, w, &t);
        nf_exact end = nf_exact_add(&t.rest, &t.unit);
        for (int i = 0; i < count; i++) {
            digits = nf_exact_next_digits(&t.rest, &t.whole);
            most = nf_exact_next_digits(&end, &t.whole);
        }
        is_sure = t.is_exact || digits == most || (end.sign == 0 && digits + 1 == most);
        *follows = t.rest.sign != 0 || !t.is_exact;
    }
    return digits;
}

void nf_codebook_wide_tail(const nf_grid *grid, const nf_deep *x, nf_cell *cell)
{
    int follows;
    const uint64_t high = tail_digits(grid, x, 1, &follows);
    cell->tail = high << 32 | tail_digits(grid, x, 2, &follows);
    cell->sticky = (uint8_t)follows;
}

int nf_codebook_undecided(const nf_plan *plan, const nf_deep *x, uint64_t element)
{
    const nf_key *key = plan->options.key;
    int follows = 1;
    for (uint64_t draw = 1; draw < 65536 && follows; draw++) {
        const uint32_t word = ~philox_word(key->key, key->call, draw, element);
        const uint32_t digits = tail_digits(&plan->grid, x, (int)draw + 1, &follows);
        if (word != digits)
            return word < digits;
    }
    return 0;
}
