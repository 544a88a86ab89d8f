/* The first row of isa.def that this machine supports, or the one named. */
#include "kernels.h"

#define NF_ISA_ROW(name, supported) extern const nf_kernels nf_kernels_##name;
#include "isa.def"
#undef NF_ISA_ROW

static const nf_kernels *const tables[] = {
#define NF_ISA_ROW(name, supported) &nf_kernels_##name,
#include "isa.def"
#undef NF_ISA_ROW
};

enum { ISA_COUNT = sizeof tables / sizeof *tables };

const char *nf_isa_at(size_t index) { return index < ISA_COUNT ? tables[index]->name : NULL; }

int nf_isa_supported(size_t index)
{
    const int supported[] = {
#define NF_ISA_ROW(name, condition) (condition) != 0,
#include "isa.def"
#undef NF_ISA_ROW
    };
    return index < ISA_COUNT && supported[index];
}

const nf_kernels *nf_pick_kernels(uint8_t isa)
{
    if (isa)
        return nf_isa_supported(isa - 1u) ? tables[isa - 1] : NULL;
    size_t row = 0;
    while (!nf_isa_supported(row))
        row++;
    return tables[row];
}
