// Fused dot-add: d = c + a[0] b[0] + ... + a[N-1] b[N-1] as tensor cores compute it.
//
// All terms are shifted to the largest exponent of those that are not 0, cut toward zero to F
// fraction bits, added as integers, and the sum is rounded once.  Combinational.
//
// N              products, 1 or more; term i is the i-th group of bits of a and b, lowest first
// F              fraction bits that are kept below the largest exponent, 0 to 60
// EXP, FRAC      exponent and fraction bits of a and b
// SPECIAL        their infinities and NaNs, see unpack_float
// C_EXP, C_FRAC  exponent and fraction bits of c and d, of IEEE 754's kind
// OUT_FRAC       fraction bits of the result that are produced, 1 to C_FRAC
// E_FLOOR        the largest exponent is at least this; -32768: no floor
// ROUND          0: toward zero; 1: to nearest, ties to even
// NAN            the code of every NaN result
//
// The exponent of a product is the sum of its operands' exponents, not normalised.  A zero result is
// +0, also of negative sums that underflow.  NaN operands, infinity times 0 and infinities of both
// signs give NAN; other infinities give theirs; sums too large give infinity.
// Not handled: formats of a and b that differ, sums cut by floor, c joined behind the products,
// scales of blocks, flushing of subnormal numbers.
module fda #(
    parameter int N = 16,
    parameter int F = 25,
    parameter int EXP = 5,
    parameter int FRAC = 10,
    parameter int SPECIAL = 0,
    parameter int C_EXP = 8,
    parameter int C_FRAC = 23,
    parameter int OUT_FRAC = C_FRAC,
    parameter int E_FLOOR = -133,
    parameter int ROUND = 0,
    parameter logic [C_EXP+C_FRAC:0] NAN = {1'b0, {(C_EXP + C_FRAC) {1'b1}}}
) (
    input logic [N*(1+EXP+FRAC)-1:0] a,
    input logic [N*(1+EXP+FRAC)-1:0] b,
    input logic [C_EXP+C_FRAC:0] c,
    output logic [C_EXP+C_FRAC:0] d
);
  localparam int A = 1 + EXP + FRAC;
  localparam int WIDEST = EXP > C_EXP ? EXP : C_EXP;
  localparam int X = WIDEST + 6;  // sums of exponents, their differences and F
  localparam int LOW = -(1 << (WIDEST + 2));  // below every exponent
  localparam logic signed [X-1:0] LOWEST = X'(LOW);
  localparam logic signed [X-1:0] FLOOR = X'(E_FLOOR < LOW ? LOW : E_FLOOR);
  localparam int P = 2 * FRAC > C_FRAC ? 2 * FRAC : C_FRAC;  // fraction bits of terms
  localparam int S = F + $clog2(4 * N + 2) + 1;

  logic [N:0] negative, infinite, nan, present;
  logic [(N+1)*X-1:0] exponents;
  logic [(N+1)*(P+2)-1:0] terms;

  for (genvar i = 0; i < N; i++) begin : g_product
    logic [2*FRAC+1:0] significand;
    multiply_float #(.EXP(EXP), .FRAC(FRAC), .SPECIAL(SPECIAL), .X(X)) multiply (
        .a(a[i*A+:A]), .b(b[i*A+:A]), .negative(negative[i]), .exponent(exponents[i*X+:X]),
        .significand(significand), .infinite(infinite[i]), .nan(nan[i])
    );
    assign terms[i*(P+2)+:P+2] = (P + 2)'(significand) << (P - 2 * FRAC);
    assign present[i] = significand != 0;
  end

  logic [C_FRAC:0] significand_c;
  unpack_float #(.EXP(C_EXP), .FRAC(C_FRAC), .SPECIAL(0), .X(X)) unpack_c (
      .code(c), .negative(negative[N]), .exponent(exponents[N*X+:X]), .significand(significand_c),
      .infinite(infinite[N]), .nan(nan[N])
  );
  assign terms[N*(P+2)+:P+2] = (P + 2)'(significand_c) << (P - C_FRAC);
  assign present[N] = significand_c != 0;

  logic signed [X-1:0] top;
  always_comb begin
    top = LOWEST;
    for (int i = 0; i <= N; i++)
      if (present[i] && $signed(exponents[i*X+:X]) > top) top = $signed(exponents[i*X+:X]);
    if (top < FLOOR) top = FLOOR;
  end

  logic [(N+1)*S-1:0] shifted;
  for (genvar i = 0; i <= N; i++) begin : g_align
    logic [X-1:0] down;
    logic [F+1:0] cut;
    assign down = top - $signed(exponents[i*X+:X]) + X'(P);
    assign cut = (F + 2)'({terms[i*(P+2)+:P+2], {F{1'b0}}} >> down);
    assign shifted[i*S+:S] = !present[i] ? '0 : negative[i] ? -S'(cut) : S'(cut);
  end

  logic signed [S-1:0] sum;
  always_comb begin
    sum = '0;
    for (int i = 0; i <= N; i++) sum = sum + $signed(shifted[i*S+:S]);
  end

  logic [S-1:0] magnitude;
  logic [C_EXP+C_FRAC-1:0] code;
  assign magnitude = sum < 0 ? -sum : sum;
  round_float #(
      .W(S), .X(X), .EXP(C_EXP), .FRAC(C_FRAC), .OUT_FRAC(OUT_FRAC), .ROUND(ROUND), .R(1)
  ) round_sum (
      .magnitude(magnitude), .exponent(top - X'(F)), .random(1'b0), .code(code)
  );

  logic up, down_to;
  assign up = |(infinite & ~negative);
  assign down_to = |(infinite & negative);
  always_comb begin
    if (|nan || (up && down_to)) d = NAN;
    else if (up || down_to) d = {down_to, {C_EXP{1'b1}}, {C_FRAC{1'b0}}};
    else d = {sum < 0 && code != 0, code};
  end
endmodule
