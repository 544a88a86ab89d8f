"""The picture of a sweep: error of the posterior against bits."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ._errors import SamplerError
from ._numfmt import Format
from ._plot import WORDS, colour_of, require_matplotlib
from .accumulators import accumulator
from .diagnostics import lattice_floor

if TYPE_CHECKING:
    from ._comparison import Comparison, Row

FLOOR, NOISE = "#222222", "#999999"
MARKERS = "os^Dv<>Pp"


def bits_of(format: Format) -> tuple[int, int | None]:
    """Width, and fraction bits of fixed point."""
    fraction = getattr(format, "fraction_bits", None) if format.family == "fixed" else None
    return format.width, fraction


def panels_of(formats: dict[str, Format]) -> dict[str, dict[str, int]]:
    """Title of each panel: place of each of its machines on its axis of bits.

    Where a width comes with several fraction lengths each width is a panel, with fraction bits
    along it; otherwise one panel has the widths along it.
    """
    bits = {name: bits_of(format) for name, format in formats.items()}
    if len(set(bits.values())) < len(bits):
        raise SamplerError(
            f"plot_bits: machines of different formats are needed; got {', '.join(formats)}"
        )
    widths = sorted({width for width, _ in bits.values()})
    if len(widths) == len(bits):
        return {"width in bits": {name: width for name, (width, _) in bits.items()}}
    if any(fraction is None for _, fraction in bits.values()):
        raise SamplerError(
            "plot_bits: one format a width, or fixed point alone, is needed; got "
            + ", ".join(formats)
        )
    return {
        f"fraction bits, {width} bits in all": {
            name: fraction
            for name, (w, fraction) in bits.items()
            if w == width and fraction is not None
        }
        for width in widths
    }


def draw_bits(comparison: Comparison, path: Path) -> None:
    """W2 / sigma above, the ratio of standard deviations below; a line an accumulator."""
    require_matplotlib()
    from matplotlib.figure import Figure

    panels = panels_of({one.name: one.accumulator for one in comparison.machines})
    figure = Figure(figsize=(2.2 + 3.4 * len(panels), 6.2), layout="constrained")
    axes = figure.subplots(2, len(panels), squeeze=False, sharex="col", sharey="row")
    for (title, places), (upper, lower) in zip(panels.items(), axes.T, strict=True):
        _draw_lines(comparison, places, upper, "w2_sigma")
        _draw_lines(comparison, places, lower, "std_ratio")
        _draw_floors(comparison, places, upper)
        lower.axhline(1, color=NOISE, linewidth=1, zorder=0)
        lower.set_xlabel(title, fontsize=10)
        lower.set_xticks(sorted(places.values()))
    axes[0][0].set_ylabel("W2 / sigma", fontsize=10)
    axes[1][0].set_ylabel("standard deviation / reference", fontsize=10)
    axes[0][0].set_yscale("log")
    axes[1][0].set_yscale("log")
    _mark_ratios(comparison, axes[1])
    for axis in axes.ravel():
        axis.tick_params(labelsize=9)
        axis.spines[["top", "right"]].set_visible(False)
    handles, labels = axes[0][0].get_legend_handles_labels()
    figure.legend(
        handles, labels, loc="outside upper left", ncols=1 + len(panels), frameon=False, fontsize=9
    )
    figure.savefig(path, dpi=130)


def _names(comparison: Comparison) -> list[str]:
    return list(dict.fromkeys(row.accumulator for row in comparison.rows))


def _draw_lines(comparison: Comparison, places: dict[str, int], axis: Any, value: str) -> None:
    """The value against bits, with standard errors of the ratio."""
    names = _names(comparison)
    for number, name in enumerate(names):
        rows = _rows(comparison, places, name)
        at = [places[row.machine] + 0.06 * (number - (len(names) - 1) / 2) for row in rows]
        errors = [2 * row.std_ratio_error for row in rows] if value == "std_ratio" else None
        axis.errorbar(
            at,
            [getattr(row, value) for row in rows],
            errors,
            marker=MARKERS[number % len(MARKERS)],
            color=colour_of(name),
            label=WORDS.get(name, name),
            linewidth=1.5,
            markersize=5,
        )


def _rows(comparison: Comparison, places: dict[str, int], name: str) -> list[Row]:
    rows = [r for r in comparison.rows if r.accumulator == name and r.machine in places]
    return sorted(rows, key=lambda row: places[row.machine])


def _draw_floors(comparison: Comparison, places: dict[str, int], axis: Any) -> None:
    """What no sampler goes below: Monte Carlo noise, and for draws on a grid its gap / sqrt(12)."""
    noise = [row.w2_sigma_noise for row in comparison.rows if row.machine in places]
    if np.isfinite(noise).any():
        axis.axhline(
            float(np.nanmedian(noise)),
            color=NOISE,
            linestyle=":",
            label="as many exact draws: Monte Carlo noise",
        )
    policies = [accumulator(name) for name in _names(comparison)]
    on_grid = any(
        one.stored_in(m.accumulator).width == m.accumulator.width
        for one in policies
        for m in comparison.machines
    )
    floors = {
        places[one.name]: lattice_floor(one.accumulator, comparison.reference.draws)
        for one in comparison.machines
        if one.name in places
    }
    at = sorted(place for place, floor in floors.items() if floor > 0)
    if on_grid and at:
        axis.plot(
            at,
            [floors[place] for place in at],
            color=FLOOR,
            linestyle="--",
            linewidth=1,
            label="floor of draws on the grid: gap / (sqrt(12) sigma)",
        )


def _mark_ratios(comparison: Comparison, axes: Any) -> None:
    """Plain numbers on the logarithmic axis of ratios."""
    found = [row.std_ratio for row in comparison.rows if row.std_ratio > 0]
    low, high = min([0.9, *found]), max([1.1, *found])
    ticks = [
        tick
        for tick in (0.1, 0.25, 0.5, 0.8, 1, 1.25, 1.5, 2, 3, 4, 6, 8, 16)
        if low <= tick <= high
    ]
    for axis in axes:
        axis.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
        axis.minorticks_off()
        axis.set_ylim(low / 1.05, high * 1.05)
