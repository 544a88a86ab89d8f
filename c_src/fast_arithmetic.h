/* Arithmetic by the processor's own: a block of each operand is decoded, the operation done, and what it gives rounded
 * as a block of numbers is.  fast_operate.inc says why no bit differs, carries.c where. */
#ifndef NF_FAST_ARITHMETIC_H
#define NF_FAST_ARITHMETIC_H

#include "decode_bytes.h"
#include "fast_convert.h"
#include "processor_rounding.h"

enum {
    ARITHMETIC_PAYS = 48, /* elements */
    WIDE_BLOCK = 512,     /* elements of float64, so that all operands stay in the first cache */
    ARITHMETIC_BLOCK = 1024
};

typedef union fast_operand_numbers {
    float f32[ARITHMETIC_BLOCK];
    double f64[WIDE_BLOCK];
} fast_operand_numbers;

/* float16's numbers are decoded as codes are. */
static const nf_format fast_half = {NF_FLOAT, 16, 1, 5, NF_IEEE, NF_SUBNORMALS, 10, 15, NULL, NULL};

/* How an operand becomes numbers; NULL loops: it is of numbers. */
typedef struct fast_source {
    fast_decoder_f32 decoder_f32;
    fast_decoder_f64 decoder_f64;
    fast_decode_loop_f32 *const *decode_f32;
    fast_decode_loop_f64 *const *decode_f64;
    int has_table;
    size_t kept; /* numbers of a single element that the buffer has */
    byte_table table;
    fast_operand_numbers numbers;
} fast_source;

typedef struct fast_arithmetic {
    const nf_arithmetic *how;
    int is_wide, is_exact;
    int refuses_zeros;   /* of a divisor */
    int puts_nans_below; /* of tapered operands, which are compared */
    fast_source sources[NF_MOST_OPERANDS];
} fast_arithmetic;

/* Loops that decode an operand to numbers of either width. */
static void fast_open_source(const nf_source *s, fast_source *f)
{
    nf_grid half_grid;
    const nf_grid *grid = s->has_codes ? &s->grid : NULL;
    f->kept = 0;
    f->has_table = 0;
    f->decode_f32 = NULL;
    f->decode_f64 = NULL;
    if (!grid && s->type == NF_F16) {
        nf_grid_init(&half_grid, &fast_half);
        grid = &half_grid;
    }
    if (!grid)
        return;
    f->decode_f32 = fast_decode_plan_f32(grid, &f->decoder_f32);
    f->decode_f64 = fast_decode_plan_f64(grid, &f->decoder_f64);
}

/* May it be decoded to numbers of a width? */
static int fast_source_fits(const nf_source *s, const fast_source *f, int is_wide)
{
    if (s->has_codes || s->type == NF_F16)
        return is_wide ? f->decode_f64 != NULL : f->decode_f32 != NULL;
    return s->type == NF_F32 || (is_wide && s->type == NF_F64);
}

static void fast_read(fast_source *f, int is_wide, const void *x, size_t n)
{
    if (f->has_table)
        decode_bytes(&f->table, x, n, f->numbers.f32);
    else if (is_wide && f->decode_f64)
        fast_decode_f64(f->decode_f64, &f->decoder_f64, x, n, &f->numbers);
    else if (!is_wide)
        fast_decode_f32(f->decode_f32, &f->decoder_f32, x, n, &f->numbers);
    else
        widen(x, n, f->numbers.f64);
}

/* The same number n times. */
static void fast_repeat(fast_source *f, int is_wide, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        if (is_wide)
            f->numbers.f64[i] = f->numbers.f64[0];
        else
            f->numbers.f32[i] = f->numbers.f32[0];
    }
    f->kept = n;
}

/* n numbers of an operand from element `place` on: where they are, or decoded. */
static const void *fast_operand(const fast_arithmetic *a, int k, size_t place, size_t n, fast_source *f)
{
    const nf_source *s = &a->how->operands[k];
    const char *x = s->data + place * s->step * s->size;
    const int is_there = !s->has_codes && s->type == (a->is_wide ? NF_F64 : NF_F32);
    if (is_there && s->step)
        return x;
    if (s->step) {
        fast_read(f, a->is_wide, x, n);
    } else if (f->kept < n) {
        if (is_there)
            memcpy(&f->numbers, x, s->size);
        else
            fast_read(f, a->is_wide, x, 1);
        fast_repeat(f, a->is_wide, n);
    }
    return &f->numbers;
}

