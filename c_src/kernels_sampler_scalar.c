/* The definition: one step after the other. */
#include "format.h"
#include "target.h"

#define NF_ISA scalar
#define NF_VECTOR_BYTES 16
#define NF_GENERAL_ONLY 1
#include "sampler_loops.inc"
