/* Which loops a job takes, and what they need: made once a job. */
#ifndef NF_FAST_CHOOSE_H
#define NF_FAST_CHOOSE_H

#include "encode_posit.h"
#include "fast.h"
#include "fast_arithmetic.h"
#include "narrow_simd.h"

enum {
    FAST_BLOCK = 1024,
    DIRECT_BLOCK = 2048, /* where the block goes from its place to its place */
    BLOCK_AHEAD = 2048,  /* bytes of input that is asked for ahead of a block */
    FAR_BYTES = 1 << 20,
    STREAM_BYTES = 16 << 20 /* from this size on the output bypasses the caches */
};

/* What a job needs besides the job. */
typedef struct fast_pass {
    int is_wide; /* the numbers are doubles */
    fast_class class;
    union {
        fast_constants_f32 f32;
        fast_constants_f64 f64;
    } constants;
    fast_loop_f32 *const *round_f32; /* a loop of each kind */
    fast_loop_f64 *const *round_f64;
    fast_keyed_loop_f32 *const *keyed_f32; /* NULL in modes without random words */
    fast_keyed_loop_f64 *const *keyed_f64;
    fast_put_loop_f32 *const *put_f32; /* NULL where the input is near, or there are none */
    fast_put_loop_f64 *const *put_f64;
    fast_loop_f32 *narrow_f32; /* the clean loop that stores the job's 16-bit codes, or NULL */
    int is_nearest;            /* the processor rounds to nearest; else toward zero */
    int clean;                 /* the kind of the clean loops: FAST_IS_clean or FAST_IS_bare */
    int is_unsigned, clamps;   /* floats without sign: a look for negative numbers; they are as good as 0 */
    unsigned dirty, back_off;  /* blocks for which the clean loop is not tried since it failed; that many next time */
    fast_decoder_f32 decoder_f32; /* of codes, and of float16 elements */
    fast_decoder_f64 decoder_f64;
    fast_decode_loop_f32 *const *decode_f32;
    fast_decode_loop_f64 *const *decode_f64;
    int is_random, is_keyed, is_far; /* far: the input does not stay in the second cache */
    int streams, puts;               /* past the caches: through the stream writer, or by the loop itself */
    fast_arithmetic *arithmetic;     /* NULL, or: what gives the numbers, instead of the job's x */
    int is_in_place;                 /* an operand's array is the result's */
    size_t block;                    /* elements */
    size_t result_size;              /* bytes of what the round loop gives */
} fast_pass;

/* The loop that gives bytes, where there is one. */
static void fast_choose_bytes(const nf_plan *plan, fast_pass *pass)
{
    fast_loop_f32 *const *loops = encode_posit_loops(plan, &pass->constants.f32);
    if (!loops)
        return;
    pass->round_f32 = loops;
    pass->result_size = 1;
}

/* The loop of 32-bit lanes, where there is one. */
static void fast_choose_short(const nf_plan *plan, fast_pass *pass)
{
    fast_loop_f64 *const *loops = short_loops_of(plan, pass->class);
    if (!loops)
        return;
    pass->round_f64 = loops;
    pass->result_size = sizeof(uint32_t);
}

/* Loops of nearest_even that know the width of what they store. */
static void fast_choose_narrow(const nf_job *job, fast_pass *pass)
{
    const int can = !pass->is_wide && pass->is_nearest && pass->clean == FAST_IS_clean;
    pass->narrow_f32 =
        can && !job->to_values && job->y_size == 2 ? narrow_loop(pass->class, &pass->constants.f32) : NULL;
    if (can && job->to_values)
        pass->round_f32 = value_loops(pass->class, &pass->constants.f32);
}

static void fast_take_nans(fast_pass *pass)
{
    if (pass->is_wide)
        pass->constants.f64.complete = INT64_MAX;
    else
        pass->constants.f32.complete = INT32_MAX;
}

/* The class and the loop in one width; the numbers of the job's input must be of it. */
static int fast_choose(const nf_job *job, int is_wide, fast_pass *pass)
{
    const int mode = job->plan->options.rounding, to_codes = !job->to_values;
    pass->is_wide = is_wide;
    pass->class =
        is_wide ? fast_plan_f64(job->plan, &pass->constants.f64) : fast_plan_f32(job->plan, &pass->constants.f32);
    if (pass->class == FAST_NONE)
        return 0;
    pass->result_size = is_wide ? sizeof(double) : sizeof(float);
    pass->round_f32 = fast_loops_f32[mode][pass->class][to_codes];
    pass->round_f64 = fast_loops_f64[mode][pass->class][to_codes];
    pass->keyed_f32 = fast_keyed_loops_f32[mode][pass->class][to_codes];
    pass->keyed_f64 = fast_keyed_loops_f64[mode][pass->class][to_codes];
    if (pass->class == FAST_POSIT && to_codes && !is_wide && job->y_size == 1)
        fast_choose_bytes(job->plan, pass);
    if (to_codes && is_wide)
        fast_choose_short(job->plan, pass);
    pass->is_nearest = mode == NF_ROUND_nearest_even;
    pass->clean = lacks_minus_zero(&job->plan->grid) ? FAST_IS_bare : FAST_IS_clean;
    pass->is_unsigned = job->plan->grid.format.family == NF_FLOAT && !job->plan->grid.sign_bit;
    pass->clamps = pass->is_unsigned && saturates(job->plan);
    if (pass->clamps && (pass->class == FAST_OCTAVE || pass->class == FAST_TINY)) /* their loops clamp */
        pass->is_unsigned = 0;
    fast_choose_narrow(job, pass);
    if (to_codes && pass->class <= FAST_SHIFT && lacks_minus_zero(&job->plan->grid) && job->plan->grid.has_nan)
        fast_take_nans(pass); /* whose code is that of the sign: it has one of any */
    return 1;
}

