/* A matrix product by a loop over columns, and by the reference where that has left marks. */
#include <stdlib.h>

#include "job.h"
#include "matmul_fast.h"
#include "threads.h"
#include "target.h"
#include "processor_rounding.h"

typedef struct run {
    const nf_matmul_fast *fast;
    char *numbers; /* c, then the results: floats for `aligned`, else doubles */
    size_t size;
    size_t row_tiles; /* of a batch */
} run;

static nf_type type_of(const nf_matmul_fast *fast) { return fast->loop == NF_LOOP_aligned ? NF_F32 : NF_F64; }

/* Loops of integers round nothing. */
static int takes_words(const nf_matmul_fast *fast)
{
    return fast->loop == NF_LOOP_floats || fast->loop == NF_LOOP_lanes;
}

static size_t count_of(const nf_matmul_call *call)
{
    return call->shape.batches * call->shape.rows * call->shape.columns;
}

/* Rows of the result to and from a tile, whose other columns are 0. */
static void copy_rows(const run *r, size_t at, const nf_matmul_tile *t, int leaves)
{
    const size_t columns = r->fast->call->shape.columns;
    for (size_t i = 0; i < t->rows; i++) {
        char *inside = (char *)t->sums + i * NF_PANEL * r->size, *outside = r->numbers + (at + i * columns) * r->size;
        if (leaves)
            memcpy(outside, inside, t->columns * r->size);
        else
            memcpy(inside, outside, t->columns * r->size);
    }
}

static void do_tile(void *context, size_t number)
{
    const run *r = context;
    const nf_matmul_fast *fast = r->fast;
    const nf_matmul_call *call = fast->call;
    const nf_dot_shape *s = &call->shape;
    _Alignas(64) double sums[NF_TILE_ROWS * NF_PANEL] = {0};
    const size_t panel = number / r->row_tiles % fast->b.groups, batch = number / r->row_tiles / fast->b.groups;
    const size_t row = number % r->row_tiles * NF_TILE_ROWS, column = panel * NF_PANEL;
    const size_t a = (batch * s->rows + row) * s->terms;
    const size_t b = (batch * fast->b.groups + panel) * s->terms * NF_PANEL;
    const size_t number_size = fast->packing == NF_PACK_f64 ? sizeof(double) : sizeof(float);
    nf_matmul_tile t = {.fast = fast, .sums = sums, .row_step = s->columns};
    t.rows = s->rows - row < NF_TILE_ROWS ? s->rows - row : NF_TILE_ROWS;
    t.columns = s->columns - column < NF_PANEL ? s->columns - column : NF_PANEL;
    t.a = (const char *)fast->a.numbers + a * number_size;
    t.b = (const char *)fast->b.numbers + b * number_size;
    if (fast->a.integers) {
        const size_t odd = fast->loop == NF_LOOP_integer ? s->terms % 2 : 0; /* 0s beside the last terms */
        t.a = fast->a.integers + (batch * s->rows + row) * (s->terms + odd);
        t.b = fast->b.integers + (batch * fast->b.groups + panel) * (s->terms + odd) * NF_PANEL;
    }
    t.a_exponents = fast->a.exponents ? fast->a.exponents + a : NULL;
    t.b_exponents = fast->b.exponents ? fast->b.exponents + b : NULL;
    const size_t at = (batch * s->rows + row) * s->columns + column;
    t.first = call->options.first + at;
    copy_rows(r, at, &t, 0);
    const processor_rounding caller = round_toward(!fast->cuts);
    call->kernels->matmul->tile[fast->loop](&t);
    round_again(caller);
    copy_rows(r, at, &t, 1);
}

/* c as numbers, which is 0 where there is none. */
static nf_status load_c(const nf_matmul_call *call, const nf_vectors *c, char *out)
{
    const nf_dot_shape *s = &call->shape;
    const nf_grid *g = &call->result.grid;
    const size_t size = sizeof(double), code = bytes_of_code(&g->format);
    memset(out, 0, count_of(call) * size);
    char *codes = c ? malloc(s->columns * code) : NULL;
    if (c && !codes)
        return NF_NO_MEMORY;
    for (size_t row = 0; c && row < s->batches * s->rows; row++) {
        const char *from = (const char *)c->data + (row / s->rows * c->batch + row % s->rows * c->row) * code;
        for (size_t j = 0; j < s->columns; j++)
            memcpy(codes + j * code, from + j * c->step * code, code);
        char *to = out + row * s->columns * size;
        call->kernels->decode(g, codes, code, NF_F64, to, 0, s->columns, s->columns);
        if (call->path->flush_operands != NF_FLUSH_none && g->format.family == NF_FLOAT)
            call->kernels->matmul->flush(NF_PACK_f64, to, s->columns, ldexp(1, (int)g->emin),
                                         call->path->flush_operands == NF_FLUSH_keep_sign);
    }
    free(codes);
    return NF_OK;
}

static double number_at(const run *r, size_t i)
{
    return r->size == sizeof(float) ? (double)((const float *)r->numbers)[i] : ((const double *)r->numbers)[i];
}

