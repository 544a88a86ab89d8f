/* The functions of numfmt_dpi.h. */
#include "numfmt_dpi.h"
#include "elements.h"
#include "text.h"

/* Room for a code of any format, in the bytes that the core reads and writes. */
typedef uint64_t code_cell;

static code_cell cell_of(const nf_format *format, uint64_t code)
{
    code_cell cell = 0;
    store_codes(&code, nf_code_size(format), 1, &cell);
    return cell;
}

static uint64_t code_in(const nf_format *format, const code_cell *cell)
{
    uint64_t code;
    load_codes(cell, nf_code_size(format), 1, &code);
    return code;
}

/* The modes, and the word where they draw one: it must outlive the options. */
static nf_status read_modes(const char *rounding, const char *overflow, const uint32_t *word, nf_options *o)
{
    nf_status status = rounding && *rounding ? nf_parse_rounding(rounding, o) : NF_OK;
    if (status == NF_OK && overflow && *overflow)
        status = nf_parse_overflow(overflow, o);
    if (nf_rounding_at(o->rounding)->is_random)
        o->random_bits = word;
    return status;
}

int32_t nf_dpi_width(const char *format)
{
    nf_format f;
    return nf_parse_format(format, &f) == NF_OK ? f.width : 0;
}

const char *nf_dpi_message(int32_t status) { return nf_status_message((nf_status)status); }

int32_t nf_dpi_encode(const char *format, const char *rounding, const char *overflow, uint32_t random_word,
                      double value, uint64_t *code)
{
    nf_format f;
    nf_options o = {0};
    code_cell cell;
    nf_status status = nf_parse_format(format, &f);
    if (status == NF_OK)
        status = code ? read_modes(rounding, overflow, &random_word, &o) : NF_BAD_ARGUMENT;
    if (status == NF_OK)
        status = nf_encode(&f, &o, NF_F64, &value, &cell, 1, NULL);
    if (status == NF_OK)
        *code = code_in(&f, &cell);
    return (int32_t)status;
}

int32_t nf_dpi_decode(const char *format, uint64_t code, double *value)
{
    nf_format f;
    const nf_status status = nf_parse_format(format, &f);
    if (status != NF_OK)
        return (int32_t)status;
    const code_cell cell = cell_of(&f, code);
    return (int32_t)nf_decode(&f, &cell, NF_F64, value, 1, 0, 1);
}

int32_t nf_dpi_convert(const char *source, const char *target, const char *rounding, const char *overflow,
                       uint32_t random_word, uint64_t source_code, uint64_t *code)
{
    nf_format from, to;
    nf_options o = {0};
    code_cell result;
    nf_status status = nf_parse_format(source, &from);
    if (status == NF_OK)
        status = nf_parse_format(target, &to);
    if (status == NF_OK)
        status = code ? read_modes(rounding, overflow, &random_word, &o) : NF_BAD_ARGUMENT;
    if (status != NF_OK)
        return (int32_t)status;
    const code_cell cell = cell_of(&from, source_code);
    status = nf_convert(&from, &to, &o, &cell, &result, 1, NULL);
    if (status == NF_OK)
        *code = code_in(&to, &result);
    return (int32_t)status;
}

/* The operation of a name; NF_OPERATION_COUNT where it is none. */
static nf_operation operation_of(const char *name)
{
    const nf_text word = text_of(name ? name : "");
    int i = 0;
    for (const nf_operation_row *row; (row = nf_operation_at((size_t)i)); i++)
        if (text_is(word, row->name) || text_is_one_of(word, row->aliases))
            break;
    return (nf_operation)i;
}

/* The operands of an operation: `formats` and `cells` are where they lie. */
static nf_status read_operands(int count, const char *const *spellings, const uint64_t *codes, nf_format *formats,
                               code_cell *cells, nf_operand *operands)
{
    for (int i = 0; i < count; i++) {
        if (nf_parse_format(spellings[i], &formats[i]) != NF_OK)
            return NF_BAD_FORMAT;
        cells[i] = cell_of(&formats[i], codes[i]);
        operands[i] = (nf_operand){.format = &formats[i], .data = &cells[i], .step = 1};
    }
    return NF_OK;
}

int32_t nf_dpi_operate(const char *operation, const char *a_format, uint64_t a, const char *b_format, uint64_t b,
                       const char *c_format, uint64_t c, const char *format, const char *rounding, const char *overflow,
                       uint32_t random_word, uint64_t *code, uint32_t *flags)
{
    const char *const spellings[] = {a_format, b_format, c_format};
    const uint64_t codes[] = {a, b, c};
    const nf_operation op = operation_of(operation);
    const nf_operation_row *row = nf_operation_at(op);
    nf_format formats[3], f = {.family = NF_FIXED, .width = 1};
    code_cell cells[3], result;
    nf_operand operands[3];
    nf_options o = {0};
    nf_report report = {0};
    if (!row || !code || !flags)
        return NF_BAD_ARGUMENT;
    nf_status status = read_operands(row->operands, spellings, codes, formats, cells, operands);
    if (status == NF_OK && !row->gives_truth)
        status = nf_parse_format(format, &f);
    if (status == NF_OK)
        status = read_modes(rounding, overflow, &random_word, &o);
    if (status == NF_OK)
        status = nf_operate(op, row->gives_truth ? NULL : &f, &o, operands, &result, 1, &report);
    if (status == NF_OK) {
        *code = code_in(&f, &result);
        *flags = report.flags;
    }
    return (int32_t)status;
}
