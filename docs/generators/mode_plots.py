"""A picture of each rounding mode: what the numbers from -3 to 3 become on the integers."""

from pathlib import Path

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure

import numfmt as nf
from numfmt import _core

GRID = "fixed<8,0>"
REACH, POINTS, DRAWS = 3, 601, 200
MORE = ("stochastic(bits=1)", "stochastic(bits=2,variant=B)", "stochastic(bits=2,variant=C)")


def write(folder: Path) -> None:
    """Write one picture a mode, and the page text that shows them."""
    text = []
    modes = [(row.name, row.meaning, row.is_random) for row in _core.ROUNDINGS]
    modes += [(name, "few random bits: the probability is a step function", True) for name in MORE]
    for number, (name, meaning, is_random) in enumerate(modes):
        picture = f"rounding_{number}.svg"
        draw(name, is_random, folder / picture)
        text.append(
            f"### `{name}`\n\n{meaning}\n\n![{name}: rounded against exact](_generated/{picture})\n"
        )
    (folder / "rounding_plots.md").write_text("\n".join(text))


def draw(mode: str, is_random: bool, path: Path) -> None:
    """Draw the mode's results: dots where a number lies on the grid or half-way, lines between."""
    x = np.linspace(-REACH, REACH, POINTS)
    figure = Figure(figsize=(4, 3.2), layout="constrained")
    axes = figure.add_subplot()
    axes.plot(x, x, color="0.8", linewidth=1)
    if is_random:
        draws = np.array(
            [nf.quantize(x, GRID, mode, key=nf.Key(1).at(step)) for step in range(DRAWS)]
        )
        axes.scatter(np.tile(x, DRAWS), draws, s=4, alpha=0.02, linewidth=0, rasterized=True)
        axes.plot(x, draws.mean(axis=0), color="C1", linewidth=1, label=f"mean of {DRAWS}")
        axes.legend(loc="upper left", frameon=False)
    else:
        rounded = nf.quantize(x, GRID, mode)
        jumps = np.flatnonzero(np.diff(rounded)) + 1
        for piece, values in zip(np.split(x, jumps), np.split(rounded, jumps), strict=True):
            axes.plot(piece, values, color="C0", linewidth=2)
        halves = np.arange(-2 * REACH, 2 * REACH + 1) / 2
        axes.plot(halves, nf.quantize(halves, GRID, mode), "o", color="C0", markersize=4)
    axes.set(
        xlabel="exact", ylabel="rounded", aspect="equal", xticks=range(-3, 4), yticks=range(-3, 4)
    )
    axes.grid(linewidth=0.3)
    with rc_context({"svg.hashsalt": "numfmt"}):
        figure.savefig(path, metadata={"Date": None})
