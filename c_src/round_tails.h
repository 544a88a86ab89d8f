/* Exact tails, digit by digit, for the random words that the first 64 digits leave undecided.  A part of the rounding
 * core. */
#ifndef NF_ROUND_TAILS_H
#define NF_ROUND_TAILS_H

#include "arithmetic.h"
#include "families.h"
#include "quotient.h"
#include "random.h"

/* A number of element `element`, with the digits of the operation that gave it. */
NF_INLINE nf_deep deep_result(const nf_plan *plan, const nf_unpacked *x, uint64_t element)
{
    return (nf_deep){*x, x->sticky ? plan->arithmetic : NULL, element - plan->first_result, x->exponent};
}

/* The tail of a cell as the number's own 64 bits have it. */
static nf_fraction own_fraction(const nf_plan *plan, const nf_unpacked *x)
{
    switch (plan->grid.format.family) {
#define NF_TAIL(NAME, name, extra) \
    case NF_##NAME: \
        return name##_tail(plan, x);
        NF_FAMILIES(NF_TAIL, )
#undef NF_TAIL
    default:
        return (nf_fraction){0, 1, 0, 0};
    }
}

/* The same of a quotient by an affine scale, from the digits of the number: of those in front of its unit, modulo the
 * scale, floor(number) - scale * floor(number / scale). */
static nf_fraction fraction_of_quotient(const nf_plan *plan, const nf_unpacked *x, uint64_t element)
{
    const size_t place = element - plan->first_result;
    const nf_unpacked *scale = &plan->grid.scale;
    const int64_t e = x->exponent - scale->exponent, unit = scale->exponent - 63;
    int follows;
    if (e <= 64 || plan->grid.reciprocal.kind != NF_ZERO)
        return affine_tail(plan, x);
    const uint64_t all = nf_result_digits(plan->arithmetic, place, x->sign, unit, 1, &follows);
    const uint64_t whole = nf_result_digits(plan->arithmetic, place, x->sign, unit, scale->significand, &follows);
    return (nf_fraction){all - scale->significand * whole, scale->significand, 0, e};
}

/* The exact tail of a cell, for the cold branch. */
static nf_fraction exact_fraction(const nf_plan *plan, const nf_unpacked *x, uint64_t element)
{
    nf_fraction f = own_fraction(plan, x);
    if (plan->grid.format.family == NF_AFFINE && goes_on(x))
        return fraction_of_quotient(plan, x, element);
    return plan->rests && f.divisor != NF_ENDLESS ? fraction_with_rest(f, &plan->rests[element - plan->first_rest]) : f;
}

/* The next 32 digits of a rational tail; those behind the numerator are the number's own, or its operation's. */
static uint32_t next_exact_digits(const nf_plan *plan, const nf_unpacked *x, nf_fraction *f, uint64_t element)
{
    const int count = f->shift < 32 ? 32 - (int)f->shift : 0;
    if (!count || !goes_on_behind(x, f->taken))
        return next_digits(f);
    uint64_t bits = f->taken < 64 ? x->more << f->taken >> (64 - count) : 0;
    int follows;
    if (x->sticky && plan->arithmetic)
        bits = nf_result_digits(plan->arithmetic, element - plan->first_result, x->sign,
                                x->exponent - 63 - f->taken - count, 1, &follows);
    f->numerator = f->numerator << count | (bits & (((uint64_t)1 << count) - 1));
    f->taken += count;
    f->shift = 32;
    return next_digits(f);
}

/* Binary digits 32 `word` .. 32 `word` + 31 of a tail, words being asked for in turn. */
static uint32_t digits_at(const nf_plan *plan, const nf_unpacked *x, nf_fraction *f, uint64_t word, uint64_t element)
{
    if (f->divisor != NF_ENDLESS)
        return next_exact_digits(plan, x, f, element);
    const nf_deep number = deep_result(plan, x, element);
    if (plan->grid.format.family == NF_LOG_TAKUM)
        return nf_log_takum_digits(&plan->grid, &number, plan->options.by_code, (int)word);
    return nf_lns_digits(&plan->grid, &number, (int)word);
}

/* The first word did not decide: take further words of the same element until one does. */
static __attribute__((noinline, cold, unused)) int undecided(const nf_plan *plan, const nf_unpacked *x, int flip,
                                                             uint64_t element)
{
    nf_fraction f = exact_fraction(plan, x, element);
    if (f.divisor == NF_ENDLESS && plan->grid.format.family == NF_CODEBOOK) {
        const nf_deep number = deep_result(plan, x, element);
        return nf_codebook_undecided(plan, &number, element);
    }
    const nf_key *key = plan->options.key;
    digits_at(plan, x, &f, 0, element);
    for (uint64_t draw = 1; draw < 65536; draw++) {
        if (f.numerator == 0 && !goes_on_behind(x, f.taken))
            return 0;
        uint32_t word = philox_word(key->key, key->call, draw, element);
        uint32_t digits = digits_at(plan, x, &f, draw, element);
        word = flip ? word : ~word;
        if (word != digits)
            return word < digits;
    }
    return 0;
}

#endif
