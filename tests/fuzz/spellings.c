/* Spellings of formats and modes: any text at all, and what they describe is accepted. */
#include "fuzz.h"

static void check_modes(const char *text)
{
    static const uint32_t word = 0x80000000;
    nf_options o = {0}, before = {0};
    const nf_format *e4m3 = &nf_named_format_at(6)->format;
    double x = 1.3;
    uint8_t code;
    if (nf_parse_rounding(text, &o) == NF_OK) {
        o.random_bits = nf_rounding_at(o.rounding)->is_random ? &word : NULL;
        const nf_status status = nf_encode(e4m3, &o, NF_F64, &x, &code, 1, NULL);
        MUST(status == NF_OK || (status == NF_BAD_ROUNDING && (o.by_code || o.keep_minpos)));
    } else
        MUST(!memcmp(&o, &before, sizeof o));
    o = before;
    if (nf_parse_overflow(text, &o) == NF_OK)
        MUST(nf_overflow_at(o.overflow));
    else
        MUST(!memcmp(&o, &before, sizeof o));
    o = before;
    if (nf_parse_nan(text, &o) == NF_OK)
        MUST(nf_nan_policy_at(o.nan));
    else
        MUST(!memcmp(&o, &before, sizeof o));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    reader r = {data, size};
    char *text = room(&r, size + 1);
    nf_format format, before;
    memset(&format, 0xA5, sizeof format);
    before = format;
    text[size] = 0;
    const nf_status status = nf_parse_format(text, &format);
    if (status == NF_OK)
        MUST(nf_format_check(&format) == NF_OK);
    else
        MUST(status == NF_BAD_FORMAT && !memcmp(&format, &before, sizeof format));
    check_modes(text);
    free(text);
    return 0;
}
