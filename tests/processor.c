/* The processor's own arithmetic: reads operands, writes results and the flags of each.
 * usage: processor f16|f32|f64 OPERATION ROUNDING, with three arrays one after the other on the input.
 * f16: F16C's conversions around operations in float, whose 24 bits are enough that rounding the result of any of them
 * but fma twice is rounding once; the status is 3 where there are none. */
#include <fenv.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int flags_now(void)
{
    const int f = fetestexcept(FE_ALL_EXCEPT);
    return (f & FE_INVALID ? 1 : 0) | (f & FE_DIVBYZERO ? 2 : 0) | (f & FE_OVERFLOW ? 4 : 0) |
           (f & FE_UNDERFLOW ? 8 : 0) | (f & FE_INEXACT ? 16 : 0);
}

#define SAME(x) (x)
#define DO(stored, type, load, store, root, fused, cut, nearest) \
    static void do_##stored(const char *name, const stored *x, size_t n) \
    { \
        for (size_t i = 0; i < n; i++) { \
            volatile type a = load(x[i]), b = load(x[n + i]), c = load(x[2 * n + i]), r = 0; \
            feclearexcept(FE_ALL_EXCEPT); \
            if (!strcmp(name, "add")) \
                r = a + b; \
            else if (!strcmp(name, "subtract")) \
                r = a - b; \
            else if (!strcmp(name, "multiply")) \
                r = a * b; \
            else if (!strcmp(name, "divide")) \
                r = a / b; \
            else if (!strcmp(name, "sqrt")) \
                r = root(a); \
            else if (!strcmp(name, "fma")) \
                r = fused(a, b, c); \
            else if (!strcmp(name, "fmod")) \
                r = cut(a, b); \
            else \
                r = nearest(a, b); \
            const stored result = store(r); \
            const uint8_t flags = (uint8_t)flags_now(); \
            fwrite(&result, sizeof result, 1, stdout); \
            fwrite(&flags, 1, 1, stdout); \
        } \
    }
DO(float, float, SAME, SAME, sqrtf, fmaf, fmodf, remainderf)
DO(double, double, SAME, SAME, sqrt, fma, fmod, remainder)

#ifdef __x86_64__
#include <immintrin.h>
#define HAS_HALVES __builtin_cpu_supports("avx2")
typedef uint16_t half;
__attribute__((target("f16c"))) static float from_half(half x) { return _cvtsh_ss(x); }
__attribute__((target("f16c"))) static half to_half(float x) { return _cvtss_sh(x, _MM_FROUND_CUR_DIRECTION); }
DO(half, float, from_half, to_half, sqrtf, fmaf, fmodf, remainderf)
#else
#define HAS_HALVES 0
#define do_half do_float
typedef float half;
#endif

int main(int count, char **arguments)
{
    static const int modes[] = {FE_TONEAREST, FE_TOWARDZERO, FE_DOWNWARD, FE_UPWARD};
    if (count != 4)
        return 2;
    const int width = atoi(arguments[1] + 1);
    if (width == 16 && !HAS_HALVES)
        return 3;
    size_t room = 1 << 20, bytes = 0, got;
    char *x = malloc(room);
    while (x && (got = fread(x + bytes, 1, room - bytes, stdin)) > 0) {
        bytes += got;
        if (bytes == room)
            x = realloc(x, room *= 2);
    }
    if (!x)
        return 1;
    const size_t n = bytes / 3 / ((size_t)width / 8);
    fesetround(modes[atoi(arguments[3])]);
    if (width == 16)
        do_half(arguments[2], (const half *)x, n);
    else if (width == 32)
        do_float(arguments[2], (const float *)x, n);
    else
        do_double(arguments[2], (const double *)x, n);
    free(x);
    return 0;
}
