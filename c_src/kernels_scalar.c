/* The definition: every element through the general loop, one after the other, no fast path.  The others are compared
 * with it. */
#include "format.h"
#include "target.h"

#define NF_ISA scalar
#define NF_VECTOR_BYTES 16
#define NF_GENERAL_ONLY 1
#include "kernels.inc"
