/* Arrays: encode, convert, quantize and decode by any options; failures leave outputs alone, no instruction set changes
 * a bit. */
#include "fuzz.h"

enum { MOST = 80 };

typedef struct call {
    int kind; /* 0 encode, 1 convert, 2 quantize */
    const subject *from, *to;
    nf_type x_type, y_type;
    const void *x;
    size_t n;
} call;

static nf_status run(const call *c, const nf_options *o, void *y, nf_report *report)
{
    if (c->kind == 0)
        return nf_encode(&c->to->format, o, c->x_type, c->x, y, c->n, report);
    if (c->kind == 1)
        return nf_convert(&c->from->format, &c->to->format, o, c->x, y, c->n, report);
    return nf_quantize(&c->to->format, o, c->x_type, c->x, c->y_type, y, c->n, report);
}

/* The same by the definition's loops, which are the last instruction set. */
static void compare(const call *c, const nf_options *options, nf_status status, const void *y, size_t bytes,
                    const nf_report *report)
{
    nf_options o = *options;
    nf_report other = {0};
    uint64_t failed_at = 0;
    o.isa = 0;
    while (nf_isa_at(o.isa))
        o.isa++;
    o.failed_at = &failed_at;
    void *again = room(NULL, c->n * bytes);
    MUST(run(c, &o, again, &other) == status);
    MUST(!memcmp(y, again, c->n * bytes));
    MUST(other.count == report->count && other.inexact == report->inexact && other.flags == report->flags);
    MUST(other.overflowed == report->overflowed && other.saturated == report->saturated && other.nan == report->nan);
    MUST(status == NF_OK || failed_at == *options->failed_at);
    free(again);
}

static void decode(const subject *s, const void *codes, size_t n, uint8_t isa, nf_type type)
{
    const size_t bytes = n * size_of(type);
    void *values = room(NULL, bytes);
    const nf_status status = nf_decode(&s->format, codes, type, values, n, isa, 1);
    MUST(status == NF_OK || is_untouched(values, bytes));
    free(values);
}

static void check_result(const call *c, const nf_options *o, size_t bytes)
{
    nf_report report = {0};
    void *y = room(NULL, c->n * bytes);
    const nf_status status = run(c, o, y, &report);
    if (status != NF_OK)
        MUST(is_untouched(y, c->n * bytes));
    if (status == NF_OK || status == NF_FOUND_NAN || status == NF_FOUND_RANGE)
        compare(c, o, status, y, bytes, &report);
    if (status == NF_OK && c->kind < 2) {
        check_codes(&c->to->format, y, c->n);
        decode(c->to, y, c->n, o->isa, c->y_type);
    }
    free(y);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    reader r = {data, size};
    subject from, to;
    nf_options o;
    nf_key key;
    uint32_t words[MOST] = {0};
    uint64_t failed_at = 0;
    make_subject(&r, &from);
    make_subject(&r, &to);
    make_options(&r, &o, &key, words);
    o.failed_at = &failed_at;
    o.threads = take(&r) % 3;
    call c = {.kind = (int)pick(&r, 3), .from = &from, .to = &to};
    c.x_type = (nf_type)pick(&r, NF_TYPE_COUNT + (take(&r) == 1));
    c.y_type = (nf_type)pick(&r, NF_U64);
    c.n = pick(&r, MOST);
    take_bytes(&r, words, take(&r) % (sizeof words + 1));
    const size_t bytes = c.kind == 2 ? size_of(c.y_type) : nf_code_size(&to.format);
    void *x;
    if (c.kind == 1 && nf_code_size(&from.format))
        x = codes_of(&r, &from.format, c.n);
    else
        x = room(&r, c.n * size_of(c.x_type));
    c.x = x;
    check_result(&c, &o, bytes);
    if (take(&r) == 1) { /* more than there can be */
        c.n = SIZE_MAX / 8 + 1 + take(&r);
        MUST(run(&c, &o, x, NULL) != NF_OK);
    }
    free(x);
    return 0;
}
