// A multiplier of E4M3 against numfmt: all pairs of codes, one rounding, the five flags.
// Build: verilator --binary --top multiply_tb $(pkg-config --variable=dpi numfmt) multiply_tb.sv -LDFLAGS "$(pkg-config --libs numfmt)"
module multiply_tb;
  import numfmt_dpi::*;

  longint unsigned code, swapped;
  int unsigned flags, swapped_flags;
  int status, inexact = 0;
  real value;

  initial begin
    if (nf_dpi_width("e4m3fn") != 8) $fatal(1, "width");
    for (int a = 0; a < 256; a++)
      for (int b = 0; b < 256; b++) begin
        status = nf_dpi_operate("multiply", "e4m3fn", longint'(a), "e4m3fn", longint'(b), "", 0,
                                "e4m3fn", "nearest_even", "", 0, code, flags);
        if (status != 0) $fatal(1, "%s", nf_dpi_message(status));
        status = nf_dpi_operate("multiply", "e4m3fn", longint'(b), "e4m3fn", longint'(a), "", 0,
                                "e4m3fn", "nearest_even", "", 0, swapped, swapped_flags);
        if (status != 0 || flags != swapped_flags) $fatal(1, "flags of %0d * %0d", a, b);
        if ((code & 127) != 127 && code != swapped) $fatal(1, "%0d * %0d", a, b);
        if (flags[4]) inexact++;
      end
    status = nf_dpi_decode("e4m3fn", 64'h38, value);
    if (status != 0 || value != 1.0) $fatal(1, "decode");
    $display("65536 products, %0d of them inexact", inexact);
    $finish;
  end
endmodule
