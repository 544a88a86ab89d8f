/* In what order a sum takes its products, and in which blocks. */
#include <stdlib.h>

#include "matmul.h"

/* The places of an instruction's products, in blocks. */
static void lay_out_instruction(nf_matmul_call *call, const size_t *own, size_t count, size_t *at)
{
    const nf_datapath *p = call->path;
    const size_t whole = p->order ? p->instruction : count;
    const size_t block = p->block && p->block < whole ? p->block : whole;
    nf_matmul_block *first = &call->blocks[call->block_count], *last = first;
    for (size_t start = 0; start < whole; start += block) {
        *last = (nf_matmul_block){.start = *at};
        for (size_t q = start; q < start + block && q < whole; q++) {
            const size_t k = p->order ? p->order[q] : q;
            if (k < count)
                call->places[(*at)++] = own[k];
        }
        last->end = *at;
        last += last->end > last->start;
    }
    first->opens = 1;
    last[-1].closes = 1;
    call->block_count = (size_t)(last - call->blocks);
}

/* The first chain from `least` on that has products; SIZE_MAX: none has. */
static size_t next_chain(const nf_datapath *p, size_t terms, size_t least)
{
    size_t found = SIZE_MAX;
    for (size_t k = 0; k < terms; k++) {
        const size_t chain = p->chain_of ? p->chain_of[k] : 0;
        if (chain >= least && chain < found)
            found = chain;
    }
    return found;
}

nf_status nf_lay_out_blocks(nf_matmul_call *call)
{
    const nf_datapath *p = call->path;
    const size_t terms = call->shape.terms, chains = p->chain_of ? p->chains : 1;
    size_t at = 0;
    for (size_t k = 0; p->chain_of && k < terms; k++)
        if (p->chain_of[k] >= chains)
            return NF_BAD_ARGUMENT;
    call->places = calloc(terms + 1, sizeof *call->places);
    call->blocks = calloc(terms + 1, sizeof *call->blocks);
    size_t *own = calloc(terms + 1, sizeof *own);
    if (!call->places || !call->blocks || !own) {
        free(own);
        return NF_NO_MEMORY;
    }
    for (size_t chain = next_chain(p, terms, 0); chain < chains; chain = next_chain(p, terms, chain + 1)) {
        size_t count = 0;
        for (size_t k = 0; k < terms; k++)
            if (!p->chain_of || p->chain_of[k] == chain)
                own[count++] = k;
        const size_t step = p->instruction && p->instruction < count ? p->instruction : count;
        for (size_t k = 0; k < count; k += step)
            lay_out_instruction(call, own + k, count - k < step ? count - k : step, &at);
        nf_matmul_block *last = &call->blocks[call->block_count - 1];
        last->ends_chain = 1;
        const size_t next = next_chain(p, terms, chain + 1);
        last->ends_run = !p->run || next == SIZE_MAX || next / p->run != chain / p->run;
    }
    free(own);
    return NF_OK;
}
