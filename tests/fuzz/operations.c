/* Operations on codes and plain numbers of any formats, with flags and reports. */
#include "fuzz.h"

enum { MOST = 40, OPERANDS = 3 };

typedef struct call {
    nf_operation operation;
    const nf_format *format;
    nf_operand operands[OPERANDS];
    size_t n, bytes;
} call;

static void make_operand(reader *r, nf_operand *o, subject *s, size_t n)
{
    make_subject(r, s);
    const uint8_t kind = take(r);
    o->step = kind % 4 == 1 ? 0 : kind == 2 ? 2 : 1;
    o->type = NF_F16;
    const size_t count = o->step ? n : 1;
    if (kind & 64) {
        o->type = (nf_type)pick(r, NF_TYPE_COUNT + (kind == 255));
        o->format = NULL;
        o->data = room(r, count * size_of(o->type));
        return;
    }
    o->format = &s->format;
    const size_t bytes = nf_code_size(o->format);
    o->data = bytes ? codes_of(r, o->format, count) : room(r, count * 8);
}

static nf_status run_named(const call *c, const nf_options *o, void *result)
{
    const nf_operand *x = c->operands;
    switch (c->operation) {
    case NF_OP_add:
        return nf_add(c->format, o, &x[0], &x[1], result, c->n, NULL);
    case NF_OP_subtract:
        return nf_subtract(c->format, o, &x[0], &x[1], result, c->n, NULL);
    case NF_OP_multiply:
        return nf_multiply(c->format, o, &x[0], &x[1], result, c->n, NULL);
    case NF_OP_divide:
        return nf_divide(c->format, o, &x[0], &x[1], result, c->n, NULL);
    case NF_OP_fma:
        return nf_fma(c->format, o, &x[0], &x[1], &x[2], result, c->n, NULL);
    case NF_OP_sqrt:
        return nf_sqrt(c->format, o, &x[0], result, c->n, NULL);
    default:
        return nf_operate(c->operation, c->format, o, x, result, c->n, NULL);
    }
}

/* By name, and by the definition's loops: the same. */
static void compare(const call *c, const nf_options *options, nf_status status, const void *result)
{
    nf_options o = *options;
    uint64_t failed_at = 0;
    void *again = room(NULL, c->n * c->bytes), *flags = room(NULL, c->n);
    o.isa = 0;
    while (nf_isa_at(o.isa))
        o.isa++;
    o.failed_at = &failed_at;
    o.element_flags = flags;
    MUST(run_named(c, &o, again) == status);
    MUST(!memcmp(result, again, c->n * c->bytes) && !memcmp(options->element_flags, flags, c->n));
    MUST(status == NF_OK || failed_at == *options->failed_at);
    free(again);
    free(flags);
}

static void check_result(const call *c, nf_options *o)
{
    nf_report report = {0};
    void *result = room(NULL, c->n * c->bytes);
    o->element_flags = room(NULL, c->n);
    const nf_status status = nf_operate(c->operation, c->format, o, c->operands, result, c->n, &report);
    if (status != NF_OK)
        MUST(is_untouched(result, c->n * c->bytes) && is_untouched(o->element_flags, c->n));
    if (status == NF_OK || status == NF_FOUND_NAN || status == NF_FOUND_RANGE)
        compare(c, o, status, result);
    for (size_t i = 0; status == NF_OK && i < c->n; i++) {
        MUST(o->element_flags[i] < 32 && (report.flags & o->element_flags[i]) == o->element_flags[i]);
        MUST(c->format || ((const uint8_t *)result)[i] < 2);
    }
    if (status == NF_OK && c->format)
        check_codes(c->format, result, c->n);
    free(result);
    free(o->element_flags);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    reader r = {data, size};
    subject formats[OPERANDS], target;
    nf_options o;
    nf_key key;
    uint32_t words[MOST] = {0};
    uint64_t failed_at = 0;
    call c = {.operation = (nf_operation)pick(&r, NF_OPERATION_COUNT + 1)};
    const nf_operation_row *row = nf_operation_at(c.operation);
    c.n = pick(&r, MOST);
    make_subject(&r, &target);
    make_options(&r, &o, &key, words);
    o.failed_at = &failed_at;
    o.tiny_before = take(&r) % 3 == 1;
    c.format = row && row->gives_truth == (take(&r) != 1) ? NULL : &target.format;
    if (row && row->gives_truth && !c.format) {
        const uint8_t isa = o.isa;
        memset(&o, 0, sizeof o);
        o.isa = isa;
        o.failed_at = &failed_at;
    }
    c.bytes = c.format ? nf_code_size(c.format) : 1;
    for (int k = 0; k < OPERANDS; k++)
        make_operand(&r, &c.operands[k], &formats[k], c.n);
    take_bytes(&r, words, sizeof words);
    check_result(&c, &o);
    for (int k = 0; k < OPERANDS; k++)
        free((void *)c.operands[k].data);
    return 0;
}
