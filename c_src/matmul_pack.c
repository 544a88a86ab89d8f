/* Operands of a matrix product as numbers in the order in which loops read them. */
#include <stdlib.h>

#include "matmul_fast.h"
#include "threads.h"

enum { GATHER = 32 /* terms of a square that the first cache holds */, CHUNK = 1 << 14 /* numbers */ };

static size_t size_of(nf_packing packing) { return packing == NF_PACK_f64 ? sizeof(double) : sizeof(float); }

typedef struct packing {
    const nf_matmul_fast *fast;
    const nf_vectors *from;
    nf_packed *to;
    nf_number_range *ranges; /* of each group */
    uint8_t *failed;
} packing;

#define GATHER_CODES(type) \
    for (size_t k = start; k < end; k++) { \
        const type *x = (const type *)data + places[k] * v->step; \
        type *y = (type *)out + k * wide; \
        if (n == wide && v->row == 1) \
            memcpy(y, x, wide * sizeof *y); \
        else \
            for (size_t i = 0; i < wide; i++) \
                y[i] = x[(i < n ? i : n - 1) * v->row]; \
    }

/* Codes of n vectors from `data` on, `wide` side by side for each term. */
static void gather(const nf_vectors *v, const void *data, size_t code, size_t n, size_t wide, const size_t *places,
                   size_t terms, void *out)
{
    for (size_t start = 0; start < terms; start += GATHER) {
        const size_t end = terms - start < GATHER ? terms : start + GATHER;
        switch (code) {
        case 1:
            GATHER_CODES(uint8_t)
            break;
        case 2:
            GATHER_CODES(uint16_t)
            break;
        case 4:
            GATHER_CODES(uint32_t)
            break;
        default:
            GATHER_CODES(uint64_t)
            break;
        }
    }
}
#undef GATHER_CODES

static void join_range(nf_number_range *all, const nf_number_range *part)
{
    all->top = part->top > all->top ? part->top : all->top;
    all->low = part->low < all->low ? part->low : all->low;
    all->has_more |= part->has_more;
    all->has_minus_zero |= part->has_minus_zero;
}

/* Numbers at .. at + n - 1 as integers; pairs: whole vectors, or an even number of terms of a panel but at its end. */
static void make_integers(const nf_matmul_fast *fast, nf_packed *x, const float *numbers, size_t at, size_t n)
{
    const nf_matmul_loops *loops = fast->call->kernels->matmul;
    const size_t terms = fast->call->shape.terms, wide = x->is_panel ? NF_PANEL : 1, odd = terms % 2;
    const float scale = ldexpf(1, -x->grid);
    if (fast->loop == NF_LOOP_fixed)
        loops->integers(numbers, n, scale, x->integers + at);
    for (size_t done = 0, own; fast->loop == NF_LOOP_integer && done < n; done += own) {
        const size_t vector = (at + done) / (terms * wide);
        own = (vector + 1) * terms * wide - (at + done);
        own = own < n - done ? own : n - done;
        loops->pairs(numbers + done, own / wide, wide, scale, x->integers + at + done + vector * odd * wide);
    }
}

/* Codes that are neighbours become numbers from number `at` on, or the integers that the loop is known to read. */
static void make_numbers(const packing *p, nf_number_range *range, const void *codes, size_t at, size_t n, float *room)
{
    const nf_matmul_call *call = p->fast->call;
    const nf_packing packing = p->fast->packing;
    const nf_grid *format = &p->to->format;
    void *out = p->fast->makes_integers ? (char *)room : (char *)p->to->numbers + at * size_of(packing);
    call->kernels->decode(format, codes, bytes_of_code(&format->format), packing == NF_PACK_f64 ? NF_F64 : NF_F32, out,
                          0, n, n);
    const uint8_t flush = call->path->flush_operands;
    if (flush != NF_FLUSH_none && format->format.family == NF_FLOAT)
        call->kernels->matmul->flush(packing, out, n, ldexp(1, (int)format->emin), flush == NF_FLUSH_keep_sign);
    if (p->fast->makes_integers) {
        make_integers(p->fast, p->to, room, at, n);
        return;
    }
    nf_number_range own;
    call->kernels->matmul->measure(packing, out, n, &own);
    join_range(range, &own);
}

/* A panel in runs of terms. */
static void pack_panel(const packing *p, size_t number, const char *data, size_t n, char *codes, float *room)
{
    const size_t terms = p->fast->call->shape.terms, code = bytes_of_code(&p->to->format.format);
    for (size_t start = 0; start < terms; start += CHUNK / NF_PANEL) {
        const size_t count = terms - start < CHUNK / NF_PANEL ? terms - start : CHUNK / NF_PANEL;
        gather(p->from, data, code, n, NF_PANEL, p->fast->call->places + start, count, codes);
        make_numbers(p, &p->ranges[number], codes, (number * terms + start) * NF_PANEL, count * NF_PANEL, room);
    }
}

/* Vectors one after the other, some at a time. */
static void pack_rows(const packing *p, size_t number, const char *data, size_t first, size_t n, char *codes,
                      float *room)
{
    const size_t terms = p->fast->call->shape.terms, code = bytes_of_code(&p->to->format.format);
    const size_t some = terms < CHUNK ? CHUNK / terms : 1;
    for (size_t start = 0; start < n; start += some) {
        const size_t count = n - start < some ? n - start : some;
        for (size_t i = 0; i < count; i++)
            gather(p->from, data + (start + i) * p->from->row * code, code, 1, 1, p->fast->call->places, terms,
                   codes + i * terms * code);
        make_numbers(p, &p->ranges[number], codes, (first + start) * terms, count * terms, room);
    }
}

