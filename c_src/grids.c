/* Which descriptors are formats, and the numbers that follow from one: a pair of functions a family. */
#include "families.h"

enum { MIN_FRACTION_BITS = -1023, MAX_FRACTION_BITS = 1074 };

static const int64_t exponent_limit = (int64_t)1 << 62;

int nf_fixed_is_sound(const nf_format *f)
{
    return f->width >= 1 && f->exponent_bits == 0 && f->special == 0 && f->subnormals == 0 && f->bias == 0 &&
           f->fraction_bits >= MIN_FRACTION_BITS && f->fraction_bits <= MAX_FRACTION_BITS;
}

static int is_p3109(const nf_format *f)
{
    return f->family == NF_FLOAT && (f->special == NF_P3109_EXTENDED || f->special == NF_P3109_FINITE);
}

int nf_float_is_sound(const nf_format *f)
{
    if (f->exponent_bits < 1 || f->exponent_bits > 63 || f->fraction_bits < 0 || f->fraction_bits > 62)
        return 0;
    if (f->width != f->is_signed + f->exponent_bits + f->fraction_bits || f->width < 2)
        return 0;
    if (f->special >= NF_SPECIAL_COUNT || f->subnormals >= NF_SUBNORMALS_COUNT)
        return 0;
    if (f->special == NF_FNUZ && !f->is_signed)
        return 0;
    if (f->special == NF_FNU && (f->is_signed || f->fraction_bits || f->subnormals != NF_SUBNORMALS))
        return 0;
    if (f->special == NF_GEOMETRIC && (!f->is_signed || f->fraction_bits || f->subnormals != NF_SUBNORMALS))
        return 0;
    if (is_p3109(f) &&
        (f->width < 3 || f->subnormals != NF_SUBNORMALS || f->bias != (int64_t)1 << (f->exponent_bits - 1)))
        return 0;
    int64_t top = (int64_t)(((uint64_t)1 << f->exponent_bits) - 1);
    return f->bias >= -exponent_limit && f->bias <= exponent_limit && top - exponent_limit <= f->bias + 1;
}

static int is_tapered_word(const nf_format *f)
{
    return f->width >= 2 && f->is_signed == 1 && f->special == 0 && f->subnormals == 0 && f->fraction_bits == 0 &&
           f->bias == 0;
}

int nf_posit_is_sound(const nf_format *f) { return is_tapered_word(f) && f->exponent_bits <= 5; }

int nf_takum_is_sound(const nf_format *f) { return is_tapered_word(f) && f->exponent_bits == 0; }

void nf_fill_fixed(nf_grid *g)
{
    g->emin = -(int64_t)g->format.fraction_bits;
    g->max_magnitude = g->mask ^ g->sign_bit;
    g->min_magnitude = g->sign_bit;
    g->normal_magnitude = g->max_magnitude ? 1 : 0;
    g->emax = g->emin + (g->max_magnitude ? 63 - leading_zeros(g->max_magnitude) : 0);
}

static void fill_p3109(nf_grid *g, uint64_t all)
{
    g->is_p3109 = 1;
    g->has_nan = 1;
    g->nan_code = g->format.is_signed ? g->sign_bit : all;
    g->has_infinity = g->format.special == NF_P3109_EXTENDED;
    g->max_magnitude = all - !g->format.is_signed - g->has_infinity;
    g->infinity_magnitude = g->has_infinity ? g->max_magnitude + 1 : 0;
}

/* What each code means: the largest finite one, infinity, NaN. */
static void fill_specials(nf_grid *g)
{
    int t = g->format.fraction_bits;
    uint64_t all = g->mask ^ g->sign_bit, top = all >> t << t;
    switch (g->format.special) {
    case NF_IEEE:
        g->max_magnitude = top - 1;
        g->infinity_magnitude = top;
        g->has_infinity = 1;
        g->has_nan = t > 0;
        g->nan_code = t > 0 ? top | (uint64_t)1 << (t - 1) : 0;
        break;
    case NF_FN:
    case NF_FNU:
        g->lacks_zero = g->format.special == NF_FNU;
        g->max_magnitude = all - 1;
        g->has_nan = 1;
        g->nan_code = all;
        break;
    case NF_FNUZ:
        g->max_magnitude = all;
        g->has_nan = 1;
        g->nan_code = g->sign_bit;
        break;
    case NF_P3109_EXTENDED:
    case NF_P3109_FINITE:
        fill_p3109(g, all);
        break;
    default:
        g->max_magnitude = all;
        break;
    }
    g->keeps_nan_sign = g->has_nan && g->format.is_signed && g->nan_code != g->sign_bit;
    g->has_negative_zero = g->format.is_signed && !(g->has_nan && g->nan_code == g->sign_bit);
}

void nf_fill_float(nf_grid *g)
{
    int t = g->format.fraction_bits;
    fill_specials(g);
    g->emin = 1 - g->format.bias;
    g->normal_magnitude = (uint64_t)1 << t;
    g->min_magnitude = g->format.is_signed ? g->max_magnitude : 0;
    uint64_t field = g->max_magnitude >> t;
    g->emax = g->emin + (int64_t)field - 1;
    if (field == 0 && g->max_magnitude)
        g->emax = g->emin - t + 63 - leading_zeros(g->max_magnitude);
    if (g->lacks_zero) {
        g->emin--;
        g->normal_magnitude = 0;
    }
}

/* What two's complement codes with NaR have in common; the exponents are those of the ends. */
static void fill_tapered(nf_grid *g)
{
    g->is_tapered = 1;
    g->max_magnitude = g->min_magnitude = g->sign_bit - 1;
    g->normal_magnitude = 1;
    g->has_nan = 1;
    g->nan_code = g->sign_bit;
    nf_unpacked smallest = unpack_code(g, 1), largest = unpack_code(g, g->max_magnitude);
    g->emin = smallest.exponent;
    g->emax = largest.exponent;
    g->smallest_significand = smallest.significand;
}

void nf_fill_posit(nf_grid *g) { fill_tapered(g); }

void nf_fill_takum(nf_grid *g) { fill_tapered(g); }
