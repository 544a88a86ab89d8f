/* Descriptors: the tables, the checks, and the numbers that follow from them. */
#include "overflow.h"

#define NF_NAMED_CODEBOOK(name, width, aliases, ...) \
    static const double name##_values[] = {__VA_ARGS__}; \
    static const nf_codebook name##_codebook = {name##_values, NULL, sizeof name##_values / sizeof *name##_values, \
                                                NF_TURN_MIDDLE};
#include "codebooks.def"
#undef NF_NAMED_CODEBOOK

static const nf_named_format named_formats[] = {
#define NF_FORMAT(name, family, width, is_signed, exponent_bits, special, subnormals, fraction_bits, bias, aliases) \
    {#name, \
     aliases, \
     {NF_##family, width, is_signed, exponent_bits, NF_##special, NF_##subnormals, fraction_bits, bias, NULL, NULL}},
#include "formats.def"
#undef NF_FORMAT
#define NF_NAMED_CODEBOOK(name, width, aliases, ...) \
    {#name, aliases, {NF_CODEBOOK, width, 0, 0, 0, 0, 0, 0, &name##_codebook, NULL}},
#include "codebooks.def"
#undef NF_NAMED_CODEBOOK
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

/* A float has a nonzero finite value where some code below the largest has one. */
static int has_a_value(const nf_grid *g)
{
    if (g->format.family != NF_FLOAT || g->format.subnormals == NF_SUBNORMALS)
        return g->max_magnitude > 0 || g->min_magnitude > 0;
    return g->max_magnitude >= g->normal_magnitude;
}

nf_status nf_grid_init(nf_grid *g, const nf_format *format)
{
    static int (*const sound[])(const nf_format *) = {
#define NF_ENTRY(NAME, name, extra) nf_##name##_is_sound,
        NF_FAMILIES(NF_ENTRY, )
#undef NF_ENTRY
    };
    static void (*const fill[])(nf_grid *) = {
#define NF_ENTRY(NAME, name, extra) nf_fill_##name,
        NF_FAMILIES(NF_ENTRY, )
#undef NF_ENTRY
    };
    memset(g, 0, sizeof *g);
    if (!format || format->family >= NF_FAMILY_COUNT || format->width > 64 || format->is_signed > 1)
        return NF_BAD_FORMAT;
    if ((format->family == NF_CODEBOOK) != (format->codebook != NULL) ||
        (format->family == NF_AFFINE) != (format->affine != NULL) || !sound[format->family](format))
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

static uint8_t codebook_precision(const nf_codebook *book)
{
    int most = 1;
    for (uint32_t i = 0; i < book->count; i++) {
        const nf_unpacked value = unpack_f64(book->values[i]);
        const int bits = value.kind == NF_ZERO ? 1 : 64 - __builtin_ctzll(value.significand);
        most = bits > most ? bits : most;
    }
    return (uint8_t)most;
}

static uint8_t precision_of(const nf_grid *g)
{
    if (g->format.family == NF_FIXED)
        return (uint8_t)(g->format.width - g->format.is_signed);
    if (g->format.family == NF_AFFINE)
        return g->format.width;
    if (g->format.family == NF_FLOAT || g->format.family == NF_LNS)
        return (uint8_t)(g->format.fraction_bits + 1);
    if (g->format.family == NF_CODEBOOK)
        return codebook_precision(g->format.codebook);
    int room = g->format.width - (g->format.family != NF_POSIT ? 1 + TAKUM_HEAD_BITS : 3 + g->format.exponent_bits);
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
    facts->max_code = code_of(&g, g.max_magnitude, 0);
    facts->min_code = code_of(&g, g.min_magnitude, g.sign_bit || format->family == NF_AFFINE);
    int first_is_normal = is_float && (format->subnormals != NF_SUBNORMALS || g.lacks_zero);
    facts->smallest_positive_code = code_of(&g, first_is_normal ? g.normal_magnitude : g.max_magnitude ? 1 : 0, 0);
    facts->smallest_normal_code = code_of(&g, g.normal_magnitude <= g.max_magnitude ? g.normal_magnitude : 0, 0);
    if (format->family == NF_CODEBOOK)
        facts->smallest_positive_code = facts->smallest_normal_code = g.normal_magnitude;
    facts->nan_code = g.nan_code;
    facts->infinity_code = g.infinity_magnitude;
    facts->has_nan = g.has_nan;
    facts->has_infinity = g.has_infinity;
    facts->has_negative_zero = g.has_negative_zero;
    facts->has_irrational = (uint8_t)has_irrational_values(&g);
    facts->has_zero = !g.lacks_zero;
    facts->is_tapered = g.is_tapered;
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

static int has_zero_points(const nf_affine *affine)
{
    int has = 0;
    for (size_t i = 0; affine->zero_points && i < affine->count; i++)
        has |= affine->zero_points[i] != 0;
    return has;
}

static int overflow_has_meaning(const nf_grid *g, uint8_t overflow, uint8_t wrap_bits)
{
    const int affine = g->format.family == NF_AFFINE, fixed = g->format.family == NF_FIXED || affine;
    if (wrap_bits && overflow != NF_OVERFLOW_wrap && overflow != NF_OVERFLOW_wrap_sign_magnitude)
        return 0;
    switch (overflow) {
    case NF_OVERFLOW_saturate_symmetric:
        return fixed && !(affine && g->sign_bit && has_zero_points(g->format.affine));
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
        return (fixed && wrap_bits <= g->format.width) || (g->format.family == NF_LNS && wrap_bits < g->format.width);
    case NF_OVERFLOW_wrap_sign_magnitude:
        return fixed && g->sign_bit && wrap_bits <= g->format.width;
    case NF_OVERFLOW_unbounded:
        return ((fixed && !affine) || g->format.family == NF_FLOAT) && !g->lacks_zero;
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

/* Is there a code behind every one, or an overflow?  GE leaves exact values too. */
static int has_sure_neighbours(const nf_grid *g)
{
    const uint8_t family = g->format.family;
    return family == NF_FLOAT || family == NF_FIXED || family == NF_AFFINE;
}

static int rounding_is_sound(const nf_grid *g, const nf_options *o)
{
    if (o->rounding >= NF_ROUNDING_COUNT || o->random_bits_per_element > 32 || o->variant >= NF_VARIANT_COUNT)
        return 0;
    int is_stochastic = o->rounding == NF_ROUND_stochastic;
    if (!is_stochastic && (o->random_bits_per_element || o->by_code))
        return 0;
    if (o->variant && !o->random_bits_per_element)
        return 0;
    if (o->variant == NF_VARIANT_GE && !has_sure_neighbours(g))
        return 0;
    if (g->is_tapered)
        return roundings[o->rounding].is_random || !o->keep_minpos;
    return !o->by_code && !o->keep_minpos;
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
    if (o->nan >= NF_NAN_POLICY_COUNT || (o->nan && plan->grid.has_nan) ||
        (o->nan == NF_NAN_zero && plan->grid.lacks_zero))
        return NF_BAD_NAN;
    if (o->overflow == NF_OVERFLOW_default)
        o->overflow = plan->grid.has_infinity ? NF_OVERFLOW_infinity : NF_OVERFLOW_saturate;
    plan->own_words = o->random_bits != NULL;
    plan->rests = NULL;
    plan->first_rest = 0;
    plan->arithmetic = NULL;
    plan->first_result = 0;
    if (o->rounding == NF_ROUND_stochastic && plan->own_words && !o->random_bits_per_element)
        o->random_bits_per_element = 32;
    return NF_OK;
}
