// A binary float's code as sign, exponent and significand.
//
// EXP      exponent bits, 2 to 15; the bias is 2^(EXP-1) - 1
// FRAC     fraction bits, 1 to 60
// SPECIAL  0: IEEE 754's infinities and NaNs; 1: "FN", no infinity, NaN is all ones; 2: neither
// X        bits of the exponent that comes out, EXP + 2 or more
//
// The value is significand * 2^(exponent - FRAC).  Subnormal numbers keep the exponent 2 - bias - 1
// of the smallest normal ones, as tensor cores do.  Not handled: biases of another size, the FNUZ
// formats, the flushing of subnormal numbers.
module unpack_float #(
    parameter int EXP = 5,
    parameter int FRAC = 10,
    parameter int SPECIAL = 0,
    parameter int X = EXP + 2
) (
    input logic [EXP+FRAC:0] code,
    output logic negative,
    output logic signed [X-1:0] exponent,
    output logic [FRAC:0] significand,
    output logic infinite,
    output logic nan
);
  localparam logic signed [X-1:0] BIAS = X'((1 << (EXP - 1)) - 1);

  logic [EXP-1:0] field;
  logic [FRAC-1:0] fraction;
  logic normal, all_ones;

  assign {negative, field, fraction} = code;
  assign normal = |field;
  assign all_ones = &field;
  assign exponent = $signed({{(X - EXP) {1'b0}}, field[EXP-1:1], field[0] | ~normal}) - BIAS;
  assign significand = {normal, fraction};
  assign infinite = SPECIAL == 0 && all_ones && fraction == 0;
  assign nan = (SPECIAL == 0 && all_ones && fraction != 0) || (SPECIAL == 1 && all_ones && &fraction);
endmodule
