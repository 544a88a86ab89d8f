/* Between what an array holds and what the fast loops take and give. */
#ifndef NF_FAST_CONVERT_H
#define NF_FAST_CONVERT_H

static void widen(const float *x, size_t n, double *out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (double)x[i];
}

static void narrow(const double *x, size_t n, float *out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (float)x[i];
}

/* float32 numbers that float16 holds. */
static void narrow_to_f16(const uint32_t *x, size_t n, uint16_t *out)
{
    for (size_t i = 0; i < n; i++) {
        const uint32_t magnitude = x[i] & 0x7FFFFFFFu, is_special = magnitude >= 0x7F800000u;
        float size;
        memcpy(&size, &magnitude, sizeof size);
        const uint32_t small = (uint32_t)(int32_t)(magnitude < 0x38800000u ? size * 0x1p24f : 0);
        uint32_t half = magnitude < 0x38800000u ? small : (magnitude - 0x38000000u) >> 13;
        half = is_special ? 0x7C00u | (magnitude > 0x7F800000u) << 9 : half;
        out[i] = (uint16_t)(half | (x[i] >> 16 & 0x8000u));
    }
}

#define FAST_NARROW(bits, width) \
    static void narrow_##bits##_to_##width(const uint##bits##_t *codes, size_t n, uint##width##_t *out) \
    { \
        for (size_t i = 0; i < n; i++) \
            out[i] = (uint##width##_t)codes[i]; \
    }
FAST_NARROW(32, 8)
FAST_NARROW(32, 16)
FAST_NARROW(64, 8)
FAST_NARROW(64, 16)
FAST_NARROW(64, 32)
#undef FAST_NARROW

#endif
