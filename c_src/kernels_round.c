/* Compiled once, for every instruction set: there is nothing in them that vectors would do, and they are a third of
 * what a set of kernels takes to compile. */
#include "round_loops.h"
#include "kernels.h"
#include "target.h"
#include "round_core.inc"

#define ROUND_LOOP(NAME, family, mode) \
    static uint32_t round_##family##_##mode(const nf_plan *plan, const nf_unpacked *x, const uint32_t *words, \
                                            uint64_t first, size_t n, uint64_t *codes, uint32_t *what) \
    { \
        uint32_t any = 0; \
        for (size_t i = 0; i < n; i++) { \
            nf_outcome o = round_number(NF_ROUND_##mode, NF_##NAME, plan, &x[i], words[i], first + i); \
            codes[i] = o.code; \
            what[i] = o.what; \
            any |= o.what; \
        } \
        return any; \
    }
#define NF_ROUNDING(name, random, away, leaves, meaning, aliases) NF_FAMILIES(ROUND_LOOP, name)
#include "rounding.def"
#undef NF_ROUNDING

nf_round_loop *const nf_round_loops[NF_ROUNDING_COUNT][NF_FAMILY_COUNT] = {
#define ROUND_ENTRY(NAME, family, mode) round_##family##_##mode,
#define NF_ROUNDING(name, random, away, leaves, meaning, aliases) {NF_FAMILIES(ROUND_ENTRY, name)},
#include "rounding.def"
#undef NF_ROUNDING
};
