/* Fixed point and affine integers: rounding in two's complement.  A part of the rounding core. */
#ifndef NF_ROUND_INTEGER_H
#define NF_ROUND_INTEGER_H

/* An integer magnitude and its tail -> a code; `huge`: the magnitude has more bits. */
NF_INLINE nf_outcome round_integer(int mode, const nf_plan *plan, const nf_unpacked *x, nf_cell cell,
                                   unsigned __int128 magnitude, int huge, uint32_t word, uint64_t element)
{
    const nf_grid *grid = &plan->grid;
    const int sign = x->sign;
    const unsigned __int128 zero_point = (unsigned __int128)(__int128)grid->zero_point;
    int inexact = (cell.tail | cell.sticky) != 0;
    unsigned __int128 floored = sign ? -(magnitude + (unsigned)inexact) : magnitude; /* two's complement */
    cell.low = (uint64_t)magnitude;
    if (mode == NF_ROUND_jam) { /* floor(x) | 1 has the sign of x */
        inexact |= !(floored & 1);
        magnitude = sign ? -(floored | 1) : floored | 1;
    } else {
        const int away = goes_away(mode, plan, x, &cell, sign, word, element);
        inexact |= away;
        magnitude += (unsigned)away;
    }
    uint32_t what = inexact ? NF_WAS_INEXACT : 0;
    const unsigned __int128 bits = (sign ? -magnitude : magnitude) + zero_point;
    if (!huge && magnitude <= (sign ? grid->min_magnitude : grid->max_magnitude)) {
        if (plan->options.overflow == NF_OVERFLOW_saturate_symmetric && grid->sign_bit &&
            magnitude > grid->max_magnitude)
            return outcome(end_code(plan, sign), what | NF_WAS_INEXACT | NF_WAS_SATURATED);
        return outcome((uint64_t)bits & grid->mask, what);
    }
    const int carry_bit = (int)((floored + zero_point) >> grid->format.width) & 1;
    nf_outcome o = overflow_fixed(plan, (uint64_t)bits, sign, carry_bit);
    return outcome(o.code, o.what | NF_WAS_INEXACT);
}

/* The last 128 bits of the integer part of x in units of divisor * 2**weight, and the tail, whose bits are behind
 * the 128 of x. */
static __attribute__((noinline, cold, unused)) unsigned __int128 long_integer(const nf_plan *plan, const nf_unpacked *x,
                                                                              uint64_t element, uint64_t divisor,
                                                                              int64_t weight, nf_cell *cell)
{
    const size_t place = element - plan->first_result;
    int follows;
    const uint64_t high = nf_result_digits(plan->arithmetic, place, x->sign, weight + 64, divisor, &follows);
    const uint64_t low = nf_result_digits(plan->arithmetic, place, x->sign, weight, divisor, &follows);
    cell->tail = nf_result_digits(plan->arithmetic, place, x->sign, weight - 64, divisor, &follows);
    cell->sticky = (uint8_t)follows;
    return (unsigned __int128)high << 64 | low;
}

NF_INLINE nf_outcome round_fixed(int mode, const nf_plan *plan, const nf_unpacked *x, uint32_t word, uint64_t element)
{
    nf_cell cell = {0, 1, 0, 0, 1, 0, 0};
    int huge;
    unsigned __int128 magnitude = layout_fixed(&plan->grid, x, &cell, &huge);
    if (x->sticky && plan->arithmetic && fixed_shift(&plan->grid, x) < 0)
        magnitude = long_integer(plan, x, element, 1, -(int64_t)plan->grid.format.fraction_bits, &cell);
    return round_integer(mode, plan, x, cell, magnitude, huge, word, element);
}

NF_INLINE nf_outcome round_zero(int mode, const nf_plan *plan, int sign, uint32_t word, uint64_t element);

/* A float32 product may have left the range; and what is exact goes by the number itself. */
static __attribute__((noinline, cold, unused)) nf_outcome after_reciprocal(const nf_plan *plan, const nf_unpacked *x,
                                                                           nf_outcome o)
{
    const nf_unpacked value = unpack_affine(&plan->grid, o.code);
    const int is_exact = !(o.what & (NF_WAS_OVERFLOWED | NF_FAILED)) && compare_numbers(&value, x) == 0 && !goes_on(x);
    return outcome(o.code, is_exact ? o.what & ~(uint32_t)NF_WAS_INEXACT : o.what | NF_WAS_INEXACT);
}

/* The same of numbers with digits behind their significands. */
static __attribute__((noinline, cold, unused)) nf_unpacked long_dividend(const nf_plan *plan, const nf_unpacked *x,
                                                                         uint64_t element)
{
    const nf_deep number = deep_result(plan, x, element);
    return plan->grid.reciprocal.kind == NF_ZERO ? *x : nf_affine_product(&plan->grid, &number);
}

static __attribute__((noinline, cold, unused)) unsigned __int128
long_quotient(const nf_plan *plan, const nf_unpacked *x, uint64_t element, nf_cell *cell, int *huge)
{
    const nf_unpacked *scale = &plan->grid.scale;
    const int64_t e = x->exponent - scale->exponent;
    *huge = e > 127;
    return e > NF_SURE_QUOTIENT ? long_integer(plan, x, element, scale->significand, scale->exponent - 63, cell)
                                : layout_long_quotient(x, scale, cell);
}

NF_INLINE nf_outcome round_affine(int mode, const nf_plan *plan, const nf_unpacked *x, uint32_t word, uint64_t element)
{
    nf_cell cell = {0, 1, 0, 0, 1, 0, 0};
    int huge;
    const nf_unpacked divisor = affine_divisor(&plan->grid);
    const nf_unpacked dividend = goes_on(x) ? long_dividend(plan, x, element) : affine_dividend(&plan->grid, x);
    if (dividend.kind == NF_ZERO)
        return after_reciprocal(plan, x, round_zero(mode, plan, x->sign, word, element));
    if (dividend.kind == NF_INFINITY)
        return overflow_infinite(plan, x->sign);
    const unsigned __int128 magnitude = goes_on(&dividend) ? long_quotient(plan, &dividend, element, &cell, &huge)
                                                           : layout_quotient(&dividend, &divisor, &cell, &huge);
    const nf_outcome o = round_integer(mode, plan, x, cell, magnitude, huge, word, element);
    return plan->grid.reciprocal.kind == NF_ZERO ? o : after_reciprocal(plan, x, o);
}

#endif
