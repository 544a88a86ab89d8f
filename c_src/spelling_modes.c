/* Roundings and overflow policies from their spellings. */
#include "format.h"
#include "text.h"

typedef const nf_mode *mode_at(size_t index);

/* The row whose name or alias it is, from `first` on; -1 where there is none. */
static int row_of(nf_text name, mode_at *at, size_t first)
{
    const nf_mode *row;
    for (size_t i = first; (row = at(i)); i++)
        if (text_is(name, row->name) || text_is_one_of(name, row->aliases))
            return (int)i;
    return -1;
}

/* name or name(parameters); 0 where the parentheses do not fit. */
static int split_mode(nf_text whole, nf_text *name, nf_text *inside)
{
    *inside = whole;
    *name = next_part(inside, '(');
    if (name->size == whole.size)
        return 1;
    if (!inside->size || inside->at[inside->size - 1] != ')')
        return 0;
    inside->size--;
    return 1;
}

static int variant_of(nf_text word)
{
    const char letter = word.size == 1 ? small_letter(word.at[0]) : 0;
    if (text_is(word, "lt") || text_is(word, "ge"))
        return text_is(word, "lt") ? NF_VARIANT_LT : NF_VARIANT_GE;
    return letter >= 'a' && letter <= 'c' ? NF_VARIANT_A + (letter - 'a') : NF_VARIANT_NONE;
}

static int set_bits(nf_text value, nf_options *o)
{
    int64_t bits;
    if (!integer_in(value, &bits) || bits < 1 || bits > 32)
        return 0;
    o->random_bits_per_element = (uint8_t)bits;
    return 1;
}

static int read_parameter(nf_text part, nf_options *o)
{
    nf_text value = part;
    const nf_text name = next_part(&value, '=');
    value = trimmed(value);
    if (text_is(name, "bits"))
        return set_bits(value, o);
    if (text_is(name, "variant"))
        return (o->variant = (uint8_t)variant_of(value)) != NF_VARIANT_NONE;
    if (text_is(name, "probability"))
        return (o->by_code = text_is(value, "code")) || text_is(value, "value");
    if (text_is(name, "underflow"))
        return (o->keep_minpos = text_is(value, "minpos")) || text_is(value, "zero");
    return 0;
}

/* sr_a8, sr_lt12 and StochasticA(8): the letters are the variant, the number the bits. */
static int is_few_bits(nf_text whole, nf_options *o)
{
    nf_text t = whole;
    if (!take(&t, "sr_") && !take(&t, "stochastic"))
        return 0;
    const size_t size = t.size > 1 && small_letter(t.at[1]) >= 'a' && small_letter(t.at[1]) <= 'z' ? 2 : 1;
    const nf_text letter = {t.at, t.size ? size : 0};
    nf_text bits = {t.at + letter.size, t.size - letter.size};
    if (bits.size > 1 && bits.at[0] == '(' && bits.at[bits.size - 1] == ')') {
        bits.at++;
        bits.size -= 2;
    }
    o->variant = (uint8_t)variant_of(letter);
    return o->variant != NF_VARIANT_NONE && set_bits(bits, o);
}

/* The fields of a rounding, all of them, from those of another. */
static void copy_rounding(nf_options *to, const nf_options *from)
{
    to->rounding = from->rounding;
    to->random_bits_per_element = from->random_bits_per_element;
    to->variant = from->variant;
    to->by_code = from->by_code;
    to->keep_minpos = from->keep_minpos;
}

static int read_rounding(nf_text whole, nf_options *o)
{
    const nf_options none = {0};
    nf_text name, inside;
    if (is_few_bits(whole, o)) {
        o->rounding = NF_ROUND_stochastic;
        return 1;
    }
    *o = none;
    if (!split_mode(whole, &name, &inside))
        return 0;
    const int row = row_of(name, nf_rounding_at, 0);
    if (row < 0 || (inside.size && !nf_rounding_at((size_t)row)->takes_count))
        return 0;
    o->rounding = (uint8_t)row;
    while (inside.size)
        if (!read_parameter(next_part(&inside, ','), o))
            return 0;
    if (o->variant && !o->random_bits_per_element)
        return 0;
    if (o->random_bits_per_element && !o->variant)
        o->variant = NF_VARIANT_A;
    return row == NF_ROUND_stochastic || !(o->random_bits_per_element || o->by_code);
}

nf_status nf_parse_rounding(const char *spelling, nf_options *options)
{
    nf_options found = {0};
    if (!spelling || !options)
        return NF_BAD_ARGUMENT;
    if (!read_rounding(text_of(spelling), &found))
        return NF_BAD_ROUNDING;
    copy_rounding(options, &found);
    return NF_OK;
}

nf_status nf_parse_overflow(const char *spelling, nf_options *options)
{
    int64_t count = 0;
    nf_text name, inside;
    if (!spelling || !options)
        return NF_BAD_ARGUMENT;
    if (!split_mode(text_of(spelling), &name, &inside))
        return NF_BAD_OVERFLOW;
    const int row = row_of(name, nf_overflow_at, 1);
    if (row < 0 || (inside.size && (!nf_overflow_at((size_t)row)->takes_count || !integer_in(inside, &count))) ||
        count < 0 || count > 64)
        return NF_BAD_OVERFLOW;
    options->overflow = (uint8_t)row;
    options->wrap_bits = (uint8_t)count;
    return NF_OK;
}

nf_status nf_parse_nan(const char *spelling, nf_options *options)
{
    if (!spelling || !options)
        return NF_BAD_ARGUMENT;
    const int row = row_of(text_of(spelling), nf_nan_policy_at, 0);
    if (row < 0)
        return NF_BAD_NAN;
    options->nan = (uint8_t)row;
    return NF_OK;
}
