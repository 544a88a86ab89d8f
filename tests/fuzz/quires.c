/* Quires: any sequence of calls, of sound ones and of structures that are none. */
#include "fuzz.h"

enum { MOST = 6 };

typedef struct state {
    nf_quire quire;
    uint64_t *quires, *others;
    size_t n;
} state;

static void make_operand(reader *r, nf_operand *o, subject *s, size_t n)
{
    if (take(r) & 3)
        make_subject(r, s);
    const uint8_t kind = take(r);
    const int is_plain = kind & 1;
    o->step = kind % 16 != 2;
    o->format = is_plain ? NULL : &s->format;
    o->type = is_plain ? (nf_type)pick(r, NF_TYPE_COUNT) : NF_F16;
    const size_t bytes = is_plain ? size_of(o->type) : nf_code_size(&s->format);
    o->data = !is_plain && bytes ? codes_of(r, &s->format, n) : room(r, n * 8);
}

static void add_terms(reader *r, state *q, const subject *own)
{
    subject a_format = *own, b_format = *own;
    nf_operand a, b;
    const size_t terms = pick(r, 4);
    make_operand(r, &a, &a_format, q->n * terms + 1);
    make_operand(r, &b, &b_format, q->n * terms + 1);
    switch (pick(r, 4)) {
    case 0:
        nf_quire_add(&q->quire, q->quires, q->n, terms, &a, 1);
        break;
    case 1:
        nf_quire_subtract(&q->quire, q->quires, q->n, terms, &a, 1);
        break;
    case 2:
        nf_quire_add_product(&q->quire, q->quires, q->n, terms, &a, &b, 2);
        break;
    default:
        nf_quire_subtract_product(&q->quire, q->quires, q->n, terms, &a, &b, 1);
    }
    free((void *)a.data);
    free((void *)b.data);
}

static void round_all(reader *r, const state *q)
{
    subject s;
    nf_options o;
    nf_key key;
    uint64_t failed_at = 0;
    static const uint32_t words[MOST] = {1, 0x80000000, 3, 0xFFFFFFFF};
    make_subject(r, &s);
    make_options(r, &o, &key, words);
    o.failed_at = &failed_at;
    const size_t bytes = nf_code_size(&s.format) * q->n;
    void *codes = room(NULL, bytes);
    const nf_status status = nf_quire_round(&q->quire, q->quires, q->n, &s.format, &o, codes, NULL);
    if (status == NF_OK)
        check_codes(&s.format, codes, q->n);
    else
        MUST(is_untouched(codes, bytes));
    free(codes);
}

static void step(reader *r, state *q, const subject *own)
{
    switch (pick(r, 8)) {
    case 0:
        nf_quire_clear(&q->quire, q->quires, q->n);
        break;
    case 1:
        nf_quire_negate(&q->quire, q->quires, q->n);
        break;
    case 2:
        nf_quire_add_quire(&q->quire, q->quires, q->n, take(r) & 1 ? q->quires : q->others, 1);
        break;
    case 3:
        nf_quire_subtract_quire(&q->quire, q->quires, q->n, take(r) & 1 ? q->quires : q->others, take(r) & 1);
        break;
    case 4:
        round_all(r, q);
        break;
    default:
        add_terms(r, q, own);
    }
}

/* One that is none is refused by every function, and nothing is touched. */
static void try_nonsense(reader *r)
{
    nf_quire q;
    uint64_t quire[2];
    take_bytes(r, &q, sizeof q);
    if (q.width >= 2 && q.width <= 65536 && q.limbs == q.width / 64 + 2)
        return;
    memset(quire, 0xA5, sizeof quire);
    MUST(nf_quire_clear(&q, quire, 1) == NF_BAD_ARGUMENT);
    MUST(nf_quire_negate(&q, quire, 1) == NF_BAD_ARGUMENT);
    MUST(nf_quire_add_quire(&q, quire, 1, quire, 1) == NF_BAD_ARGUMENT);
    MUST(is_untouched(quire, sizeof quire));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    reader r = {data, size};
    subject s;
    state q;
    make_subject(&r, &s);
    const nf_status status = nf_quire_size(&s.format, take(&r), &q.quire);
    if (status != NF_OK) {
        MUST(status == NF_BAD_FORMAT || status == NF_BAD_ARGUMENT);
        try_nonsense(&r);
        return 0;
    }
    MUST(q.quire.width >= 2 && q.quire.width <= 65536 && q.quire.limbs == q.quire.width / 64 + 2);
    q.n = pick(&r, MOST);
    const size_t limbs = q.n * q.quire.limbs;
    const int is_random = take(&r) == 1; /* any bits are a quire */
    q.quires = room(is_random ? &r : NULL, limbs * 8);
    q.others = room(&r, limbs * 8);
    if (!is_random)
        MUST(nf_quire_clear(&q.quire, q.quires, q.n) == NF_OK);
    for (int steps = 0; r.left && steps < 12; steps++)
        step(&r, &q, &s);
    free(q.quires);
    free(q.others);
    return 0;
}
