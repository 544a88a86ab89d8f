/* Formats from their spellings: names of the tables, and families with parameters. */
#include "format.h"
#include "text.h"

enum { MOST_NUMBERS = 3 };

/* What stands between the brackets: numbers by their place, then words by their name. */
typedef struct arguments {
    int64_t numbers[MOST_NUMBERS];
    int count;
    int has_bias;
    int64_t bias;
    nf_text special, subnormals, tie; /* empty where they are not given */
} arguments;

/* Are there `least` to `most` numbers that are a descriptor's small fields? */
static int has_numbers(const arguments *a, int least, int most)
{
    for (int i = 0; i < a->count; i++)
        if (a->numbers[i] > INT32_MAX || a->numbers[i] < INT32_MIN)
            return 0;
    return a->count >= least && a->count <= most;
}

static int is_plain(const arguments *a)
{
    return !a->has_bias && !a->special.size && !a->subnormals.size && !a->tie.size;
}

/* Does it fit the byte of a descriptor? */
static int small(int64_t number) { return number >= 0 && number <= UINT8_MAX; }

static int spell_fixed(const arguments *a, nf_format *f, int is_signed)
{
    f->family = NF_FIXED;
    f->width = (uint8_t)a->numbers[0];
    f->is_signed = (uint8_t)is_signed;
    f->fraction_bits = (int32_t)a->numbers[1];
    return has_numbers(a, 2, 2) && is_plain(a) && small(a->numbers[0]);
}

static int64_t usual_bias(int64_t exponent_bits, uint8_t special)
{
    const int64_t half = exponent_bits > 0 && exponent_bits < 64 ? (int64_t)1 << (exponent_bits - 1) : 0;
    return special == NF_FNUZ ? half : half - 1;
}

/* A word's place in a list. */
static int place_of(nf_text word, const char *const *list, int count)
{
    for (int i = 0; i < count; i++)
        if (text_is_one_of(word, list[i]))
            return i;
    return -1;
}

static int spell_float(const arguments *a, nf_format *f, int is_signed)
{
    static const char *const specials[] = {"ieee", "fn", "fnuz", "finite", "", "", "fnu"};
    static const char *const subnormals[] = {"off False false", "on True true", "ftz_before", "ftz_after"};
    const int special = a->special.size ? place_of(a->special, specials, 7) : NF_IEEE;
    const int below = a->subnormals.size ? place_of(a->subnormals, subnormals, 4) : NF_SUBNORMALS;
    if (!has_numbers(a, 2, 2) || a->tie.size || special < 0 || below < 0 || !small(a->numbers[0]) ||
        !small(a->numbers[1]) || !small(a->numbers[0] + a->numbers[1] + is_signed))
        return 0;
    f->family = NF_FLOAT;
    f->is_signed = (uint8_t)is_signed;
    f->exponent_bits = (uint8_t)a->numbers[0];
    f->fraction_bits = (int32_t)a->numbers[1];
    f->width = (uint8_t)(a->numbers[0] + a->numbers[1] + is_signed);
    f->special = (uint8_t)special;
    f->subnormals = (uint8_t)below;
    f->bias = a->has_bias ? a->bias : usual_bias(a->numbers[0], f->special);
    return 1;
}

static int spell_posit(const arguments *a, nf_format *f, int variant)
{
    (void)variant;
    f->family = NF_POSIT;
    f->width = (uint8_t)a->numbers[0];
    f->is_signed = 1;
    f->exponent_bits = (uint8_t)(a->count > 1 ? a->numbers[1] : 2);
    return has_numbers(a, 1, 2) && is_plain(a) && small(a->numbers[0]) && small(a->numbers[1]);
}

static int spell_takum(const arguments *a, nf_format *f, int is_log)
{
    f->family = is_log ? NF_LOG_TAKUM : NF_TAKUM;
    f->width = (uint8_t)a->numbers[0];
    f->is_signed = 1;
    return has_numbers(a, 1, 1) && is_plain(a) && small(a->numbers[0]);
}

static int spell_lns(const arguments *a, nf_format *f, int variant)
{
    (void)variant;
    f->family = NF_LNS;
    f->width = (uint8_t)a->numbers[0];
    f->is_signed = 1;
    f->fraction_bits = (int32_t)a->numbers[1];
    return has_numbers(a, 2, 2) && is_plain(a) && small(a->numbers[0]);
}

static int spell_power_of_two(const arguments *a, nf_format *f, int variant)
{
    (void)variant;
    if (!has_numbers(a, 1, 1) || a->has_bias || a->special.size || a->subnormals.size || a->numbers[0] < 2 ||
        a->numbers[0] > 64)
        return 0;
    f->family = NF_FLOAT;
    f->width = (uint8_t)a->numbers[0];
    f->is_signed = 1;
    f->exponent_bits = (uint8_t)(a->numbers[0] - 1);
    f->special = text_is(a->tie, "geometric") ? NF_GEOMETRIC : NF_FINITE;
    f->subnormals = NF_SUBNORMALS;
    f->bias = usual_bias(a->numbers[0] - 1, NF_IEEE);
    return 1;
}

