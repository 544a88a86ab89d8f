"""Wasserstein distances between the laws of two sets of draws."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .._errors import SamplerError
from .._numfmt import Key, gaussian
from ._widths import standard_deviation

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]


def wasserstein1(a: npt.ArrayLike, b: npt.ArrayLike) -> float:
    """Exact 1-Wasserstein distance between two sets of numbers, each weighted equally.

    >>> wasserstein1([0.0, 1.0], [1.0, 4.0])
    2.0
    """
    differences, weights = _quantile_differences(a, b)
    return float(np.abs(differences) @ weights)


def wasserstein2(a: npt.ArrayLike, b: npt.ArrayLike) -> float:
    """Exact 2-Wasserstein distance between two sets of numbers, each weighted equally.

    >>> wasserstein2([0.0, 1.0], [1.0, 2.0])
    1.0
    """
    differences, weights = _quantile_differences(a, b)
    return float(np.sqrt(differences**2 @ weights))


def _quantile_differences(a: npt.ArrayLike, b: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Differences of both quantile functions on their steps in common, and the steps' lengths."""
    few, many = sorted((np.sort(np.ravel(a)), np.sort(np.ravel(b))), key=len)
    if not len(few):
        raise SamplerError("draws: at least one number on each side is needed; got none")
    if len(many) % len(few) == 0:
        differences = many.reshape(len(few), -1) - few.astype(np.float64)[:, None]
        return differences.ravel(), np.full(len(many), 1 / len(many))
    ends = np.arange(1, len(few) + 1) * len(many), np.arange(1, len(many) + 1) * len(few)
    common = np.union1d(*ends)
    first, second = few[(common - 1) // len(many)], many[(common - 1) // len(few)]
    return first.astype(np.float64) - second, np.diff(common, prepend=0) / common[-1]


def sliced_wasserstein2(
    draws: Array, reference: Array, *, directions: int = 100, seed: int = 0
) -> float:
    """Sliced 2-Wasserstein distance of the joint laws: root mean square, over random directions, of
    the distance between the draws' projections (Bonneel et al., J. Math. Imaging Vision 2015).

    It sees what marginals do not, such as lost correlations.  The directions depend on `seed` and
    the number of parameters alone.  For two laws with equal shapes it is the distance of their
    means / sqrt(parameters).

    >>> x = np.random.default_rng(0).normal(size=(1, 400, 2))
    >>> twisted = x * [1, 1], np.repeat(x[:, :, :1], 2, axis=2)
    >>> sliced_wasserstein2(x, twisted[0]), sliced_wasserstein2(x, twisted[1]) > 0.2
    (0.0, True)
    """
    if directions < 1:
        raise SamplerError(f"directions: at least one is needed; got {directions}")
    size = draws.shape[-1]
    if reference.shape[-1] != size:
        raise SamplerError(f"reference: {size} parameters are needed; got shape {reference.shape}")
    axes = gaussian(Key(seed).fold_in("directions"), (directions, size))
    axes /= np.linalg.norm(axes, axis=1, keepdims=True)
    rows = [x.reshape(-1, size).astype(np.float64) for x in (draws, reference)]
    squares = [wasserstein2(rows[0] @ axis, rows[1] @ axis) ** 2 for axis in axes]
    return float(np.sqrt(np.mean(squares)))


def w2_sigma(draws: Array, reference: Array) -> float:
    """Mean over the parameters of the marginals' Wasserstein distance / the reference's standard
    deviation.
    """
    distances = [wasserstein2(draws[:, :, i], reference[:, :, i]) for i in range(draws.shape[2])]
    return float(np.mean(distances / standard_deviation(reference)))


def w2_sigma_noise(draws: Array, reference: Array) -> float:
    """What `w2_sigma` would be, by Monte Carlo error alone, for exact draws: half the distance
    between two halves.
    """
    half = len(draws) // 2
    if half == 0:
        return float("nan")
    distances = [
        wasserstein2(draws[:half, :, i], draws[half:, :, i]) for i in range(draws.shape[2])
    ]
    return float(np.mean(distances / standard_deviation(reference)) / 2)
