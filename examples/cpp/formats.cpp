// Which of some 8-bit formats holds pi best?
#include <cmath>
#include <cstdio>
#include <initializer_list>

#include <numfmt.h>

int main()
{
    const double pi = 3.141592653589793;
    for (const char *spelling : {"e4m3fn", "e5m2", "posit<8,2>", "takum8", "fixed<8,5>", "binary8p4se"}) {
        nf_format format;
        double value;
        const nf_options defaults = {};
        if (nf_parse_format(spelling, &format) != NF_OK ||
            nf_quantize(&format, &defaults, NF_F64, &pi, NF_F64, &value, 1, nullptr) != NF_OK)
            return 1;
        std::printf("%-12s %.6f  error %.1e\n", spelling, value, std::fabs(value - pi));
    }
    return 0;
}