/* One group of vectors. */
static void pack_group(void *context, size_t number)
{
    const packing *p = context;
    const nf_packed *to = p->to;
    const size_t terms = p->fast->call->shape.terms, code = bytes_of_code(&to->format.format);
    const size_t batch = number / to->groups, first = number % to->groups * NF_PANEL;
    const size_t n = to->vectors - first < NF_PANEL ? to->vectors - first : NF_PANEL;
    const char *data = (const char *)p->from->data + (batch * p->from->batch + first * p->from->row) * code;
    const size_t most = !to->is_panel && terms > CHUNK ? terms : CHUNK;
    char *codes = malloc(most * code);
    float *room = malloc(p->fast->makes_integers ? most * sizeof *room : 1);
    p->ranges[number] = (nf_number_range){.top = INT32_MIN, .low = INT32_MAX};
    p->failed[number] = !codes || !room;
    if (!p->failed[number] && to->is_panel)
        pack_panel(p, number, data, n, codes, room);
    else if (!p->failed[number])
        pack_rows(p, number, data, batch * to->vectors + first, n, codes, room);
    free(codes);
    free(room);
}

static nf_status pack(const nf_matmul_fast *fast, const nf_vectors *from, nf_packed *to)
{
    const nf_dot_shape *s = &fast->call->shape;
    to->groups = (to->vectors + NF_PANEL - 1) / NF_PANEL;
    to->range = (nf_number_range){.top = INT32_MIN, .low = INT32_MAX};
    const size_t all = s->batches * to->groups;
    if (!all || !s->terms)
        return NF_OK;
    packing p = {fast, from, to, calloc(all, sizeof *p.ranges), calloc(all, 1)};
    if (fast->makes_integers)
        to->integers = malloc(all * NF_PANEL * (s->terms + 1) * sizeof *to->integers);
    else
        to->numbers = malloc(all * NF_PANEL * s->terms * size_of(fast->packing));
    nf_status status = (to->numbers || to->integers) && p.ranges && p.failed ? NF_OK : NF_NO_MEMORY;
    if (status == NF_OK)
        nf_parallel(all, fast->call->options.threads, pack_group, &p);
    for (size_t i = 0; status == NF_OK && i < all; i++) {
        join_range(&to->range, &p.ranges[i]);
        status = p.failed[i] ? NF_NO_MEMORY : NF_OK;
    }
    free(p.ranges);
    free(p.failed);
    return status;
}

static size_t numbers_of(const nf_matmul_fast *fast, const nf_packed *x)
{
    const nf_dot_shape *s = &fast->call->shape;
    return s->batches * s->terms * (x->is_panel ? x->groups * NF_PANEL : x->vectors);
}

/* Which vectors have an infinity or NaN? */
static nf_status find_special(const nf_matmul_fast *fast, nf_packed *x)
{
    const size_t terms = fast->call->shape.terms, n = numbers_of(fast, x), wide = x->is_panel ? NF_PANEL : 1;
    if (!x->range.has_more)
        return NF_OK;
    x->is_special = calloc(n / terms, 1);
    for (size_t at = 0; x->is_special && at < n; at++) {
        const double value =
            fast->packing == NF_PACK_f64 ? ((double *)x->numbers)[at] : (double)((float *)x->numbers)[at];
        x->is_special[at / (wide * terms) * wide + at % wide] |= !isfinite(value);
    }
    return x->is_special ? NF_OK : NF_NO_MEMORY;
}

nf_status nf_pack_operands(nf_matmul_fast *fast, const nf_vectors *a, const nf_vectors *b)
{
    fast->a.vectors = fast->call->shape.rows;
    fast->b.vectors = fast->call->shape.columns;
    fast->b.is_panel = 1;
    nf_status status = pack(fast, a, &fast->a);
    if (status == NF_OK)
        status = pack(fast, b, &fast->b);
    if (status == NF_OK && !fast->makes_integers)
        status = find_special(fast, &fast->a);
    return status == NF_OK && !fast->makes_integers ? find_special(fast, &fast->b) : status;
}

static nf_status add_exponents(const nf_matmul_fast *fast, nf_packed *x)
{
    const size_t n = numbers_of(fast, x);
    x->exponents = malloc((n + 1) * sizeof *x->exponents);
    if (x->exponents)
        fast->call->kernels->matmul->exponents(x->numbers, n, (int)x->format.emin, x->exponents);
    return x->exponents ? NF_OK : NF_NO_MEMORY;
}

static nf_status add_integers(const nf_matmul_fast *fast, nf_packed *x)
{
    const size_t n = numbers_of(fast, x), terms = fast->call->shape.terms;
    x->integers = malloc((n + n / terms + 1) * sizeof *x->integers);
    if (!x->integers)
        return NF_NO_MEMORY;
    make_integers(fast, x, x->numbers, 0, n);
    return NF_OK;
}

nf_status nf_pack_for_loop(nf_matmul_fast *fast)
{
    nf_packed *both[] = {&fast->a, &fast->b};
    nf_status status = NF_OK;
    for (int i = 0; status == NF_OK && !fast->makes_integers && i < 2; i++) {
        if (fast->loop == NF_LOOP_aligned)
            status = add_exponents(fast, both[i]);
        if (fast->loop == NF_LOOP_integer || fast->loop == NF_LOOP_fixed)
            status = add_integers(fast, both[i]);
    }
    return status;
}

void nf_free_operands(nf_matmul_fast *fast)
{
    nf_packed *both[] = {&fast->a, &fast->b};
    for (int i = 0; i < 2; i++) {
        free(both[i]->numbers);
        free(both[i]->exponents);
        free(both[i]->integers);
        free(both[i]->is_special);
    }
}
