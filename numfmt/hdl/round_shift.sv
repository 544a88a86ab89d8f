// An integer divided by 2^drop and rounded.
//
// W      bits of the integer, in two's complement; it must be above -2^(W-1)
// D      bits of drop; 0 drops nothing
// ROUND  0: down (AP_TRN); 1: to nearest, ties up (AP_RND); 2: ties away from zero;
//        3: ties to even (AP_RND_CONV); 4: toward zero
module round_shift #(
    parameter int W = 64,
    parameter int D = 6,
    parameter int ROUND = 1
) (
    input logic signed [W-1:0] value,
    input logic [D-1:0] drop,
    output logic signed [W-1:0] rounded
);
  logic flip, tie;
  logic signed [W-1:0] positive, half, nearest, cut, found;

  assign flip = (ROUND == 2 || ROUND == 4) && value < 0;
  assign positive = flip ? -value : value;
  assign half = drop == 0 ? positive <<< 1 : positive >>> (drop - 1'b1);
  assign cut = half >>> 1;
  assign nearest = cut + (half[0] ? W'(1) : '0);
  assign tie = half[0] && drop != 0 && (half <<< (drop - 1'b1)) == positive;

  always_comb begin
    if (ROUND == 0 || ROUND == 4) found = cut;
    else if (ROUND == 3 && tie) found = {nearest[W-1:1], 1'b0};
    else found = nearest;
  end
  assign rounded = flip ? -found : found;
endmodule