static int spell_p3109(int64_t width, int64_t precision, int is_signed, int is_extended, nf_format *f)
{
    const int64_t exponent_bits = width - precision + !is_signed;
    if (!small(width) || precision < 1 || exponent_bits < 1 || exponent_bits > 63)
        return 0;
    f->family = NF_FLOAT;
    f->width = (uint8_t)width;
    f->is_signed = (uint8_t)is_signed;
    f->exponent_bits = (uint8_t)exponent_bits;
    f->special = is_extended ? NF_P3109_EXTENDED : NF_P3109_FINITE;
    f->subnormals = NF_SUBNORMALS;
    f->fraction_bits = (int32_t)(precision - 1);
    f->bias = (int64_t)((uint64_t)1 << (exponent_bits - 1));
    return 1;
}

/* binary8p4se and its like. */
static int name_p3109(nf_text t, nf_format *f)
{
    int64_t width, precision;
    if (!take(&t, "binary") || !next_digits_of(&t, &width) || !take(&t, "p") || !next_digits_of(&t, &precision) ||
        t.size != 2)
        return 0;
    const char sign = small_letter(t.at[0]), domain = small_letter(t.at[1]);
    return (sign == 's' || sign == 'u') && (domain == 'e' || domain == 'f') &&
           spell_p3109(width, precision, sign == 's', domain == 'e', f);
}

/* e4m3fn and its like, which say what their special codes are. */
static int name_minifloat(nf_text t, nf_format *f)
{
    const int is_unsigned = t.size && t.at[0] == 'u';
    arguments a = {.count = 2};
    t.at += is_unsigned;
    t.size -= (size_t)is_unsigned;
    if (!t.size || t.at[0] != 'e' || !take(&t, "e") || !next_digits_of(&t, &a.numbers[0]) || !t.size ||
        t.at[0] != 'm' || !take(&t, "m") || !next_digits_of(&t, &a.numbers[1]) || !text_is_one_of(t, "fnuz fnu fn"))
        return 0;
    a.special = t;
    return spell_float(&a, f, !is_unsigned && !text_is(t, "fnu"));
}

static int name_takum(nf_text t, nf_format *f)
{
    arguments a = {.count = 1};
    const int is_log = take(&t, "takum_log");
    return (is_log || take(&t, "takum")) && next_digits_of(&t, &a.numbers[0]) && !t.size && spell_takum(&a, f, is_log);
}

static int name_of_table(nf_text t, nf_format *f)
{
    const nf_named_format *row;
    for (size_t i = 0; (row = nf_named_format_at(i)); i++)
        if (text_is(t, row->name) || text_is_one_of(t, row->aliases)) {
            *f = row->format;
            return 1;
        }
    return 0;
}

/* One part between commas: the next number, `name=word`, or a word that a family knows. */
static int read_part(nf_text part, arguments *a)
{
    nf_text value = part;
    const nf_text name = next_part(&value, '=');
    value = trimmed(value);
    if (name.size == part.size) {
        if (text_is_one_of(part, "arithmetic geometric") && !a->tie.size)
            a->tie = part;
        else if (a->count == MOST_NUMBERS || !integer_in(part, &a->numbers[a->count++]))
            return 0;
        return 1;
    }
    if (text_is(name, "bias") && !a->has_bias)
        return a->has_bias = integer_in(value, &a->bias);
    nf_text *word = text_is(name, "special") ? &a->special : text_is(name, "subnormals") ? &a->subnormals : NULL;
    if (!word || word->size)
        return 0;
    *word = value;
    return value.size > 0;
}

typedef int spell_family(const arguments *a, nf_format *f, int variant);

static int with_arguments(nf_text name, nf_text inside, nf_format *f)
{
    static const struct {
        const char *name;
        spell_family *spell;
        int variant;
    } families[] = {{"fixed", spell_fixed, 1},  {"ufixed", spell_fixed, 0},      {"float", spell_float, 1},
                    {"ufloat", spell_float, 0}, {"posit", spell_posit, 0},       {"takum", spell_takum, 0},
                    {"lns", spell_lns, 0},      {"pow2", spell_power_of_two, 0}, {"takum_log", spell_takum, 1}};
    arguments a = {.count = 0};
    for (int more = 1; more;) {
        more = inside.size && memchr(inside.at, ',', inside.size);
        if (!read_part(next_part(&inside, ','), &a))
            return 0;
    }
    for (size_t i = 0; i < sizeof families / sizeof *families; i++)
        if (text_is(name, families[i].name))
            return families[i].spell(&a, f, families[i].variant);
    return 0;
}

/* The name, and what stands between < and > or behind the colon; 0 where neither does. */
static int split_call(nf_text whole, nf_text *name, nf_text *inside)
{
    size_t n = 0;
    while (n < whole.size && whole.at[n] != '<' && whole.at[n] != ':')
        n++;
    const nf_text before = {whole.at, n};
    *name = trimmed(before);
    if (n == whole.size)
        return 0;
    const int is_angled = whole.at[n] == '<' && whole.at[whole.size - 1] == '>';
    inside->at = whole.at + n + 1;
    inside->size = whole.size - n - 1 - (size_t)is_angled;
    return whole.at[n] == ':' || is_angled;
}

nf_status nf_parse_format(const char *spelling, nf_format *format)
{
    nf_format f = {0};
    nf_text name, inside;
    if (!spelling || !format)
        return NF_BAD_ARGUMENT;
    const nf_text whole = text_of(spelling);
    const int is_known = split_call(whole, &name, &inside) ? with_arguments(name, inside, &f)
                                                           : name_of_table(whole, &f) || name_minifloat(whole, &f) ||
                                                                 name_p3109(whole, &f) || name_takum(whole, &f);
    if (!is_known || nf_format_check(&f) != NF_OK)
        return NF_BAD_FORMAT;
    *format = f;
    return NF_OK;
}
