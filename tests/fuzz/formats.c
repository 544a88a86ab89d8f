/* Descriptors: what is a format, its facts, its ends, and every number rounded to it. */
#include "fuzz.h"

static void check_facts(const nf_format *f, const nf_format_facts *facts)
{
    nf_unpacked number;
    MUST(nf_unpack(f, facts->max_code, &number) == NF_OK);
    MUST(number.kind == NF_FINITE_NUMBER || number.kind == NF_ZERO);
    MUST(nf_unpack(f, facts->min_code, &number) == NF_OK);
    MUST(number.kind == NF_FINITE_NUMBER || number.kind == NF_ZERO);
    if (facts->has_nan)
        MUST(nf_unpack(f, facts->nan_code, &number) == NF_OK && number.kind == NF_NAN);
    if (facts->has_infinity)
        MUST(nf_unpack(f, facts->infinity_code, &number) == NF_OK && number.kind == NF_INFINITY);
    MUST(facts->precision <= 64);
    MUST(nf_overflow_check(f, facts->default_overflow, 0) == NF_OK);
    check_codes(f, NULL, 0);
}

static void check_policies(reader *r, const nf_format *f)
{
    const uint8_t overflow = take(r), bits = take(r);
    const nf_status status = nf_overflow_check(f, overflow, bits);
    MUST(status == NF_OK || status == NF_BAD_OVERFLOW);
    MUST(status == NF_BAD_OVERFLOW || nf_overflow_at(overflow));
    for (int type = 0; type <= NF_TYPE_COUNT; type++) {
        const nf_status holds = nf_type_holds_format(f, (nf_type)type);
        MUST(holds == NF_OK || holds == NF_BAD_TYPE || holds == NF_BAD_ARGUMENT);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    reader r = {data, size};
    subject s;
    nf_format_facts facts;
    make_subject(&r, &s);
    const nf_status status = nf_format_check(&s.format);
    MUST(nf_format_describe(&s.format, &facts) == status);
    MUST((nf_code_size(&s.format) > 0) == (status == NF_OK));
    if (status != NF_OK) {
        MUST(status == NF_BAD_FORMAT);
        double x = 1;
        uint64_t code = 0;
        MUST(nf_encode(&s.format, NULL, NF_F64, &x, &code, 1, NULL) == NF_BAD_FORMAT && code == 0);
        return 0;
    }
    check_facts(&s.format, &facts);
    check_policies(&r, &s.format);
    const size_t n = s.affine.count > 1 ? 0 : 1 + r.left / 8, bytes = nf_code_size(&s.format);
    const nf_options modes = {.nan = facts.has_nan ? 0 : 2}; /* the largest value: not all have a 0 */
    void *x = room(&r, n * 8), *codes = room(NULL, n * bytes);
    MUST(nf_encode(&s.format, &modes, NF_F64, x, codes, n, NULL) == NF_OK);
    check_codes(&s.format, codes, n);
    free(x);
    free(codes);
    return 0;
}
