/* Hardware random bits: descriptors, seeds, words. */
#include <stdint.h>
#include <string.h>

#include "random_hw.h"

#define NF_GENERATOR(name, spelling, takes_mask, state_bits, word_bits, meaning, aliases) \
    {spelling, aliases, meaning, takes_mask, state_bits, word_bits},
static const nf_generator_row rows[] = {
#include "generators.def"
};
#undef NF_GENERATOR

const nf_generator_row *nf_generator_at(size_t index) { return index < NF_GENERATOR_COUNT ? &rows[index] : NULL; }

/* --- the descriptor ------------------------------------------------------------------------------------------- */

static int mask_is_sound(const nf_generator *g)
{
    if (g->width < 2 || g->width > 64 || (g->width < 64 && g->mask >> g->width))
        return 0;
    if (g->kind == NF_GENERATOR_galois_lfsr)
        return g->mask >> (g->width - 1) != 0;
    return (g->mask & 1) && !__builtin_parityll(g->mask);
}

static int record_is_sound(const nf_generator *g)
{
    const int fits = !g->recorded_lanes || g->recorded_count <= SIZE_MAX / sizeof *g->recorded / g->recorded_lanes;
    return fits && (g->recorded || !g->recorded_count || !g->recorded_lanes);
}

static int is_counter_or_record(const nf_generator *g)
{
    return !rows[g->kind].takes_mask && !rows[g->kind].state_bits;
}

nf_status nf_generator_check(const nf_generator *g)
{
    if (!g || g->kind >= NF_GENERATOR_COUNT || g->seed_rule >= NF_SEED_COUNT)
        return NF_BAD_ARGUMENT;
    if (rows[g->kind].takes_mask ? !mask_is_sound(g) : g->width || g->mask)
        return NF_BAD_ARGUMENT;
    if (g->kind == NF_GENERATOR_external ? !record_is_sound(g) : g->recorded || g->recorded_count || g->recorded_lanes)
        return NF_BAD_ARGUMENT;
    return is_counter_or_record(g) && g->seed_rule != NF_SEED_plus ? NF_BAD_ARGUMENT : NF_OK;
}

unsigned nf_generator_word_bits(const nf_generator *g)
{
    if (nf_generator_check(g) != NF_OK)
        return 0;
    return rows[g->kind].takes_mask ? g->width : rows[g->kind].word_bits;
}

/* --- states ----------------------------------------------------------------------------------------------------- */

static uint64_t low_bits(unsigned bits) { return bits < 64 ? ((uint64_t)1 << bits) - 1 : UINT64_MAX; }

