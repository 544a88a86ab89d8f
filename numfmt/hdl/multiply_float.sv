// The exact product of two binary floats, not normalised.
//
// EXP, FRAC, SPECIAL  of both operands, see unpack_float
// X                   bits of the exponent, EXP + 3 or more
//
// The value is significand * 2^(exponent - 2 FRAC); the exponent is the sum of the operands'.
module multiply_float #(
    parameter int EXP = 5,
    parameter int FRAC = 10,
    parameter int SPECIAL = 0,
    parameter int X = EXP + 3
) (
    input logic [EXP+FRAC:0] a,
    input logic [EXP+FRAC:0] b,
    output logic negative,
    output logic signed [X-1:0] exponent,
    output logic [2*FRAC+1:0] significand,
    output logic infinite,
    output logic nan
);
  logic negative_a, negative_b, infinite_a, infinite_b, nan_a, nan_b, zero;
  logic signed [X-1:0] exponent_a, exponent_b;
  logic [FRAC:0] significand_a, significand_b;

  unpack_float #(.EXP(EXP), .FRAC(FRAC), .SPECIAL(SPECIAL), .X(X)) unpack_a (
      .code(a), .negative(negative_a), .exponent(exponent_a), .significand(significand_a),
      .infinite(infinite_a), .nan(nan_a)
  );
  unpack_float #(.EXP(EXP), .FRAC(FRAC), .SPECIAL(SPECIAL), .X(X)) unpack_b (
      .code(b), .negative(negative_b), .exponent(exponent_b), .significand(significand_b),
      .infinite(infinite_b), .nan(nan_b)
  );

  assign negative = negative_a ^ negative_b;
  assign exponent = exponent_a + exponent_b;
  assign significand = {{(FRAC + 1) {1'b0}}, significand_a} * {{(FRAC + 1) {1'b0}}, significand_b};
  assign zero = significand_a == 0 || significand_b == 0;
  assign infinite = infinite_a || infinite_b;
  assign nan = nan_a || nan_b || (infinite && zero);
endmodule
