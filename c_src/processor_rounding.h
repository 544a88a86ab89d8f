/* The rounding of the processor's own float arithmetic, for as long as a fast path needs it.  On x86 subnormal numbers
 * count too, whatever the caller's settings are (flush to zero, denormals are zero), and no trap is taken. */
#ifndef NF_PROCESSOR_ROUNDING_H
#define NF_PROCESSOR_ROUNDING_H

#if defined(__SSE2__)
typedef unsigned processor_rounding;

static inline processor_rounding round_toward(int is_nearest)
{
    const unsigned all_masked = 0x1F80, toward_zero = 0x6000;
    const processor_rounding before = _mm_getcsr();
    _mm_setcsr(is_nearest ? all_masked : all_masked | toward_zero);
    return before;
}

static inline void round_up_or_down(int is_up)
{
    const unsigned all_masked = 0x1F80, down = 0x2000, up = 0x4000;
    _mm_setcsr(all_masked | (is_up ? up : down));
}

static inline void round_again(processor_rounding before) { _mm_setcsr(before); }
#else
#include <fenv.h>

typedef int processor_rounding;

static inline processor_rounding round_toward(int is_nearest)
{
    const processor_rounding before = fegetround();
    fesetround(is_nearest ? FE_TONEAREST : FE_TOWARDZERO);
    return before;
}

static inline void round_up_or_down(int is_up) { fesetround(is_up ? FE_UPWARD : FE_DOWNWARD); }

static inline void round_again(processor_rounding before) { fesetround(before); }
#endif

/* Does the arithmetic obey?  Some emulators round to nearest whatever they are told. */
static inline int rounds_toward(int is_nearest)
{
    const volatile float one = 1, little = 0x1p-30f;
    const float below = one - little;
    return (below < one) == !is_nearest;
}

/* The same in the other directions, of which the last one stays. */
static inline int rounds_up_and_down(void)
{
    const volatile float one = 1, little = 0x1p-30f;
    round_up_or_down(1);
    const volatile float above = one + little;
    round_up_or_down(0);
    const volatile float below = one - little;
    return above > one && below < one;
}

#endif