/* One element type: the operands of a block, and what the operation makes of them. */
#define FAST_ARITHMETIC(REAL, width) \
    static void fast_load_##width(fast_arithmetic *a, size_t place, size_t n, const REAL *x[NF_MOST_OPERANDS]) \
    { \
        for (int k = 0; k < NF_MOST_OPERANDS; k++) \
            x[k] = k < a->how->count ? fast_operand(a, k, place, n, &a->sources[k]) : x[0]; \
        for (int k = 0; a->puts_nans_below && k < a->how->count; k++) \
            if (a->how->operands[k].grid.is_tapered) \
                fast_put_nans_below_##width(a->sources[k].numbers.width, n); \
    } \
    static void fast_results_##width(fast_arithmetic *a, size_t place, size_t n, REAL *y) \
    { \
        const nf_arithmetic *how = a->how; \
        const REAL *x[NF_MOST_OPERANDS]; \
        fast_load_##width(a, place, n, x); \
        if (!a->is_exact) { \
            round_up_or_down(how->zero_is_negative); \
            fast_once_##width[how->operation](x, n, y); \
        } \
        round_up_or_down(!how->zero_is_negative); /* an exact sum of 0 has its sign from this */ \
        (a->is_exact ? fast_once_##width : fast_twice_##width)[how->operation](x, n, y); \
        if (a->refuses_zeros) \
            fast_refuse_zeros_##width(x[how->count - 1], n, y); \
    } \
    static void fast_truths_##width(fast_arithmetic *a, size_t place, size_t n, uint8_t *y) \
    { \
        const REAL *x[NF_MOST_OPERANDS]; \
        fast_load_##width(a, place, n, x); \
        fast_tell_##width[a->how->operation](x, n, y); \
    }
FAST_ARITHMETIC(float, f32)
FAST_ARITHMETIC(double, f64)
#undef FAST_ARITHMETIC

/* The exact results of a block, or what rounds as they do. */
static void fast_results(fast_arithmetic *a, size_t place, size_t n, void *y)
{
    if (a->is_wide)
        fast_results_f64(a, place, n, y);
    else
        fast_results_f32(a, place, n, y);
}

static void fast_truths(fast_arithmetic *a, size_t place, size_t n, uint8_t *y)
{
    if (a->is_wide)
        fast_truths_f64(a, place, n, y);
    else
        fast_truths_f32(a, place, n, y);
}

static void fast_open_arithmetic(const nf_arithmetic *how, fast_arithmetic *a)
{
    a->how = how;
    a->puts_nans_below = 0;
    for (int k = 0; k < how->count; k++)
        fast_open_source(&how->operands[k], &a->sources[k]);
}

/* Bytes by a table in registers, where enough of them come; what is in memory is no faster than arithmetic here. */
static void fast_open_tables(fast_arithmetic *a, size_t n)
{
    for (int k = 0; NF_VECTOR_BYTES == 64 && k < a->how->count; k++) {
        const nf_source *s = &a->how->operands[k];
        fast_source *f = &a->sources[k];
        if (!a->is_wide && s->has_codes && s->size == 1 && s->step && n >= TABLE_PAYS)
            f->has_table = byte_table_fill(&s->grid, &f->decoder_f32, f->decode_f32, &f->table);
    }
}

/* What the processor's numbers of a width are to the results of a job: NF_CARRIES_... */
static int fast_carries(const nf_arithmetic *how, const nf_plan *plan, const fast_arithmetic *a, int is_wide)
{
    for (int k = 0; k < how->count; k++)
        if (!fast_source_fits(&how->operands[k], &a->sources[k], is_wide))
            return 0;
    const int has_loop = (is_wide ? fast_once_f64[how->operation] != NULL : fast_once_f32[how->operation] != NULL);
    return has_loop ? nf_carries(how, plan, is_wide ? NF_F64 : NF_F32, NF_FUSES) : 0;
}

/* May the NaNs of tapered operands, which are less than all numbers, be -infinity?  Not beside others. */
static int fast_orders_nans(const nf_arithmetic *how, int *is_any_tapered)
{
    int is_any_special = 0;
    *is_any_tapered = 0;
    for (int k = 0; k < how->count; k++) {
        const nf_source *s = &how->operands[k];
        *is_any_tapered |= s->grid.is_tapered;
        is_any_special |= !s->has_codes || (!s->grid.is_tapered && (s->grid.has_nan || s->grid.has_infinity));
    }
    return !*is_any_tapered || !is_any_special;
}

/* 0 where the job has no loop. */
static int fast_prepare_truths(const nf_job *job, fast_arithmetic *a)
{
    const nf_arithmetic *how = job->arithmetic;
    int is_any_tapered;
    if (job->report || job->plan->options.element_flags || job->n < ARITHMETIC_PAYS || !fast_tell_f32[how->operation] ||
        !fast_orders_nans(how, &is_any_tapered))
        return 0;
    fast_open_arithmetic(how, a);
    a->puts_nans_below = is_any_tapered && how->count == 2;
    for (a->is_wide = 0; a->is_wide <= 1; a->is_wide++) {
        int fits = 1;
        for (int k = 0; k < how->count; k++)
            fits &= fast_source_fits(&how->operands[k], &a->sources[k], a->is_wide) &&
                    nf_holds_operand(&how->operands[k], a->is_wide ? NF_F64 : NF_F32);
        if (fits) {
            fast_open_tables(a, job->n);
            return 1;
        }
    }
    return 0;
}

#endif
