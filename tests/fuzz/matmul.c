/* Matrix products: any description of a machine, sound or nonsense, and every path to the same codes. */
#include "fuzz.h"

enum { MOST = 4, MOST_TERMS = 24, STEPS = 4 };

/* A description with what it points to. */
typedef struct machine {
    nf_datapath path;
    subject result, formats[STEPS];
    nf_options options[STEPS];
    uint16_t *order;
    size_t *chain_of;
    int is_random;
} machine;

/* A rounding of its own options, mostly to the result's format and mostly with nothing that belongs to the call. */
static void make_step(reader *r, machine *m, int k, nf_rounding_step *step)
{
    static const uint32_t words[1];
    static nf_key key;
    nf_options *o = &m->options[k];
    m->formats[k] = m->result;
    step->format = &m->result.format;
    if (take(r) % 4 == 1) {
        make_subject(r, &m->formats[k]);
        step->format = &m->formats[k].format;
    }
    make_options(r, o, &key, words);
    if (take(r) != 1) {
        o->key = NULL;
        o->random_bits = NULL;
        o->first = 0;
    }
    step->options = take(r) & 3 ? o : NULL;
    const nf_mode *mode = step->options ? nf_rounding_at(o->rounding) : NULL;
    m->is_random |= mode && mode->is_random;
}

/* The steps that a sound description has, now and then others. */
static void make_steps(reader *r, machine *m)
{
    nf_datapath *p = &m->path;
    nf_rounding_step *const steps[STEPS] = {&p->product, &p->sum, &p->join, &p->combine};
    const int rounds[STEPS] = {p->kind <= NF_BLOCK_tree && !p->is_fused && (take(r) & 1), 1, p->joins == NF_JOIN_after,
                               (p->chain_of && p->chains > 1) || p->c_comes_last};
    for (int k = 0; k < STEPS; k++)
        if (rounds[k] != (take(r) == 1))
            make_step(r, m, k, steps[k]);
}

/* An order of an instruction's products, in memory of just that size. */
static void make_order(reader *r, machine *m)
{
    const size_t n = m->path.instruction;
    if (!n || n > MOST_TERMS)
        return;
    m->path.order = m->order = room(r, n * sizeof *m->order);
    if (take(r) == 1)
        return;
    for (size_t i = 0; i < n; i++)
        m->order[i] = (uint16_t)i;
    for (size_t i = 0; i < n; i++) {
        const size_t j = pick(r, (uint32_t)n);
        const uint16_t own = m->order[i];
        m->order[i] = m->order[j];
        m->order[j] = own;
    }
}

static void make_chains(reader *r, machine *m, size_t terms)
{
    nf_datapath *p = &m->path;
    const uint32_t several = 1 + pick(r, 5);
    p->chains = take(r) == 1 ? take_word(r) : several;
    p->chain_of = m->chain_of = room(NULL, terms * sizeof *m->chain_of);
    for (size_t k = 0; k < terms; k++)
        m->chain_of[k] = pick(r, several);
    if (take(r) == 1 && terms)
        m->chain_of[0] = take_word(r);
    p->in_pairs = p->chains > 1 && (take(r) & 1);
}

static size_t take_count(reader *r) { return take(r) == 1 ? take_word(r) : pick(r, MOST_TERMS + 1); }

static int16_t take_bits(reader *r) { return take(r) == 1 ? (int16_t)take_word(r) : (int16_t)(pick(r, 121) - 60); }

static void make_machine(reader *r, machine *m, size_t terms)
{
    nf_datapath *p = &m->path;
    memset(m, 0, sizeof *m);
    make_subject(r, &m->result);
    p->result = take(r) != 1 ? &m->result.format : NULL;
    p->kind = (uint8_t)pick(r, NF_BLOCK_exact + 1);
    const uint8_t bits = take(r), more = take(r);
    p->joins = (uint8_t)(more % (p->kind == NF_BLOCK_aligned ? 3 : 2) * (p->kind == NF_BLOCK_aligned ? 1 : 2));
    p->is_fused = p->kind == NF_BLOCK_chain && bits & 1;
    p->zero_is_plus = bits >> 1 & 1;
    p->leaves_at_end = bits >> 2 & 1;
    p->cuts_by_floor = bits >> 3 & 1;
    p->zeros_count = bits >> 4 & 1;
    p->normalises = bits >> 5 & 1;
    p->c_comes_last = bits >> 6 & 1;
    p->flush_operands = (uint8_t)pick(r, NF_FLUSH_plus + 1);
    p->flush_sums = (uint8_t)pick(r, NF_FLUSH_plus + 1);
    p->fraction_bits = take_bits(r);
    p->late_bits[0] = take_bits(r);
    p->late_bits[1] = take_bits(r);
    if (p->joins == NF_JOIN_late) {
        p->late_bits[2] = take_bits(r);
        p->far_is_zero = more >> 3 & 1;
        p->even_odd = more >> 4 & 1;
    }
    if (p->kind == NF_BLOCK_aligned && more >> 5 == 1)
        p->group = (uint16_t)pick(r, MOST_TERMS);
    p->least_exponent = take(r) & 1 ? NF_NO_FLOOR : (int16_t)((int8_t)take(r) * 2);
    p->product_end = take(r) % 4 == 1 ? (int8_t)take(r) : 0;
    p->block = take_count(r);
    p->instruction = take_count(r);
    p->nan_code = take(r) % 4 == 1 ? take_word(r) >> (take(r) & 63) : 0;
    if (take(r) & 1)
        make_order(r, m);
    if (take(r) & 1)
        make_chains(r, m, terms);
    make_steps(r, m);
    if (take(r) == 1)
        take_bytes(r, &p->kind, offsetof(nf_datapath, scaling) - offsetof(nf_datapath, kind));
}

