/* Codebooks: which are sound, what follows from one, and the tails that 64 bits do not hold. */
#include "families.h"
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

/* |x - low| and |high - low|.  A number below every double stands for all smaller ones: no random stream is so long
 * that it tells them apart. */
static void exact_tail(const nf_grid *grid, const nf_unpacked *x, nf_exact *rest, nf_exact *whole)
{
    enum { FAR_BELOW = -1200 };
    const double *values = grid->format.codebook->values;
    const int64_t at = codebook_floor(grid->format.codebook, x);
    nf_unpacked place = *x;
    if (x->kind == NF_FINITE_NUMBER && x->exponent < FAR_BELOW)
        place.exponent = FAR_BELOW;
    const nf_exact low = nf_exact_of(values[at]), high = nf_exact_of(values[at + 1]);
    const nf_exact number = nf_exact_of_number(&place);
    *whole = nf_exact_subtract(&high, &low);
    *rest = x->sign ? nf_exact_subtract(&high, &number) : nf_exact_subtract(&number, &low);
}

void nf_codebook_wide_tail(const nf_grid *grid, const nf_unpacked *x, nf_cell *cell)
{
    nf_exact rest, whole;
    exact_tail(grid, x, &rest, &whole);
    const uint64_t high = nf_exact_next_digits(&rest, &whole);
    cell->tail = high << 32 | nf_exact_next_digits(&rest, &whole);
    cell->sticky = rest.sign != 0;
}

int nf_codebook_undecided(const nf_plan *plan, const nf_unpacked *x, uint64_t element)
{
    const nf_key *key = plan->options.key;
    nf_exact rest, whole;
    exact_tail(&plan->grid, x, &rest, &whole);
    nf_exact_next_digits(&rest, &whole);
    for (uint64_t draw = 1; draw < 65536 && rest.sign; draw++) {
        const uint32_t word = ~philox_word(key->key, key->call, draw, element);
        const uint32_t digits = nf_exact_next_digits(&rest, &whole);
        if (word != digits)
            return word < digits;
    }
    return 0;
}