/* Is every number of the input a float32, a float64, or neither?  Sets up the decoder where the input is of codes. */
static int fast_input(const nf_job *job, fast_pass *pass, int *fits_f32)
{
    nf_grid half_grid;
    const nf_grid *source = job->source;
    if (!source && job->x_type != NF_F16) {
        *fits_f32 = job->x_type == NF_F32;
        return job->x_type == NF_F32 || job->x_type == NF_F64;
    }
    if (!source) {
        nf_grid_init(&half_grid, &fast_half);
        source = &half_grid;
    }
    pass->decode_f32 = fast_decode_plan_f32(source, &pass->decoder_f32);
    pass->decode_f64 = fast_decode_plan_f64(source, &pass->decoder_f64);
    *fits_f32 = pass->decode_f32 && (!job->source || nf_type_holds_format(&source->format, NF_F32) == NF_OK);
    return *fits_f32 || (pass->decode_f64 && nf_type_holds_format(&source->format, NF_F64) == NF_OK);
}

/* Values of what type, if the pass gives numbers of its own width? */
static int fast_output_fits(const nf_job *job, int is_wide)
{
    if (!job->to_values)
        return 1;
    return !is_wide || job->y_type != NF_F16;
}

/* Does a keyed loop give the output as it is to be, on lines once the head is done? */
static int fast_puts(const nf_job *job, const fast_pass *pass)
{
    return (pass->is_keyed || (!pass->is_random && job->to_values)) && pass->streams &&
           pass->result_size == job->y_size && (uintptr_t)job->y % job->y_size == 0;
}

static size_t fast_block_size(const nf_job *job, const fast_pass *pass)
{
    const int is_direct = job->x_size == job->y_size && pass->result_size == job->y_size && job->x != job->y;
    const int fits = DIRECT_BLOCK * job->y_size <= STREAM_CHUNK;
    if (job->arithmetic)
        return pass->is_wide ? WIDE_BLOCK : ARITHMETIC_BLOCK;
    return is_direct && fits && !pass->is_random && !pass->streams && !job->source ? DIRECT_BLOCK : FAST_BLOCK;
}

/* Loops that ask for far input while they round, and stream. */
static void fast_choose_put(const nf_job *job, fast_pass *pass)
{
    const int mode = job->plan->options.rounding, pays = NF_PUTS && pass->is_far && !pass->is_random && job->to_values;
    pass->put_f32 = pays ? fast_put_loops_f32[mode][pass->class] : NULL;
    pass->put_f64 = pays ? fast_put_loops_f64[mode][pass->class] : NULL;
}

/* Is an operand's array the result's? */
static int fast_is_in_place(const nf_job *job)
{
    int is_any = 0;
    for (int k = 0; k < job->arithmetic->count; k++)
        is_any |= job->arithmetic->operands[k].data + job->place * job->y_size == (const char *)job->y;
    return is_any;
}

/* The width in which an operation is done. */
static int fast_choose_arithmetic(const nf_job *job, fast_pass *pass)
{
    fast_arithmetic *a = pass->arithmetic;
    const nf_arithmetic *how = job->arithmetic;
    if (job->n < ARITHMETIC_PAYS || how->load || job->plan->options.element_flags)
        return 0;
    fast_open_arithmetic(how, a);
    for (a->is_wide = 0; a->is_wide <= 1; a->is_wide++) {
        const int carries = fast_carries(how, job->plan, a, a->is_wide);
        if (carries && fast_choose(job, a->is_wide, pass)) {
            a->is_exact = carries == NF_CARRIES_ALL;
            a->refuses_zeros =
                how->divides_to_nan && (how->operation == NF_OP_divide || how->operation == NF_OP_reciprocal);
            pass->is_in_place = fast_is_in_place(job);
            fast_open_tables(a, job->n);
            return 1;
        }
    }
    return 0;
}

/* The width in which a job is done. */
static int fast_choose_width(const nf_job *job, fast_pass *pass)
{
    int fits_f32;
    if (job->arithmetic)
        return fast_choose_arithmetic(job, pass);
    if (job->dry || !fast_input(job, pass, &fits_f32))
        return 0;
    return (fits_f32 && fast_output_fits(job, 0) && fast_choose(job, 0, pass)) ||
           (fast_output_fits(job, 1) && fast_choose(job, 1, pass));
}

static int fast_prepare(const nf_job *job, fast_pass *pass)
{
    pass->decode_f32 = NULL;
    pass->decode_f64 = NULL;
    pass->is_in_place = job->y == job->x;
    if (job->report || job->plan->options.overflow == NF_OVERFLOW_unbounded || !fast_choose_width(job, pass))
        return 0;
    pass->is_random = nf_rounding_at(job->plan->options.rounding)->is_random;
    pass->back_off = 1;
    pass->is_far = job->whole_n * job->x_size >= FAR_BYTES;
    const nf_options *o = &job->plan->options;
    pass->is_keyed = pass->is_random && o->key && !o->random_bits_per_element && !job->dry;
    pass->streams = !pass->is_in_place && !job->dry && job->whole_n * job->y_size >= STREAM_BYTES;
    fast_choose_put(job, pass);
    pass->puts = fast_puts(job, pass);
    const int waits = pass->is_random || pass->put_f32; /* for words, or for memory: to clamp costs less than to try */
    pass->dirty = pass->class == FAST_FIXED && waits ? ~0u : 0;
    pass->block = fast_block_size(job, pass);
    if ((pass->is_wide || job->y_type == NF_F16) && nf_job_may_leave(job)) /* other loops leave large numbers alone */
        return 0;
    return !pass->is_wide || job->source || job->arithmetic || job->x_type != NF_F16;
}

#endif
