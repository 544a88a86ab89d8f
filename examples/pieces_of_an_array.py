"""Stochastic rounding that anyone can repeat: the bits belong to the key and the element.

An array rounded in three pieces, in any order, is the array rounded at once; another step of a
loop gets other bits.
"""

import numpy as np

import numfmt as nf


def main() -> None:
    """Round an array whole and in pieces, and look at the mean of many draws."""
    key = nf.Key(2026).fold_in("weights")
    weights = np.linspace(-3, 3, 1000)
    whole = nf.quantize(weights, "fixed<8,2>", "stochastic", key=key.at(0))
    pieces = [
        nf.quantize(weights[start:stop], "fixed<8,2>", "stochastic", key=key.at(0, first=start))
        for start, stop in ((600, 1000), (0, 250), (250, 600))
    ]
    print(
        "pieces equal the whole:", np.array_equal(whole, np.concatenate([*pieces[1:], pieces[0]]))
    )

    draws = [
        nf.quantize([0.1], "fixed<8,2>", "stochastic", key=key.at(step)) for step in range(4000)
    ]
    print(f"0.1 on a grid of 0.25, mean of 4000 steps: {np.mean(draws):.3f}")


if __name__ == "__main__":
    main()
