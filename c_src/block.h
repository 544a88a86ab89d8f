/* What the core derives from a block format and the options of one call, and the pieces of work on an array. */
#ifndef NF_BLOCK_H
#define NF_BLOCK_H

#include "format.h"
#include "quotient.h"

enum {
#define NF_CHOICE(field, number, name, spelling, aliases, meaning) NF_##field##_##name = number,
#include "block_choice.def"
#undef NF_CHOICE
};

typedef struct nf_block_plan {
    nf_block block;
    nf_plan element;   /* of elements; its overflow resolved as a block's */
    nf_plan scale;     /* of scales that are floats: nearest even, saturating */
    int64_t low, high; /* exponents of the smallest and the largest power of two among the scales */
    nf_unpacked top;   /* the element's largest value */
    int precision;     /* significand bits of the element's largest numbers */
    uint8_t scale_has_nan;
    uint8_t takes_nan;  /* a NaN has somewhere to go: it is no failure */
    nf_unpacked tensor; /* the tensor's stored scale; 1 where there is none */
} nf_block_plan;

/* One pass over blocks start .. end - 1, in the order of their scales. */
typedef struct nf_block_job {
    const nf_block_plan *plan;
    const nf_block_shape *shape;
    const void *x; /* numbers of x_type, or, where `decodes`, codes */
    nf_type x_type;
    size_t x_size;
    void *y; /* values of y_type, or, where not to_values, codes */
    nf_type y_type;
    size_t y_size;
    void *scales; /* scale_size bytes each, or NULL */
    size_t scale_size;
    uint8_t to_values, decodes, scales_given;
    uint8_t dry; /* look for failures, write nothing */
    size_t start, end;
    nf_report *report;
    uint32_t failed;  /* out: NF_FAILED_... of the first element that failed, or 0 */
    size_t failed_at; /* its number */
} nf_block_job;

/* One block: `rows` times `columns` elements, from number `first` on. */
typedef struct nf_tile {
    size_t first, rows, columns;
    size_t row_step, column_step; /* from one element to the next */
} nf_tile;

NF_INLINE size_t blocks_along(size_t n, size_t size) { return n / size + (n % size != 0); }

NF_INLINE size_t shorter_of(size_t a, size_t b) { return a < b ? a : b; }

NF_INLINE nf_tile tile_at(const nf_block_shape *s, size_t number)
{
    const size_t across = blocks_along(s->columns, s->block_columns), down = blocks_along(s->rows, s->block_rows);
    const size_t n = number % s->inner, column = number / s->inner % across * s->block_columns;
    number = number / s->inner / across;
    const size_t m = number % s->middle, row = number / s->middle % down * s->block_rows;
    const size_t o = number / s->middle / down;
    nf_tile tile = {.rows = shorter_of(s->block_rows, s->rows - row),
                    .columns = shorter_of(s->block_columns, s->columns - column),
                    .column_step = s->inner,
                    .row_step = s->middle * s->columns * s->inner};
    tile.first = (((o * s->rows + row) * s->middle + m) * s->columns + column) * s->inner + n;
    return tile;
}

/* The value of an element under a scale, and under the tensor's. */
NF_INLINE nf_unpacked value_under(const nf_block_plan *plan, const nf_unpacked *scale, const nf_unpacked *element)
{
    nf_unpacked value = product(element, scale);
    if (!plan->block.has_tensor_scale)
        return value;
    return plan->block.compute == NF_compute_fp32_te ? ratio(&value, &plan->tensor) : product(&value, &plan->tensor);
}

nf_status nf_block_plan_init(nf_block_plan *plan, const nf_block *block, const nf_options *options);

/* The tensor's stored scale, from its largest finite magnitude (or zero). */
nf_unpacked nf_tensor_scale(const nf_block_plan *plan, const nf_unpacked *largest);

#endif
