/* The words of one element at neighbouring calls: Philox blocks that differ in the call alone.  Included inside the
 * region of an instruction set. */
#ifndef NF_RANDOM_CALLS_H
#define NF_RANDOM_CALLS_H

#include "random.h"

enum { PHILOX_CALLS = 2 * PHILOX_LANES };

#if NF_VECTOR_BYTES >= 32
NF_INLINE philox_state philox_start_calls(uint64_t high, uint64_t block)
{
    philox_state s = {PHILOX_SET(block), PHILOX_SET(block >> 32), PHILOX_ADD(PHILOX_SET(high), PHILOX_COUNT),
                      PHILOX_SET(high >> 32)};
    return s;
}

/* The four words of a block at PHILOX_CALLS calls, where the lower half of none overflows: each word of 16 calls, then
 * each of the other 16. */
static void philox_calls_in_lanes(uint64_t key, uint64_t high, uint64_t block, uint32_t *out)
{
#if NF_VECTOR_BYTES == 64
    philox_two(key, philox_start_calls(high, block), philox_start_calls(high + 16, block), out, out + PHILOX_TILE);
#else
    for (int half = 0; half < 2; half++, high += 16, out += PHILOX_TILE)
        philox_two(key, philox_start_calls(high, block), philox_start_calls(high + 8, block), out, out + 8);
#endif
}
#endif

/* The words of an element at calls call .. call + PHILOX_CALLS - 1. */
static void philox_calls(uint64_t key, uint64_t call, uint64_t draw, uint64_t element, uint32_t *out)
{
#if NF_VECTOR_BYTES >= 32
    const uint64_t block = (element >> 6) * PHILOX_LANES + (element & 15);
    const size_t word = (size_t)((element >> 4) & 3) * PHILOX_LANES;
    if ((uint32_t)call <= UINT32_MAX - PHILOX_CALLS) {
        uint32_t words[2 * PHILOX_TILE];
        philox_calls_in_lanes(key, philox_call(call, draw), block, words);
        memcpy(out, words + word, PHILOX_LANES * sizeof *out);
        memcpy(out + PHILOX_LANES, words + PHILOX_TILE + word, PHILOX_LANES * sizeof *out);
        return;
    }
#endif
    for (uint64_t i = 0; i < PHILOX_CALLS; i++)
        out[i] = philox_word(key, call + i, draw, element);
}

#endif
