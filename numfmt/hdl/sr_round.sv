// A magnitude rounded by a few random bits: its DROP lowest bits go.
//
// W     bits of the magnitude, more than DROP
// DROP  bits that are dropped, 1 or more
// R     random bits, 1 or more, compared with the R highest of those that are dropped (with fewer,
//       zeros follow them); bits below have no effect
// RULE  0: add the random bits to the tail and cut (AMD's CVT_SR; numfmt's variant A)
//       1: up where random < tail (PULP's CVFPU; lt)
//       2: up where tail >= random (Tenstorrent's vector unit; ge), which moves exact values too
//
// The result has one bit more than is kept, for the carry.  A magnitude of 0 stays 0.
module sr_round #(
    parameter int W = 24,
    parameter int DROP = 12,
    parameter int R = 12,
    parameter int RULE = 1
) (
    input logic [W-1:0] value,
    input logic [R-1:0] random,
    output logic [W-DROP:0] rounded
);
  logic [DROP+R-1:0] padded;
  logic [R-1:0] tail;
  logic [R:0] total;
  logic up;

  assign padded = {value[DROP-1:0], {R{1'b0}}};
  assign tail = padded[DROP+R-1:DROP];
  assign total = {1'b0, tail} + {1'b0, random};
  assign up = RULE == 0 ? total[R] : RULE == 1 ? random < tail : tail >= random && value != 0;
  assign rounded = {1'b0, value[W-1:DROP]} + {{(W - DROP) {1'b0}}, up};

  logic unused;
  assign unused = &{1'b0, padded[DROP-1:0], total};
endmodule
