/* Work on the blocks of an array, in pieces that several threads take.  No bit of a result depends on their number. */
#ifndef NF_BLOCK_JOB_H
#define NF_BLOCK_JOB_H

#include "kernels.h"

/* Do a checked job on all blocks.  Unless its options say may_spoil, outputs are untouched where this is not NF_OK. */
nf_status nf_run_blocks(const nf_block_job *job);

#endif
