/* Functions in fixed point of 128 bits. */
#define NF_LIMBS 2
#define NF_FUNCTION_TRY nf_try_function_2
#include "function_try.inc"
