/* Operations element by element: compiled once, for every instruction set, as the rounding core is. */
#include "arith.h"
#include "elements.h"
#include "function_operations.h"
#include "neighbour.h"

static void load_neighbours(const nf_grid *grid, size_t place, int step, const uint64_t *codes, size_t n,
                            nf_unpacked *out)
{
    nf_grid own = *grid;
    for (size_t i = 0, m = n; i < n; i += m) {
        if (grid->format.family == NF_AFFINE)
            m = next_run(&own, place + i, n - i);
        for (size_t k = i; k < i + m; k++)
            out[k] = neighbour_of(&own, codes[k] & grid->mask, step);
    }
}

/* Elements place .. place + n - 1 of an operand, or their neighbours in its format. */
static void load_source(const nf_source *s, size_t place, size_t n, int step, nf_unpacked *out)
{
    uint64_t codes[NF_PASS];
    const size_t from = place * s->step, count = s->step ? n : 1;
    const char *data = s->data + from * s->size;
    if (s->has_codes)
        load_codes(data, s->size, count, codes);
    else
        load_elements(s->type, data, count, out);
    if (s->has_codes && step)
        load_neighbours(&s->grid, from, step, codes, count, out);
    else if (s->has_codes)
        unpack_at(&s->grid, from, codes, count, out);
    for (size_t i = count; i < n; i++)
        out[i] = out[0];
}

static int step_of(const nf_arithmetic *how)
{
    return how->operation == NF_OP_next_up ? 1 : how->operation == NF_OP_next_down ? -1 : 0;
}

/* The operands of each element, side by side. */
static void load_operands(const nf_arithmetic *how, size_t place, size_t n, nf_unpacked (*x)[NF_MOST_OPERANDS])
{
    nf_unpacked column[NF_PASS];
    for (int k = 0; k < how->count; k++) {
        load_source(&how->operands[k], place, n, step_of(how), column);
        for (size_t i = 0; i < n; i++)
            x[i][k] = column[i];
    }
}

void nf_load_operands(const nf_arithmetic *how, size_t place, nf_unpacked *x)
{
    load_operands(how, place, 1, (nf_unpacked(*)[NF_MOST_OPERANDS])x);
}

#define NF_OPERATION(name, operands, gives, invents, meaning, aliases) \
    case NF_OP_##name: \
        NF_##gives(name);

/* One result of an operation that gives numbers. */
static nf_unpacked apply(const nf_arithmetic *how, const nf_unpacked *x, uint32_t *raised)
{
    switch (how->operation) {
#define NF_NUMBER(name) return apply_##name(how, x, raised)
#define NF_TRUTH(name) break
#include "operations.def"
    default:
        break;
    }
    return special_of(NF_NAN, 0);
}

/* One result of an operation that gives truths. */
static int tell(const nf_arithmetic *how, const nf_unpacked *x, uint32_t *raised)
{
    switch (how->operation) {
#undef NF_NUMBER
#define NF_NUMBER(name) break
#undef NF_TRUTH
#define NF_TRUTH(name) return tell_##name(how, x, raised)
#include "operations.def"
    default:
        break;
    }
    return 0;
}

#undef NF_OPERATION
#undef NF_NUMBER
#undef NF_TRUTH

/* Results that are known by the first operand's code. */
static void load_known(const nf_arithmetic *how, size_t place, size_t n, nf_unpacked *results, uint32_t *raised)
{
    const nf_source *s = &how->operands[0];
    uint64_t codes[NF_PASS];
    load_codes(s->data + place * s->size, s->size, n, codes);
    for (size_t i = 0; i < n; i++) {
        const size_t at = how->known->place[s->has_codes ? codes[i] & s->grid.mask : codes[i]];
        results[i] = how->known->numbers[at];
        raised[i] = how->known->raised[at];
    }
}

void nf_load_results(const nf_arithmetic *how, size_t place, size_t n, nf_unpacked *results, uint32_t *raised)
{
    nf_unpacked x[NF_PASS][NF_MOST_OPERANDS];
    if (how->load) {
        how->load(how, place, n, results, raised);
        return;
    }
    if (how->known) {
        load_known(how, place, n, results, raised);
        return;
    }
    load_operands(how, place, n, x);
    for (size_t i = 0; i < n; i++) {
        raised[i] = 0;
        results[i] = apply(how, x[i], &raised[i]);
    }
}

void nf_load_truths(const nf_arithmetic *how, size_t place, size_t n, uint8_t *truths, uint32_t *raised)
{
    nf_unpacked x[NF_PASS][NF_MOST_OPERANDS];
    load_operands(how, place, n, x);
    for (size_t i = 0; i < n; i++) {
        raised[i] = 0;
        truths[i] = (uint8_t)tell(how, x[i], &raised[i]);
    }
}

int nf_may_be_special(const nf_arithmetic *how)
{
    static const uint8_t invents_specials[NF_OPERATION_COUNT] = {
#define NF_OPERATION(name, operands, gives, invents, meaning, aliases) invents,
#include "operations.def"
#undef NF_OPERATION
    };
    int may = how->load || invents_specials[how->operation];
    for (int k = 0; k < how->count; k++) {
        const nf_source *s = &how->operands[k];
        const int has_specials = s->grid.has_nan || s->grid.has_infinity || s->grid.format.family == NF_CODEBOOK;
        may |= s->has_codes ? has_specials : s->type <= NF_F64;
    }
    return may;
}
