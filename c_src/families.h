/* The families: one header each (unpack, layout), picked by the descriptor's family. */
#ifndef NF_FAMILIES_H
#define NF_FAMILIES_H

#include "fixed_point.h"
#include "floating_point.h"
#include "posit.h"

NF_INLINE nf_unpacked unpack_code(const nf_grid *grid, uint64_t code)
{
    switch (grid->format.family) {
    case NF_FIXED:
        return unpack_fixed(grid, code);
    case NF_FLOAT:
        return unpack_float(grid, code);
    default:
        return unpack_posit(grid, code);
    }
}

#endif
