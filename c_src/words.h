/* The random words of elements. */
#ifndef NF_WORDS_H
#define NF_WORDS_H

#include "format.h"
#include "random.h"

/* The words of elements start .. start + n - 1 of the call. */
static void load_words(const nf_plan *plan, size_t start, size_t n, uint32_t *words)
{
    const nf_options *o = &plan->options;
    if (o->random_bits)
        memcpy(words, o->random_bits + start, n * sizeof *words);
    else if (o->key)
        philox_fill(o->key->key, o->key->call, 0, o->first + start, words, n);
    else
        memset(words, 0, n * sizeof *words);
}

/* Do the loops for all 32 bits decide as A or LT of few bits, once load_fast_words has made the words? */
NF_INLINE int few_bits_are_all(const nf_plan *plan)
{
    const nf_options *o = &plan->options;
    const uint8_t family = plan->grid.format.family;
    return (family == NF_FIXED || family == NF_FLOAT) &&
           (o->variant == NF_VARIANT_NONE || o->variant == NF_VARIANT_A || o->variant == NF_VARIANT_LT);
}

/* The same words for the loops that compare all 32 bits: of N bits, N on top and 0s below.  Then U >= 1 - tail where
 * the N bits and the tail's first N carry, whatever the tail's other bits are. */
static void load_fast_words(const nf_plan *plan, size_t start, size_t n, uint32_t *words)
{
    const nf_options *o = &plan->options;
    const int bits = o->random_bits_per_element;
    load_words(plan, start, n, words);
    if (!bits)
        return;
    const int shift = plan->own_words ? 32 - bits : 0;
    const uint32_t flip = o->variant == NF_VARIANT_LT ? UINT32_MAX : 0, counted = UINT32_MAX << (32 - bits);
    for (size_t i = 0; i < n; i++)
        words[i] = (words[i] ^ flip) << shift & counted;
}

#endif
