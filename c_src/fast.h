/* The fast paths: the same bits as the general loop, in vectors.  What each class covers, and why it is exact, stands
 * in fast_round.inc; fast_plan.inc says which plans belong to one.  Included per instruction set by kernels.inc. */
#ifndef NF_FAST_H
#define NF_FAST_H

#include "stream.h"

#ifndef NF_PUTS
#define NF_PUTS 0
#endif

#ifndef NF_FUSES
#ifdef __FP_FAST_FMA
#define NF_FUSES 1
#else
#define NF_FUSES 0
#endif
#endif

typedef enum fast_class {
    FAST_FIXED,
    FAST_GRID,
    FAST_SHIFT,
    FAST_OCTAVE,
    FAST_TINY,
    FAST_POSIT,
    FAST_TAKUM,
    FAST_CLASS_COUNT,
    FAST_NONE
} fast_class;

enum {
    DIRTY_BLOCKS = 16,
    KEYED_BLOCK = 2 * PHILOX_TILE, /* of a loop that makes its own words */
    KEYED_AHEAD = 4096,            /* bytes of input that such a loop asks for ahead */
    PUT_AHEAD = 2048               /* the same of a loop that streams without */
};
enum { POSIT_SLACK = 640 }; /* of 2**31 */
enum { FAST_SAW_MORE = 1, FAST_SAW_TIE = 2 };
enum { FAST_IS_complete, FAST_IS_clean, FAST_IS_bare, FAST_KIND_COUNT };

/* All the steps of a keyed loop in one piece, but not where each access is checked: that takes minutes to compile. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define FAST_UNROLL
#else
#define FAST_UNROLL _Pragma("GCC unroll 8")
#endif

/* What lies `distance` bytes behind each line of x on its way: hardware alone comes too late where the work is much. */
NF_INLINE void fetch_ahead(const void *x, size_t bytes, size_t distance)
{
    const uintptr_t ahead = (uintptr_t)x + distance;
    for (size_t i = 0; i < bytes; i += STREAM_LINE)
        __builtin_prefetch((const void *)(ahead + i));
}

/* What a lane has seen so far: macros, as the compiler makes no vectors of calls that take an address. */
#define SEEN_BY_LANE(lanes, i) {(lanes).magnitude[i], (lanes).sum[i], (lanes).least[i]}
#define SET_LANE(lanes, i, seen) \
    (lanes).magnitude[i] = (seen).magnitude, (lanes).sum[i] = (seen).sum, (lanes).least[i] = (seen).least

/* The steps of a keyed loop, of `blocks` times KEYED_BLOCK elements from x to y: `vector` rounds PHILOX_LANES of them
 * at `from` by `words` to `result`, and `put` stores these at `to`, past the caches where `streams` says so. */
#define KEYED_STEPS(element, UINT, put, vector) \
    const element *from = x; \
    for (element *to = y; blocks > 0; blocks--) { \
        philox_pair pair = feed_begin(feed); \
        FAST_UNROLL for (int step = 0; step < KEYED_BLOCK / PHILOX_LANES; step++) \
        { \
            _Alignas(64) UINT result[PHILOX_LANES]; \
            const uint32_t *words = feed->words + offset + step * PHILOX_LANES; \
            philox_pair_step(&pair, feed, step); \
            fetch_ahead(from, PHILOX_LANES * sizeof *from, KEYED_AHEAD); \
            vector put(to, result, streams); \
            feed_keep(feed, step); \
            from += PHILOX_LANES; \
            to += PHILOX_LANES; \
        } \
        feed_end(feed, &pair); \
    }

/* Floats whose one code of sign and 0 is their NaN. */
static inline int lacks_minus_zero(const nf_grid *grid)
{
    return grid->format.family == NF_FLOAT && grid->sign_bit && !grid->has_negative_zero;
}

/* The policies by which an unsigned format gives code 0 for every negative number and -infinity. */
static inline int saturates(const nf_plan *plan)
{
    return plan->options.overflow == NF_OVERFLOW_saturate || plan->options.overflow == NF_OVERFLOW_saturate_propagate;
}

#define REAL float
#define UINT uint32_t
#define INT int32_t
#define FRACTION 23
#define FAST(name) fast_##name##_f32
#include "fast_type.inc"

#define REAL double
#define UINT uint64_t
#define INT int64_t
#define FRACTION 52
#define FAST(name) fast_##name##_f64
#include "fast_type.inc"

#include "fast_short.inc"

#endif
