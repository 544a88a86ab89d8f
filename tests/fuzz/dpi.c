/* SystemVerilog's functions: spellings and codes that a test bench may give. */
#include "fuzz.h"
#include <numfmt_dpi.h>

enum { LONGEST = 40, SPELLINGS = 4 };

/* A format's name, or any text. */
static void make_spelling(reader *r, char *text)
{
    static const char *const known[] = {"fixed<8,3>",  "e4m3fn",      "posit<16,2>",  "takum16", "lns<8,3>",
                                        "binary8p3se", "float<4,3>",  "uint8",        "pow2<4>", "ufixed:9,2",
                                        "binary64",    "takum_log16", "nearest_even", "sr",      "wrap(2)",
                                        "saturate",    "add",         "fma"};
    const uint8_t kind = take(r);
    if (kind < 200) {
        strcpy(text, known[kind % (sizeof known / sizeof *known)]);
        return;
    }
    take_bytes(r, text, kind - 200 < LONGEST ? (size_t)(kind - 200) : LONGEST);
}

static void check_one(const char *spelling, int32_t status, uint64_t code)
{
    nf_format format;
    if (status != NF_OK) {
        MUST(code == 0xA5);
        return;
    }
    MUST(nf_parse_format(spelling, &format) == NF_OK);
    uint64_t cell = code;
    check_codes(&format, &cell, 1); /* little-endian machines: the low bytes come first */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    reader r = {data, size};
    char format[SPELLINGS][LONGEST + 1] = {{0}}, rounding[LONGEST + 1] = "", overflow[LONGEST + 1] = "",
                                     operation[LONGEST + 1] = "";
    for (int k = 0; k < SPELLINGS; k++)
        make_spelling(&r, format[k]);
    if (take(&r) & 1)
        make_spelling(&r, rounding);
    if (take(&r) & 1)
        make_spelling(&r, overflow);
    const nf_operation_row *row = nf_operation_at(take(&r));
    if (row)
        strcpy(operation, row->name);
    else
        make_spelling(&r, operation);
    const uint32_t word = (uint32_t)take_word(&r);
    const uint64_t a = take_word(&r), b = take_word(&r), c = take_word(&r);
    double value;
    memcpy(&value, &a, sizeof value);
    uint64_t code = 0xA5;
    uint32_t flags = 0xA5;
    int32_t status = nf_dpi_encode(format[0], rounding, overflow, word, value, &code);
    check_one(format[0], status, code);
    MUST(nf_dpi_width(format[0]) >= 0 && nf_dpi_message(status));
    nf_dpi_decode(format[1], b, &value);
    code = 0xA5;
    status = nf_dpi_convert(format[1], format[0], rounding, overflow, word, b, &code);
    check_one(format[0], status, code);
    code = 0xA5;
    if (row && row->gives_truth)
        format[0][0] = 0;
    status = nf_dpi_operate(operation, format[1], a, format[2], b, format[3], c, format[0], rounding, overflow, word,
                            &code, &flags);
    if (format[0][0])
        check_one(format[0], status, code);
    else
        MUST(status == NF_OK ? code < 2 : code == 0xA5);
    MUST(status == NF_OK ? flags < 32 : flags == 0xA5);
    return 0;
}
