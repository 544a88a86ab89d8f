#include "fuzz.h"

enum { MOST_BITS = 64 };

/* A double that is often a short one. */
static double take_double(reader *r)
{
    double x;
    const uint8_t kind = take(r);
    if (kind & 1) {
        take_bytes(r, &x, sizeof x);
        return x;
    }
    return (double)(int8_t)take(r) / (kind & 2 ? 16 : 1);
}

static void make_codebook(reader *r, subject *s)
{
    const uint32_t count = 2 + pick(r, 19);
    s->codebook = (nf_codebook){s->values, NULL, count, (uint8_t)pick(r, 4)};
    double x = take_double(r);
    for (uint32_t i = 0; i < count; i++) {
        s->values[i] = x;
        const double step = take_double(r);
        const double gap = step < 0 ? -step : step;
        if (i + 1 < count)
            s->thresholds[i] = x + (take(r) & 1 ? gap / 2 : 0);
        x += take(r) == 1 ? step : gap; /* now and then in no order */
    }
    if (s->codebook.turns == NF_TURN_OWN || take(r) == 1)
        s->codebook.thresholds = s->thresholds;
    s->format.codebook = &s->codebook;
    s->format.width = 1;
    while (s->format.width < 5 && (count - 1) >> s->format.width)
        s->format.width++;
}

static void make_affine(reader *r, subject *s)
{
    nf_affine *a = &s->affine;
    *a = (nf_affine){s->scales, NULL, 1, 1, 1, 0, (uint8_t)pick(r, NF_DIVIDE_COUNT)};
    if (take(r) % 4 == 1) {
        a->extent = 1 + pick(r, 6);
        a->inner = 1 + pick(r, 3);
        a->count = a->extent;
        a->group = pick(r, 3);
        if (a->group)
            a->count = 1 + pick(r, 6);
    }
    for (int i = 0; i < 6; i++) {
        const double x = take_double(r);
        s->scales[i] = a->divide ? (double)(float)x : x;
        s->zero_points[i] = (int8_t)take(r);
        if (take(r) == 1)
            s->zero_points[i] = (int64_t)take_word(r);
    }
    if (take(r) & 1)
        a->zero_points = s->zero_points;
    s->format.affine = a;
    s->format.is_signed = take(r) & 1;
}

static void make_float(reader *r, nf_format *f)
{
    f->is_signed = take(r) % 4 != 1;
    f->exponent_bits = (uint8_t)(1 + pick(r, take(r) % 4 == 1 ? 63 : 9));
    f->fraction_bits = (int32_t)pick(r, take(r) % 4 == 1 ? 63 : 12);
    f->width = (uint8_t)(f->is_signed + f->exponent_bits + f->fraction_bits);
    f->special = (uint8_t)pick(r, NF_SPECIAL_COUNT);
    f->subnormals = take(r) % 3 == 1 ? (uint8_t)pick(r, NF_SUBNORMALS_COUNT) : NF_SUBNORMALS;
    f->bias = f->exponent_bits < 62 ? ((int64_t)1 << (f->exponent_bits - 1)) - (f->special < NF_P3109_EXTENDED) : 0;
    if (take(r) % 4 == 1)
        f->bias = take(r) & 1 ? (int64_t)take_word(r) : (int8_t)take(r);
}

static void fill_family(reader *r, subject *s)
{
    nf_format *f = &s->format;
    f->width = (uint8_t)(1 + pick(r, take(r) % 3 == 1 ? MOST_BITS : 17));
    switch (f->family) {
    case NF_FIXED:
        f->is_signed = take(r) & 1;
        f->fraction_bits = take(r) % 4 == 1 ? (int32_t)pick(r, 2200) - 1100 : (int32_t)pick(r, 20) - 3;
        break;
    case NF_FLOAT:
        make_float(r, f);
        break;
    case NF_LNS:
        f->is_signed = 1;
        f->fraction_bits = (int32_t)pick(r, f->width);
        break;
    case NF_CODEBOOK:
        make_codebook(r, s);
        break;
    case NF_AFFINE:
        make_affine(r, s);
        break;
    default:
        f->is_signed = 1;
        f->exponent_bits = f->family == NF_POSIT ? (uint8_t)pick(r, 6) : 0;
    }
}

