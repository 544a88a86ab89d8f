"""E25: the expected calibration error depends on its bins, and forecasts that are right show
little.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .._numfmt import Key, random_bits
from .._progress import Advance
from ..diagnostics import ece
from ._experiment import Check, Experiment

ROWS, SHORT_ROWS = 200_000, 10_000
BINS = 15
LIMIT = 2.0
"""Calibrated forecasts: at most this / sqrt(rows).  Each of 15 bins shows, by chance,
sqrt(2/pi) sqrt(p (1 - p) / rows in it), in all 1.3 / sqrt(rows)."""
UNSURE, SURE = 0.68, 0.72
"""Two confidences that ten bins tell apart (0.7 is an edge); nine do not (6/9 .. 7/9), nor fifteen
(10/15 .. 11/15)."""
ERROR = 0.2


def run(short: bool, advance: Advance) -> list[Check]:
    """Calibrated forecasts of 2 and 10 classes, forecasts that are too sure by 0.2, and bins that
    hide two opposite errors.
    """
    rows = SHORT_ROWS if short else ROWS
    limit = LIMIT / rows**0.5
    checks = []
    for classes in (2, 10):
        table, labels = calibrated(rows, classes)
        for binning in ("width", "mass"):
            found = ece(table, labels, bins=BINS, binning=binning)
            what = f"ECE of calibrated forecasts, {classes} classes, {BINS} bins of equal {binning}"
            checks.append(Check(what, found, 0, limit))
        advance(1)
    noise = 4 * 0.5 / rows**0.5  # a frequency's standard error is at most 0.5 / sqrt(rows)
    found = ece(*too_sure(rows))
    checks.append(Check("ECE of forecasts too sure by 0.2", found, ERROR - noise, ERROR + noise))
    table, labels = opposite_errors(rows)
    for bins, expected in ((9, 0.0), (10, ERROR), (BINS, 0.0)):
        found = ece(table, labels, bins=bins)
        what = f"ECE of two opposite errors of 0.2, {bins} bins"
        checks.append(Check(what, found, expected - 1e-9, expected + 1e-9))
    return checks


def uniform(rows: int, purpose: str) -> npt.NDArray[np.float64]:
    """Numbers in (0, 1)."""
    return np.asarray((random_bits(Key(25).fold_in(purpose), (rows,)) + 0.5) / 2**32)


def calibrated(rows: int, classes: int) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Probabilities of many shapes, and labels drawn from them."""
    weights = np.stack(
        [-np.log(uniform(rows, f"{classes} weight {i}")) for i in range(classes)], axis=1
    )
    table = weights**2 / (weights**2).sum(axis=1, keepdims=True)
    below = np.cumsum(table[:, :-1], axis=1) < uniform(rows, f"{classes} label")[:, None]
    return table, below.sum(axis=1)


def too_sure(rows: int) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Confidence 0.9, right with probability 0.7."""
    return np.full(rows, 0.9), (uniform(rows, "too sure") < 0.9 - ERROR).astype(int)


def opposite_errors(rows: int) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Half the rows unsure and right too often by 0.2, the other half sure and right too rarely."""
    half = rows // 2
    right = [round((UNSURE + ERROR) * half), round((SURE - ERROR) * half)]
    labels = np.concatenate([np.arange(half) < count for count in right]).astype(int)
    return np.repeat([UNSURE, SURE], half), labels


EXPERIMENT = Experiment("E25", "ECE: what its bins hide, and what calibrated forecasts show", run)
