/* Generators: what their files share. */
#ifndef NF_GENERATORS_H
#define NF_GENERATORS_H

#include "numfmt.h"

#define NF_GENERATOR(name, spelling, takes_mask, state_bits, word_bits, meaning, aliases) NF_GENERATOR_##name,
enum {
#include "generators.def"
    NF_GENERATOR_COUNT
};
#undef NF_GENERATOR

/* Bits of a checked generator's state; 0: it has no state that could get stuck. */
static inline unsigned nf_state_bits(const nf_generator *g)
{
    const nf_generator_row *row = nf_generator_at(g->kind);
    return row->takes_mask ? g->width : row->state_bits;
}

/* The next word of a checked generator, from a sound state. */
uint64_t nf_generator_next(const nf_generator *generator, nf_generator_state *state);

typedef unsigned __int128 nf_state_word;

enum { NF_MOST_STATE_BITS = 128 };

/* n steps at once.  The next state of a shift register is its state's bits times a matrix over GF(2), plus an offset;
 * n steps are again one such.  Counters add n. */
typedef struct nf_jump {
    const nf_generator *generator;
    uint64_t n;
    unsigned bits;
    nf_state_word offset, column[NF_MOST_STATE_BITS];
} nf_jump;

void nf_jump_find(nf_jump *jump, const nf_generator *generator, uint64_t n);
void nf_jump_apply(const nf_jump *jump, nf_generator_state *state);

/* states[i] = states[i - lanes], gone on by n words, for i from `lanes` to count - 1. */
void nf_jump_on(const nf_generator *generator, uint64_t n, nf_generator_state *states, size_t lanes, size_t count);

/* Words that a lane of recorded words has left; else all. */
static inline uint64_t nf_words_left(const nf_generator *g, const nf_generator_state *state)
{
    return g->kind == NF_GENERATOR_external ? g->recorded_count - state->words[0] : UINT64_MAX;
}

#endif
