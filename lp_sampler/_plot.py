"""The picture of a comparison: how wide every posterior is, and a few of its marginals."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ._errors import MissingPackage
from .accumulators import accumulator

if TYPE_CHECKING:
    from ._comparison import Comparison, Row

Array = npt.NDArray[Any]

MARGINALS = 4
SMOOTHING = 0.3
WIDTH = 3.5
COLOURS = {
    **{"full": "#1b6ca8", "vc": "#2a9d4e", "one_shot": "#8a6fc9"},
    **{"naive": "#d1495b", "naive_nearest": "#e5a13a", "joint": "#0b7a75"},
    **{"blend": "#7a5c3e", "error_feedback": "#c2569b"},
}
WORDS = {
    "naive": "naive (stochastic)",
    "naive_nearest": "naive (nearest)",
    "vc": "variance corrected",
}


def colour_of(spelling: str) -> str:
    """The colour of a policy, whatever its parameters."""
    return COLOURS[accumulator(spelling).name]


def require_matplotlib(what: str = "the picture") -> None:
    """MissingPackage where matplotlib is not installed."""
    if importlib.util.find_spec("matplotlib") is None:
        raise MissingPackage(what, "matplotlib")


def draw(comparison: Comparison, path: Path) -> None:
    """One line of panels a machine: standard-deviation ratios of all parameters, then marginals of
    a few.
    """
    require_matplotlib()
    from matplotlib.figure import Figure

    machines = [machine.name for machine in comparison.machines]
    shown = chosen_parameters(comparison)
    figure = Figure(
        figsize=(3.2 + 2.9 * len(shown), 1.0 + 2.0 * len(machines)), layout="constrained"
    )
    panels = figure.subplots(
        len(machines),
        1 + len(shown),
        squeeze=False,
        width_ratios=[1.25] + [1] * len(shown),
        sharex="col",
    )
    limits = _ratio_limits(comparison)
    for line, (name, axes) in enumerate(zip(machines, panels, strict=True)):
        rows = [row for row in comparison.rows if row.machine == name]
        _draw_ratios(axes[0], rows, limits)
        axes[0].set_ylabel(name, fontsize=12, fontweight="bold")
        for panel, parameter in zip(axes[1:], shown, strict=True):
            _draw_marginal(panel, rows, comparison.reference.draws[:, :, parameter], parameter)
            if line == 0:
                panel.set_title(comparison.target.names[parameter], fontsize=10)
    panels[0][0].set_title(
        "standard deviation / reference:\na dot a parameter, and their mean", fontsize=10
    )
    _draw_legend(figure, comparison)
    note = f"densities are smoothed by {SMOOTHING} of the reference's standard deviation"
    figure.supxlabel(note, fontsize=9, color="#666666")
    figure.savefig(path, dpi=130)


def chosen_parameters(comparison: Comparison) -> list[int]:
    """Parameters evenly spaced by the reference's standard deviation, the widest and the narrowest
    among them.
    """
    order = np.argsort(comparison.reference.draws.std(axis=(0, 1)))
    places = np.linspace(0, len(order) - 1, min(MARGINALS, len(order))).round().astype(int)
    return [int(order[place]) for place in places]


def _ratio_limits(comparison: Comparison) -> tuple[float, float]:
    ratios = np.concatenate([row.ratios for row in comparison.rows])
    return min(0.5, 0.9 * max(float(ratios.min()), 0.02)), max(2.0, 1.1 * float(ratios.max()))


def _draw_ratios(panel: Any, rows: list[Row], limits: tuple[float, float]) -> None:
    """A line of dots for each accumulator, on a logarithmic axis."""
    panel.axvline(1, color="#666666", linewidth=1, zorder=0)
    spread = np.random.default_rng(0).uniform(-0.22, 0.22, len(rows[0].ratios))
    for place, row in enumerate(rows):
        ratios = np.clip(row.ratios, *limits)
        colour = colour_of(row.accumulator)
        panel.scatter(ratios, place + spread, s=9, color=colour, alpha=0.55, linewidths=0)
        panel.text(
            1.02,
            place,
            f"{row.std_ratio:.3f}",
            color=colour,
            transform=panel.get_yaxis_transform(),
            **_LABEL,
        )
    panel.set(xscale="log", xlim=limits, ylim=(len(rows) - 0.5, -0.5), yticks=range(len(rows)))
    panel.set_yticklabels([row.accumulator.replace("_", "\n") for row in rows], fontsize=8)
    ticks = [tick for tick in (0.1, 0.25, 0.5, 1, 2, 4, 8, 16) if limits[0] <= tick <= limits[1]]
    panel.set_xticks(ticks, [f"{tick:g}" for tick in ticks], fontsize=8)
    panel.minorticks_off()
    panel.spines[["top", "right"]].set_visible(False)


_LABEL: dict[str, Any] = {"ha": "left", "va": "center", "fontsize": 8, "fontweight": "bold"}


def _draw_marginal(panel: Any, rows: list[Row], reference: Array, parameter: int) -> None:
    """Smoothed densities: the reference filled, each accumulator a line."""
    centre, deviation = float(reference.mean()), float(reference.std())
    at = np.linspace(centre - WIDTH * deviation, centre + WIDTH * deviation, 281)
    panel.fill_between(
        at, density(reference, at, SMOOTHING * deviation), color="#c9c9c9", linewidth=0
    )
    for row in rows:
        line = density(row.draws[:, parameter], at, SMOOTHING * deviation)
        panel.plot(at, line, color=colour_of(row.accumulator), linewidth=1.4)
    panel.set(xlim=(at[0], at[-1]), ylim=(0, None), yticks=[])
    panel.tick_params(labelsize=8)
    panel.spines[["top", "right", "left"]].set_visible(False)


def density(draws: Array, at: Array, bandwidth: float) -> Array:
    """Gaussian kernel density of the draws, from their distinct values (few on a grid, else binned
    finely).
    """
    values, counts = np.unique(draws.ravel(), return_counts=True)
    if len(values) > len(at):
        step = bandwidth / 8
        values, inverse = np.unique(np.round(values / step), return_inverse=True)
        values, counts = values * step, np.bincount(inverse, weights=counts)
    kernel = np.exp(-(((at[:, None] - values) / bandwidth) ** 2) / 2)
    return np.asarray(kernel @ counts / (counts.sum() * bandwidth * np.sqrt(2 * np.pi)))


def _draw_legend(figure: Any, comparison: Comparison) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    names = list(dict.fromkeys(row.accumulator for row in comparison.rows))
    handles: list[Any] = [Patch(color="#c9c9c9", label="reference (MALA, float64)")]
    handles += [
        Line2D([], [], color=colour_of(name), linewidth=2, label=WORDS.get(name, name))
        for name in names
    ]
    figure.legend(
        handles=handles, loc="outside upper left", ncols=len(handles), frameon=False, fontsize=10
    )
