/* Elementary functions of any number, a code's or nonsense. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    reader r = {data, size};
    nf_unpacked x, y, before;
    uint32_t flags = 0xA5;
    memset(&y, 0xA5, sizeof y);
    before = y;
    const nf_function which = (nf_function)pick(&r, NF_FUNCTION_COUNT + 1);
    const uint8_t kind = take(&r);
    const int64_t n = which == NF_FUNCTION_power ? kind & 64 ? (int64_t)take_word(&r) : (int8_t)take(&r) : kind == 255;
    const int digits = kind & 32 ? 63 : kind == 254 ? 64 : 128;
    subject s;
    make_subject(&r, &s);
    uint64_t code = take_word(&r);
    if (s.format.width < 64)
        code &= ((uint64_t)1 << s.format.width) - 1;
    if (kind % 8 == 1 || nf_unpack(&s.format, code, &x) != NF_OK) {
        memset(&x, 0, sizeof x);
        take_bytes(&r, &x, sizeof x);
        if (kind & 16)
            x = (nf_unpacked){.kind = NF_FINITE_NUMBER,
                              .sign = kind & 1,
                              .significand = take_word(&r) | 1ull << 63,
                              .exponent = (int8_t)take(&r) * (1 + take(&r) * 97)};
    }
    const nf_status status = nf_function_number(which, &x, n, digits, &y, &flags);
    if (status != NF_OK) {
        MUST(status == NF_BAD_ARGUMENT || status == NF_NO_MEMORY);
        MUST(!memcmp(&y, &before, sizeof y) && flags == 0xA5);
        return 0;
    }
    MUST(y.kind <= NF_NAN && y.sign <= 1 && (flags == 0 || flags == NF_INVALID || flags == NF_DIVIDE_BY_ZERO));
    MUST(y.kind != NF_FINITE_NUMBER || y.significand >> 63);
    return 0;
}
