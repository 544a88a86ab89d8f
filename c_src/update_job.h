/* What the calls that update samplers derive from their arguments. */
#ifndef NF_UPDATE_JOB_H
#define NF_UPDATE_JOB_H

#include "sampler_loops.h"

typedef struct nf_update_state {
    nf_plan gradient, weight;
    nf_law law;
} nf_update_state;

/* Sets up all of the job but its arrays and its report; the job points to the state.  Step size and noise variance are
 * the update's. */
nf_status nf_update_prepare(const nf_update *update, nf_update_state *state, nf_update_job *job);

/* The plan of rounding float32 to float32 by options that do not bring words of their own. */
nf_status nf_plan_floats(nf_plan *plan, const nf_format *format, const nf_options *options, uint64_t first);

int nf_is_noise(double variance); /* finite and not negative */

enum {
    NF_TAME_EXPONENT = 60, /* a sum of products of such numbers does not overflow */
    NF_NEVER_TAME = -1000
};

/* Numbers below 2**exponent round to numbers of at most that size or twice their own, NF_NEVER_TAME: none do surely. */
int nf_tame_exponent(const nf_plan *plan);

/* Is every result of the plan, of whatever finite number, finite and at most an end of the format? */
int nf_stays_inside(const nf_plan *plan);

#endif
