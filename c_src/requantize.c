/* nf_requantize: the checks, and the pieces that threads work on. */
#include "requantize.h"
#include "target.h"
#include "threads.h"
#include "processor_rounding.h"

enum { PIECE = 64 * NF_REQUANT_BLOCK, INT16X8_BITS = 48 };

static const nf_requant_row rows[] = {
#define NF_REQUANT(name, scale, lowest, highest, is_long, meaning, source, aliases) \
    {#name, aliases, meaning, source, NF_REQUANT_##scale, lowest, highest, is_long},
#include "requantize.def"
#undef NF_REQUANT
};

enum {
#define NF_REQUANT(name, scale, lowest, highest, is_long, meaning, source, aliases) ROW_##name,
#include "requantize.def"
#undef NF_REQUANT
    ROW_COUNT
};
#define NF_REQUANT(name, scale, lowest, highest, is_long, meaning, source, aliases) \
    _Static_assert((int)ROW_##name == (int)NF_REQUANT_##name, #name);
#include "requantize.def"
#undef NF_REQUANT
_Static_assert((int)ROW_COUNT == (int)NF_REQUANT_MODE_COUNT, "a mode has no row");

const nf_requant_row *nf_requant_mode_at(size_t index) { return index < NF_REQUANT_MODE_COUNT ? &rows[index] : NULL; }

static const nf_requant_loops *const loops[] = {
#define NF_ISA_ROW(name, supported) &nf_requant_##name,
#include "isa.def"
#undef NF_ISA_ROW
};

/* Those of options.isa, or the best; NULL where this machine has them not. */
static const nf_requant_loops *pick_loops(uint8_t isa)
{
    size_t row = isa ? isa - 1u : 0;
    while (!isa && !nf_isa_supported(row))
        row++;
    return nf_isa_supported(row) ? loops[row] : NULL;
}

static int shifts_are_bad(const nf_requantization *how, const nf_requant_row *row)
{
    const int highest = row->highest_shift == 31 && how->accumulator_bits == 64 ? 63 : row->highest_shift;
    for (size_t c = 0; c < how->channels; c++)
        if (how->shifts[c] < row->lowest_shift || how->shifts[c] > highest)
            return 1;
    return 0;
}

static int scales_are_bad(const nf_requantization *how, int are_binary32)
{
    int bad = 0;
    const processor_rounding before = round_toward(1); /* subnormal numbers count */
    for (size_t c = 0; c < how->channels; c++) {
        const double scale = how->scales[c];
        bad |= !(scale >= 0 && scale < (double)INFINITY) || (are_binary32 && (double)(float)scale != scale);
    }
    round_again(before);
    return bad;
}

static int arrays_are_bad(const nf_requantization *how, const nf_requant_row *row)
{
    const int needs_q = row->scale == NF_REQUANT_FIXED_POINT, needs_s = needs_q || row->scale == NF_REQUANT_SHIFT;
    const int has_q = how->multipliers != NULL, has_s = how->shifts != NULL, has_scales = how->scales != NULL;
    if (has_q != needs_q || has_s != needs_s || has_scales == needs_s)
        return 1;
    return needs_s ? shifts_are_bad(how, row) : scales_are_bad(how, row->scale == NF_REQUANT_BINARY32);
}

static int ends_are_bad(const nf_requantization *how)
{
    const int bits = how->result_bits, is_signed = how->result_is_signed;
    if ((bits != 8 && bits != 16 && bits != 32) || is_signed > 1 || (bits == 32 && !is_signed))
        return 1;
    const int64_t half = (int64_t)1 << (bits - 1), lowest = is_signed ? -half : 0;
    return how->minimum > how->maximum || how->minimum < lowest || how->maximum > lowest + 2 * half - 1;
}

/* Is an array missing, too large, or do the results overlap the accumulators without being they? */
static int memory_is_bad(const void *x, size_t x_size, const void *y, size_t y_size, size_t n)
{
    const uintptr_t from = (uintptr_t)x, to = (uintptr_t)y;
    if ((n && (!x || !y)) || n > SIZE_MAX / 8)
        return 1;
    return (from != to || x_size != y_size) && from < to + n * y_size && to < from + n * x_size;
}

typedef struct call {
    const nf_requantization *how;
    const nf_requant_loops *loops;
    const char *x;
    char *y;
    size_t n;
} call;

/* Elements i .. i + n - 1 of a block are those of channel c, or, with step 1, of c and the following ones. */
static void fill_run(const nf_requantization *how, nf_requant_block *b, size_t i, size_t n, size_t c, size_t step)
{
    for (size_t k = 0; how->multipliers && k < n; k++)
        b->q[i + k] = how->multipliers[c + k * step];
    for (size_t k = 0; how->shifts && k < n; k++)
        b->s[i + k] = how->shifts[c + k * step];
    for (size_t k = 0; how->scales && k < n; k++)
        b->scale[i + k] = how->scales[c + k * step];
}

/* What a block that begins with element `first` is scaled by. */
static void fill_scales(const nf_requantization *how, nf_requant_block *b, size_t first)
{
    const size_t inner = how->channels == 1 ? SIZE_MAX : how->inner, step = inner == 1;
    for (size_t i = 0, run; i < b->n; i += run) {
        const size_t place = first + i, c = place / inner % how->channels;
        const size_t left = step ? how->channels - c : inner - place % inner;
        run = left < b->n - i ? left : b->n - i;
        fill_run(how, b, i, run, c, step);
    }
}

static void do_piece(void *context, size_t piece)
{
    const call *c = context;
    const nf_requantization *how = c->how;
    const size_t start = piece * PIECE, end = c->n - start < PIECE ? c->n : start + PIECE;
    const size_t x_size = how->accumulator_bits / 8, y_size = how->result_bits / 8;
    const int repeats = NF_REQUANT_BLOCK % (how->channels * how->inner) == 0;
    nf_requant_block b = {.zero_point = how->zero_point,
                          .low = (int64_t)how->minimum - how->zero_point,
                          .high = (int64_t)how->maximum - how->zero_point};
    const processor_rounding before = round_toward(1);
    for (size_t i = start; i < end; i += b.n) {
        b.n = end - i < NF_REQUANT_BLOCK ? end - i : NF_REQUANT_BLOCK;
        b.x = x_size == 4 ? (const int32_t *)(c->x + i * x_size) : NULL;
        b.long_x = x_size == 8 ? (const int64_t *)(c->x + i * x_size) : NULL;
        if (i == start || !repeats)
            fill_scales(how, &b, i);
        c->loops->run((nf_requant_mode)how->mode, &b);
        c->loops->store(&b, c->y + i * y_size, how->result_bits);
    }
    round_again(before);
}

/* The first accumulator of more bits than int16x8 takes, or n. */
static size_t first_too_long(const int64_t *x, size_t n)
{
    const int64_t end = (int64_t)1 << (INT16X8_BITS - 1);
    for (size_t i = 0; i < n; i++)
        if (x[i] < -end || x[i] >= end)
            return i;
    return n;
}

static nf_status check(const nf_requantization *how, const void *x, const void *y, size_t n)
{
    const nf_requant_row *row = nf_requant_mode_at(how->mode);
    const int bits = how->accumulator_bits;
    if (!row || (bits != 32 && bits != 64) || ends_are_bad(how) || !how->channels || !how->inner)
        return NF_BAD_ARGUMENT;
    if (how->channels > SIZE_MAX / how->inner || n % (how->channels * how->inner))
        return NF_BAD_ARGUMENT;
    if (bits == 64 && !row->takes_64_bits)
        return NF_BAD_TYPE;
    const int bad = arrays_are_bad(how, row) || memory_is_bad(x, (size_t)bits / 8, y, how->result_bits / 8u, n);
    return bad ? NF_BAD_ARGUMENT : NF_OK;
}

/* All that has no meaning here is 0. */
static int options_are_bad(const nf_options *o)
{
    return o->rounding || o->overflow || o->nan || o->random_bits_per_element || o->variant || o->by_code ||
           o->keep_minpos || o->wrap_bits || o->key || o->random_bits || o->first || o->element_flags || o->tiny_before;
}

nf_status nf_requantize(const nf_requantization *how, const void *accumulators, void *results, size_t n,
                        const nf_options *options)
{
    const nf_options o = options ? *options : (nf_options){0};
    call c = {.how = how, .loops = pick_loops(o.isa), .x = accumulators, .y = results, .n = n};
    if (!how || !c.loops || options_are_bad(&o))
        return NF_BAD_ARGUMENT;
    const nf_status status = check(how, accumulators, results, n);
    if (status != NF_OK || !n)
        return status;
    if (how->mode == NF_REQUANT_int16x8 && how->accumulator_bits == 64) {
        const size_t at = first_too_long(accumulators, n);
        if (at < n && o.failed_at)
            *o.failed_at = at;
        if (at < n)
            return NF_FOUND_RANGE;
    }
    nf_parallel((n - 1) / PIECE + 1, o.threads, do_piece, &c);
    return NF_OK;
}
