"""E3: one draw of the variance-corrected law has the mean and the variance asked for."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .._numfmt import Key, Report, parse, variance_corrected, variance_corrected_law
from .._progress import Advance
from ._experiment import Check, Experiment

Array = npt.NDArray[np.float64]

GRIDS = {"fixed<8,3>": 1.0, "pow2<4>": 1.0, "posit<8,1>": 1.0, "e4m3fn": 1.0}
"""Format -> the grid point that the means lie above, within its cell."""
SCALES = (0.02, 0.1, 0.2, 0.24, 0.5, 3, 30)
PLACES = 7
ROUNDING = 1e-12


def run(short: bool, advance: Advance) -> list[Check]:
    """Seven means in a cell times seven variances, of the law as listed and of its draws."""
    draws, checks = 40_000 if short else 2_000_000, []
    for place, (format, start) in enumerate(GRIDS.items()):
        points = np.unique(parse(format).all_values())
        end = float(points[np.searchsorted(points, start) + 1])
        gap = end - start
        means = start + gap * np.arange(PLACES) / PLACES
        least = (means - start) * (end - means)
        for method in ("paper", "one_shot"):
            name = f"{format}, {method}"
            checks += listed(name, format, method, means, gap, least)
            key = Key(place).fold_in(method)
            checks.append(drawn(name, format, method, means, gap, least, draws, key))
            advance(1)
    return checks


def listed(
    name: str, format: str, method: str, means: Array, gap: float, least: Array
) -> list[Check]:
    """The probabilities that the library lists, where no Gaussian comes first."""
    worst_mean = worst_variance = outside = 0.0
    for scale in (0.02, 0.1, 0.2, 0.24):
        variance = np.full(PLACES, scale * gap**2)
        values, chances = variance_corrected_law(means, variance, format, method=method)
        outside = max(outside, -chances.min(), chances.max() - 1)
        mean = (values * chances).sum(axis=1)
        second = ((values - means[:, None]) ** 2 * chances).sum(axis=1)
        wanted = np.maximum(variance, least)
        worst_mean = max(worst_mean, float(np.abs(mean - means).max() / gap))
        worst_variance = max(worst_variance, float(np.abs(second / wanted - 1).max()))
    return [
        Check(f"{name}: probabilities outside [0, 1]", outside, -1, 0),
        Check(f"{name}: error of the mean / D", worst_mean, 0, ROUNDING),
        Check(f"{name}: relative error of the variance", worst_variance, 0, ROUNDING),
    ]


def drawn(
    name: str,
    format: str,
    method: str,
    means: Array,
    gap: float,
    least: Array,
    draws: int,
    key: Key,
) -> Check:
    """The largest z-score of mean and variance, all cells; variances have their fourth moments."""
    worst = 0.0
    for call, scale in enumerate(SCALES):
        many = np.broadcast_to(means, (draws, PLACES))
        report = Report()
        found = variance_corrected(
            many, scale * gap**2, format, key=key.at(call), method=method, report=report
        )
        errors = found - many
        wanted = np.maximum(scale * gap**2, least)
        fourth = (errors**4).mean(axis=0)
        spread = np.sqrt(np.maximum(fourth - wanted**2, 1e-300) / draws)
        z_mean = errors.mean(axis=0) / np.sqrt(wanted / draws)
        z_variance = ((errors**2).mean(axis=0) - wanted) / spread
        worst = max(worst, float(np.abs([z_mean, z_variance]).max()))
    return Check.z(f"{name}: worst of {2 * PLACES * len(SCALES)} draws' moments", worst, WORST)


WORST = 4.5
"""A limit of 4 for one z-score is 4.5 for the worst of a hundred."""

EXPERIMENT = Experiment("E3", "the corrected law: mean and variance of one draw", run)
