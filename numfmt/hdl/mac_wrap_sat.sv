// Fixed-point multiply-accumulate: acc = acc + round(a b), wrapped or saturated at each step.
//
// A_W, A_FRAC      bits and fraction bits of a, in two's complement
// B_W, B_FRAC      of b
// ACC_W, ACC_FRAC  of the accumulator; ACC_FRAC may be more than A_FRAC + B_FRAC
// ROUND            of the product to ACC_FRAC fraction bits, see round_shift
// SATURATE         0: the sum wraps (AP_WRAP); 1: it stops at the ends of the range (AP_SAT)
//
// At a rising edge of clk the accumulator becomes init where load is 1, else goes on by one product
// where enable is 1.  Not handled: unsigned operands, symmetric saturation, sticky overflow flags.
module mac_wrap_sat #(
    parameter int A_W = 8,
    parameter int A_FRAC = 4,
    parameter int B_W = 8,
    parameter int B_FRAC = 4,
    parameter int ACC_W = 16,
    parameter int ACC_FRAC = 6,
    parameter int ROUND = 0,
    parameter int SATURATE = 1
) (
    input logic clk,
    input logic load,
    input logic enable,
    input logic signed [ACC_W-1:0] init,
    input logic signed [A_W-1:0] a,
    input logic signed [B_W-1:0] b,
    output logic signed [ACC_W-1:0] acc
);
  localparam int DROP = A_FRAC + B_FRAC > ACC_FRAC ? A_FRAC + B_FRAC - ACC_FRAC : 0;
  localparam int RAISE = ACC_FRAC > A_FRAC + B_FRAC ? ACC_FRAC - A_FRAC - B_FRAC : 0;
  localparam int P = A_W + B_W + RAISE;
  localparam int W = (P > ACC_W ? P : ACC_W) + 2;
  localparam int D = $clog2(DROP + 2);
  localparam logic signed [W-1:0] LARGEST = (W'(1) << (ACC_W - 1)) - W'(1);

  logic signed [W-1:0] product, rounded, sum, next;

  assign product = (W'(a) * W'(b)) <<< RAISE;
  round_shift #(.W(W), .D(D), .ROUND(ROUND)) round_product (
      .value(product), .drop(D'(DROP)), .rounded(rounded)
  );
  assign sum = W'(acc) + rounded;

  always_comb begin
    next = sum;
    if (SATURATE != 0 && sum > LARGEST) next = LARGEST;
    if (SATURATE != 0 && sum < -LARGEST - W'(1)) next = -LARGEST - W'(1);
  end

  always_ff @(posedge clk) begin
    if (load) acc <= init;
    else if (enable) acc <= next[ACC_W-1:0];
  end

  logic unused;
  assign unused = &{1'b0, next};
endmodule
