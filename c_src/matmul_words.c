/* Matrix products: where stochastic roundings take their random words. */
#include <stdlib.h>

#include "generators.h"
#include "matmul_lanes.h"

enum { MOST_CALL_BITS = 48 };

typedef struct roundings {
    const nf_rounder *all[4];
} roundings;

static roundings roundings_of(const nf_matmul_call *call)
{
    return (roundings){{&call->product, &call->sum, &call->join, &call->combine}};
}

uint64_t nf_count_words(const nf_matmul_call *call)
{
    const nf_datapath *path = call->path;
    const int each_product = path->kind == NF_BLOCK_chain || path->kind == NF_BLOCK_tree;
    uint64_t instructions = 0, chains = 0;
    for (size_t i = 0; i < call->block_count; i++) {
        instructions += call->blocks[i].closes;
        chains += call->blocks[i].ends_chain;
    }
    const uint64_t combined = (chains ? chains - 1 : 0) + path->c_comes_last;
    return (call->product.is_random ? call->shape.terms : 0) +
           (call->sum.is_random ? each_product ? call->shape.terms : call->block_count : 0) +
           (call->join.is_random ? instructions : 0) + (call->combine.is_random ? combined : 0);
}

/* Results that take words of a lane. */
static uint64_t turns_of(size_t lane, size_t lanes, size_t count)
{
    return lane < count ? (count - lane - 1) / lanes + 1 : 0;
}

/* Have words as many bits as a rounding takes? */
static int words_are_wide(const nf_rounder *r, unsigned bits)
{
    const nf_options *o = &r->plan.options;
    return !r->is_random || bits >= (o->random_bits_per_element ? o->random_bits_per_element : 32);
}

static nf_status check_source(const nf_matmul_call *call, size_t count)
{
    const nf_word_source *w = call->path->words;
    const roundings r = roundings_of(call);
    const unsigned bits = nf_generator_word_bits(w->generator);
    if (!bits || !w->lanes || call->options.first)
        return NF_BAD_ARGUMENT;
    if (nf_generator_check_states(w->generator, w->states, w->lanes, NULL) != NF_OK)
        return NF_BAD_ARGUMENT;
    for (int i = 0; i < 4; i++)
        if (!words_are_wide(r.all[i], bits))
            return NF_BAD_ROUNDING;
    const uint64_t each = w->generator->kind == NF_GENERATOR_external ? nf_count_words(call) : 0;
    for (size_t lane = 0; each && lane < w->lanes && lane < count; lane++)
        if (nf_words_left(w->generator, &w->states[lane]) / each < turns_of(lane, w->lanes, count))
            return NF_NEEDS_RANDOM;
    return NF_OK;
}

nf_status nf_check_words(const nf_matmul_call *call, size_t count)
{
    const nf_key *key = call->options.key;
    const roundings r = roundings_of(call);
    int is_random = 0;
    for (int i = 0; i < 4; i++)
        is_random |= r.all[i]->is_random;
    if (!is_random)
        return key || call->path->words ? NF_HAS_RANDOM : NF_OK;
    if (call->path->words)
        return key ? NF_HAS_RANDOM : check_source(call, count);
    if (!key)
        return NF_NEEDS_RANDOM;
    const uint64_t end = (uint64_t)1 << MOST_CALL_BITS,
                   most = call->shape.terms < end / 8 ? call->shape.terms * 4 + 16 : end;
    return key->call > end - most ? NF_BAD_ARGUMENT : NF_OK;
}

void nf_begin_words(nf_lanes *l)
{
    const nf_word_source *w = l->call->path->words;
    const uint64_t each = nf_count_words(l->call);
    nf_jump turn = {.n = 0}, jump = {.n = 0};
    if (l->n > w->lanes)
        nf_jump_find(&turn, w->generator, each);
    for (size_t i = 0; i < l->n; i++) {
        const size_t number = l->first + i;
        const uint64_t n = number / w->lanes * each;
        if (i >= w->lanes) {
            l->states[i] = l->states[i - w->lanes];
            nf_jump_apply(&turn, &l->states[i]);
            continue;
        }
        if (n != jump.n)
            nf_jump_find(&jump, w->generator, n);
        l->states[i] = w->states[number % w->lanes];
        if (n)
            nf_jump_apply(&jump, &l->states[i]);
    }
}

void nf_take_words(nf_lanes *l, uint32_t *words)
{
    for (size_t i = 0; i < l->n; i++)
        words[i] = (uint32_t)nf_generator_next(l->call->path->words->generator, &l->states[i]);
}

nf_status nf_begin_all_words(nf_matmul_call *call, size_t count)
{
    const nf_word_source *w = call->path->words;
    const size_t own = w->lanes < count ? w->lanes : count;
    call->states = malloc(count * sizeof *call->states);
    if (!call->states)
        return NF_NO_MEMORY;
    memcpy(call->states, w->states, own * sizeof *call->states);
    if (own < count)
        nf_jump_on(w->generator, nf_count_words(call), call->states, own, count);
    return NF_OK;
}

/* Each lane goes on where its last result ended. */
static void end_in_states(const nf_matmul_call *call, size_t count)
{
    const nf_word_source *w = call->path->words;
    const size_t last = (count - 1) / w->lanes * w->lanes; /* turn */
    for (size_t lane = 0; lane < w->lanes && lane < count; lane++)
        w->states[lane] = call->states[last + lane < count ? last + lane : last + lane - w->lanes];
}

void nf_end_words(const nf_matmul_call *call, size_t count)
{
    const nf_word_source *w = call->path->words;
    const uint64_t each = w ? nf_count_words(call) : 0;
    nf_jump jump = {.n = 0};
    if (call->states) {
        end_in_states(call, count);
        return;
    }
    for (size_t lane = 0; each && lane < w->lanes && lane < count; lane++) {
        const uint64_t n = turns_of(lane, w->lanes, count) * each;
        if (n != jump.n)
            nf_jump_find(&jump, w->generator, n);
        nf_jump_apply(&jump, &w->states[lane]);
    }
}

nf_status nf_matmul_words(const nf_datapath *path, const nf_dot_shape *shape, uint64_t *words)
{
    const nf_key any = {0, 0};
    nf_matmul_call call;
    if (!path || !shape || !words)
        return NF_BAD_ARGUMENT;
    memset(&call, 0, sizeof call);
    call.path = path;
    call.shape = *shape;
    call.options.key = path->words ? NULL : &any;
    nf_status status = nf_read_path(&call);
    if (status == NF_OK)
        status = nf_lay_out_blocks(&call);
    if (status == NF_OK)
        *words = nf_count_words(&call);
    free(call.places);
    free(call.blocks);
    return status;
}
