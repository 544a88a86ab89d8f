/* Many steps of a generator at once. */
#include <string.h>

#include "generators.h"

static nf_state_word bits_of(const nf_generator_state *s) { return s->words[0] | (nf_state_word)s->words[1] << 64; }

static void set_bits(nf_generator_state *s, nf_state_word bits)
{
    s->words[0] = (uint64_t)bits;
    s->words[1] = (uint64_t)(bits >> 64);
}

static nf_state_word stepped(const nf_generator *g, nf_state_word bits)
{
    nf_generator_state s = {{0}};
    set_bits(&s, bits);
    nf_generator_next(g, &s);
    return bits_of(&s);
}

static nf_state_word times_matrix(const nf_jump *j, nf_state_word x)
{
    nf_state_word sum = 0;
    for (unsigned i = 0; i < j->bits; i++)
        sum ^= j->column[i] & -(x >> i & 1);
    return sum;
}

/* First `first`, then `then`. */
static nf_jump composed(const nf_jump *first, const nf_jump *then)
{
    nf_jump both = *first;
    both.offset = times_matrix(then, first->offset) ^ then->offset;
    for (unsigned i = 0; i < first->bits; i++)
        both.column[i] = times_matrix(then, first->column[i]);
    return both;
}

static nf_jump one_step(const nf_generator *g, unsigned bits)
{
    nf_jump step = {.generator = g, .bits = bits, .offset = stepped(g, 0)};
    for (unsigned i = 0; i < bits; i++)
        step.column[i] = stepped(g, (nf_state_word)1 << i) ^ step.offset;
    return step;
}

void nf_jump_find(nf_jump *jump, const nf_generator *generator, uint64_t n)
{
    const unsigned bits = nf_state_bits(generator);
    *jump = (nf_jump){.generator = generator, .n = n, .bits = bits};
    if (!bits)
        return;
    for (unsigned i = 0; i < bits; i++)
        jump->column[i] = (nf_state_word)1 << i;
    nf_jump power = one_step(generator, bits);
    for (uint64_t left = n; left; left >>= 1) {
        if (left & 1)
            *jump = composed(jump, &power);
        if (left > 1)
            power = composed(&power, &power);
    }
    jump->n = n;
}

static void add_to_counter(nf_generator_state *s, uint64_t n, unsigned size)
{
    const uint64_t word = s->words[3] + n % size, blocks = n / size + word / size;
    s->words[0] += blocks;
    s->words[1] += size == 4 && s->words[0] < blocks;
    s->words[3] = word % size;
}

void nf_jump_apply(const nf_jump *jump, nf_generator_state *state)
{
    const nf_generator *g = jump->generator;
    if (jump->bits)
        set_bits(state, times_matrix(jump, bits_of(state)) ^ jump->offset);
    else if (g->kind == NF_GENERATOR_external)
        state->words[0] += jump->n < nf_words_left(g, state) ? jump->n : nf_words_left(g, state);
    else
        add_to_counter(state, jump->n, g->kind == NF_GENERATOR_philox4x32_10 ? 4 : 2);
}

/* The matrix by bytes of the state: what each value of each byte becomes. */
typedef nf_state_word byte_table[NF_MOST_STATE_BITS / 8][256];

static void fill_bytes(const nf_jump *j, byte_table table)
{
    for (unsigned byte = 0; byte < (j->bits + 7) / 8; byte++)
        for (unsigned value = 0; value < 256; value++)
            table[byte][value] = times_matrix(j, (nf_state_word)value << (8 * byte));
}

static nf_state_word times_bytes(const nf_jump *j, const byte_table table, nf_state_word x)
{
    nf_state_word sum = j->offset;
    for (unsigned byte = 0; byte < (j->bits + 7) / 8; byte++)
        sum ^= table[byte][x >> (8 * byte) & 255];
    return sum;
}

void nf_jump_on(const nf_generator *generator, uint64_t n, nf_generator_state *states, size_t lanes, size_t count)
{
    nf_jump jump;
    byte_table table;
    nf_jump_find(&jump, generator, n);
    fill_bytes(&jump, table);
    for (size_t i = lanes; i < count; i++) {
        states[i] = states[i - lanes];
        if (jump.bits)
            set_bits(&states[i], times_bytes(&jump, table, bits_of(&states[i])));
        else
            nf_jump_apply(&jump, &states[i]);
    }
}