/* A named format, one of a family, or any bytes at all. */
void make_subject(reader *r, subject *s)
{
    memset(s, 0, sizeof *s);
    const uint8_t kind = take(r);
    if (kind < 64) {
        size_t count = 0;
        while (nf_named_format_at(count))
            count++;
        s->format = nf_named_format_at(pick(r, (uint32_t)count))->format;
        return;
    }
    s->format.family = (uint8_t)pick(r, NF_FAMILY_COUNT);
    fill_family(r, s);
    if (kind > 232) {
        const nf_codebook *codebook = s->format.codebook;
        const nf_affine *affine = s->format.affine;
        take_bytes(r, &s->format, sizeof s->format - (kind & 1 ? 2 * sizeof(void *) : 0));
        s->format.codebook = codebook;
        s->format.affine = affine;
    }
}

/* All but failed_at, element_flags and threads, which belong to the harness. */
void make_options(reader *r, nf_options *o, nf_key *key, const uint32_t *words)
{
    memset(o, 0, sizeof *o);
    const uint8_t kind = take(r);
    if (kind == 255) {
        take_bytes(r, o, offsetof(nf_options, may_spoil));
        return;
    }
    uint8_t roundings = 0, overflows = 0;
    while (nf_rounding_at(roundings))
        roundings++;
    while (nf_overflow_at(overflows))
        overflows++;
    o->rounding = (uint8_t)pick(r, roundings + (kind == 1));
    o->overflow = kind & 2 ? (uint8_t)pick(r, overflows + (kind == 1)) : 0;
    o->nan = (uint8_t)pick(r, 4);
    if (o->overflow && take(r) % 4 == 1)
        o->wrap_bits = take(r) % 9;
    if (nf_rounding_at(o->rounding) && nf_rounding_at(o->rounding)->is_random && kind != 3) {
        *key = (nf_key){take(r), take(r)};
        if (kind & 4)
            o->key = key;
        else
            o->random_bits = words;
        o->random_bits_per_element = kind & 8 ? take(r) % 34 : 0;
        o->variant = o->random_bits_per_element ? (uint8_t)pick(r, 5) : 0;
        o->by_code = kind & 16 ? take(r) & 1 : 0;
        o->keep_minpos = kind & 32 ? take(r) & 1 : 0;
    }
    o->isa = (uint8_t)(take(r) % 8);
    o->first = kind & 64 ? take(r) : 0;
}

uint64_t code_at(const void *codes, size_t bytes, size_t i)
{
    uint64_t code = 0;
    memcpy(&code, (const char *)codes + i * bytes, bytes);
    return code;
}

void check_codes(const nf_format *format, const void *codes, size_t n)
{
    const size_t bytes = nf_code_size(format);
    const nf_options modes = {.nan = 0};
    nf_unpacked number, again;
    uint64_t cell;
    for (size_t i = 0; i < n; i++) {
        const uint64_t code = code_at(codes, bytes, i);
        MUST(format->width == 64 || code >> format->width == 0);
        MUST(nf_unpack(format, code, &number) == NF_OK);
        /* of several scales an element has its own: what it is alone says nothing */
        if (format->family == NF_AFFINE && format->affine->count > 1)
            continue;
        const nf_status status = nf_convert(format, format, &modes, (const char *)codes + i * bytes, &cell, 1, NULL);
        if (status == NF_BAD_ARGUMENT && format->family == NF_AFFINE)
            continue; /* values of more than 64 bits */
        MUST(status == NF_OK);
        const uint64_t back = code_at(&cell, bytes, 0);
        MUST(nf_unpack(format, back, &again) == NF_OK);
        MUST(back == code || (number.kind == NF_NAN && again.kind == NF_NAN));
    }
}

void *codes_of(reader *r, const nf_format *format, size_t n)
{
    const size_t bytes = nf_code_size(format);
    char *codes = room(r, n * bytes);
    if (format->width < 8 * bytes) {
        const uint64_t mask = ((uint64_t)1 << format->width) - 1;
        for (size_t i = 0; i < n; i++) {
            const uint64_t code = code_at(codes, bytes, i) & mask;
            memcpy(codes + i * bytes, &code, bytes);
        }
    }
    return codes;
}

size_t size_of(nf_type type)
{
    static const size_t sizes[NF_TYPE_COUNT] = {2, 4, 8, 8, 8};
    return (unsigned)type < NF_TYPE_COUNT ? sizes[type] : 8;
}
