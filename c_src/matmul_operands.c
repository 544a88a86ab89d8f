/* The operands of a matrix product: checked, then factors side by side. */
#include <stdlib.h>

#include "families.h"
#include "matmul.h"
#include "quire.h"

nf_factor nf_factor_of(const nf_unpacked *x, uint8_t flush, int64_t emin)
{
    nf_factor f = {.kind = x->kind, .sign = x->sign, .significand = x->significand};
    f.exponent = (int32_t)x->exponent;
    f.field = (int32_t)(x->kind == NF_FINITE_NUMBER && x->exponent > emin ? x->exponent : emin);
    if (flush != NF_FLUSH_none && x->kind == NF_FINITE_NUMBER && x->exponent < emin) {
        f.kind = NF_ZERO;
        f.significand = 0;
        f.sign = flush == NF_FLUSH_keep_sign && x->sign;
    }
    if (f.kind != NF_FINITE_NUMBER)
        f.significand = 0, f.exponent = 0;
    return f;
}

/* What nf_unpacked numbers of `rows` vectors are, side by side; the caller frees them. */
static nf_status read_factors(const nf_matmul_call *call, const nf_vectors *v, size_t rows, const nf_source *source,
                              nf_factor **out)
{
    const nf_dot_shape *s = &call->shape;
    nf_unpacked x[NF_PASS];
    const size_t all = s->batches * rows * s->terms;
    const int64_t emin = source->has_codes ? source->grid.emin : source->smallest_normal;
    if (all > SIZE_MAX / sizeof **out / 2)
        return NF_NO_MEMORY;
    nf_factor *f = *out = malloc((all + 1) * sizeof *f);
    if (!f)
        return NF_NO_MEMORY;
    for (size_t row = 0; s->terms && row < s->batches * rows; row++) {
        const size_t from = row / rows * v->batch + row % rows * v->row;
        for (size_t k = 0; k < s->terms; k += NF_PASS) {
            const size_t n = s->terms - k < NF_PASS ? s->terms - k : NF_PASS;
            nf_load_vector(source, from + k * v->step, n, x);
            for (size_t i = 0; i < n; i++)
                *f++ = nf_factor_of(&x[i], call->path->flush_operands, emin);
        }
    }
    return NF_OK;
}

static nf_status check_factors(const nf_vectors *v, nf_source *source, nf_span *span)
{
    const nf_operand operand = {v->format, v->type, v->data, 1};
    nf_span own;
    nf_status status = v->format ? nf_read_operand(source, &operand, v->data != NULL) : NF_BAD_ARGUMENT;
    if (status == NF_OK)
        status = nf_span_of(source, &own);
    if (status != NF_OK)
        return status;
    source->step = v->step;
    span->low += own.low;
    span->top += own.top;
    return NF_OK;
}

/* Exact sums: of a block's products and the sum so far. */
static nf_status size_quire(nf_matmul_call *call, nf_span products)
{
    const nf_source sums = {.grid = call->result.grid, .has_codes = 1};
    nf_span own;
    int guard = 2;
    if (call->path->kind != NF_BLOCK_exact)
        return NF_OK;
    if (nf_span_of(&sums, &own) != NF_OK)
        return NF_BAD_FORMAT;
    for (size_t n = call->shape.terms; n; n /= 2)
        guard++;
    products.low = own.low < products.low ? own.low : products.low;
    products.top = own.top > products.top ? own.top : products.top;
    return nf_quire_for(products, guard, &call->quire) ? NF_OK : NF_BAD_FORMAT;
}

nf_status nf_check_operands(nf_matmul_call *call, const nf_vectors *a, const nf_vectors *b, const nf_vectors *c,
                            nf_source *sources)
{
    nf_span span = {0, 0};
    memset(sources, 0, 2 * sizeof *sources);
    nf_status status = a && b ? check_factors(a, &sources[0], &span) : NF_BAD_ARGUMENT;
    if (status == NF_OK)
        status = check_factors(b, &sources[1], &span);
    if (status == NF_OK)
        status = size_quire(call, span);
    if (status == NF_OK && c) {
        nf_span unused = {0, 0};
        status = check_factors(c, &call->c, &unused);
        call->has_c = 1;
        call->c_batch = c->batch, call->c_row = c->row, call->c_column = c->step;
        if (status == NF_OK && memcmp(&call->c.grid.format, &call->result.grid.format, sizeof(nf_format)))
            status = NF_BAD_FORMAT;
    }
    return status;
}

nf_status nf_read_factors(nf_matmul_call *call, const nf_vectors *a, const nf_vectors *b)
{
    nf_source sources[2];
    nf_span products = {0, 0};
    memset(sources, 0, sizeof sources);
    nf_status status = check_factors(a, &sources[0], &products);
    if (status == NF_OK)
        status = check_factors(b, &sources[1], &products);
    if (status == NF_OK)
        status = read_factors(call, a, call->shape.rows, &sources[0], (nf_factor **)&call->a);
    if (status == NF_OK)
        status = read_factors(call, b, call->shape.columns, &sources[1], (nf_factor **)&call->b);
    if (status == NF_OK && (call->path->scaling || call->path->group))
        status = nf_read_scales(call, products);
    return status;
}
