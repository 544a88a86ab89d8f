"""E4: the corrected law in block floating point, where the published code adds no noise."""

from __future__ import annotations

import numpy as np

from .._numfmt import Key, quantize, variance_corrected
from .._progress import Advance
from ._experiment import Check, Experiment

FORMAT, KEY, GAP = "bfp<8,16>", Key(4), 1 / 64
STEP_SIZE = 1e-4


def run(short: bool, advance: Advance) -> list[Check]:
    """(a) the top-up on grid points, (b) a row at a power of two, (c) a chain."""
    rows = 20_000 if short else 200_000
    return [*top_up(rows), *crossing(rows, short), chain(short, advance)]


def top_up(rows: int) -> list[Check]:
    """v = 0.3 D**2 / 4 at means on the grid."""
    mean = np.broadcast_to(np.append(1.5, np.arange(-7, 8) * GAP), (rows, 16))
    variance = 0.3 * GAP**2 / 4
    drawn = variance_corrected(mean, variance, FORMAT, key=KEY)[:, 1:]
    ratio = float(((drawn - mean[:, 1:]) ** 2).mean() / variance)
    # one draw's square is 0 or D**2: relative standard error sqrt((1/p - 1) / n), p = 0.075
    margin = max(0.02, 4 * np.sqrt((1 / 0.075 - 1) / drawn.size))
    return [
        Check("(a) variance / v, on the grid (published code: 0)", ratio, 1 - margin, 1 + margin)
    ]


def crossing(rows: int, short: bool) -> list[Check]:
    """The row's largest mean beside 1, v = 4 v0 = D**2."""
    random, checks = np.random.default_rng(2), []
    margins = (0.03, 0.09) if short else (0.01, 0.03)
    for top in (0.999, 1.001):
        mean = np.broadcast_to(np.append(top, random.uniform(-0.9, 0.9, 15)), (rows, 16))
        gap = gap_beside(top)
        drawn = variance_corrected(mean, gap**2, FORMAT, key=KEY.fold_in("b"))
        errors = (drawn - mean)[:, 0]
        bias, ratio = float(errors.mean() / gap), float((errors**2).mean() / gap**2)
        name = f"(b) row max {top}"
        checks.append(Check(f"{name}: bias / D", bias, -margins[0], margins[0]))
        checks.append(Check(f"{name}: variance / v", ratio, 1 - margins[1], 1 + margins[1]))
    return checks


def gap_beside(top: float) -> float:
    """The gap that a block of largest mean `top` has for a variance of its own square: the least
    exponent E with t = 2**(E+1) - 3 D - top >= 6 sqrt(v), D = 2**(E-6).
    """
    return next(
        2.0 ** (e - 6) for e in range(-1, 4) if 2.0 ** (e + 1) - 9 * 2.0 ** (e - 6) - top >= 0
    )


def chain(short: bool, advance: Advance) -> Check:
    """Rows of 16 on the standard normal law."""
    steps, coordinates = (4_000, 800) if short else (60_000, 3200)
    theta = np.random.default_rng(5).normal(size=(coordinates // 16, 16))
    theta = np.asarray(quantize(theta, FORMAT))
    kept, every = [], steps // 60
    for step in range(steps):
        theta = np.asarray(
            variance_corrected(theta - STEP_SIZE * theta, 2 * STEP_SIZE, FORMAT, key=KEY.at(step))
        )
        if 2 * step >= steps and step % every == 0:
            kept.append(theta)
            advance(every)
    margin = 0.12 if short else 0.03
    return Check(
        "(c) chain, step 1e-4: std (published code: 0.83, rounding alone: 1.18)",
        float(np.sqrt(np.mean(np.square(kept)))),
        1 - margin,
        1 + margin,
    )


EXPERIMENT = Experiment("E4", "block floating point: the noise that the published code lost", run)
