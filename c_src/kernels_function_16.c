/* Functions in fixed point of 1024 bits. */
#define NF_LIMBS 16
#define NF_FUNCTION_TRY nf_try_function_16
#include "function_try.inc"