/* Which results are the reference's to do?  Their numbers become 0. */
static size_t mark(const run *r, uint8_t *marks)
{
    const nf_matmul_fast *fast = r->fast;
    const nf_dot_shape *s = &fast->call->shape;
    size_t found = 0;
    for (size_t row = 0, i = 0; row < s->batches * s->rows; row++)
        for (size_t j = 0; j < s->columns; j++, i++) {
            const size_t column = row / s->rows * fast->b.groups * NF_PANEL + j;
            marks[i] = !isfinite(number_at(r, i)) || (fast->a.is_special && fast->a.is_special[row]) ||
                       (fast->b.is_special && fast->b.is_special[column]);
            found += marks[i];
            if (marks[i])
                memset(r->numbers + i * r->size, 0, r->size);
        }
    return found;
}

/* Marked results by the reference, as codes. */
static nf_status do_marked(nf_matmul_fast *fast, const nf_vectors *a, const nf_vectors *b, const uint8_t *marks,
                           char *codes)
{
    const nf_matmul_call *call = fast->call;
    const size_t size = bytes_of_code(&call->result.grid.format), count = count_of(call);
    nf_status status = nf_read_factors((nf_matmul_call *)call, a, b);
    for (size_t i = 0; status == NF_OK && i < count;) {
        size_t n = 0;
        uint64_t got[NF_PASS];
        while (n < NF_PASS && i + n < count && marks[i + n])
            n++;
        nf_matmul_piece piece = {.failed_at = SIZE_MAX};
        if (n)
            status = nf_matmul_piece_of(call, i, n, got, &piece);
        if (status != NF_OK && call->options.failed_at)
            *call->options.failed_at = piece.failed_at;
        for (size_t j = 0; status == NF_OK && j < n; j++)
            memcpy(codes + (i + j) * size, &got[j], size);
        i += n ? n : 1;
    }
    return status;
}

static nf_status encode(const run *r, char *codes)
{
    const nf_matmul_call *call = r->fast->call;
    const nf_options o = {.isa = call->options.isa, .threads = call->options.threads, .may_spoil = 1};
    return nf_encode(call->path->result, &o, type_of(r->fast), r->numbers, codes, count_of(call), NULL);
}

static nf_status finish(run *r, nf_matmul_fast *fast, const nf_vectors *a, const nf_vectors *b, void *codes)
{
    const size_t count = count_of(fast->call), size = bytes_of_code(&fast->call->result.grid.format);
    char *own = malloc(count * size);
    uint8_t *marks = malloc(count);
    nf_status status = own && marks ? NF_OK : NF_NO_MEMORY;
    if (status == NF_OK) {
        const size_t found = mark(r, marks);
        status = encode(r, own);
        if (status == NF_OK && found)
            status = do_marked(fast, a, b, marks, own);
    }
    if (status == NF_OK)
        memcpy(codes, own, count * size);
    free(own);
    free(marks);
    return status;
}

/* c in r->numbers. */
static nf_status begin(run *r, const nf_matmul_call *call, const nf_vectors *c, nf_number_range *range)
{
    const size_t count = count_of(call);
    r->numbers = malloc(count * sizeof(double));
    const nf_status status = r->numbers ? load_c(call, c, r->numbers) : NF_NO_MEMORY;
    if (status == NF_OK)
        call->kernels->matmul->measure(NF_PACK_f64, r->numbers, count, range);
    return status;
}

/* c as the loop takes it. */
static void prepare(run *r, const nf_matmul_fast *fast)
{
    r->size = type_of(fast) == NF_F32 ? sizeof(float) : sizeof(double);
    for (size_t i = 0; r->size == sizeof(float) && i < count_of(fast->call); i++) {
        const float own = (float)((const double *)r->numbers)[i];
        memcpy(r->numbers + i * sizeof own, &own, sizeof own);
    }
}

static nf_status run_loop(nf_matmul_fast *fast, const nf_vectors *a, const nf_vectors *b, const nf_vectors *c,
                          void *codes, int *has_loop)
{
    const nf_matmul_call *call = fast->call;
    run r = {.fast = fast, .row_tiles = (call->shape.rows - 1) / NF_TILE_ROWS + 1};
    nf_number_range range = {0};
    nf_status status = begin(&r, call, c, &range);
    fast->makes_integers = nf_is_for_integers(fast, &range);
    if (status == NF_OK)
        status = nf_pack_operands(fast, a, b);
    if (status == NF_OK) {
        *has_loop = fast->makes_integers || nf_choose_loop(fast, &range);
        status = *has_loop ? nf_pack_for_loop(fast) : NF_OK;
        if (status == NF_OK && *has_loop && call->path->words && takes_words(fast))
            status = nf_begin_all_words((nf_matmul_call *)call, count_of(call));
    }
    if (status == NF_OK && *has_loop) {
        prepare(&r, fast);
        nf_parallel(call->shape.batches * r.row_tiles * fast->b.groups, call->options.threads, do_tile, &r);
        status = finish(&r, fast, a, b, codes);
    }
    free(r.numbers);
    return status;
}

nf_status nf_matmul_fast_path(nf_matmul_call *call, const nf_vectors *a, const nf_vectors *b, const nf_vectors *c,
                              const nf_source *sources, void *codes, int *is_done)
{
    nf_matmul_fast fast = {.call = call};
    *is_done = 0;
    if (!call->kernels->matmul || !call->shape.terms || nf_type_holds_format(call->path->result, NF_F64) != NF_OK ||
        !nf_choose_packing(&fast, &sources[0], &sources[1]))
        return NF_OK;
    nf_status status = run_loop(&fast, a, b, c, codes, is_done);
    nf_free_operands(&fast);
    if (*is_done && status == NF_OK)
        call->path_taken = fast.path;
    return status;
}
