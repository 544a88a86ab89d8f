/* Elementary functions of arrays. */
#ifndef NF_FUNCTION_JOB_H
#define NF_FUNCTION_JOB_H

#include "job.h"

/* Check a function's operands, and find how far its results must be known for a plan. */
nf_status nf_plan_function(nf_arithmetic *how, const nf_plan *plan);

/* Do a checked job of a function: the same results, flags and report as nf_run_job, each code evaluated once. */
nf_status nf_run_function(const nf_job *job);

#endif
