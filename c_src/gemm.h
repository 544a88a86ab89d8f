/* gemm.inc for float32 and float64.  Included inside the region of an instruction set. */
#ifndef NF_GEMM_H
#define NF_GEMM_H

#include "format.h"

#ifdef NF_VECTOR_BYTES
#define GEMM_BYTES NF_VECTOR_BYTES
#else
#define GEMM_BYTES 16
#endif

/* Sums in registers: GEMM_ROWS x GEMM_VECTORS of the 32 (AVX-512) or 16 there are. */
enum { GEMM_ROWS = GEMM_BYTES == 64 ? 8 : 4, GEMM_VECTORS = GEMM_BYTES == 64 ? 3 : 2, GEMM_DEPTH = 128 };

#define GEMM_TYPE float
#define GEMM_NAME(name) gemm_f32_##name
#define GEMM_LANES (GEMM_BYTES / 4)
#include "gemm.inc"
#undef GEMM_TYPE
#undef GEMM_NAME
#undef GEMM_LANES

#define GEMM_TYPE double
#define GEMM_NAME(name) gemm_f64_##name
#define GEMM_LANES (GEMM_BYTES / 8)
#include "gemm.inc"
#undef GEMM_TYPE
#undef GEMM_NAME
#undef GEMM_LANES

#endif