/* Output number `index` of SplitMix64 that begins with `seed`. */
static uint64_t splitmix(uint64_t seed, uint64_t index)
{
    uint64_t z = seed + (index + 1) * 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

static nf_generator_state counter_of(const nf_generator *g, uint64_t seed, uint64_t lane)
{
    switch (g->kind) {
    case NF_GENERATOR_external:
        return (nf_generator_state){{0, lane}};
    case NF_GENERATOR_philox4x32_10:
        return (nf_generator_state){{0, lane, seed}};
    default:
        return (nf_generator_state){{0, 0, seed ^ lane << 32}};
    }
}

static nf_generator_state seeded(const nf_generator *g, uint64_t seed, uint64_t lane)
{
    const unsigned bits = nf_state_bits(g);
    nf_generator_state s = {{0}};
    if (!bits)
        return counter_of(g, seed, lane);
    const uint64_t per_lane = bits > 64 ? 2 : 1;
    for (uint64_t i = 0; g->seed_rule == NF_SEED_splitmix && i < per_lane; i++)
        s.words[i] = splitmix(seed, per_lane * lane + i);
    if (g->seed_rule != NF_SEED_splitmix)
        s.words[0] = g->seed_rule == NF_SEED_complement ? ~(seed + lane) : seed + lane;
    s.words[0] &= low_bits(bits);
    return s;
}

static int counter_is_sound(const nf_generator *g, const uint64_t *s)
{
    switch (g->kind) {
    case NF_GENERATOR_external:
        return s[0] <= g->recorded_count && s[1] < g->recorded_lanes && !s[2] && !s[3];
    case NF_GENERATOR_philox4x32_10:
        return s[3] < 4;
    default:
        return s[3] < 2 && !s[1];
    }
}

static int state_is_sound(const nf_generator *g, const nf_generator_state *state)
{
    const uint64_t *s = state->words;
    const unsigned bits = nf_state_bits(g);
    if (!bits)
        return counter_is_sound(g, s);
    nf_generator_state next = *state;
    if (s[0] & ~low_bits(bits) || (bits <= 64 && s[1]) || s[2] || s[3])
        return 0;
    nf_generator_next(g, &next);
    return next.words[0] != s[0] || next.words[1] != s[1];
}

static nf_status check_states(const nf_generator *g, const nf_generator_state *states, size_t lanes,
                              uint64_t *failed_at)
{
    for (size_t lane = 0; lane < lanes; lane++)
        if (!state_is_sound(g, &states[lane])) {
            if (failed_at)
                *failed_at = lane;
            return NF_BAD_ARGUMENT;
        }
    return NF_OK;
}

static int are_missing(const nf_generator_state *states, size_t lanes)
{
    return (!states && lanes) || lanes > SIZE_MAX / sizeof *states;
}

nf_status nf_generator_check_states(const nf_generator *generator, const nf_generator_state *states, size_t lanes,
                                    uint64_t *failed_at)
{
    if (nf_generator_check(generator) != NF_OK || are_missing(states, lanes))
        return NF_BAD_ARGUMENT;
    return check_states(generator, states, lanes, failed_at);
}

nf_status nf_generator_seed(const nf_generator *generator, uint64_t seed, uint64_t first, nf_generator_state *states,
                            size_t lanes, uint64_t *failed_at)
{
    if (nf_generator_check(generator) != NF_OK || are_missing(states, lanes))
        return NF_BAD_ARGUMENT;
    const int is_narrow = generator->kind == NF_GENERATOR_threefry2x32_20;
    for (size_t lane = 0; lane < lanes; lane++) {
        const nf_generator_state s = seeded(generator, seed, first + lane);
        if (!state_is_sound(generator, &s) || (is_narrow && (first + lane) >> 32)) {
            if (failed_at)
                *failed_at = lane;
            return NF_BAD_ARGUMENT;
        }
    }
    for (size_t lane = 0; lane < lanes; lane++)
        states[lane] = seeded(generator, seed, first + lane);
    return NF_OK;
}

/* --- words ------------------------------------------------------------------------------------------------------ */

#define NF_GENERATOR(name, spelling, takes_mask, state_bits, word_bits, meaning, aliases) \
    static void fill_##name(const nf_generator *g, uint64_t *s, char *words, size_t size, size_t step, size_t n) \
    { \
        for (size_t i = 0; i < n; i++) { \
            const uint64_t word = next_##name(g, s); \
            memcpy(words + i * step * size, &word, size); \
        } \
    }
#include "generators.def"
#undef NF_GENERATOR

typedef void fill(const nf_generator *g, uint64_t *s, char *words, size_t size, size_t step, size_t n);

#define NF_GENERATOR(name, spelling, takes_mask, state_bits, word_bits, meaning, aliases) fill_##name,
static fill *const fills[] = {
#include "generators.def"
};
#undef NF_GENERATOR

/* The words of counters, a block at a time. */
static void fill_blocks(const nf_generator *g, uint64_t *s, char *words, size_t size, size_t step, size_t n)
{
    uint32_t block[4];
    for (size_t i = 0; i < n;) {
        const unsigned count = counter_block(g->kind, s, block);
        for (; s[3] < count && i < n; i++, s[3]++) {
            const uint64_t word = block[s[3]];
            memcpy(words + i * step * size, &word, size);
        }
        end_block(s, count);
    }
}

uint64_t nf_generator_next(const nf_generator *generator, nf_generator_state *state)
{
    uint64_t word;
    fills[generator->kind](generator, state->words, (char *)&word, sizeof word, 1, 1);
    return word;
}

nf_status nf_generator_words(const nf_generator *generator, nf_generator_state *states, size_t lanes, void *words,
                             size_t size, size_t n)
{
    if (nf_generator_check(generator) != NF_OK || are_missing(states, lanes) || (size != 4 && size != 8) ||
        (n && (!words || !lanes)) || n > SIZE_MAX / size)
        return NF_BAD_ARGUMENT;
    if (check_states(generator, states, lanes, NULL) != NF_OK)
        return NF_BAD_ARGUMENT;
    const size_t used = lanes < n ? lanes : n;
    for (size_t lane = 0; lane < used; lane++)
        if ((n - lane - 1) / lanes >= nf_words_left(generator, &states[lane]))
            return NF_NEEDS_RANDOM;
    const int is_counter = is_counter_or_record(generator) && generator->kind != NF_GENERATOR_external;
    fill *const own = is_counter ? fill_blocks : fills[generator->kind];
    for (size_t lane = 0; lane < used; lane++)
        own(generator, states[lane].words, (char *)words + lane * size, size, lanes, (n - lane - 1) / lanes + 1);
    return NF_OK;
}

nf_status nf_generator_jump(const nf_generator *generator, nf_generator_state *states, size_t lanes, uint64_t n)
{
    nf_jump jump;
    const nf_status status = nf_generator_check_states(generator, states, lanes, NULL);
    if (status != NF_OK)
        return status;
    nf_jump_find(&jump, generator, n);
    for (size_t lane = 0; lane < lanes; lane++)
        nf_jump_apply(&jump, &states[lane]);
    return NF_OK;
}
