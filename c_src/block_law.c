/* The scales of blocks whose elements are drawn by variance-corrected laws. */
#include "block_law.h"
#include "law_grid.h"

enum { DEVIATIONS = 6 }; /* the room holds that many of the largest variance beyond the largest mean */

static const double SMALLEST_ROOM = 0x1p-40; /* of the largest value */

static int is_symmetric_family(const nf_format *f) { return f->family == NF_FIXED && f->is_signed; }

/* The smallest magnitude of a value other than 0. */
static double smallest_of(const nf_law *law)
{
    if (law->grid.format.family != NF_CODEBOOK) {
        const double first = law_value(law, 0);
        return first != 0 || law->highest == 0 ? first : law_value(law, 1);
    }
    double smallest = INFINITY;
    for (int64_t i = law->lowest; i <= law->highest; i++) {
        const double magnitude = fabs(law_value(law, i));
        smallest = magnitude > 0 && magnitude < smallest ? magnitude : smallest;
    }
    return smallest;
}

/* Leave out scales under which values are no normal numbers of the type. */
static void clamp_to_type(nf_block_law *b, nf_type type)
{
    const int64_t emin = type == NF_F32 ? -126 : -1022, emax = type == NF_F32 ? 127 : 1023;
    const double largest = b->law.max > -b->law.min ? b->law.max : -b->law.min;
    int64_t low = emin - ilogb(smallest_of(&b->law)), high = emax - ilogb(largest);
    low = low > -NF_FARTHEST_SCALE ? low : -NF_FARTHEST_SCALE;
    high = high < NF_FARTHEST_SCALE ? high : NF_FARTHEST_SCALE;
    b->low = b->low > low ? b->low : low;
    b->high = b->high < high ? b->high : high;
}

static nf_status find_room(nf_block_law *b)
{
    const nf_law *law = &b->law;
    if (law->highest <= law->lowest)
        return NF_BAD_FORMAT;
    const double last = law_value(law, law->highest), before = law_value(law, law->highest - 1);
    const nf_exact half = nf_exact_of(before), end = nf_exact_of(last), twice = nf_exact_add(&half, &half);
    b->room = nf_exact_subtract(&twice, &end);
    b->room_near = before - (last - before);
    b->room_error = last * 0x1p-50;
    return b->room.sign > 0 && b->room_near > last * SMALLEST_ROOM ? NF_OK : NF_BAD_FORMAT;
}

nf_status nf_block_law_init(nf_block_law *b, const nf_block *block, uint8_t method, int symmetric, nf_type out_type)
{
    nf_block_facts facts;
    nf_status status = nf_block_describe(block, &facts);
    if (status != NF_OK)
        return status;
    if (block->has_tensor_scale || block->compat != NF_compat_none || block->scale_rule == NF_scale_rule_absmax ||
        block->scale_rule == NF_scale_rule_given)
        return NF_BAD_FORMAT;
    status = nf_law_init(&b->law, &block->element, method);
    if (status != NF_OK)
        return status;
    if (symmetric && is_symmetric_family(&block->element)) {
        b->law.lowest = -b->law.highest;
        b->law.min = -b->law.max;
    }
    b->low = facts.lowest;
    b->high = facts.highest;
    b->zeros_are_one = block->zero_scale == NF_zero_scale_one;
    if (block->scale_kind == NF_SCALE_NONE)
        return NF_OK;
    clamp_to_type(b, out_type);
    return b->low <= b->high ? find_room(b) : NF_BAD_TYPE;
}

static nf_exact power_of_two(int64_t e)
{
    const nf_unpacked power = {.kind = NF_FINITE_NUMBER, .exponent = e, .significand = (uint64_t)1 << 63};
    return nf_exact_of_number(&power);
}

