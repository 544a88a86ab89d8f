/* Names of the intrinsics of the widest vectors of integers: VECTOR(add_epi16), VECTOR_ALL(loadu).  None for the
 * portable loops. */
#ifndef NF_VECTOR_H
#define NF_VECTOR_H

#if NF_VECTOR_BYTES == 64
#define VECTOR(op) _mm512_##op
#define VECTOR_ALL(op) _mm512_##op##_si512
typedef __m512i vector;
#elif NF_VECTOR_BYTES == 32
#define VECTOR(op) _mm256_##op
#define VECTOR_ALL(op) _mm256_##op##_si256
typedef __m256i vector;
#endif

#endif
