/* Block formats: the tables, the checks, and the numbers that follow from a descriptor. */
#include "block.h"
#include "families.h"

enum { WIDEST_DIVIDED = 30, MOST_SCALE_BITS = 24, MOST_EXPONENT_BITS = 32, WIDEST_QPYTORCH = 22, WIDEST_TURN = 62 };

#define NF_ELEMENT(family, width, is_signed, exponent_bits, special, subnormals, fraction_bits, bias) \
    {NF_##family, width, is_signed, exponent_bits, NF_##special, NF_##subnormals, fraction_bits, bias, NULL, NULL}

static const nf_named_block named_blocks[] = {
#define NF_BLOCK(name, size, element, scale, rule, has_tensor_scale, aliases) \
    {#name, \
     aliases, \
     {element, scale, NF_SCALE_FORMAT, 0, has_tensor_scale, NF_scale_rule_##rule, 0, 0, 0, 0, 0, 0}, \
     size},
#include "block.def"
#undef NF_BLOCK
};

static const struct choice {
    nf_block_field field;
    nf_mode mode;
} choices[] = {
#define NF_CHOICE(field, number, name, spelling, aliases, meaning) \
    {NF_BLOCK_##field, {spelling, aliases, meaning, 0, 0}},
#include "block_choice.def"
#undef NF_CHOICE
};

enum { NAMED_COUNT = sizeof named_blocks / sizeof *named_blocks, CHOICE_COUNT = sizeof choices / sizeof *choices };

const nf_named_block *nf_named_block_at(size_t index) { return index < NAMED_COUNT ? &named_blocks[index] : NULL; }

const nf_mode *nf_block_choice_at(nf_block_field field, size_t index)
{
    for (size_t i = 0; i < CHOICE_COUNT; i++)
        if (choices[i].field == field && index-- == 0)
            return &choices[i].mode;
    return NULL;
}

static int choices_are_known(const nf_block *b)
{
    const uint8_t chosen[NF_BLOCK_FIELD_COUNT] = {
        [NF_BLOCK_scale_rule] = b->scale_rule,
        [NF_BLOCK_zero_scale] = b->zero_scale,
        [NF_BLOCK_nan] = b->nan,
        [NF_BLOCK_inf] = b->inf,
        [NF_BLOCK_too_large] = b->too_large,
        [NF_BLOCK_compute] = b->compute,
        [NF_BLOCK_compat] = b->compat,
    };
    for (int field = 0; field < NF_BLOCK_FIELD_COUNT; field++)
        if (!nf_block_choice_at((nf_block_field)field, chosen[field]))
            return 0;
    return b->has_tensor_scale <= 1;
}

/* Significand bits of the element's largest numbers; 0 where the family's numbers there have no fixed precision. */
static int precision_at_top(const nf_grid *g)
{
    if (g->format.family == NF_FIXED)
        return g->format.width - g->format.is_signed;
    return g->format.family == NF_FLOAT ? g->format.fraction_bits + 1 : 0;
}

static int64_t lowest_power(const nf_grid *g)
{
    return g->format.subnormals == NF_SUBNORMALS && !g->lacks_zero ? g->emin - g->format.fraction_bits : g->emin;
}

/* Are all fields 0? */
static int is_blank(const nf_format *f)
{
    return !f->family && !f->width && !f->is_signed && !f->exponent_bits && !f->special && !f->subnormals &&
           !f->fraction_bits && !f->bias && !f->codebook && !f->affine;
}

static nf_status scale_init(nf_block_plan *plan)
{
    static const nf_options saturating = {.overflow = NF_OVERFLOW_saturate};
    const nf_block *b = &plan->block;
    if (b->scale_kind >= NF_SCALE_KIND_COUNT || (b->scale_kind == NF_SCALE_EXPONENT) != (b->exponent_bits > 0))
        return NF_BAD_FORMAT;
    if (b->scale_kind != NF_SCALE_FORMAT) {
        plan->high = b->exponent_bits ? ((int64_t)1 << (b->exponent_bits - 1)) - 1 : 0;
        plan->low = b->exponent_bits ? -plan->high - 1 : 0;
        return b->exponent_bits <= MOST_EXPONENT_BITS && is_blank(&b->scale) ? NF_OK : NF_BAD_FORMAT;
    }
    if (b->scale.family != NF_FLOAT || nf_plan_init(&plan->scale, &b->scale, &saturating) != NF_OK)
        return NF_BAD_FORMAT;
    plan->low = lowest_power(&plan->scale.grid);
    plan->high = plan->scale.grid.emax;
    plan->scale_has_nan = plan->scale.grid.has_nan;
    return NF_OK;
}

/* Is the 64-bit quotient by a scale on the right side of every turning point of the elements? */
static int turns_are_short(const nf_grid *g)
{
    if (g->format.family == NF_CODEBOOK)
        return codebook_turns_fit(g->format.codebook, WIDEST_TURN);
    return !has_irrational_values(g) && !(g->format.family == NF_FLOAT && g->format.special == NF_GEOMETRIC);
}

static int is_divided(const nf_block *b)
{
    return (b->scale_kind == NF_SCALE_FORMAT && b->scale.fraction_bits > 0) || b->has_tensor_scale;
}

/* Do the fields fit together? */
static int fits(const nf_block_plan *plan)
{
    const nf_block *b = &plan->block;
    const int by_value = b->scale_rule == NF_scale_rule_absmax, has_scale = b->scale_kind != NF_SCALE_NONE;
    if (by_value && b->scale_kind != NF_SCALE_FORMAT)
        return 0;
    if (!has_scale && (b->scale_rule || b->zero_scale || b->nan || b->inf || b->too_large))
        return 0;
    if (b->scale_rule == NF_scale_rule_even && !plan->precision)
        return 0;
    if (is_divided(b) && (b->element.width > WIDEST_DIVIDED || b->scale.fraction_bits >= MOST_SCALE_BITS ||
                          b->scale_kind != NF_SCALE_FORMAT || !turns_are_short(&plan->element.grid)))
        return 0;
    if (b->has_tensor_scale ? !by_value && b->scale_rule != NF_scale_rule_given : b->compute != NF_compute_exact)
        return 0;
    if (b->zero_scale == NF_zero_scale_one && (plan->low > 0 || plan->high < 0))
        return 0;
    if (b->compat == NF_compat_none)
        return 1;
    const nf_format *e = &b->element;
    return e->family == NF_FIXED && e->is_signed && e->width >= 2 && e->width <= WIDEST_QPYTORCH &&
           e->fraction_bits == e->width - 2 && b->scale_kind == NF_SCALE_FORMAT && b->scale.special == NF_FNU &&
           plan->low <= -126 && plan->high >= 125 && b->scale_rule == NF_scale_rule_floor && b->nan == NF_nan_block &&
           b->inf == NF_inf_nan && !b->has_tensor_scale;
}

/* The elements' policy where the caller names none. */
static uint8_t element_overflow(const nf_format *element)
{
    return element->family == NF_FIXED && element->is_signed ? NF_OVERFLOW_saturate_symmetric : NF_OVERFLOW_saturate;
}

static nf_status block_init(nf_block_plan *plan, const nf_block *block)
{
    static const nf_options defaults = {0};
    memset(plan, 0, sizeof *plan);
    if (!block || !choices_are_known(block))
        return NF_BAD_FORMAT;
    plan->block = *block;
    if (scale_init(plan) != NF_OK || nf_plan_init(&plan->element, &block->element, &defaults) != NF_OK ||
        block->element.family == NF_AFFINE)
        return NF_BAD_FORMAT;
    const nf_grid *g = &plan->element.grid;
    nf_unpack_code(g, g->max_magnitude, &plan->top);
    plan->precision = precision_at_top(g);
    plan->tensor = number_of(0, 1, 0);
    const int is_by_element = block->nan == NF_nan_element || block->scale_kind == NF_SCALE_NONE;
    plan->takes_nan = is_by_element ? g->has_nan : plan->scale_has_nan;
    return plan->top.kind == NF_FINITE_NUMBER && !plan->top.sign && fits(plan) ? NF_OK : NF_BAD_FORMAT;
}

nf_status nf_block_check(const nf_block *block)
{
    nf_block_plan plan;
    return block_init(&plan, block);
}

static uint8_t scale_width(const nf_block *b)
{
    return b->scale_kind == NF_SCALE_FORMAT ? b->scale.width : b->exponent_bits;
}

size_t nf_block_scale_size(const nf_block *block)
{
    if (nf_block_check(block) != NF_OK || block->scale_kind == NF_SCALE_NONE)
        return 0;
    const nf_format as_wide = {.width = scale_width(block)};
    return bytes_of_code(&as_wide);
}

nf_status nf_block_describe(const nf_block *block, nf_block_facts *facts)
{
    nf_block_plan plan;
    nf_status status = block_init(&plan, block);
    if (status != NF_OK || !facts)
        return status != NF_OK ? status : NF_BAD_ARGUMENT;
    const nf_block_facts known = {scale_width(block), plan.takes_nan, element_overflow(&block->element), plan.low,
                                  plan.high};
    *facts = known;
    return NF_OK;
}

/* Modes that have a meaning for single numbers and none here. */
static nf_status check_modes(const nf_block_plan *plan, const nf_options *o)
{
    const int wraps = o->overflow == NF_OVERFLOW_wrap || o->overflow == NF_OVERFLOW_wrap_sign_magnitude ||
                      o->overflow == NF_OVERFLOW_drop_bits;
    const int is_even = plan->block.element.family == NF_FIXED || plan->block.element.family == NF_FLOAT;
    if (o->overflow == NF_OVERFLOW_unbounded || (wraps && is_divided(&plan->block)))
        return NF_BAD_OVERFLOW;
    if (o->rounding == NF_ROUND_stochastic && !is_even && is_divided(&plan->block))
        return NF_BAD_ROUNDING;
    return plan->takes_nan && o->nan ? NF_BAD_NAN : NF_OK;
}

/* QPyTorch's roundings: half up, or its own count of low random bits. */
static nf_status qpytorch_modes(nf_plan *element)
{
    nf_options *o = &element->options;
    const int is_stochastic = o->rounding == NF_ROUND_stochastic && !o->variant;
    if (o->overflow != NF_OVERFLOW_saturate_symmetric)
        return NF_BAD_OVERFLOW;
    if (!is_stochastic)
        return o->rounding == NF_ROUND_nearest_up ? NF_OK : NF_BAD_ROUNDING;
    o->random_bits_per_element = (uint8_t)(23 - element->grid.format.width);
    element->own_words = 1;
    return NF_OK;
}

nf_status nf_block_plan_init(nf_block_plan *plan, const nf_block *block, const nf_options *options)
{
    nf_options o = {0};
    nf_status status = block_init(plan, block);
    if (status != NF_OK)
        return status;
    if (options)
        o = *options;
    if (o.overflow == NF_OVERFLOW_default)
        o.overflow = element_overflow(&block->element);
    status = check_modes(plan, &o);
    if (status != NF_OK)
        return status;
    const uint8_t nan_policy = o.nan;
    o.nan = plan->element.grid.has_nan ? 0 : o.nan;
    status = nf_plan_for_call(&plan->element, &block->element, &o);
    plan->element.options.nan = nan_policy;
    if (status == NF_OK && block->compat == NF_compat_qpytorch)
        status = qpytorch_modes(&plan->element);
    return status;
}

nf_status nf_block_overflow_check(const nf_block *block, uint8_t overflow, uint8_t wrap_bits)
{
    nf_block_plan plan;
    const nf_options o = {.overflow = overflow, .wrap_bits = wrap_bits};
    nf_status status = block_init(&plan, block);
    if (status == NF_OK)
        status = check_modes(&plan, &o);
    if (status != NF_OK)
        return status;
    if (block->compat == NF_compat_qpytorch)
        return overflow == NF_OVERFLOW_default || overflow == NF_OVERFLOW_saturate_symmetric ? NF_OK : NF_BAD_OVERFLOW;
    return nf_overflow_check(&block->element, overflow, wrap_bits);
}

nf_unpacked nf_tensor_scale(const nf_block_plan *plan, const nf_unpacked *largest)
{
    const nf_unpacked smallest = number_of(0, 1, -149), most = number_of(0, 0xFFFFFF, 104);
    nf_unpacked top_scale, stored = number_of(0, 1, 0);
    const nf_grid *scales = &plan->scale.grid;
    nf_unpack_code(scales, scales->max_magnitude, &top_scale);
    const nf_unpacked top = product(&plan->top, &top_scale);
    if (largest->kind == NF_ZERO)
        return stored;
    stored = single(plan->block.compute == NF_compute_fp32_te ? ratio(&top, largest) : ratio(largest, &top));
    if (stored.kind == NF_ZERO)
        return smallest;
    return stored.kind == NF_INFINITY ? most : stored;
}
