#include "format.h"
#include "target.h"

#define NF_ISA portable
#include "requantize_loops.inc"
