// A shift register that makes words of random bits: numfmt's galois_lfsr and shift_xnor.
//
// W     bits, 2 or more
// MASK  KIND 0: the bits that flip where a 1 leaves; KIND 1: the bits whose xnor enters
// KIND  0: Galois; 1: xnor.  Both shift to the right
//
// The word is the register.  At a rising edge of clk it becomes seed where load is 1, else goes on
// where enable is 1.  Not handled: the states that repeat for ever (Galois: 0; xnor: all ones, of an
// even number of taps), which the seed must avoid.
module lfsr #(
    parameter int W = 32,
    parameter logic [W-1:0] MASK = 32'h80000EA6,
    parameter int KIND = 0
) (
    input logic clk,
    input logic load,
    input logic enable,
    input logic [W-1:0] seed,
    output logic [W-1:0] word
);
  logic [W-1:0] shifted, next;

  assign shifted = {1'b0, word[W-1:1]};
  assign next = KIND == 0 ? shifted ^ (word[0] ? MASK : '0) : {~^(word & MASK), word[W-1:1]};

  always_ff @(posedge clk) begin
    if (load) word <= seed;
    else if (enable) word <= next;
  end
endmodule
