/* Which fast loop of affine integers goes with which table of kernels. */
#include "affine_fast.h"

nf_affine_loop *nf_affine_loop_of(const nf_kernels *kernels)
{
    static const struct {
        const char *name;
        nf_affine_loop *loop;
    } loops[] = {
#if defined(__x86_64__)
        {"avx2", nf_fast_affine_avx2},
        {"avx512", nf_fast_affine_avx512},
#endif
        {"portable", nf_fast_affine_portable},
    };
    for (size_t i = 0; i < sizeof loops / sizeof *loops; i++)
        if (!strcmp(loops[i].name, kernels->name))
            return loops[i].loop;
    return NULL;
}
