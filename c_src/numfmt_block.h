/* Blocks: neighbours that share a scale (OCP MX, NVFP4, block floating point).  Part of numfmt.h, which includes it.
 *
 * A block's scale comes from its largest finite magnitude by a rule; an element is the number divided by the scale,
 * rounded once in the element's format: exactly, from integers, whatever the scale.  A value is element times scale
 * (and times the tensor's scale), exact, rounded to nearest even only where the type that it is written as cannot hold
 * it.
 *
 * Random words are numbered as elements are; scales take none.
 *
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef NUMFMT_BLOCK_H
#define NUMFMT_BLOCK_H

/* cdef: begin */

/* --- blocks ------------------------------------------------------------------------------------------------- */

typedef enum nf_scale_kind {
    NF_SCALE_NONE = 0, /* no scale: each element for itself */
    NF_SCALE_FORMAT,   /* a number of a float format */
    NF_SCALE_EXPONENT, /* 2**e, e a two's complement integer of exponent_bits; no zero, no NaN */
    NF_SCALE_KIND_COUNT
} nf_scale_kind;

/* A block format: what is shared, and how it is chosen.  All zero but the element: no scale.
 *
 * A scale that may be other than a power of two (a format with fraction bits, or a tensor's scale beside one of any
 * float format) needs elements of at most 30 bits whose values and turning points have at most 62 significant bits:
 * no logarithmic ones, and none that turn at geometric means.  Its own significand has at most 24. */
typedef struct nf_block {
    nf_format element;
    nf_format scale;          /* where scale_kind is NF_SCALE_FORMAT, else all 0 */
    uint8_t scale_kind;       /* nf_scale_kind */
    uint8_t exponent_bits;    /* 1..32 where scale_kind is NF_SCALE_EXPONENT, else 0 */
    uint8_t has_tensor_scale; /* two levels: a float32 for the whole array */
    uint8_t scale_rule, zero_scale, nan, inf, too_large, compute, compat; /* numbers of nf_block_choice_at */
} nf_block;

/* The fields of nf_block with named values. */
typedef enum nf_block_field {
    NF_BLOCK_scale_rule = 0,
    NF_BLOCK_zero_scale,
    NF_BLOCK_nan,
    NF_BLOCK_inf,
    NF_BLOCK_too_large,
    NF_BLOCK_compute,
    NF_BLOCK_compat,
    NF_BLOCK_FIELD_COUNT
} nf_block_field;

/* Value `index` of a field; NULL past the end. */
const nf_mode *nf_block_choice_at(nf_block_field field, size_t index);

/* The named block formats, one after the other: NULL past the end.  `size` neighbours share a scale. */
typedef struct nf_named_block {
    const char *name;
    const char *aliases;
    nf_block block;
    size_t size;
} nf_named_block;

const nf_named_block *nf_named_block_at(size_t index);

/* NF_OK, or NF_BAD_FORMAT where a field is out of range or the fields do not fit together. */
nf_status nf_block_check(const nf_block *block);

/* Bytes of the code of a scale: 1, 2, 4 or 8; 0 for a bad block format or one without scale. */
size_t nf_block_scale_size(const nf_block *block);

/* Facts that follow from a block format. */
typedef struct nf_block_facts {
    uint8_t scale_width;      /* bits of a scale's code */
    uint8_t has_nan;          /* a NaN has somewhere to go */
    uint8_t default_overflow; /* of elements: nf_overflow */
    int64_t lowest, highest;  /* exponents of the smallest and the largest power of two among the scales */
} nf_block_facts;

nf_status nf_block_describe(const nf_block *block, nf_block_facts *facts);

/* NF_OK where the policy has a meaning for the elements under their scales, as nf_overflow_check. */
nf_status nf_block_overflow_check(const nf_block *block, uint8_t overflow, uint8_t wrap_bits);

/* An array in C order, outer x rows x middle x columns x inner, and the blocks that tile its axes `rows` and `columns`,
 * block_rows x block_columns each, the last of an axis possibly smaller.  The scales are outer x ceil(rows /
 * block_rows) x middle x ceil(columns / block_columns) x inner.  Blocks along one axis: rows = block_rows = 1. */
typedef struct nf_block_shape {
    size_t outer, rows, middle, columns, inner;
    size_t block_rows, block_columns; /* 1.. */
} nf_block_shape;

/* How many elements and scales a shape has; NF_BAD_ARGUMENT where a block has no size or a count overflows. */
nf_status nf_block_count(const nf_block_shape *shape, size_t *elements, size_t *scales);

/* The scales of an array. */
typedef struct nf_block_scales {
    void *codes;  /* nf_block_scale_size() bytes each; NULL where there is no scale, or quantize is not to tell them */
    float tensor; /* the stored number of the tensor, where there is one; positive, for fp32-te normal */
    uint8_t is_given;        /* `codes` are the caller's: read, and written only where a NaN makes one NaN */
    uint8_t tensor_is_given; /* `tensor` is the caller's */
} nf_block_scales;

/* x -> values in y, of a float type.  `scales` may be NULL. */
nf_status nf_block_quantize(const nf_block *block, const nf_block_shape *shape, const nf_options *options,
                            nf_type x_type, const void *x, nf_type y_type, void *y, nf_block_scales *scales,
                            nf_report *report);

/* x -> codes of elements and of scales.
 *
 *     const nf_named_block *mxfp4 = nf_named_block_at(0);
 *     while (strcmp(mxfp4->name, "mxfp4"))
 *         mxfp4++;
 *     float x[64] = {6, -1.5f, [32] = 96}, y[64];
 *     uint8_t codes[64], scale[2];
 *     nf_block_shape shape = {1, 1, 1, 2 * mxfp4->size, 1, 1, mxfp4->size};
 *     nf_block_scales scales = {.codes = scale};
 *     nf_status status = nf_block_encode(&mxfp4->block, &shape, NULL, NF_F32, x, codes, &scales, NULL);
 *     assert(status == NF_OK && scale[0] == 127 && scale[1] == 127 + 4);
 *     status = nf_block_decode(&mxfp4->block, &shape, codes, &scales, NF_F32, y, 0, 1);
 *     assert(status == NF_OK && y[1] == -1.5f && y[32] == 96); */
nf_status nf_block_encode(const nf_block *block, const nf_block_shape *shape, const nf_options *options, nf_type x_type,
                          const void *x, void *codes, nf_block_scales *scales, nf_report *report);

/* Codes of elements and scales -> values.  `isa` and `threads` are as in nf_options. */
nf_status nf_block_decode(const nf_block *block, const nf_block_shape *shape, const void *codes,
                          const nf_block_scales *scales, nf_type y_type, void *y, uint8_t isa, uint32_t threads);

/* cdef: end */

#endif
