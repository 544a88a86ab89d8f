/* Logarithms, digit by digit. */
#include "limbs.h"
#include "power_sums.h"
#include "real.h"

enum { SPARE_BITS = 8, SLACK = 1 << 12 };

/* Binary digits of log2(m) behind the point, m = *rest / 2**63: m is squared again and again, and halved where it
 * reaches 2.  All that is cut lowers the result by less than 2**-61, and *rest, m in the end, by less than
 * 2**(digits + 2). */
static uint64_t log2_short(uint64_t *rest, int digits)
{
    uint64_t log = 0, m = *rest;
    for (int i = 0; i < digits; i++) {
        const unsigned __int128 square = (unsigned __int128)m * m;
        const int digit = (int)(square >> 127);
        m = (uint64_t)(square >> (63 + digit));
        log = log << 1 | (unsigned)digit;
    }
    *rest = m;
    return log;
}

/* The same as a fraction of w limbs, from an m of so many, cut: below log2(m), by less than SLACK / 2 units. */
NF_INLINE void log2_digits(uint64_t *m, int w, uint64_t *log)
{
    uint64_t square[2 * NF_MOST_LIMBS];
    memset(log, 0, (size_t)w * sizeof *log);
    for (int i = 0; i < 64 * w - SPARE_BITS; i++) {
        limbs_multiply(m, w, m, w, square);
        const uint64_t digit = square[2 * w - 1] >> 63;
        if (!digit)
            limbs_double(square, 0, 2 * w);
        memcpy(m, square + w, (size_t)w * sizeof *m);
        limbs_double(log, digit, w);
    }
    for (int i = 0; i < SPARE_BITS; i++)
        limbs_double(log, 0, w);
}

static void log2_long(uint64_t *m, int w, uint64_t *log)
{
    if (w == 2) /* nearly always: the compiler knows the size */
        log2_digits(m, 2, log);
    else
        log2_digits(m, w, log);
}

/* The floor of t * 2**digits modulo 2**128; t in two's complement, its w lower limbs behind the point. */
static __int128 floor_of(const uint64_t *t, int w, int digits)
{
    const int lowest = 64 * w - digits, limb = lowest / 64, part = lowest % 64;
    uint64_t bits[3];
    for (int i = 0; i < 3; i++)
        bits[i] = limb + i <= w ? t[limb + i] : (int64_t)t[w] < 0 ? ~(uint64_t)0 : 0;
    unsigned __int128 found = (unsigned __int128)bits[1] << 64 | bits[0];
    if (part)
        found = found >> part | (unsigned __int128)bits[2] << (128 - part);
    return (__int128)found;
}

/* The same, if t is known to be within `slack` of the number; else 0. */
static int floor_is_sure(const uint64_t *t, int w, int digits, uint64_t slack, __int128 *floor)
{
    uint64_t low[NF_MOST_LIMBS + 1], high[NF_MOST_LIMBS + 1];
    memcpy(low, t, sizeof low);
    memcpy(high, t, sizeof high);
    limbs_subtract_small(low, slack, w + 1);
    limbs_add_small(high, slack, w + 1);
    *floor = floor_of(t, w, digits);
    return floor_of(low, w, digits) == floor_of(high, w, digits);
}

/* t = log2(|x|) with w limbs behind the point, or the log to the base of x where x is a power of 2 or e. */
static void log_of(const nf_deep *number, int w, uint64_t *t)
{
    const nf_unpacked *x = &number->x;
    uint64_t m[NF_MOST_LIMBS];
    memset(t, 0, (NF_MOST_LIMBS + 1) * sizeof *t);
    if (x->base == NF_RATIONAL) {
        nf_deep_limbs(number, w, m);
        t[w] = (uint64_t)x->exponent;
        if (w == 1)
            t[0] = log2_short(m, 64 - SPARE_BITS) << SPARE_BITS;
        else
            log2_long(m, w, t);
        return;
    }
    t[w] = (uint64_t)(x->root_bits ? x->log >> x->root_bits : x->log);
    t[w - 1] = x->root_bits ? (uint64_t)x->log << (64 - x->root_bits) : 0;
}

/* t *= a constant below 1; cuts less than |t| + 2 units. */
static void scale(uint64_t *t, int w, const uint64_t *constant)
{
    uint64_t product[2 * NF_MOST_LIMBS + 1];
    const int is_negative = (int64_t)t[w] < 0;
    if (is_negative)
        limbs_negate(t, w + 1);
    limbs_multiply(t, w + 1, constant, w, product);
    memcpy(t, product + w, (size_t)(w + 1) * sizeof *t);
    if (is_negative)
        limbs_negate(t, w + 1);
}

/* One try with w limbs; 0 where they do not decide. */
static int log_floor_with(const nf_deep *x, uint8_t base, int digits, int w, __int128 *floor)
{
    uint64_t t[NF_MOST_LIMBS + 1];
    const uint8_t own = x->x.base == NF_RATIONAL ? NF_BASE_2 : x->x.base;
    log_of(x, w, t);
    uint64_t slack = SLACK;
    if (own != base) {
        const uint64_t integer = (int64_t)t[w] < 0 ? ~t[w] : t[w];
        slack += integer;
        scale(t, w, base == NF_BASE_E ? nf_ln_2(w) : nf_half_log2_e(w));
        if (base == NF_BASE_2) {
            limbs_double(t, 0, w + 1);
            slack *= 2;
        }
    }
    return floor_is_sure(t, w, digits, slack, floor);
}

/* The log of x to x's own base, or of a power of 2 to base 2. */
static nf_floor shifted(int64_t log, int root_bits, int digits)
{
    nf_floor f = {log, 1};
    if (digits >= root_bits) {
        const int up = digits - root_bits;
        f.integer = up < 128 ? (__int128)((unsigned __int128)f.integer << up) : 0;
        return f;
    }
    const int cut = root_bits - digits;
    f.integer = log >> cut;
    f.is_exact = (uint64_t)log << (64 - cut) == 0;
    return f;
}

nf_floor nf_log_floor(const nf_deep *number, uint8_t base, int digits)
{
    enum { SHORT_DIGITS = 54, DECIDED_BITS = 46 };
    const nf_unpacked *x = &number->x;
    const int is_cut = goes_on(x);
    nf_floor f = {0, 0};
    if (x->base == base)
        return shifted(x->log, x->root_bits, digits);
    if (x->base == NF_RATIONAL && !is_cut && x->significand << 1 == 0 && (base == NF_BASE_2 || x->exponent == 0))
        return shifted(x->exponent, 0, digits);
    if (x->base == NF_RATIONAL && base == NF_BASE_2 && digits <= SHORT_DIGITS) {
        uint64_t m = x->significand;
        f.integer = (__int128)x->exponent * ((__int128)1 << digits) + log2_short(&m, digits);
        if (m < 0 - ((uint64_t)4 << digits << is_cut)) /* no further digit is in doubt */
            return f;
    }
    nf_power power;
    const int side = is_cut ? nf_is_beside_power(number, &power) : 0;
    if (side && (power.base == base || power.log == 0)) {
        f = shifted(power.log, power.root_bits, digits);
        f.integer -= side < 0 && f.is_exact;
        f.is_exact = 0;
        return f;
    }
    /* Where 1,024 bits leave x on one side of a power of 2 or the other, so do these: all that is cut is cut down. */
    for (int w = (digits + 64 - DECIDED_BITS) / 64 + 1; w <= NF_MOST_LIMBS; w++)
        if (log_floor_with(number, base, digits, w, &f.integer))
            break;
    return f;
}