static int has_room_exactly(const nf_block_law *b, int64_t e, double largest, double variance)
{
    const nf_exact scale = power_of_two(e), scaled = nf_exact_multiply(&b->room, &scale), mean = nf_exact_of(largest);
    const nf_exact spare = nf_exact_subtract(&scaled, &mean), square = nf_exact_multiply(&spare, &spare);
    const nf_exact factor = nf_exact_of(DEVIATIONS * DEVIATIONS), own = nf_exact_of(variance);
    const nf_exact needed = nf_exact_multiply(&factor, &own);
    return spare.sign >= 0 && nf_exact_compare(&square, &needed) >= 0;
}

/* Does the scale 2**e leave room for the largest mean and the largest variance? */
static int has_room(const nf_block_law *b, int64_t e, double largest, double variance)
{
    const double scaled = times_two_to(b->room_near, (int32_t)e), error = times_two_to(b->room_error, (int32_t)e);
    const double least = scaled - largest - error, most = scaled - largest + error;
    const double needed = DEVIATIONS * DEVIATIONS * variance;
    if (scaled > 0x1p-400 && scaled < 0x1p400) {
        if (most < 0 || most * most < needed * (1 - 0x1p-50))
            return 0;
        if (least > 0 && least * least > needed * (1 + 0x1p-50))
            return 1;
    }
    return has_room_exactly(b, e, largest, variance);
}

static int64_t exponent_for(const nf_block_law *b, double largest, double variance)
{
    int64_t e = b->low;
    if (largest == 0 && variance == 0)
        return b->zeros_are_one ? 0 : e;
    if (b->low == b->high)
        return e;
    const int64_t room = ilogb(b->room_near) + 1; /* the exact room is below 2**(room + 1) */
    if (largest > 0 && e < ilogb(largest) - room)
        e = ilogb(largest) - room;
    if (variance > 0 && e < (ilogb(variance) + 5 - 2 * room) / 2 - 1) /* 36 * variance >= 2**(ilogb + 5) */
        e = (ilogb(variance) + 5 - 2 * room) / 2 - 1;
    e = e < b->high ? e : b->high;
    while (e < b->high && !has_room(b, e, largest, variance))
        e++;
    return e;
}

static double number_of_type(nf_type type, const void *x, size_t i)
{
    return type == NF_F32 ? (double)((const float *)x)[i] : ((const double *)x)[i];
}

void nf_block_law_exponents(const nf_block_law *law, const nf_block_shape *shape, nf_type mean_type, const void *mean,
                            const double *variance, int one_variance, int32_t *exponents)
{
    size_t elements, blocks;
    nf_block_count(shape, &elements, &blocks);
    for (size_t number = 0; number < blocks; number++) {
        const nf_tile tile = tile_at(shape, number);
        double largest = 0, noise = one_variance ? variance[0] : 0;
        for (size_t row = 0; row < tile.rows; row++)
            for (size_t column = 0; column < tile.columns; column++) {
                const size_t at = tile.first + row * tile.row_step + column * tile.column_step;
                const double magnitude = fabs(number_of_type(mean_type, mean, at));
                largest = magnitude > largest ? magnitude : largest;
                if (!one_variance)
                    noise = variance[at] > noise ? variance[at] : noise;
            }
        exponents[number] = (int32_t)exponent_for(law, largest, noise);
    }
}

void nf_exponents_of(const nf_block_shape *s, const int32_t *exponents, size_t start, size_t n, int32_t *out)
{
    const size_t across = blocks_along(s->columns, s->block_columns), down = blocks_along(s->rows, s->block_rows);
    for (size_t i = 0; i < n;) {
        size_t place = start + i, inside = place % s->inner, column = place / s->inner % s->columns;
        place = place / s->inner / s->columns;
        const size_t middle = place % s->middle, row = place / s->middle % s->rows, outer = place / s->middle / s->rows;
        const size_t above = (outer * down + row / s->block_rows) * s->middle + middle;
        const size_t number = (above * across + column / s->block_columns) * s->inner + inside;
        const size_t same = shorter_of(s->block_columns - column % s->block_columns, s->columns - column);
        const size_t run = shorter_of(s->inner > 1 ? s->inner - inside : same, n - i), step = s->inner > 1;
        for (size_t k = 0; k < run; k++)
            out[i + k] = exponents[number + step * k];
        i += run;
    }
}
