"""What each rounding mode makes of the same numbers: 8 bits of fixed point, 3 of them fraction."""

import numfmt as nf

MODES = ("nearest_even", "nearest_away", "toward_zero", "down", "up", "to_odd", "stochastic")
NUMBERS = (0.0625, 0.1, -0.1875, 15.99)


def main() -> None:
    """Print one row a mode."""
    print(f"{'':14}", *(f"{number:>9}" for number in NUMBERS))
    for mode in MODES:
        key = nf.Key(7) if mode == "stochastic" else None
        rounded = nf.quantize(NUMBERS, "fixed<8,3>", mode, key=key)
        print(f"{mode:14}", *(f"{value:9}" for value in rounded))


if __name__ == "__main__":
    main()
