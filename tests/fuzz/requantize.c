/* Requantisation: any description, with arrays that end behind the last number it asks for. */
#include "fuzz.h"

enum { MOST = 600, MOST_CHANNELS = 8 };

static int32_t take_int(reader *r)
{
    const uint8_t kind = take(r);
    return kind & 1 ? (int32_t)take_word(r) : (int8_t)take(r);
}

static double take_scale(reader *r)
{
    double x;
    take_bytes(r, &x, sizeof x);
    return take(r) & 1 ? x : (double)take(r) / 64;
}

/* Mostly what the mode asks for; the arrays are `channels` long. */
static void make_requantization(reader *r, nf_requantization *how, size_t channels)
{
    const nf_requant_row *row = nf_requant_mode_at(how->mode);
    const int scale = row && take(r) != 1 ? row->scale : (int)pick(r, 4);
    int32_t *q = room(r, channels * sizeof *q), *s = room(r, channels * sizeof *s);
    double *scales = room(NULL, channels * sizeof *scales);
    for (size_t c = 0; c < channels; c++) {
        s[c] = take(r) == 1 ? take_int(r) : scale == NF_REQUANT_SHIFT ? (int)pick(r, 32) : (int)pick(r, 39) - 31;
        const double x = take_scale(r);
        scales[c] = scale == NF_REQUANT_BINARY32 ? (double)(float)x : x;
    }
    how->multipliers = scale == NF_REQUANT_FIXED_POINT ? q : NULL;
    how->shifts = scale == NF_REQUANT_FIXED_POINT || scale == NF_REQUANT_SHIFT ? s : NULL;
    how->scales = scale == NF_REQUANT_BINARY64 || scale == NF_REQUANT_BINARY32 ? scales : NULL;
    if (!how->multipliers)
        free(q);
    if (!how->shifts)
        free(s);
    if (!how->scales)
        free(scales);
}

static int64_t result_at(const void *results, const nf_requantization *how, size_t i)
{
    if (how->result_bits == 8)
        return how->result_is_signed ? ((const int8_t *)results)[i] : ((const uint8_t *)results)[i];
    if (how->result_bits == 16)
        return how->result_is_signed ? ((const int16_t *)results)[i] : ((const uint16_t *)results)[i];
    return ((const int32_t *)results)[i];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    reader r = {data, size};
    static const uint8_t widths[] = {8, 16, 32, 8, 16, 32, 8, 12};
    const size_t channels = 1 + pick(&r, MOST_CHANNELS), inner = 1 + pick(&r, 5);
    const size_t n = pick(&r, MOST) / (channels * inner) * channels * inner + (take(&r) == 1);
    nf_requantization how = {.channels = channels, .inner = inner};
    how.mode = (uint8_t)pick(&r, NF_REQUANT_MODE_COUNT + 1);
    how.accumulator_bits = take(&r) & 1 ? 64 : 32;
    how.result_bits = widths[pick(&r, 8)];
    how.result_is_signed = take(&r) % 4 != 0;
    make_requantization(&r, &how, channels);
    how.zero_point = take_int(&r);
    how.minimum = take_int(&r);
    how.maximum = take_int(&r);
    nf_options o = {.isa = (uint8_t)pick(&r, 6), .threads = pick(&r, 3), .first = take(&r) == 1};
    const size_t bytes = n * how.result_bits / 8;
    void *x = room(&r, n * how.accumulator_bits / 8), *results = room(NULL, bytes);
    if (nf_requantize(&how, x, results, n, &o) == NF_OK)
        for (size_t i = 0; i < n; i++)
            MUST(result_at(results, &how, i) >= how.minimum && result_at(results, &how, i) <= how.maximum);
    else
        MUST(is_untouched(results, bytes));
    free(x);
    free(results);
    free((void *)how.multipliers);
    free((void *)how.shifts);
    free((void *)how.scales);
    return 0;
}
