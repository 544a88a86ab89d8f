/* Fast loops over blocks: the entry, and what it falls back on. */
#ifndef NF_BLOCK_FAST_H
#define NF_BLOCK_FAST_H

#include "block.h"

/* The definition: blocks start .. end - 1 of a job, one element after the other. */
typedef void nf_general_blocks(nf_block_job *job);

/* The same bits by loops over vectors; pieces that these are not for go through `general`.  0, and nothing is done,
 * where the whole job is not for them. */
int nf_fast_blocks_portable(nf_block_job *job, nf_general_blocks *general);
int nf_fast_blocks_avx2(nf_block_job *job, nf_general_blocks *general);
int nf_fast_blocks_avx512(nf_block_job *job, nf_general_blocks *general);

#endif
