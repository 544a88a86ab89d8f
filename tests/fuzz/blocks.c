/* Blocks: any descriptor and shape; encode, decode and quantize. */
#include "fuzz.h"

static void make_block(reader *r, nf_block *b, subject *element, subject *scale)
{
    const uint8_t kind = take(r);
    size_t named = 0;
    while (nf_named_block_at(named))
        named++;
    memset(b, 0, sizeof *b);
    if (kind < 96)
        *b = nf_named_block_at(pick(r, (uint32_t)named))->block;
    if (kind >= 64) {
        make_subject(r, element);
        b->element = element->format;
    }
    if (kind >= 96) {
        b->scale_kind = (uint8_t)pick(r, NF_SCALE_KIND_COUNT + (kind == 255));
        make_subject(r, scale);
        if (b->scale_kind == NF_SCALE_FORMAT)
            b->scale = scale->format;
        b->exponent_bits = b->scale_kind == NF_SCALE_EXPONENT ? (uint8_t)pick(r, 34) : 0;
        b->has_tensor_scale = take(r) % 3 == 1;
    }
    uint8_t *const fields[] = {&b->scale_rule, &b->zero_scale, &b->nan,   &b->inf,
                               &b->too_large,  &b->compute,    &b->compat};
    const uint8_t changed = take(r);
    for (int k = 0; k < NF_BLOCK_FIELD_COUNT; k++) {
        uint32_t count = 0;
        while (nf_block_choice_at((nf_block_field)k, count))
            count++;
        if (changed & 1 << k)
            *fields[k] = (uint8_t)pick(r, count + (changed == 255));
    }
}

static void make_shape(reader *r, nf_block_shape *s)
{
    const uint8_t kind = take(r);
    *s = (nf_block_shape){1 + kind % 2, 1, 1, pick(r, 40), 1, 1, 1 + pick(r, 34)};
    if (kind & 2)
        *s = (nf_block_shape){pick(r, 3), pick(r, 5), pick(r, 3), pick(r, 5), pick(r, 3), pick(r, 6), pick(r, 6)};
}

typedef struct arrays {
    void *codes, *scales, *values;
    size_t n, code_bytes, scale_bytes, value_bytes;
} arrays;

static void check_decoded(reader *r, const nf_block *b, const nf_block_shape *shape, arrays *a, nf_block_scales *scales)
{
    const nf_type type = (nf_type)pick(r, NF_I64);
    const nf_status status = nf_block_decode(b, shape, a->codes, scales, type, a->values, take(r) % 6, 1);
    MUST(status == NF_OK || is_untouched(a->values, a->value_bytes));
}

static void check_encoded(reader *r, const nf_block *b, const nf_block_shape *shape, const nf_options *o, arrays *a)
{
    const nf_type x_type = (nf_type)pick(r, NF_TYPE_COUNT);
    nf_block_scales scales = {a->scale_bytes ? a->scales : NULL, 1, 0, 0};
    const int is_given = take(r) % 4 == 1;
    if (is_given && a->scale_bytes) {
        take_bytes(r, a->scales, a->scale_bytes);
        scales.is_given = 1;
    }
    if (b->has_tensor_scale && take(r) & 1) {
        take_bytes(r, &scales.tensor, sizeof scales.tensor);
        scales.tensor_is_given = 1;
    }
    void *x = room(r, a->n * size_of(x_type));
    const nf_status status = nf_block_encode(b, shape, o, x_type, x, a->codes, &scales, NULL);
    if (status != NF_OK)
        MUST(is_untouched(a->codes, a->code_bytes));
    else {
        if (b->element.family != NF_AFFINE)
            check_codes(&b->element, a->codes, a->n);
        check_decoded(r, b, shape, a, &scales);
    }
    nf_block_quantize(b, shape, o, x_type, x, NF_F32, a->values, take(r) & 1 ? &scales : NULL, NULL);
    free(x);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    reader r = {data, size};
    subject element, scale;
    nf_block b;
    nf_block_facts facts;
    nf_block_shape shape;
    nf_options o;
    nf_key key;
    uint64_t failed_at = 0;
    size_t count = 0, scale_count = 0;
    static uint32_t words[640];
    make_block(&r, &b, &element, &scale);
    make_shape(&r, &shape);
    make_options(&r, &o, &key, words);
    o.failed_at = &failed_at;
    o.isa = take(&r) % 6;
    const nf_status status = nf_block_check(&b);
    MUST(nf_block_describe(&b, &facts) == status && (status == NF_OK || status == NF_BAD_FORMAT));
    MUST(status == NF_OK || nf_block_scale_size(&b) == 0);
    nf_block_overflow_check(&b, take(&r), take(&r));
    const nf_status counted = nf_block_count(&shape, &count, &scale_count);
    arrays a = {.n = count, .code_bytes = count * nf_code_size(&b.element)};
    a.scale_bytes = status == NF_OK ? scale_count * nf_block_scale_size(&b) : 0;
    a.value_bytes = count * 8;
    a.codes = room(NULL, a.code_bytes);
    a.scales = room(NULL, a.scale_bytes);
    a.values = room(NULL, a.value_bytes);
    if (counted == NF_OK)
        check_encoded(&r, &b, &shape, &o, &a);
    free(a.codes);
    free(a.scales);
    free(a.values);
    shape.outer = take_word(&r);
    shape.inner = take_word(&r);
    nf_block_count(&shape, &count, &scale_count);
    return 0;
}
