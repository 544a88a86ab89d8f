/* Numbers to short codebooks by the steps of codebook_steps.h; and tables of at most 256 values, looked up by code. */
#ifndef NF_CODEBOOK_RUN_H
#define NF_CODEBOOK_RUN_H

#include "codebook_steps.h"
#include "fast_choose.h"
#include "stream.h"
#include "vector.h"

/* In memory, bit by bit for all numbers: they do not wait for each other.  Returns whether there is a NaN, whose code
 * is then wrong. */
#define STEP_CODES(bits, number) \
    static int step_codes_##bits(const nf_steps *steps, const number *x, size_t n, uint8_t *codes) \
    { \
        int is_nan = 0; \
        memset(codes, 0, n); \
        for (uint32_t jump = steps->first_jump; jump; jump >>= 1) \
            for (size_t i = 0; i < n; i++) \
                codes[i] += (uint8_t)jump & (uint8_t)(0 - (x[i] >= steps->from_##bits[codes[i] + jump])); \
        for (size_t i = 0; i < n; i++) \
            is_nan |= x[i] != x[i]; \
        return is_nan; \
    }
STEP_CODES(f32, float)
STEP_CODES(f64, double)
#undef STEP_CODES

#define LOOK_UP(bits, number) \
    static void look_up_##bits(const number *values, const uint8_t *codes, size_t n, number *y) \
    { \
        for (size_t i = 0; i < n; i++) \
            y[i] = values[codes[i]]; \
    }
LOOK_UP(f32, float)
LOOK_UP(f64, double)
#undef LOOK_UP

/* Sixteen values in registers, looked up by the low four bits of an index; eight by the low three. */
#if NF_VECTOR_BYTES == 64
typedef __m512 numbers;
typedef __m512 sixteen;

static inline sixteen load_sixteen(const float *x) { return _mm512_loadu_ps(x); }
static inline numbers pick_of_sixteen(sixteen table, vector index) { return _mm512_permutexvar_ps(index, table); }
static inline numbers pick_of_eight(numbers table, vector index) { return _mm512_permutexvar_ps(index, table); }
static inline vector load_bytes(const uint8_t *x) { return _mm512_cvtepu8_epi32(_mm_loadu_si128((const void *)x)); }

/* All ones where it holds. */
#define WHERE(a, is, b) _mm512_movm_epi32(_mm512_cmp_ps_mask(a, b, is))

static inline void store_bytes(uint8_t *y, const vector *x)
{
    for (int i = 0; i < 4; i++)
        _mm_storeu_si128((void *)(y + 16 * i), _mm512_cvtepi32_epi8(x[i]));
}
#elif NF_VECTOR_BYTES == 32
typedef __m256 numbers;
typedef struct sixteen {
    __m256 low, high;
} sixteen;

static inline sixteen load_sixteen(const float *x) { return (sixteen){_mm256_loadu_ps(x), _mm256_loadu_ps(x + 8)}; }
static inline numbers pick_of_eight(numbers table, vector index) { return _mm256_permutevar8x32_ps(table, index); }

static inline numbers pick_of_sixteen(sixteen table, vector index)
{
    const __m256 is_high = _mm256_castsi256_ps(_mm256_slli_epi32(index, 28));
    return _mm256_blendv_ps(pick_of_eight(table.low, index), pick_of_eight(table.high, index), is_high);
}

static inline vector load_bytes(const uint8_t *x) { return _mm256_cvtepu8_epi32(_mm_loadl_epi64((const void *)x)); }

#define WHERE(a, is, b) _mm256_castps_si256(_mm256_cmp_ps(a, b, is))

static inline void store_bytes(uint8_t *y, const vector *x)
{
    const vector low = _mm256_packus_epi32(x[0], x[1]), high = _mm256_packus_epi32(x[2], x[3]);
    const vector order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    _mm256_storeu_si256((void *)y, _mm256_permutevar8x32_epi32(_mm256_packus_epi16(low, high), order));
}
#endif

#ifdef VECTOR
enum { STEP_LEVELS = 4, STEP_LANES = NF_VECTOR_BYTES / 4, STEP_UNIT = 4 * STEP_LANES };

/* The bisection of sixteen codes: a level looks up its number by the bits that are known of the code. */
typedef struct step_tree {
    numbers levels[STEP_LEVELS];
    sixteen values;
} step_tree;

static step_tree plant_steps(const nf_steps *steps)
{
    step_tree tree;
    float level[16];
    for (unsigned l = 0; l < STEP_LEVELS; l++) {
        for (unsigned i = 0; i < 16; i++)
            level[i] = steps->from_f32[(i % (1u << l)) << (STEP_LEVELS - l) | (8u >> l)];
        tree.levels[l] = VECTOR(loadu_ps)(level);
    }
    tree.values = load_sixteen(steps->values_f32);
    return tree;
}

/* The codes of a vector of numbers; `nans` gathers all ones where there is a NaN. */
NF_INLINE vector climb(const step_tree *tree, const float *x, vector *nans)
{
    const numbers number = VECTOR(loadu_ps)(x);
    vector code = VECTOR_ALL(setzero)();
    for (int l = 0; l < STEP_LEVELS; l++) {
        const vector is_above = WHERE(number, _CMP_GE_OQ, pick_of_eight(tree->levels[l], code));
        code = VECTOR(sub_epi32)(VECTOR(add_epi32)(code, code), is_above);
    }
    *nans = VECTOR_ALL(or)(*nans, WHERE(number, _CMP_UNORD_Q, number));
    return code;
}

static inline int any_is_set(vector x)
{
    int32_t lanes[STEP_LANES], any = 0;
    VECTOR_ALL(storeu)((void *)lanes, x);
    for (int i = 0; i < STEP_LANES; i++)
        any |= lanes[i];
    return any != 0;
}

/* n is a multiple of STEP_UNIT. */
static int climb_to_values(const nf_steps *steps, const float *x, size_t n, float *y)
{
    const step_tree tree = plant_steps(steps);
    vector nans = VECTOR_ALL(setzero)();
    for (size_t i = 0; i < n; i += STEP_LANES)
        VECTOR(storeu_ps)(y + i, pick_of_sixteen(tree.values, climb(&tree, x + i, &nans)));
    return any_is_set(nans);
}

static int climb_to_codes(const nf_steps *steps, const float *x, size_t n, uint8_t *y)
{
    const step_tree tree = plant_steps(steps);
    vector nans = VECTOR_ALL(setzero)(), codes[4];
    for (size_t i = 0; i < n; i += STEP_UNIT) {
        for (size_t j = 0; j < 4; j++)
            codes[j] = climb(&tree, x + i + j * STEP_LANES, &nans);
        store_bytes(y + i, codes);
    }
    return any_is_set(nans);
}

/* A table of sixteen values; n is a multiple of STEP_UNIT. */
static void look_up_sixteen(const float *values, const uint8_t *codes, size_t n, float *y)
{
    const sixteen table = load_sixteen(values);
    for (size_t i = 0; i < n; i += STEP_LANES)
        VECTOR(storeu_ps)(y + i, pick_of_sixteen(table, load_bytes(codes + i)));
}
#else
/* Nothing is a multiple of that: all goes by memory. */
enum { STEP_UNIT = 1 << 30 };

static int climb_to_values(const nf_steps *steps, const float *x, size_t n, float *y)
{
    return (void)steps, (void)x, (void)n, (void)y, 0;
}

static int climb_to_codes(const nf_steps *steps, const float *x, size_t n, uint8_t *y)
{
    return (void)steps, (void)x, (void)n, (void)y, 0;
}

static void look_up_sixteen(const float *values, const uint8_t *codes, size_t n, float *y)
{
    (void)values, (void)codes, (void)n, (void)y;
}
#endif

/* A job's block by its steps, through the codes where no loop has both ends. */
typedef struct step_pass {
    nf_job *job;
    uint8_t codes[FAST_BLOCK];
    double results[FAST_BLOCK]; /* where the output is the input */
} step_pass;

static int step_block_to_codes(const nf_job *job, const void *x, size_t n, uint8_t *codes)
{
    const nf_steps *steps = job->steps;
    if (job->x_type == NF_F64)
        return step_codes_f64(steps, x, n, codes);
    const size_t m = steps->count > 16 ? 0 : n - n % STEP_UNIT;
    const int is_nan = climb_to_codes(steps, x, m, codes);
    return step_codes_f32(steps, (const float *)x + m, n - m, codes + m) | is_nan;
}

/* A block of at most FAST_BLOCK elements into y; returns whether there is a NaN. */
static int step_block(step_pass *pass, const void *x, size_t n, void *y)
{
    const nf_job *job = pass->job;
    const nf_steps *steps = job->steps;
    if (!job->to_values)
        return step_block_to_codes(job, x, n, y);
    const int is_narrow = job->x_type == NF_F32 && job->y_type == NF_F32 && steps->count <= 16;
    const size_t m = is_narrow ? n - n % STEP_UNIT : 0;
    int is_nan = climb_to_values(steps, x, m, y);
    is_nan |= step_block_to_codes(job, (const char *)x + m * job->x_size, n - m, pass->codes);
    if (job->y_type == NF_F32)
        look_up_f32(steps->values_f32, pass->codes, n - m, (float *)y + m);
    else
        look_up_f64(steps->values_f64, pass->codes, n - m, y);
    return is_nan;
}

static void run_piece(nf_job *job, size_t start, size_t n, void *y);

static void make_step_block(void *context, size_t start, size_t n, void *y)
{
    step_pass *pass = context;
    nf_job *job = pass->job;
    const char *x = (const char *)job->x + start * job->x_size;
    if (job->failed)
        return;
    fetch_ahead(x, n * job->x_size, BLOCK_AHEAD);
    const int is_in_place = x == y;
    if (step_block(pass, x, n, is_in_place ? pass->results : y))
        run_piece(job, start, n, y);
    else if (is_in_place)
        memcpy(y, pass->results, n * job->y_size);
}

/* 0 where the job has no steps. */
static int run_steps(nf_job *job)
{
    step_pass pass;
    if (!job->steps || job->dry)
        return 0;
    pass.job = job;
    const int streams = job->y != job->x && job->whole_n * job->y_size >= STREAM_BYTES;
    make_blocks(make_step_block, &pass, job->y, job->y_size, job->n, FAST_BLOCK, streams);
    return 1;
}

#endif
