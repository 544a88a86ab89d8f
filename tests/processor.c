/* The processor's own arithmetic: reads operands, writes results and the flags of each.
 * usage: processor f32|f64 OPERATION ROUNDING, with two or three arrays one after the other on the input. */
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

#define DO(type, root, fused, cut, nearest) \
    static void do_##type(const char *name, const type *x, size_t n) \
    { \
        for (size_t i = 0; i < n; i++) { \
            volatile type a = x[i], b = x[n + i], c = x[2 * n + i], r = 0; \
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
            const uint8_t flags = (uint8_t)flags_now(); \
            const type result = r; \
            fwrite(&result, sizeof result, 1, stdout); \
            fwrite(&flags, 1, 1, stdout); \
        } \
    }
DO(float, sqrtf, fmaf, fmodf, remainderf)
DO(double, sqrt, fma, fmod, remainder)

int main(int count, char **arguments)
{
    static const int modes[] = {FE_TONEAREST, FE_TOWARDZERO, FE_DOWNWARD, FE_UPWARD};
    if (count != 4)
        return 2;
    const size_t size = strcmp(arguments[1], "f32") ? sizeof(double) : sizeof(float);
    size_t room = 1 << 20, bytes = 0, got;
    char *x = malloc(room);
    while (x && (got = fread(x + bytes, 1, room - bytes, stdin)) > 0) {
        bytes += got;
        if (bytes == room)
            x = realloc(x, room *= 2);
    }
    if (!x)
        return 1;
    fesetround(modes[atoi(arguments[3])]);
    if (size == sizeof(float))
        do_float(arguments[2], (const float *)x, bytes / size / 3);
    else
        do_double(arguments[2], (const double *)x, bytes / size / 3);
    free(x);
    return 0;
}
