/* Descriptors: the tables, the checks, and the numbers that follow from them. */
#include "families.h"

static const nf_named_format named_formats[] = {
#define NF_FORMAT(name, family, width, is_signed, exponent_bits, special, subnormals, fraction_bits, bias, aliases) \
    {#name, \
     aliases, \
     {NF_##family, width, is_signed, exponent_bits, NF_##special, NF_##subnormals, fraction_bits, bias}},
#include "formats.def"
#undef NF_FORMAT
};

static const nf_mode roundings[] = {
#define NF_ROUNDING(name, random, away, leaves, meaning, aliases) {#name, aliases, meaning, random, random},
#include "rounding.def"
#undef NF_ROUNDING
};

static const nf_mode overflows[] = {
#define NF_OVERFLOW(name, takes_count, meaning, aliases) {#name, aliases, meaning, 0, takes_count},
#include "overflow.def"
#undef NF_OVERFLOW
};

static const nf_mode nan_policies[] = {
#define NF_NAN_POLICY(name, meaning) {#name, "", meaning, 0, 0},
#include "nan.def"
#undef NF_NAN_POLICY
};

#define ROW(table, index) ((index) < sizeof(table) / sizeof *(table) ? &(table)[index] : NULL)

const nf_named_format *nf_named_format_at(size_t index) { return ROW(named_formats, index); }
const nf_mode *nf_rounding_at(size_t index) { return ROW(roundings, index); }
const nf_mode *nf_overflow_at(size_t index) { return ROW(overflows, index); }
const nf_mode *nf_nan_policy_at(size_t index) { return ROW(nan_policies, index); }

enum { MIN_FRACTION_BITS = -1023, MAX_FRACTION_BITS = 1074 };

static const int64_t exponent_limit = (int64_t)1 << 62;

static int fixed_is_sound(const nf_format *f)
{
    return f->width >= 1 && f->exponent_bits == 0 && f->special == 0 && f->subnormals == 0 && f->bias == 0 &&
           f->fraction_bits >= MIN_FRACTION_BITS && f->fraction_bits <= MAX_FRACTION_BITS;
}

static int is_p3109(const nf_format *f)
{
    return f->family == NF_FLOAT && (f->special == NF_P3109_EXTENDED || f->special == NF_P3109_FINITE);
}

static int float_is_sound(const nf_format *f)
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
    if (is_p3109(f) &&
        (f->width < 3 || f->subnormals != NF_SUBNORMALS || f->bias != (int64_t)1 << (f->exponent_bits - 1)))
        return 0;
    int64_t top = (int64_t)(((uint64_t)1 << f->exponent_bits) - 1);
    return f->bias >= -exponent_limit && f->bias <= exponent_limit && top - exponent_limit <= f->bias + 1;
}

static int posit_is_sound(const nf_format *f)
{
    return f->width >= 2 && f->is_signed == 1 && f->exponent_bits <= 5 && f->special == 0 && f->subnormals == 0 &&
           f->fraction_bits == 0 && f->bias == 0;
}

static void fill_fixed(nf_grid *g)
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

static void fill_float(nf_grid *g)
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

static void fill_posit(nf_grid *g)
{
    g->emax = (int64_t)(g->format.width - 2) << g->format.exponent_bits;
    g->emin = -g->emax;
    g->max_magnitude = g->min_magnitude = g->sign_bit - 1;
    g->normal_magnitude = 1;
    g->has_nan = 1;
    g->nan_code = g->sign_bit;
}

/* A float has a nonzero finite value where some code below the largest has one. */
static int has_a_value(const nf_grid *g)
{
    if (g->format.family != NF_FLOAT || g->format.subnormals == NF_SUBNORMALS)
        return g->max_magnitude > 0 || g->min_magnitude > 0;
    return g->max_magnitude >= g->normal_magnitude;
}

nf_status nf_grid_init(nf_grid *g, const nf_format *format)
{
    static int (*const sound[])(const nf_format *) = {fixed_is_sound, float_is_sound, posit_is_sound};
    static void (*const fill[])(nf_grid *) = {fill_fixed, fill_float, fill_posit};
    memset(g, 0, sizeof *g);
    if (!format || format->family >= NF_FAMILY_COUNT || format->width > 64 || format->is_signed > 1)
        return NF_BAD_FORMAT;
    if (!sound[format->family](format))
        return NF_BAD_FORMAT;
    g->format = *format;
    g->mask = ~(uint64_t)0 >> (64 - format->width);
    g->sign_bit = format->is_signed ? (uint64_t)1 << (format->width - 1) : 0;
    fill[format->family](g);
    return has_a_value(g) ? NF_OK : NF_BAD_FORMAT;
}

nf_status nf_format_check(const nf_format *format)
{
    nf_grid grid;
    return nf_grid_init(&grid, format);
}

size_t nf_code_size(const nf_format *format) { return nf_format_check(format) == NF_OK ? bytes_of_code(format) : 0; }

static uint8_t precision_of(const nf_grid *g)
{
    if (g->format.family == NF_FIXED)
        return (uint8_t)(g->format.width - g->format.is_signed);
    if (g->format.family == NF_FLOAT)
        return (uint8_t)(g->format.fraction_bits + 1);
    int room = g->format.width - 3 - g->format.exponent_bits;
    return (uint8_t)(room > 0 ? room + 1 : 1);
}

nf_status nf_format_describe(const nf_format *format, nf_format_facts *facts)
{
    nf_grid g;
    nf_status status = nf_grid_init(&g, format);
    if (status != NF_OK || !facts)
        return status != NF_OK ? status : NF_BAD_ARGUMENT;
    memset(facts, 0, sizeof *facts);
    int is_float = format->family == NF_FLOAT;
    facts->max_code = g.max_magnitude;
    facts->min_code =
        is_float ? (format->is_signed ? g.min_magnitude | g.sign_bit : 0) : (0 - g.min_magnitude) & g.mask;
    int first_is_normal = is_float && (format->subnormals != NF_SUBNORMALS || g.lacks_zero);
    facts->smallest_positive_code = first_is_normal ? g.normal_magnitude : g.max_magnitude ? 1 : 0;
    facts->smallest_normal_code = g.normal_magnitude <= g.max_magnitude ? g.normal_magnitude : 0;
    facts->nan_code = g.nan_code;
    facts->infinity_code = g.infinity_magnitude;
    facts->has_nan = g.has_nan;
    facts->has_infinity = g.has_infinity;
    facts->has_negative_zero = g.has_negative_zero;
    facts->precision = precision_of(&g);
    facts->default_overflow = g.has_infinity ? NF_OVERFLOW_infinity : NF_OVERFLOW_saturate;
    return NF_OK;
}

void nf_unpack_code(const nf_grid *grid, uint64_t code, nf_unpacked *number)
{
    *number = unpack_code(grid, code & grid->mask);
}

int nf_rounding_leaves(uint8_t rounding)
{
    int leaves_both = 1;
    for (int sign = 0; sign < 2; sign++) {
        const int leaving[] = {
#define NF_ROUNDING(name, random, away, leaves, meaning, aliases) leaves,
#include "rounding.def"
#undef NF_ROUNDING
        };
        leaves_both &= leaving[rounding];
    }
    return leaves_both;
}

static int overflow_has_meaning(const nf_grid *g, uint8_t overflow, uint8_t wrap_bits)
{
    int fixed = g->format.family == NF_FIXED;
    if (wrap_bits && overflow != NF_OVERFLOW_wrap && overflow != NF_OVERFLOW_wrap_sign_magnitude)
        return 0;
    switch (overflow) {
    case NF_OVERFLOW_saturate_symmetric:
    case NF_OVERFLOW_drop_bits:
        return fixed;
    case NF_OVERFLOW_saturate_zero:
        return !g->lacks_zero;
    case NF_OVERFLOW_infinity:
        return g->has_infinity || g->is_p3109;
    case NF_OVERFLOW_infinity_or_nan:
        return g->is_p3109;
    case NF_OVERFLOW_nan:
        return g->has_nan;
    case NF_OVERFLOW_wrap:
        return fixed && wrap_bits <= g->format.width;
    case NF_OVERFLOW_wrap_sign_magnitude:
        return fixed && g->sign_bit && wrap_bits <= g->format.width;
    case NF_OVERFLOW_unbounded:
        return g->format.family != NF_POSIT && !g->lacks_zero;
    default:
        return overflow < NF_OVERFLOW_COUNT;
    }
}

nf_status nf_overflow_check(const nf_format *format, uint8_t overflow, uint8_t wrap_bits)
{
    nf_grid grid;
    nf_status status = nf_grid_init(&grid, format);
    if (status != NF_OK)
        return status;
    return overflow_has_meaning(&grid, overflow, wrap_bits) ? NF_OK : NF_BAD_OVERFLOW;
}

static int rounding_is_sound(const nf_grid *g, const nf_options *o)
{
    if (o->rounding >= NF_ROUNDING_COUNT || o->random_bits_per_element > 32 || o->variant > NF_VARIANT_C)
        return 0;
    int is_stochastic = o->rounding == NF_ROUND_stochastic, posit = g->format.family == NF_POSIT;
    if (!is_stochastic && (o->random_bits_per_element || o->by_code))
        return 0;
    if (o->variant && !o->random_bits_per_element)
        return 0;
    return posit ? roundings[o->rounding].is_random || !o->keep_minpos : !o->by_code && !o->keep_minpos;
}

nf_status nf_plan_init(nf_plan *plan, const nf_format *format, const nf_options *options)
{
    static const nf_options defaults = {0};
    nf_status status = nf_grid_init(&plan->grid, format);
    if (status != NF_OK)
        return status;
    plan->options = options ? *options : defaults;
    nf_options *o = &plan->options;
    if (!rounding_is_sound(&plan->grid, o))
        return NF_BAD_ROUNDING;
    if (!overflow_has_meaning(&plan->grid, o->overflow, o->wrap_bits))
        return NF_BAD_OVERFLOW;
    if (o->nan >= NF_NAN_POLICY_COUNT || (o->nan && plan->grid.has_nan))
        return NF_BAD_NAN;
    if (o->overflow == NF_OVERFLOW_default)
        o->overflow = plan->grid.has_infinity ? NF_OVERFLOW_infinity : NF_OVERFLOW_saturate;
    plan->own_words = o->random_bits != NULL;
    if (o->rounding == NF_ROUND_stochastic && plan->own_words && !o->random_bits_per_element)
        o->random_bits_per_element = 32;
    return NF_OK;
}