/* Strides, and memory that ends behind the last number that they reach. */
static void make_vectors(reader *r, nf_vectors *v, const nf_format *format, const nf_dot_shape *shape, size_t rows,
                         size_t terms)
{
    const uint8_t kind = take(r);
    *v = (nf_vectors){.format = kind == 255 ? NULL : format};
    v->step = kind & 2 ? pick(r, 4) : 1;
    v->row = kind & 4 ? pick(r, 20) : terms * v->step;
    v->batch = kind & 8 ? pick(r, 40) : rows * v->row;
    const size_t last = (shape->batches ? shape->batches - 1 : 0) * v->batch + (rows ? rows - 1 : 0) * v->row +
                        (terms ? terms - 1 : 0) * v->step;
    const size_t bytes = nf_code_size(format);
    v->data = bytes ? codes_of(r, format, last + 1) : room(r, (last + 1) * 8);
}

typedef struct call {
    const machine *machine;
    nf_dot_shape shape;
    nf_vectors a, b, c;
    int has_c;
    size_t n, bytes;
} call;

static nf_status run(const call *c, const nf_options *o, void *codes, nf_report *report)
{
    return nf_matmul(&c->machine->path, &c->shape, &c->a, &c->b, c->has_c ? &c->c : NULL, o, codes, report);
}

/* By the definition's loops, in another number of threads: the same. */
static void compare(const call *c, const nf_options *options, nf_status status, const void *codes)
{
    nf_options o = *options;
    uint64_t failed_at = 0;
    void *again = room(NULL, c->n * c->bytes);
    o.isa = 0;
    while (nf_isa_at(o.isa))
        o.isa++;
    o.failed_at = &failed_at;
    o.threads = 3 - o.threads;
    MUST(run(c, &o, again, NULL) == status);
    MUST(!memcmp(codes, again, c->n * c->bytes));
    MUST(status == NF_OK || failed_at == *options->failed_at);
    free(again);
}

/* Without a report, which the reference alone has, other paths may be taken. */
static void check_result(const call *c, const nf_options *o, int has_report)
{
    const nf_format *format = &c->machine->result.format;
    nf_report report = {0};
    nf_unpacked nan = {.kind = NF_NAN};
    void *codes = room(NULL, c->n * c->bytes);
    const nf_status status = run(c, o, codes, has_report ? &report : NULL);
    if (c->machine->path.nan_code)
        nf_unpack(format, c->machine->path.nan_code, &nan);
    if (status != NF_OK)
        MUST(is_untouched(codes, c->n * c->bytes));
    else if (nan.kind == NF_NAN) /* else it may be a code that is no result */
        check_codes(format, codes, c->n);
    if (status == NF_OK || status == NF_FOUND_NAN || status == NF_FOUND_RANGE)
        compare(c, o, status, codes);
    free(codes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    reader r = {data, size};
    machine m;
    subject a_format, b_format;
    uint64_t failed_at = 0;
    call c = {.machine = &m, .shape = {1 + pick(&r, 2), pick(&r, MOST), pick(&r, MOST), pick(&r, MOST_TERMS)}};
    c.has_c = take(&r) & 1;
    c.n = c.shape.batches * c.shape.rows * c.shape.columns;
    make_machine(&r, &m, c.shape.terms);
    const nf_key key = {take(&r), take(&r) == 1 ? take_word(&r) : take(&r)};
    nf_options o = {.isa = (uint8_t)(take(&r) % 8), .threads = take(&r) % 3, .failed_at = &failed_at};
    o.key = m.is_random != (take(&r) == 1) ? &key : NULL;
    o.first = take(&r);
    if (take(&r) == 1)
        take_bytes(&r, &o, offsetof(nf_options, may_spoil));
    make_subject(&r, &a_format);
    make_subject(&r, &b_format);
    make_vectors(&r, &c.a, &a_format.format, &c.shape, c.shape.rows, c.shape.terms);
    make_vectors(&r, &c.b, &b_format.format, &c.shape, c.shape.columns, c.shape.terms);
    make_vectors(&r, &c.c, &m.result.format, &c.shape, c.shape.rows, c.shape.columns);
    c.bytes = nf_code_size(&m.result.format);
    check_result(&c, &o, take(&r) & 1);
    free((void *)c.a.data);
    free((void *)c.b.data);
    free((void *)c.c.data);
    free(m.order);
    free(m.chain_of);
    return 0;
}
