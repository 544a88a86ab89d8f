"""How wide draws are beside a reference's."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]


def standard_deviation(draws: Array) -> Floats:
    """Of each parameter over all chains and draws."""
    return np.asarray(draws.std(axis=(0, 1), dtype=np.float64))


def std_ratio(draws: Array, reference: Array) -> float:
    """Mean over the parameters of standard deviation / the reference's: 1 is right, more is too
    hot.

    >>> std_ratio(np.array([[[0.0], [2.0]]]), np.array([[[0.0], [1.0]]]))
    2.0
    """
    return float(np.mean(standard_deviation(draws) / standard_deviation(reference)))


def std_ratio_error(draws: Array, reference: Array) -> float:
    """Standard error of `std_ratio`: jackknife over the chains of both; NaN with a single chain."""
    deviation, reference_deviation = standard_deviation(draws), standard_deviation(reference)
    upper = (_without_each_chain(draws) / reference_deviation).mean(axis=1)
    lower = (deviation / _without_each_chain(reference)).mean(axis=1)
    return float(np.hypot(_jackknife(upper), _jackknife(lower)))


def _without_each_chain(draws: Array) -> Floats:
    """Standard deviations (chains, parameters) with one chain left out."""
    chains = len(draws)
    if chains < 2:
        return np.full((1, draws.shape[2]), np.nan)
    means = draws.mean(axis=1, dtype=np.float64)
    centre = means.mean(axis=0)
    squares = draws.var(axis=1, dtype=np.float64) + (means - centre) ** 2
    left_mean = ((means - centre).sum(axis=0) - (means - centre)) / (chains - 1)
    variances = (squares.sum(axis=0) - squares) / (chains - 1) - left_mean**2
    return np.asarray(np.sqrt(np.maximum(variances, 0)))


def _jackknife(values: Floats) -> float:
    """Standard error from the values with one chain left out."""
    count = len(values)
    return (
        float(np.sqrt((count - 1) / count * np.sum((values - values.mean()) ** 2)))
        if count > 1
        else float("nan")
    )
