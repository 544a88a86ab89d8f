/* Round numbers to OCP E4M3, multiply the codes with one rounding, and ask for IEEE's flags. */
#include <stdio.h>

#include <numfmt.h>

static int fail(const char *what, nf_status status)
{
    fprintf(stderr, "%s: %s\n", what, nf_status_message(status));
    return 1;
}

int main(void)
{
    const float x[] = {1.3f, -0.07f, 250.0f, 1e-3f};
    enum { N = sizeof x / sizeof *x };
    nf_format e4m3, half;
    nf_options options = {0};
    uint8_t codes[N], squares[N];
    float values[N];
    nf_report report = {0};
    nf_status status;

    if ((status = nf_parse_format("e4m3fn", &e4m3)) || (status = nf_parse_format("binary16", &half)))
        return fail("format", status);
    if ((status = nf_parse_rounding("toward_zero", &options)) || (status = nf_parse_overflow("saturate", &options)))
        return fail("modes", status);
    if ((status = nf_encode(&e4m3, NULL, NF_F32, x, codes, N, NULL)))
        return fail("encode", status);

    const nf_operand a = {.format = &e4m3, .data = codes, .step = 1};
    if ((status = nf_multiply(&e4m3, &options, &a, &a, squares, N, &report)))
        return fail("multiply", status);
    if ((status = nf_decode(&e4m3, squares, NF_F32, values, N, 0, 1)))
        return fail("decode", status);
    for (int i = 0; i < N; i++)
        printf("%g -> 0x%02X, squared 0x%02X = %g\n", (double)x[i], codes[i], squares[i], (double)values[i]);
    printf("inexact %d, overflow %d, underflow %d\n", (report.flags & NF_INEXACT) != 0,
           (report.flags & NF_OVERFLOW) != 0, (report.flags & NF_UNDERFLOW) != 0);
    return 0;
}
