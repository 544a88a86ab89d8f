/* Quires one by one: their sizes, terms into them, numbers out of them. */
#include "elements.h"
#include "limbs.h"
#include "quire.h"

static int64_t lower(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t higher(int64_t a, int64_t b) { return a > b ? a : b; }

/* The least power of 2 that is not below |x|. */
static int64_t top_of(const nf_unpacked *x) { return x->exponent + (x->significand != (uint64_t)1 << 63); }

static void include_value(nf_span *span, const nf_unpacked *x)
{
    if (x->kind != NF_FINITE_NUMBER)
        return;
    span->low = lower(span->low, lowest_bit(x));
    span->top = higher(span->top, top_of(x));
}

static nf_span span_of_codebook(const nf_codebook *book)
{
    nf_span span = {INT64_MAX, INT64_MIN};
    for (uint32_t i = 0; i < book->count; i++) {
        const nf_unpacked x = unpack_f64(book->values[i]);
        include_value(&span, &x);
    }
    return span;
}

/* Of one scale: multiples of it up to the largest. */
static nf_span span_of_affine(const nf_grid *grid)
{
    const int64_t low = lowest_bit(&grid->scale), bits = 64 - leading_zeros(affine_largest(grid));
    return (nf_span){low, grid->scale.exponent + 1 + bits};
}

enum { TAKUM_FIELDS = 12 /* bits of a takum before the last fraction bits */ };

static nf_span span_of_grid(const nf_grid *grid)
{
    const nf_format *f = &grid->format;
    switch (f->family) {
    case NF_FIXED:
        return (nf_span){-(int64_t)f->fraction_bits, f->width - f->is_signed - (int64_t)f->fraction_bits};
    case NF_FLOAT:
        return (nf_span){grid->emin - f->fraction_bits, grid->emax + 1};
    case NF_POSIT:
        return (nf_span){grid->emin, grid->emax};
    case NF_TAKUM:
        return (nf_span){grid->emin - higher(f->width - TAKUM_FIELDS, 0), grid->emax + 1};
    case NF_CODEBOOK:
        return span_of_codebook(f->codebook);
    default:
        return span_of_affine(grid);
    }
}

static const nf_span type_span[NF_TYPE_COUNT] = {{-24, 16}, {-149, 128}, {-1074, 1024}, {0, 63}, {0, 64}};

nf_status nf_span_of(const nf_source *source, nf_span *span)
{
    const nf_format *f = &source->grid.format;
    const int has_scales = f->family == NF_AFFINE && f->affine->count != 1;
    if (source->has_codes && (has_scales || has_irrational_values(&source->grid)))
        return NF_BAD_FORMAT;
    *span = source->has_codes ? span_of_grid(&source->grid) : type_span[source->type];
    return span->low < -NF_QUIRE_MOST_BITS || span->top > NF_QUIRE_MOST_BITS ? NF_BAD_FORMAT : NF_OK;
}

int nf_quire_for(nf_span span, int guard_bits, nf_quire *quire)
{
    const int64_t width = span.top - span.low + guard_bits + 1;
    if (width > NF_QUIRE_MOST_BITS)
        return 0;
    quire->width = (uint32_t)higher(width, 2);
    quire->limbs = quire->width / 64 + 2;
    quire->lowest = (int32_t)span.low;
    return 1;
}

void nf_load_vector(const nf_source *source, size_t from, size_t n, nf_unpacked *out)
{
    uint64_t codes[NF_PASS], gathered[NF_PASS];
    const size_t size = source->size, step = source->step;
    const char *data = source->data + from * size;
    if (step != 1) {
        for (size_t i = 0; i < n; i++)
            memcpy((char *)gathered + i * size, data + i * step * size, size);
        data = (const char *)gathered;
    }
    if (!source->has_codes) {
        load_elements(source->type, data, n, out);
        return;
    }
    load_codes(data, size, n, codes);
    unpack_codes(&source->grid, codes, n, out);
}

/* --- terms --------------------------------------------------------------------------------------------------- */

NF_INLINE int limbs_of(const nf_quire *quire) { return (int)quire->limbs - 1; }

NF_INLINE uint64_t *state_of(const nf_quire *quire, uint64_t *sum) { return sum + limbs_of(quire); }

/* Is the integer within the width?  -2**(width - 1) is, but where that is NaR. */
NF_INLINE int is_within(const nf_quire *quire, const uint64_t *sum)
{
    const int w = limbs_of(quire), part = (int)quire->width % 64; /* bits of the last limb */
    const int64_t last = (int64_t)sum[w - 1], sign = part ? last >> (part - 1) : (int64_t)sum[w - 2] >> 63;
    if (part ? sign != 0 && sign != -1 : sign != last)
        return 0;
    const uint64_t lowest = part ? (uint64_t)1 << (part - 1) : 0;
    if (!quire->is_nar || sign == 0 || (part ? (uint64_t)last != 0 - lowest : sum[w - 2] != (uint64_t)1 << 63))
        return 1;
    return !limbs_are_zero(sum, part ? w - 1 : w - 2);
}

NF_INLINE void check_width(const nf_quire *quire, uint64_t *sum)
{
    if (__builtin_expect(!is_within(quire, sum), 0))
        *state_of(quire, sum) |= NF_QUIRE_OVERFLOW | (quire->is_nar ? NF_QUIRE_NAN : 0);
}

/* a += or -= words[0..2] * 2**(64 at); words beyond the last limb are 0. */
NF_INLINE void add_words(uint64_t *a, int w, const uint64_t *words, int at, int minus)
{
    const int n = w - at < 3 ? w - at : 3;
    if (minus) {
        const uint64_t borrow = limbs_subtract(a + at, words, n);
        limbs_subtract_small(a + at + n, borrow, w - at - n);
    } else {
        const uint64_t carry = limbs_add(a + at, words, n);
        limbs_add_small(a + at + n, carry, w - at - n);
    }
}

/* sum += or -= bits * 2**low; bits below the quire's lowest one are 0. */
NF_INLINE void add_bits(const nf_quire *quire, uint64_t *sum, unsigned __int128 bits, int64_t low, int minus)
{
    int64_t shift = low - quire->lowest;
    if (shift < 0) {
        bits >>= -shift;
        shift = 0;
    }
    const int part = (int)(shift % 64);
    const unsigned __int128 moved = bits << part;
    const uint64_t words[3] = {(uint64_t)moved, (uint64_t)(moved >> 64), part ? (uint64_t)(bits >> (128 - part)) : 0};
    add_words(sum, limbs_of(quire), words, (int)(shift / 64), minus);
    check_width(quire, sum);
}

NF_INLINE void add_special(const nf_quire *quire, uint64_t *sum, nf_kind kind, int sign)
{
    const uint64_t infinity = sign ? NF_QUIRE_MINUS_INFINITY : NF_QUIRE_PLUS_INFINITY;
    *state_of(quire, sum) |= kind == NF_NAN || quire->is_nar ? NF_QUIRE_NAN : infinity;
}

NF_INLINE void add_number(const nf_quire *quire, uint64_t *sum, const nf_unpacked *x, int minus)
{
    const int sign = x->sign ^ minus;
    if (__builtin_expect(x->kind > NF_FINITE_NUMBER, 0)) {
        add_special(quire, sum, x->kind, sign);
        return;
    }
    *state_of(quire, sum) |= sign ? NF_QUIRE_MINUS : NF_QUIRE_PLUS;
    if (x->kind == NF_FINITE_NUMBER)
        add_bits(quire, sum, x->significand, x->exponent - 63, sign);
}

static void add_special_product(const nf_quire *quire, uint64_t *sum, const nf_unpacked *a, const nf_unpacked *b,
                                int sign)
{
    const int is_nan = a->kind == NF_NAN || b->kind == NF_NAN, is_invalid = a->kind == NF_ZERO || b->kind == NF_ZERO;
    if (!is_nan && is_invalid)
        *state_of(quire, sum) |= NF_QUIRE_INVALID;
    add_special(quire, sum, is_nan || is_invalid ? NF_NAN : NF_INFINITY, sign);
}

NF_INLINE void add_product(const nf_quire *quire, uint64_t *sum, const nf_unpacked *a, const nf_unpacked *b, int minus)
{
    const int sign = a->sign ^ b->sign ^ minus;
    if (__builtin_expect(a->kind > NF_FINITE_NUMBER || b->kind > NF_FINITE_NUMBER, 0)) {
        add_special_product(quire, sum, a, b, sign);
        return;
    }
    *state_of(quire, sum) |= sign ? NF_QUIRE_MINUS : NF_QUIRE_PLUS;
    if (a->kind == NF_FINITE_NUMBER && b->kind == NF_FINITE_NUMBER)
        add_bits(quire, sum, (unsigned __int128)a->significand * b->significand, a->exponent + b->exponent - 126, sign);
}

void nf_quire_add_number(const nf_quire *quire, uint64_t *sum, const nf_unpacked *x) { add_number(quire, sum, x, 0); }

void nf_quire_add_pair(const nf_quire *quire, uint64_t *sum, const nf_unpacked *a, const nf_unpacked *b)
{
    add_product(quire, sum, a, b, 0);
}

void nf_quire_accumulate(const nf_quire *quire, uint64_t *sum, const nf_terms *t)
{
    nf_unpacked a[NF_PASS], b[NF_PASS];
    for (size_t start = 0; start < t->count; start += NF_PASS) {
        const size_t n = t->count - start < NF_PASS ? t->count - start : NF_PASS;
        nf_load_vector(t->a, t->a_from + start * t->a->step, n, a);
        if (t->b)
            nf_load_vector(t->b, t->b_from + start * t->b->step, n, b);
        for (size_t i = 0; i < n; i++)
            if (t->b)
                add_product(quire, sum, &a[i], &b[i], t->minus);
            else
                add_number(quire, sum, &a[i], t->minus);
    }
}

void nf_quire_add_integer(const nf_quire *quire, uint64_t *sum, __int128 integer, int64_t low)
{
    const unsigned __int128 bits = (unsigned __int128)integer;
    if (integer)
        add_bits(quire, sum, integer < 0 ? 0 - bits : bits, low, integer < 0);
}

void nf_quire_merge(const nf_quire *quire, uint64_t *sum, const uint64_t *other)
{
    const uint64_t states = other[limbs_of(quire)];
    limbs_add(sum, other, limbs_of(quire));
    *state_of(quire, sum) |= states;
    check_width(quire, sum);
}

/* The state with the bits of the two signs exchanged. */
static uint64_t turned(uint64_t state)
{
    const uint64_t plus = NF_QUIRE_PLUS | NF_QUIRE_PLUS_INFINITY, minus = NF_QUIRE_MINUS | NF_QUIRE_MINUS_INFINITY;
    return (state & ~(plus | minus)) | (state & plus) << 1 | (state & minus) >> 1;
}

void nf_quire_turn(const nf_quire *quire, uint64_t *sum)
{
    uint64_t *state = state_of(quire, sum);
    limbs_negate(sum, limbs_of(quire));
    *state = turned(*state);
    check_width(quire, sum);
}

/* --- numbers ------------------------------------------------------------------------------------------------- */

/* The magnitude of a two's complement integer, limb by limb; `first` is the lowest limb that is not 0. */
NF_INLINE uint64_t magnitude_limb(const uint64_t *sum, int negative, int first, int i)
{
    if (!negative || i < first)
        return i < 0 ? 0 : sum[i];
    return i == first ? 0 - sum[i] : ~sum[i];
}

/* The value of an integer that is not 0. */
static nf_unpacked number_of_limbs(const nf_quire *quire, const uint64_t *sum)
{
    int first = 0, top = limbs_of(quire) - 1;
    const int negative = (int)(sum[top] >> 63);
    while (!sum[first])
        first++;
    while (!magnitude_limb(sum, negative, first, top))
        top--;
    uint64_t limb[3];
    for (int i = 0; i < 3; i++)
        limb[i] = magnitude_limb(sum, negative, first, top - i);
    const int zeros = leading_zeros(limb[0]);
    const unsigned __int128 high = (unsigned __int128)limb[0] << 64 | limb[1];
    const unsigned __int128 kept = zeros ? high << zeros | limb[2] >> (64 - zeros) : high;
    nf_unpacked x = special_of(NF_FINITE_NUMBER, negative);
    x.exponent = quire->lowest + 64 * (int64_t)top + 63 - zeros;
    x.significand = (uint64_t)(kept >> 64);
    x.more = (uint64_t)kept;
    x.sticky = first < top - 2 || (zeros ? limb[2] << zeros : limb[2]) != 0;
    return x;
}

nf_unpacked nf_quire_number(const nf_quire *quire, const uint64_t *sum, int down, uint32_t *raised)
{
    const uint64_t state = sum[limbs_of(quire)];
    const int is_nan = (state & NF_QUIRE_NAN) != 0, is_opposed = (state & NF_QUIRE_INFINITIES) == NF_QUIRE_INFINITIES;
    *raised |= state & NF_QUIRE_INVALID || (is_opposed && !is_nan) ? NF_INVALID : 0;
    if (is_nan || is_opposed)
        return special_of(NF_NAN, 0);
    if (state & NF_QUIRE_INFINITIES)
        return special_of(NF_INFINITY, (state & NF_QUIRE_MINUS_INFINITY) != 0);
    if (!limbs_are_zero(sum, limbs_of(quire)))
        return number_of_limbs(quire, sum);
    return special_of(NF_ZERO, (state & NF_QUIRE_MINUS) && (down || !(state & NF_QUIRE_PLUS)));
}

/* The integer as far as `weight` and divided, or divided again and again behind its last bit. */
uint64_t nf_quire_digits(const nf_quire *quire, uint64_t *sum, int64_t weight, uint64_t divisor, int *follows)
{
    const int size = limbs_of(quire);
    const int64_t cut = weight - quire->lowest;
    if (sum[size - 1] >> 63)
        limbs_negate(sum, size);
    const int lost = cut > 0 ? limbs_cut(sum, (uint64_t)cut, size) : 0;
    uint64_t rest = limbs_divide(sum, divisor, size), digits = sum[0];
    if (!rest && cut < 0)
        return *follows = 0, cut > -64 ? digits << -cut : 0;
    for (int64_t i = cut; i < 0; i++) {
        const int is_one = rest >= divisor - rest;
        rest = is_one ? rest - (divisor - rest) : rest << 1;
        digits = digits << 1 | (unsigned)is_one;
    }
    *follows = lost || rest;
    return digits;
}
