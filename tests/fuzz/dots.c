/* Exact sums and dot products of vectors with any strides. */
#include "fuzz.h"

enum { MOST = 5 };

/* Strides, and memory that ends behind the last number that they reach. */
static void make_vectors(reader *r, nf_vectors *v, subject *s, const nf_dot_shape *shape, size_t rows)
{
    make_subject(r, s);
    const uint8_t kind = take(r);
    v->format = kind & 1 ? NULL : &s->format;
    v->type = kind & 1 ? (nf_type)pick(r, NF_TYPE_COUNT + (kind == 255)) : NF_F16;
    v->step = kind & 2 ? 1 : pick(r, 4);
    v->row = kind & 4 ? shape->terms * v->step : pick(r, 20);
    v->batch = kind & 8 ? rows * v->row : pick(r, 40);
    const size_t last = (shape->batches ? shape->batches - 1 : 0) * v->batch + (rows ? rows - 1 : 0) * v->row +
                        (shape->terms ? shape->terms - 1 : 0) * v->step;
    const size_t bytes = v->format ? nf_code_size(v->format) : size_of(v->type);
    v->data = v->format && bytes ? codes_of(r, v->format, last + 1) : room(r, (last + 1) * 8);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    reader r = {data, size};
    subject a_format, b_format, target;
    nf_vectors a, b;
    nf_options o;
    nf_key key;
    uint64_t failed_at = 0;
    uint32_t words[MOST * MOST * MOST];
    nf_dot_shape shape = {pick(&r, MOST), pick(&r, MOST), pick(&r, MOST), pick(&r, 40)};
    const int is_sum = take(&r) & 1;
    if (is_sum)
        shape.columns = 1;
    const size_t n = shape.batches * shape.rows * shape.columns;
    make_subject(&r, &target);
    make_options(&r, &o, &key, words);
    o.failed_at = &failed_at;
    o.threads = take(&r) % 3;
    make_vectors(&r, &a, &a_format, &shape, shape.rows);
    make_vectors(&r, &b, &b_format, &shape, shape.columns);
    memset(words, take(&r), sizeof words);
    const size_t bytes = n * nf_code_size(&target.format);
    void *codes = room(NULL, bytes);
    const nf_status status = is_sum ? nf_sum_exact(&target.format, &o, &shape, &a, codes, NULL)
                                    : nf_dot_exact(&target.format, &o, &shape, &a, &b, codes, NULL);
    if (status == NF_OK)
        check_codes(&target.format, codes, n);
    else
        MUST(is_untouched(codes, bytes));
    free(codes);
    free((void *)a.data);
    free((void *)b.data);
    return 0;
}
