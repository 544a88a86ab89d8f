// numfmt in SystemVerilog: numfmt_dpi.h is the manual of these functions.  Link with -lnumfmt.
package numfmt_dpi;

  import "DPI-C" function int nf_dpi_width(input string format);

  import "DPI-C" function string nf_dpi_message(input int status);

  import "DPI-C" function int nf_dpi_encode(
      input string format, input string rounding, input string overflow, input int unsigned random_word,
      input real value, output longint unsigned code);

  import "DPI-C" function int nf_dpi_decode(
      input string format, input longint unsigned code, output real value);

  import "DPI-C" function int nf_dpi_convert(
      input string source, input string target, input string rounding, input string overflow,
      input int unsigned random_word, input longint unsigned source_code, output longint unsigned code);

  import "DPI-C" function int nf_dpi_operate(
      input string operation, input string a_format, input longint unsigned a, input string b_format,
      input longint unsigned b, input string c_format, input longint unsigned c, input string format,
      input string rounding, input string overflow, input int unsigned random_word,
      output longint unsigned code, output int unsigned flags);

endpackage
