/* numfmt from SystemVerilog: the C side of the imports in numfmt_dpi.sv, with types of the DPI alone.
 *
 * Formats and modes are spellings as nf_parse_format and its like read them; "" as a mode is the default.  Codes are in
 * the low bits of a longint unsigned, reals are doubles, and `random_word` is what a stochastic rounding draws: the low
 * N bits for bits=N, else all 32; other modes do not look at it.  A NaN that the format does not have is refused.
 *
 * Functions that give an nf_status leave their outputs untouched where it is not 0.
 *
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef NUMFMT_DPI_H
#define NUMFMT_DPI_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#ifdef __GNUC__
#pragma GCC visibility push(default)
#endif

/* cdef: begin */

/* --- systemverilog ------------------------------------------------------------------------------------------ */

/* Bits of a code; 0 where the spelling is no format. */
int32_t nf_dpi_width(const char *format);

/* A sentence about a status. */
const char *nf_dpi_message(int32_t status);

/* A value -> the code that it rounds to. */
int32_t nf_dpi_encode(const char *format, const char *rounding, const char *overflow, uint32_t random_word,
                      double value, uint64_t *code);

/* A code -> its value, exact; NF_BAD_TYPE where the format has values that no double is. */
int32_t nf_dpi_decode(const char *format, uint64_t code, double *value);

/* A code of one format -> a code of another, one rounding. */
int32_t nf_dpi_convert(const char *source, const char *target, const char *rounding, const char *overflow,
                       uint32_t random_word, uint64_t source_code, uint64_t *code);

/* An operation of nf_operation_at by its name ("add", "fma", "less") on codes of the formats beside them; `format` is
 * the result's.  Operands that the operation does not have are not looked at; a truth is code 0 or 1, its `format` "".
 * `flags` receives IEEE 754's five, as nf_flags.
 *
 *     uint64_t code;
 *     uint32_t flags;
 *     int32_t status = nf_dpi_operate("multiply", "e4m3fn", 0x3A, "e4m3fn", 0x3A, "", 0, "e4m3fn", "toward_zero", "",
 *                                     0, &code, &flags);
 *     assert(status == 0 && code == 0x3C && flags == 16);          (1.25 * 1.25 -> 1.5, inexact) */
int32_t nf_dpi_operate(const char *operation, const char *a_format, uint64_t a, const char *b_format, uint64_t b,
                       const char *c_format, uint64_t c, const char *format, const char *rounding, const char *overflow,
                       uint32_t random_word, uint64_t *code, uint32_t *flags);

/* cdef: end */

#ifdef __GNUC__
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif

#endif
