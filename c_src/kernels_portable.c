#include "format.h"

#define NF_ISA portable
#include "kernels.inc"
