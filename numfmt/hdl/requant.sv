// Requantisation: an accumulator scaled, rounded, moved by the zero point and clamped.
//
// MODE   of numfmt.requantize; q is multiplier[31:0], s is shift:
//        0 gemmlowp_double  1 single  2 ruy_avx512  3 f32_rne  4 shift_rhu  5 shift_rha
//        6 shift_rne  7 shift_trn  8 int16x8  9 f64_half_away  10 ethos_u_truncate
// ACC_W  bits of the accumulator, 32; in the modes 4 to 8 up to 64 (mode 8: numbers of 48 bits)
// OUT_W  bits of the result, 2 to 32, signed or not as lowest and highest are
//
// multiplier: q, or the bits of M as binary32 (mode 3) or binary64 (mode 9), which must be finite.
// shift: from -31 to 30 (mode 8: 7), or the bits to drop (modes 4 to 7), 0 to ACC_W - 1.
// Combinational.  Not handled: accumulators of other widths, results clamped before the zero point.
module requant #(
    parameter int MODE = 0,
    parameter int ACC_W = 32,
    parameter int OUT_W = 8
) (
    input logic signed [ACC_W-1:0] acc,
    input logic [63:0] multiplier,
    input logic signed [6:0] shift,
    input logic signed [OUT_W:0] zero_point,
    input logic signed [OUT_W:0] lowest,
    input logic signed [OUT_W:0] highest,
    output logic [OUT_W-1:0] y
);
  localparam int W = ACC_W + 90;
  localparam int D = 12;
  localparam int ROUND =
      MODE == 0 || MODE == 5 || MODE == 9 ? 2 :
      MODE == 3 || MODE == 6 ? 3 :
      MODE == 7 ? 0 :
      MODE == 10 ? 4 : 1;

  logic signed [31:0] q;
  logic signed [W-1:0] value, rounded, moved;
  logic [D-1:0] drop;
  assign q = multiplier[31:0];

  if (MODE == 0 || MODE == 2) begin : g_double
    logic signed [31:0] wrapped;
    logic signed [W-1:0] first;
    assign wrapped = shift > 0 ? acc[31:0] << shift : acc[31:0];
    round_shift #(.W(W), .D(D), .ROUND(1)) high (
        .value(W'(wrapped) * W'(q)), .drop(D'(31)), .rounded(first)
    );
    assign value = MODE == 0 && first == W'(64'h80000000) ? first - W'(1) : first;
    assign drop = shift < 0 ? D'(-shift) : '0;
  end else if (MODE == 1 || MODE == 10) begin : g_single
    assign value = W'(acc) * W'(q);
    assign drop = D'(31) - D'(shift);
  end else if (MODE == 8) begin : g_int16x8
    logic signed [32:0] rounded_q;
    assign rounded_q = (33'(q) + 33'sh8000) >>> 16;
    assign value = W'(acc) * (rounded_q > 33'sh7fff ? W'(32767) : W'(rounded_q));
    assign drop = D'(15) - D'(shift);
  end else if (MODE == 3 || MODE == 9) begin : g_float
    localparam int EXP = MODE == 3 ? 8 : 11;
    localparam int FRAC = MODE == 3 ? 23 : 52;
    logic negative, infinite, nan, raised, unused;
    logic signed [D:0] exponent, place;
    logic [FRAC:0] significand;
    logic signed [W-1:0] magnitude, x, product, scaled;
    unpack_float #(.EXP(EXP), .FRAC(FRAC), .SPECIAL(0), .X(D + 1)) unpack (
        .code(multiplier[EXP+FRAC:0]), .negative(negative), .exponent(exponent),
        .significand(significand), .infinite(infinite), .nan(nan)
    );
    assign magnitude = acc < 0 ? -W'(acc) : W'(acc);
    round_significant #(.W(W), .P(FRAC + 1)) read (.magnitude(magnitude), .rounded(x));
    round_significant #(.W(W), .P(FRAC + 1)) multiply (
        .magnitude(x * $signed({{(W - FRAC - 1) {1'b0}}, significand})), .rounded(product)
    );
    // Where the product is an integer by itself, one bit above 32 is as good as any.
    assign place = exponent - (D + 1)'(FRAC);
    assign raised = place > 0 && product != 0 && (place > 33 || product[W-1:50] != 0);
    assign scaled = raised ? W'(1) <<< 90 : place > 0 ? product <<< place : product;
    assign value = negative != (acc < 0) ? -scaled : scaled;
    assign drop = place < 0 ? D'(-place) : '0;
    assign unused = &{1'b0, infinite, nan};
  end else begin : g_shift
    assign value = W'(acc);
    assign drop = D'(shift);
  end

  round_shift #(.W(W), .D(D), .ROUND(ROUND)) last (
      .value(value), .drop(drop), .rounded(rounded)
  );
  assign moved = rounded + W'(zero_point);
  always_comb begin
    if (moved > W'(highest)) y = highest[OUT_W-1:0];
    else if (moved < W'(lowest)) y = lowest[OUT_W-1:0];
    else y = moved[OUT_W-1:0];
  end

  logic unused;
  assign unused = &{1'b0, q, multiplier, shift};
endmodule
