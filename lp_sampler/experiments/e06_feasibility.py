"""E6: the variance of a step is exact while D |g| < 2, and |g| D / 2 times too large beyond."""

from __future__ import annotations

import numpy as np

from .._numfmt import Key, Report, parse, sampler_update
from .._progress import Advance
from ._experiment import Check, Experiment

FORMAT, STEP_SIZE = "fixed<16,8>", 2.0**-24
FORMATS = {"gradient": "binary32", "accumulator": FORMAT}
MARGIN = 0.05


def run(short: bool, advance: Advance) -> list[Check]:
    """One step from a grid point with a gradient of every size, coordinates by the hundred
    thousand.
    """
    count, gap, checks = 400_000 if short else 4_000_000, float(parse(FORMAT).eps), []
    for place, product in enumerate((0.5, 1.0, 1.9, 2.5, 4.0, 8.0)):  # D |g|
        theta = np.zeros(count, np.float32)
        gradient = np.full(count, product / gap, np.float32)
        report, variance = Report(), 2 * STEP_SIZE
        after = sampler_update(
            theta, gradient, STEP_SIZE, variance, FORMATS, "vc", key=Key(place), report=report
        )
        ratio = float(after.astype(np.float64).var() / variance)
        drift = STEP_SIZE * product / gap
        least = drift * (gap - drift)
        expected = max(1.0, least / variance)
        # the law has two or three points a gap apart: fourth moment at most D**2 times the second
        margin = max(0.02, 4 * gap / np.sqrt(expected * variance * count))
        name = f"D |g| = {product:g}"
        checks.append(
            Check(f"{name}: variance / v", ratio, expected * (1 - margin), expected * (1 + margin))
        )
        if product > 2:
            law = product / 2
            checks.append(
                Check(
                    f"{name}: variance / v against D |g| / 2", ratio / law, 1 - MARGIN, 1 + MARGIN
                )
            )
        infeasible = report.infeasible / count
        wanted = float(least > variance)
        checks.append(Check(f"{name}: infeasible fraction", infeasible, wanted, wanted))
        advance(1)
    return checks


EXPERIMENT = Experiment("E6", "feasibility: the law of D |g| < 2", run)
