"""Predicted probabilities against what happened: calibration and proper scores.

Probabilities have shape (rows, classes), with labels 0 .. classes - 1, or (rows,): those of label
1, with labels 0 and 1.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt

from .._errors import SamplerError

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]

BINS = 15
BINNINGS = "width", "mass"
ROUNDING = 1e-5
"""What a probability of 1 may be above it, computed in float32."""
SMALLEST_FLOAT32 = 2.0**-149
"""What a probability of 0 counts as in `nll`."""


@dataclasses.dataclass(frozen=True)
class Calibration:
    """Of each bin that has rows: their mean `confidence` (probability of the predicted label),
    their `accuracy` and their `count`; `bins` and `binning` are what was asked for.
    """

    confidence: Floats
    accuracy: Floats
    count: npt.NDArray[np.int64]
    bins: int
    binning: str

    @property
    def error(self) -> float:
        """The expected calibration error: mean over the rows of their bin's
        ``|accuracy - confidence|``.
        """
        shares = self.count / self.count.sum()
        return float(shares @ np.abs(self.accuracy - self.confidence))


def calibration(
    probabilities: Array, labels: npt.ArrayLike, *, bins: int = BINS, binning: str = "width"
) -> Calibration:
    """Confidence and accuracy of the predicted labels, bin by bin: a reliability diagram.

    `binning` "width": `bins` intervals (k / bins, (k + 1) / bins] of the confidence, 0 in the first
    (Guo et al., ICML 2017); "mass": edges at the confidences' quantiles, so that bins have as
    nearly equal numbers of rows as equal confidences, which stay together, allow.  The first of
    several equal probabilities is the prediction.

    >>> calibration(np.array([0.9, 0.9, 0.2]), [1, 0, 0], bins=10).accuracy
    array([1. , 0.5])
    """
    table, truth = _checked(probabilities, labels)
    if bins < 1:
        raise SamplerError(f"bins: at least 1 is needed; got {bins}")
    if binning not in BINNINGS:
        raise SamplerError(f"binning: 'width' or 'mass' is allowed; got {binning!r}")
    confidence = table.max(axis=1)
    if binning == "width":
        inner = np.arange(1, bins) / bins
    else:
        places = np.arange(1, bins) * len(confidence) // bins
        inner = np.unique(np.sort(confidence)[np.maximum(places, 1) - 1])
    place = np.searchsorted(inner, confidence)
    counts = np.bincount(place, minlength=len(inner) + 1)
    right = np.bincount(place, table.argmax(axis=1) == truth, len(counts))
    sure = np.bincount(place, confidence, len(counts))
    some = counts > 0
    return Calibration(
        sure[some] / counts[some], right[some] / counts[some], counts[some], bins, binning
    )


def ece(
    probabilities: Array, labels: npt.ArrayLike, *, bins: int = BINS, binning: str = "width"
) -> float:
    """Expected calibration error of the predicted labels; see `calibration` for the bins.

    It depends on the bins: state them with it.  n rows of a calibrated forecast show up to about
    2 / sqrt(n) in 15 bins.

    >>> ece(np.array([0.75, 0.75, 0.75, 0.75]), [1, 1, 0, 1])
    0.0
    """
    return calibration(probabilities, labels, bins=bins, binning=binning).error


def nll(probabilities: Array, labels: npt.ArrayLike) -> float:
    """Mean negative log of the probability of what happened, in nats; 0 counts as 2**-149.

    >>> round(nll(np.array([0.5, 0.5]), [0, 1]), 3)
    0.693
    """
    table, truth = _checked(probabilities, labels)
    happened = table[np.arange(len(truth)), truth]
    return float(-np.mean(np.log(np.maximum(happened, SMALLEST_FLOAT32))))


def brier(probabilities: Array, labels: npt.ArrayLike) -> float:
    """Mean squared error of the probabilities (Brier 1950): of label 1 where they have shape
    (rows,), summed over the classes where (rows, classes), which for two classes is twice as much.

    >>> brier(np.array([0.5, 1.0]), [0, 1])
    0.125
    """
    table, truth = _checked(probabilities, labels)
    errors = table - (truth[:, None] == np.arange(table.shape[1]))
    total = float(np.mean((errors**2).sum(axis=1)))
    return total / 2 if np.ndim(probabilities) == 1 else total


def accuracy(probabilities: Array, labels: npt.ArrayLike) -> float:
    """Fraction of rows whose most probable label, the first of several, is what happened.

    >>> accuracy(np.array([[0.1, 0.9], [0.8, 0.2]]), [1, 1])
    0.5
    """
    table, truth = _checked(probabilities, labels)
    return float(np.mean(table.argmax(axis=1) == truth))


def scores(probabilities: Array, labels: npt.ArrayLike) -> dict[str, float]:
    """`nll`, `accuracy`, `brier`, and the calibration errors `ece` and `ece_mass` of 15 bins of
    equal width and of equal mass.

    >>> sorted(scores(np.array([0.5]), [1]))
    ['accuracy', 'brier', 'ece', 'ece_mass', 'nll']
    """
    return {
        "nll": nll(probabilities, labels),
        "accuracy": accuracy(probabilities, labels),
        "brier": brier(probabilities, labels),
        "ece": ece(probabilities, labels),
        "ece_mass": ece(probabilities, labels, binning="mass"),
    }


def averaged_and_single(
    probabilities: Array, labels: npt.ArrayLike
) -> tuple[dict[str, float], dict[str, float]]:
    """The `scores` of the mean prediction of all draws, which is Bayesian model averaging, and the
    mean of the scores of the draws by themselves.

    `probabilities` has the draws as first axis.  By Jensen's inequality the average's nll and Brier
    score are never the worse ones.

    >>> together, alone = averaged_and_single(np.array([[0.9, 0.1], [0.5, 0.1]]), [1, 0])
    >>> together["brier"] <= alone["brier"]
    True
    """
    together = scores(probabilities.mean(axis=0, dtype=np.float64), labels)
    alone = [scores(one, labels) for one in probabilities]
    return together, {name: float(np.mean([one[name] for one in alone])) for name in together}


def _checked(probabilities: Array, labels: npt.ArrayLike) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Probabilities (rows, classes) in float64 and labels, or a SamplerError."""
    table, truth = np.asarray(probabilities, np.float64), np.asarray(labels)
    if table.ndim == 1:
        table = np.stack([1 - table, table], axis=1)
    if table.ndim == 2 and table.size and 1 < table.max() <= 1 + ROUNDING:
        table = np.minimum(table, 1)
    if table.ndim != 2 or not len(table) or not ((table >= 0) & (table <= 1)).all():
        raise SamplerError(
            "probabilities: numbers in 0 .. 1 of shape (rows,) or (rows, classes) are needed; got "
            f"shape {np.shape(probabilities)}"
        )
    if truth.shape != table.shape[:1] or not np.isin(truth, np.arange(table.shape[1])).all():
        raise SamplerError(
            f"labels: one of 0 .. {table.shape[1] - 1} for each of {len(table)} rows is needed; "
            f"got shape {truth.shape}"
        )
    return table, truth.astype(np.int64)
