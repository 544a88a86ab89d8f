/* The families: one header each (unpack, layout, tail), picked by the descriptor's family. */
#ifndef NF_FAMILIES_H
#define NF_FAMILIES_H

#include "affine.h"
#include "codebook.h"
#include "fixed_point.h"
#include "floating_point.h"
#include "lns.h"
#include "log_takum.h"
#include "posit.h"
#include "takum.h"

/* One row a family: unpack_<name> and <name>_tail in its header, nf_<name>_is_sound and nf_fill_<name> in a source
 * file, round_<name> in the rounding core.  In the order of nf_family; `extra` is handed on to each row. */
#define NF_FAMILIES(ROW, extra) \
    ROW(FIXED, fixed, extra) \
    ROW(FLOAT, float, extra) \
    ROW(POSIT, posit, extra) \
    ROW(LNS, lns, extra) \
    ROW(CODEBOOK, codebook, extra) ROW(TAKUM, takum, extra) ROW(LOG_TAKUM, log_takum, extra) ROW(AFFINE, affine, extra)

/* Does a descriptor of the family describe a format?  Then the rest of its grid. */
#define NF_FAMILY_DECLARED(NAME, name, extra) \
    int nf_##name##_is_sound(const nf_format *format); \
    void nf_fill_##name(nf_grid *grid);
NF_FAMILIES(NF_FAMILY_DECLARED, )

NF_INLINE nf_unpacked unpack_code(const nf_grid *grid, uint64_t code)
{
    switch (grid->format.family) {
#define NF_UNPACK(NAME, name, extra) \
    case NF_##NAME: \
        return unpack_##name(grid, code);
        NF_FAMILIES(NF_UNPACK, )
#undef NF_UNPACK
    default:
        return special_of(NF_NAN, 0);
    }
}

/* The cell of a number in a format of signs and magnitudes; `reaches_zero` is of tapered formats. */
NF_INLINE nf_cell layout_magnitude(const nf_grid *grid, const nf_deep *x, int reaches_zero)
{
    switch (grid->format.family) {
    case NF_FLOAT:
        return layout_float(grid, &x->x);
    case NF_POSIT:
        return layout_posit(grid, &x->x, reaches_zero);
    case NF_LNS:
        return nf_layout_lns(grid, x, 0);
    case NF_LOG_TAKUM:
        return nf_layout_log_takum(grid, x, reaches_zero, NF_TAIL_SIDE);
    default:
        return layout_takum(grid, &x->x, reaches_zero);
    }
}

#endif
