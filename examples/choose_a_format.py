"""How much of a signal survives in formats of 8 bits or less: the report counts while it rounds."""

import numpy as np

import numfmt as nf

FORMATS = ("e5m2", "e4m3fn", "posit<8,2>", "fixed<8,5>", "int8", "e2m3", "e2m1")


def main() -> None:
    """Print the signal-to-noise ratio and the overflows of each format."""
    weights = np.random.default_rng(0).normal(size=100_000)
    print(f"{'format':12} {'bits':>4} {'SQNR dB':>8} {'saturated':>9}")
    for name in FORMATS:
        report = nf.Report()
        nf.quantize(weights, name, overflow="saturate", report=report)
        width = nf.parse(name).width
        print(f"{name:12} {width:4} {report.sqnr_db:8.2f} {report.saturated:9}")


if __name__ == "__main__":
    main()
