/* Elements of arrays as numbers and codes, and back. */
#ifndef NF_ELEMENTS_H
#define NF_ELEMENTS_H

#include "families.h"

static void load_elements(nf_type type, const void *x, size_t n, nf_unpacked *out)
{
    switch (type) {
    case NF_F16:
        for (size_t i = 0; i < n; i++)
            out[i] = unpack_ieee(((const uint16_t *)x)[i], 5, 10);
        break;
    case NF_F32:
        for (size_t i = 0; i < n; i++)
            out[i] = unpack_ieee(((const uint32_t *)x)[i], 8, 23);
        break;
    case NF_F64:
        for (size_t i = 0; i < n; i++)
            out[i] = unpack_ieee(((const uint64_t *)x)[i], 11, 52);
        break;
    case NF_I64:
        for (size_t i = 0; i < n; i++)
            out[i] = unpack_i64(((const int64_t *)x)[i]);
        break;
    default:
        for (size_t i = 0; i < n; i++)
            out[i] = number_of(0, ((const uint64_t *)x)[i], 0);
        break;
    }
}

static void load_codes(const void *x, size_t size, size_t n, uint64_t *out)
{
    switch (size) {
    case 1:
        for (size_t i = 0; i < n; i++)
            out[i] = ((const uint8_t *)x)[i];
        break;
    case 2:
        for (size_t i = 0; i < n; i++)
            out[i] = ((const uint16_t *)x)[i];
        break;
    case 4:
        for (size_t i = 0; i < n; i++)
            out[i] = ((const uint32_t *)x)[i];
        break;
    default:
        memcpy(out, x, n * sizeof *out);
        break;
    }
}

static void store_codes(const uint64_t *codes, size_t size, size_t n, void *y)
{
    switch (size) {
    case 1:
        for (size_t i = 0; i < n; i++)
            ((uint8_t *)y)[i] = (uint8_t)codes[i];
        break;
    case 2:
        for (size_t i = 0; i < n; i++)
            ((uint16_t *)y)[i] = (uint16_t)codes[i];
        break;
    case 4:
        for (size_t i = 0; i < n; i++)
            ((uint32_t *)y)[i] = (uint32_t)codes[i];
        break;
    default:
        memcpy(y, codes, n * sizeof *codes);
        break;
    }
}

static void unpack_codes(const nf_grid *grid, const uint64_t *codes, size_t n, nf_unpacked *out)
{
    switch (grid->format.family) {
#define NF_UNPACK(NAME, name, extra) \
    case NF_##NAME: \
        for (size_t i = 0; i < n; i++) \
            out[i] = unpack_##name(grid, codes[i] & grid->mask); \
        break;
        NF_FAMILIES(NF_UNPACK, )
#undef NF_UNPACK
    default:
        break;
    }
}

static void store_values(const nf_unpacked *x, nf_type type, size_t n, void *y)
{
    switch (type) {
    case NF_F16:
        for (size_t i = 0; i < n; i++)
            ((uint16_t *)y)[i] = (uint16_t)pack_ieee(&x[i], 5, 10);
        break;
    case NF_F32:
        for (size_t i = 0; i < n; i++)
            ((uint32_t *)y)[i] = (uint32_t)pack_ieee(&x[i], 8, 23);
        break;
    default:
        for (size_t i = 0; i < n; i++)
            ((uint64_t *)y)[i] = pack_ieee(&x[i], 11, 52);
        break;
    }
}

/* Make the grid that of element `place`; so many of n elements have its scale. */
static size_t next_run(nf_grid *grid, size_t place, size_t n)
{
    size_t left;
    take_affine_scale(grid, affine_scale_at(grid->format.affine, place, &left));
    return left < n ? left : n;
}

static void unpack_at(const nf_grid *grid, size_t place, const uint64_t *codes, size_t n, nf_unpacked *out)
{
    if (grid->format.family != NF_AFFINE) {
        unpack_codes(grid, codes, n, out);
        return;
    }
    nf_grid own = *grid;
    for (size_t i = 0, m; i < n; i += m) {
        m = next_run(&own, place + i, n - i);
        unpack_codes(&own, codes + i, m, out + i);
    }
}

#endif
