/* Formats and modes from their spellings.  Part of numfmt.h, which includes it.
 *
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef NUMFMT_SPELLING_H
#define NUMFMT_SPELLING_H

/* cdef: begin */

/* --- spellings ---------------------------------------------------------------------------------------------- */

/* A format from its spelling, as in Python: a name or alias of the tables (e4m3fn, bf16, q15, nf4), binary8p4se,
 * takum16, takum_log16, e5m10fn, or a family with parameters, fixed<8,3> or fixed:8,3; ufixed, float<4,3,bias=7>,
 * float<5,2,special=finite,subnormals=off>, ufloat, posit<16,2>, takum<16>, lns<8,3>, pow2<4,geometric>.  Those with
 * tables of their own (codebook, affine), blocks, and modes that a format carries are not spelled in C.
 * NF_BAD_FORMAT where it is none of these.
 *
 *     nf_format format;
 *     nf_status status = nf_parse_format("fixed<8,3>", &format);
 *     assert(status == NF_OK && format.family == NF_FIXED && format.fraction_bits == 3); */
nf_status nf_parse_format(const char *spelling, nf_format *format);

/* Modes from their spellings, as in Python: "nearest_even", "RND_CONV", "stochastic(bits=8,variant=B)", "sr_a8";
 * "saturate", "AP_SAT", "wrap(2)"; "zero".  They set what belongs to the mode in *options and leave the rest.
 * NF_BAD_ROUNDING, NF_BAD_OVERFLOW, NF_BAD_NAN where the spelling is none. */
nf_status nf_parse_rounding(const char *spelling, nf_options *options);
nf_status nf_parse_overflow(const char *spelling, nf_options *options);
nf_status nf_parse_nan(const char *spelling, nf_options *options);

/* cdef: end */

#endif
