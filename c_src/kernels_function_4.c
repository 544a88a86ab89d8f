/* Functions in fixed point of 256 bits. */
#define NF_LIMBS 4
#define NF_SUM_TRY nf_try_sum_4
#define NF_FUNCTION_TRY nf_try_function_4
#include "function_try.inc"
