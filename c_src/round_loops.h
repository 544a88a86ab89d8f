/* The rounding core as loops over exact numbers, one a mode and family. */
#ifndef NF_ROUND_LOOPS_H
#define NF_ROUND_LOOPS_H

#include "format.h"

/* n numbers, the first of which is element `first` of the call, to codes and to what happened to each; returns
 * everything that happened to any of them. */
typedef uint32_t nf_round_loop(const nf_plan *plan, const nf_unpacked *x, const uint32_t *words, uint64_t first,
                               size_t n, uint64_t *codes, uint32_t *what);

extern nf_round_loop *const nf_round_loops[NF_ROUNDING_COUNT][NF_FAMILY_COUNT];

#endif
