#include "format.h"
#include "target.h"

#define NF_ISA portable
#define NF_VECTOR_BYTES 16
#include "sampler_loops.inc"
