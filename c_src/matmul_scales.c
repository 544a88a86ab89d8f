/* Scales that neighbours along k share. */
#include <stdlib.h>

#include "families.h"
#include "matmul.h"
#include "quire.h"

enum { MOST_TERM_BITS = 100, SCALE_SLACK = 2 * NF_SCALE_PRECISION + 32 };

static int is_exponent(const nf_format_facts *facts) { return facts->precision == 1; }

/* Numbers with few bits, finite or NaN; exponents alone where no group is scaled. */
static nf_status check_format(const nf_matmul_call *call, nf_source *source)
{
    const nf_scaling *s = call->path->scaling;
    nf_format_facts facts;
    nf_span span;
    const nf_operand operand = {s->format, 0, s->a, 1};
    if (!s->format || nf_read_operand(source, &operand, s->a != NULL) != NF_OK ||
        nf_format_describe(s->format, &facts) != NF_OK || nf_span_of(source, &span) != NF_OK)
        return NF_BAD_FORMAT;
    if (facts.has_infinity || facts.precision > NF_SCALE_PRECISION || source->grid.is_tapered)
        return NF_BAD_FORMAT;
    return call->path->group || is_exponent(&facts) ? NF_OK : NF_BAD_FORMAT;
}

/* The scales of one operand, side by side; the caller frees them. */
static nf_status read_factors(const nf_matmul_call *call, nf_source source, const void *codes, size_t rows,
                              size_t batch, nf_factor **out)
{
    const size_t count = call->scale_count, all = call->shape.batches * rows;
    const nf_operand operand = {call->path->scaling->format, 0, codes, 1};
    nf_unpacked x;
    if (all > SIZE_MAX / sizeof **out / (count + 1))
        return NF_NO_MEMORY;
    nf_factor *f = *out = malloc((all * count + 1) * sizeof *f);
    if (!f || nf_read_operand(&source, &operand, codes != NULL) != NF_OK)
        return f ? NF_BAD_ARGUMENT : NF_NO_MEMORY;
    source.step = 1;
    for (size_t row = 0; row < all; row++)
        for (size_t i = 0; i < count; i++) {
            nf_load_vector(&source, row / rows * batch + row % rows * count + i, 1, &x);
            *f++ = nf_factor_of(&x, NF_FLUSH_none, source.grid.emin);
        }
    return NF_OK;
}

/* A scale that is NaN makes NaN of all it scales; exponents are added where no group is scaled. */
static void scale_factors(const nf_matmul_call *call, size_t rows, const nf_factor *scales, nf_factor *f)
{
    const size_t terms = call->shape.terms, size = call->path->scaling->size;
    for (size_t row = 0; row < call->shape.batches * rows; row++)
        for (size_t k = 0; k < terms; k++, f++) {
            const nf_factor *scale = &scales[row * call->scale_count + k / size];
            if (scale->kind == NF_NAN)
                f->kind = NF_NAN;
            if (!call->path->group) {
                f->exponent += scale->exponent;
                f->field += scale->exponent;
            }
        }
}

/* Groups are cut from blocks in which places are neighbours, and lie in one block of scales each. */
static int groups_are_sound(const nf_datapath *p, nf_span products)
{
    const int64_t bits = products.top - products.low + 64 - leading_zeros(p->group);
    const int64_t above = products.top + p->fraction_bits;
    return p->scaling && p->scaling->size % p->group == 0 && !p->order && !p->chain_of &&
           (!p->block || p->block % p->group == 0) && (!p->instruction || p->instruction % p->group == 0) &&
           bits + SCALE_SLACK <= MOST_TERM_BITS && above + SCALE_SLACK <= MOST_TERM_BITS;
}

nf_status nf_read_scales(nf_matmul_call *call, nf_span products)
{
    const nf_datapath *p = call->path;
    const nf_scaling *s = p->scaling;
    const nf_dot_shape *shape = &call->shape;
    nf_source source;
    memset(&source, 0, sizeof source);
    if (p->kind != NF_BLOCK_aligned || !s || !s->size || (p->group && !groups_are_sound(p, products)))
        return NF_BAD_ARGUMENT;
    if (shape->terms && (!s->a || !s->b))
        return NF_BAD_ARGUMENT;
    nf_status status = check_format(call, &source);
    call->scale_count = shape->terms / s->size + (shape->terms % s->size != 0);
    call->group_unit = products.low;
    if (status == NF_OK)
        status = read_factors(call, source, s->a, shape->rows, s->a_batch, (nf_factor **)&call->scales[0]);
    if (status == NF_OK)
        status = read_factors(call, source, s->b, shape->columns, s->b_batch, (nf_factor **)&call->scales[1]);
    if (status != NF_OK)
        return status;
    scale_factors(call, shape->rows, call->scales[0], (nf_factor *)call->a);
    scale_factors(call, shape->columns, call->scales[1], (nf_factor *)call->b);
    return NF_OK;
}
