// A magnitude rounded once to a binary float of IEEE 754's kind.
//
// W         bits of the magnitude; its lowest one weighs 2^exponent
// X         bits of the exponent: exponent + W, and the format's range, must fit with two to spare
// EXP, FRAC exponent and fraction bits of the result
// OUT_FRAC  fraction bits that are produced, 1 to FRAC; those below are 0
// ROUND     0: toward zero; 1: to nearest, ties to even; 2, 3, 4: sr_round's rules 0, 1, 2
// R         random bits of the stochastic ones
//
// The code has no sign.  Subnormal results are made; 2^(emax+1) and more are infinite in every mode,
// and what is toward zero of that is the largest number.
module round_float #(
    parameter int W = 48,
    parameter int X = 12,
    parameter int EXP = 8,
    parameter int FRAC = 23,
    parameter int OUT_FRAC = FRAC,
    parameter int ROUND = 0,
    parameter int R = 1
) (
    input logic [W-1:0] magnitude,
    input logic signed [X-1:0] exponent,
    input logic [R-1:0] random,
    output logic [EXP+FRAC-1:0] code
);
  localparam logic signed [X-1:0] EMIN = X'(2 - (1 << (EXP - 1)));
  localparam int G = ROUND >= 2 ? R : 1;  // bits kept below the last one
  localparam int WIDE = W + OUT_FRAC + G;
  localparam int C = X + FRAC + 1;
  localparam logic [C-1:0] INFINITY = C'((1 << EXP) - 1) << FRAC;

  logic signed [X-1:0] place;
  logic [X-1:0] down, above;
  logic [WIDE-1:0] wide, shifted;
  logic [OUT_FRAC+1:0] rounded;
  logic [C-1:0] whole;

  always_comb begin
    place = EMIN;  // of zero too
    for (int i = 0; i < W; i++) if (magnitude[i]) place = exponent + X'(i);
    if (place < EMIN) place = EMIN;
  end

  assign down = place - exponent;
  assign above = place - EMIN;
  assign wide = {magnitude, {(OUT_FRAC + G) {1'b0}}};
  assign shifted = wide >> down;

  if (ROUND >= 2) begin : g_stochastic
    sr_round #(.W(OUT_FRAC + 1 + R), .DROP(R), .R(R), .RULE(ROUND - 2)) by_chance (
        .value(shifted[OUT_FRAC+R:0]), .random(random), .rounded(rounded)
    );
    logic unused;
    assign unused = &{1'b0, shifted};
  end else begin : g_fixed
    logic sticky, up, unused;
    assign sticky = (shifted << down) != wide;
    assign up = ROUND == 1 && shifted[0] && (sticky || shifted[1]);
    assign rounded = {1'b0, shifted[OUT_FRAC+1:1]} + {{(OUT_FRAC + 1) {1'b0}}, up};
    assign unused = &{1'b0, random};
  end

  // The hidden bit of a normal number counts the exponent up by one, and so does a carry.
  assign whole = {1'b0, above, {FRAC{1'b0}}} + (C'(rounded) << (FRAC - OUT_FRAC));
  assign code = whole >= INFINITY ? INFINITY[EXP+FRAC-1:0] : whole[EXP+FRAC-1:0];
endmodule
