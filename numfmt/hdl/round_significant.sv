// A magnitude rounded to its P highest bits, to nearest, ties to even: a float's precision.
//
// W  bits of the magnitude, which must be below 2^(W-2)
// P  bits that are kept, 1 to W
module round_significant #(
    parameter int W = 64,
    parameter int P = 24
) (
    input logic signed [W-1:0] magnitude,
    output logic signed [W-1:0] rounded
);
  localparam int D = $clog2(W);

  logic [D-1:0] drop;
  logic signed [W-1:0] kept;

  always_comb begin
    drop = '0;
    for (int i = P; i < W; i++) if (magnitude[i]) drop = D'(i + 1 - P);
  end
  round_shift #(.W(W), .D(D), .ROUND(3)) to_nearest (
      .value(magnitude), .drop(drop), .rounded(kept)
  );
  assign rounded = kept <<< drop;
endmodule
