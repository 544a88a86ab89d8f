"""The pictures of a run's report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ._known import Known
from ._plot import density
from .diagnostics import Calibration

if TYPE_CHECKING:
    from ._run import Run

Array = npt.NDArray[Any]

DRAWS, REFERENCE, IDEAL = "#1b6ca8", "#c9c9c9", "#666666"
CHAIN_COLOURS = "#1b6ca8", "#d1495b", "#2a9d4e", "#e5a13a"
POINTS = 1000
BARS = 60
LATTICE = 1000
"""Draws of more values than this are no longer shown cell by cell."""
SMOOTHING = 0.2
OVER_TIME = {
    "infeasible": "#d1495b",
    "saturated": "#e5a13a",
    "frozen": "#8a6fc9",
    "effective_temperature": "#1b6ca8",
    "acceptance": "#2a9d4e",
}


def traces(run: Run, draws: Array, shown: Array, reference: Known | None) -> Any:
    """A line a parameter: traces of the first chains, and the marginal of all beside the
    reference's.
    """
    figure, panels = _panels(len(shown), 2, 1.75, width_ratios=[2.2, 1])
    for line, (trace, marginal) in enumerate(panels):
        _draw_trace(trace, draws[: len(CHAIN_COLOURS), :, line])
        known = None if reference is None else reference.of(np.array([line]))
        _draw_marginal(marginal, draws[:, :, line], known)
        trace.set_title(run.names[shown[line]], fontsize=10, loc="left")
    panels[-1][0].set_xlabel("draw", fontsize=9)
    panels[-1][1].set_xlabel("value", fontsize=9)
    return figure


def _panels(lines: int, columns: int, height: float, **keywords: Any) -> tuple[Any, Any]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 0.5 + height * lines), layout="constrained")
    return figure, figure.subplots(lines, columns, squeeze=False, gridspec_kw=keywords)


def _draw_trace(panel: Any, draws: Array) -> None:
    step = -(-draws.shape[1] // POINTS)
    at = np.arange(0, draws.shape[1], step)
    for chain, colour in zip(draws, CHAIN_COLOURS, strict=False):
        panel.plot(at, chain[::step], color=colour, linewidth=0.5, alpha=0.8)
    _tidy(panel)


def _draw_marginal(panel: Any, draws: Array, reference: Known | None) -> None:
    """Bars of whole cells of the grid; the reference's density, or its mean and two standard
    deviations, as lines.
    """
    heights, edges = np.histogram(draws, bar_edges(draws), density=True)
    panel.stairs(heights, edges, fill=True, color=DRAWS, alpha=0.75)
    if reference is not None:
        mean, deviation = float(reference.mean[0]), float(reference.standard_deviation[0])
        if reference.draws is not None:
            at = np.linspace(mean - 4 * deviation, mean + 4 * deviation, 201)
            heights = density(reference.draws, at, SMOOTHING * deviation)
            panel.plot(at, heights, color="#222222", linewidth=1.3)
        else:
            for place, style in ((0, "-"), (-2, "--"), (2, "--")):
                panel.axvline(
                    mean + place * deviation, color="#222222", linestyle=style, linewidth=1
                )
    panel.set_yticks([])
    _tidy(panel)


def bar_edges(draws: Array) -> Array:
    """Edges of about 60 bars between neighbouring values that draws have: each bar has as many
    points of the grid as the next, so that a uniform grid shows no comb.

    >>> bar_edges(np.array([0.0, 1.0, 1.0, 2.0]))
    array([-0.5,  0.5,  1.5,  2.5])
    """
    values = np.unique(draws).astype(np.float64)
    if len(values) == 1:
        return np.array([values[0] - 0.5, values[0] + 0.5])
    if len(values) > LATTICE:
        return np.linspace(values[0], values[-1], BARS + 1)
    gaps = np.diff(values)
    if np.ptp(gaps / gaps.min() % 1) == 0:  # holes in the law leave whole gaps out
        values = np.arange(values[0], values[-1] + gaps.min() / 2, gaps.min())
    middles = (values[1:] + values[:-1]) / 2
    edges = np.concatenate([[2 * values[0] - middles[0]], middles, [2 * values[-1] - middles[-1]]])
    step = -(-len(values) // BARS)
    return np.unique(np.append(edges[::step], edges[-1]))


def _tidy(panel: Any) -> None:
    panel.tick_params(labelsize=8)
    panel.spines[["top", "right"]].set_visible(False)


def ratios(found: Array, errors: Array) -> Any:
    """Standard deviation / the reference's of every parameter, with standard errors, sorted."""
    order = np.argsort(found)
    figure, panels = _panels(1, 1, 2.2)
    panel, at = panels[0][0], np.arange(len(order))
    panel.axhline(1, color=IDEAL, linewidth=1)
    panel.errorbar(
        at, found[order], errors[order], fmt=".", color=DRAWS, ecolor="#9cc3de", linewidth=1
    )
    panel.set_xlabel("parameters, sorted", fontsize=9)
    panel.set_ylabel("std / reference", fontsize=9)
    _tidy(panel)
    return figure


def over_time(stats: dict[str, Array], temperature: float | None) -> Any:
    """Infeasible, saturated and frozen fractions, the effective temperature, and the acceptance
    where there are proposals, draw by draw.
    """
    shown = {name: colour for name, colour in OVER_TIME.items() if name in stats}
    figure, panels = _panels(1, len(shown), 1.9)
    for panel, (name, colour) in zip(panels[0], shown.items(), strict=True):
        values = binned(stats[name])
        at = (np.arange(len(values)) + 0.5) * len(stats[name]) / len(values)
        panel.plot(at, values, color=colour, linewidth=1)
        if name == "effective_temperature" and temperature is not None:
            panel.axhline(temperature, color=IDEAL, linewidth=1, linestyle="--")
        elif name != "effective_temperature":
            panel.set_ylim(-0.02 * max(values.max(), 1e-3), 1.1 * max(values.max(), 1e-3))
        panel.set_title(name.replace("_", " "), fontsize=10)
        panel.set_xlabel("draw", fontsize=9)
        _tidy(panel)
    return figure


def binned(values: Array, most: int = 200) -> Array:
    """Means of about `most` pieces of equal length, the last one shorter."""
    width = max(1, len(values) // most)
    begins = np.arange(0, len(values), width)
    lengths = np.diff([*begins, len(values)])
    return np.asarray(np.add.reduceat(values, begins) / lengths)


def reliability(found: dict[str, Calibration]) -> Any:
    """Accuracy against confidence, bin by bin; the area of a dot is the number of rows."""
    figure, panels = _panels(1, len(found), 3.4)
    for panel, (title, one) in zip(panels[0], found.items(), strict=True):
        panel.plot([0, 1], [0, 1], color=IDEAL, linewidth=1, linestyle="--")
        size = 20 + 380 * one.count / one.count.max()
        panel.vlines(one.confidence, one.confidence, one.accuracy, color="#d1495b", linewidth=1.5)
        panel.scatter(one.confidence, one.accuracy, s=size, color=DRAWS, alpha=0.65, linewidths=0)
        low = min(one.confidence.min(), one.accuracy.min(), 0.5)
        panel.set(xlim=(low - 0.05, 1.04), ylim=(low - 0.05, 1.06), aspect="equal")
        panel.set_title(f"{title}: ECE {one.error:.3f}", fontsize=10)
        panel.set_xlabel("confidence", fontsize=9)
        panel.set_ylabel("accuracy", fontsize=9)
        _tidy(panel)
    return figure
