// d = a b + c e + f with one rounding: two products and a sum, exact until the end.
//
// A reference: the sum is a fixed-point number that holds every bit of every term, so it is as wide
// as the formats' ranges (70 bits of e5m2 with binary16, 560 of bfloat16 with binary32).
//
// EXP, FRAC, SPECIAL     exponent and fraction bits of a, b, c, e, and their specials (unpack_float)
// DST_EXP, DST_FRAC      exponent and fraction bits of f and d, of IEEE 754's kind
// ROUND                  0: toward zero; 1: to nearest, ties to even; 2, 3, 4: stochastic, add, lt, ge
// R                      random bits of the stochastic ones, 1 or more
// NAN                    the code of every NaN result
//
// A sum of 0 is +0 but where all terms are -0; a negative sum that is rounded to 0 gives -0.
// Not handled: rounding toward the infinities, ties away from zero, flags.
module exsdotp_ref #(
    parameter int EXP = 5,
    parameter int FRAC = 2,
    parameter int SPECIAL = 0,
    parameter int DST_EXP = 5,
    parameter int DST_FRAC = 10,
    parameter int ROUND = 3,
    parameter int R = 12,
    parameter logic [DST_EXP+DST_FRAC:0] NAN = {2'b01, {DST_EXP{1'b1}}, {(DST_FRAC - 1) {1'b0}}}
) (
    input logic [EXP+FRAC:0] a,
    input logic [EXP+FRAC:0] b,
    input logic [EXP+FRAC:0] c,
    input logic [EXP+FRAC:0] e,
    input logic [DST_EXP+DST_FRAC:0] f,
    input logic [R-1:0] random,
    output logic [DST_EXP+DST_FRAC:0] d
);
  localparam int WIDEST = EXP > DST_EXP ? EXP : DST_EXP;
  localparam int X = WIDEST + 5;
  localparam int LOW_PRODUCT = 2 * (2 - (1 << (EXP - 1)) - FRAC);
  localparam int LOW_F = 2 - (1 << (DST_EXP - 1)) - DST_FRAC;
  localparam int LOW = LOW_PRODUCT < LOW_F ? LOW_PRODUCT : LOW_F;  // of the lowest bit
  localparam int HIGH_PRODUCT = 2 * ((1 << (EXP - 1)) + 1);
  localparam int HIGH_F = 1 << (DST_EXP - 1);
  localparam int W = (HIGH_PRODUCT > HIGH_F ? HIGH_PRODUCT : HIGH_F) - LOW + 3;

  logic [2:0] negative, infinite, nan;
  logic signed [X-1:0] exponent_0, exponent_1, exponent_f;
  logic [2*FRAC+1:0] product_0, product_1;
  logic [DST_FRAC:0] significand_f;

  multiply_float #(.EXP(EXP), .FRAC(FRAC), .SPECIAL(SPECIAL), .X(X)) multiply_ab (
      .a(a), .b(b), .negative(negative[0]), .exponent(exponent_0), .significand(product_0),
      .infinite(infinite[0]), .nan(nan[0])
  );
  multiply_float #(.EXP(EXP), .FRAC(FRAC), .SPECIAL(SPECIAL), .X(X)) multiply_ce (
      .a(c), .b(e), .negative(negative[1]), .exponent(exponent_1), .significand(product_1),
      .infinite(infinite[1]), .nan(nan[1])
  );
  unpack_float #(.EXP(DST_EXP), .FRAC(DST_FRAC), .SPECIAL(0), .X(X)) unpack_f (
      .code(f), .negative(negative[2]), .exponent(exponent_f), .significand(significand_f),
      .infinite(infinite[2]), .nan(nan[2])
  );

  logic [X-1:0] up_0, up_1, up_f;
  logic signed [W-1:0] term_0, term_1, term_f, sum;
  logic [W-1:0] magnitude;
  assign up_0 = exponent_0 - X'(2 * FRAC + LOW);
  assign up_1 = exponent_1 - X'(2 * FRAC + LOW);
  assign up_f = exponent_f - X'(DST_FRAC + LOW);
  assign term_0 = W'(product_0) << up_0;
  assign term_1 = W'(product_1) << up_1;
  assign term_f = W'(significand_f) << up_f;
  assign sum = (negative[0] ? -term_0 : term_0) + (negative[1] ? -term_1 : term_1) +
      (negative[2] ? -term_f : term_f);
  assign magnitude = sum < 0 ? -sum : sum;

  logic [DST_EXP+DST_FRAC-1:0] code;
  round_float #(
      .W(W), .X(X), .EXP(DST_EXP), .FRAC(DST_FRAC), .OUT_FRAC(DST_FRAC), .ROUND(ROUND), .R(R)
  ) round_sum (
      .magnitude(magnitude), .exponent(X'(LOW)), .random(random), .code(code)
  );

  logic plus, minus;
  assign plus = |(infinite & ~negative);
  assign minus = |(infinite & negative);
  always_comb begin
    if (|nan || (plus && minus)) d = NAN;
    else if (plus || minus) d = {minus, {DST_EXP{1'b1}}, {DST_FRAC{1'b0}}};
    else d = {sum == 0 ? &negative : sum < 0, code};
  end
endmodule
