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

#endif
