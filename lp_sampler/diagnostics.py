"""What draws are worth: effective sample size, distances to a reference, predictive scores.

Draws have shape (chains, draws, parameters).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]

RELAXATIONS = 5
"""A run of fewer relaxation times than this is called short."""


def frozen(draws: Array) -> npt.NDArray[np.bool_]:
    """Which coordinates (chains, parameters) never change; none in a single draw.

    >>> frozen(np.array([[[0.0, 1.0], [0.0, 2.0]]]))
    array([[ True, False]])
    """
    return np.asarray((draws == draws[:, :1]).all(axis=1) & (draws.shape[1] > 1))


def effective_sample_size(draws: Array) -> Floats:
    """Effective sample size of each parameter's mean, all chains together (Vehtari et al., Bayesian
    Analysis 2021).

    Autocorrelations of all chains are pooled with the variance between chains and summed by Geyer's
    initial monotone sequence.  NaN for a parameter that has a chain which never moves, or fewer
    than four draws.
    """
    if draws.shape[1] < 4:
        return np.full(draws.shape[2], np.nan)
    sizes = np.array(
        [_one_effective_size(draws[:, :, i].astype(np.float64)) for i in range(draws.shape[2])]
    )
    return np.where(frozen(draws).any(axis=0), np.nan, sizes)


def _one_effective_size(draws: Floats) -> float:
    chains, count = draws.shape
    means = draws.mean(axis=1)
    covariance = _autocovariance(draws - means[:, None]).mean(axis=0)
    within = covariance[0] * count / (count - 1)
    total = covariance[0] + (means.var(ddof=1) if chains > 1 else 0.0)
    if total == 0:
        return float("nan")
    correlation = 1 - (within - covariance) / total
    correlation[0] = 1
    pairs = correlation[: count // 2 * 2].reshape(-1, 2).sum(axis=1)
    length = int(np.argmax(pairs < 0)) if (pairs < 0).any() else len(pairs)
    time = 2 * np.minimum.accumulate(pairs[: max(length, 1)]).sum() - 1
    return float(chains * count / max(time, 1 / np.log10(max(chains * count, 11))))


def _autocovariance(centred: Floats) -> Floats:
    """Biased autocovariances of each row at every lag, by FFT."""
    count = centred.shape[1]
    padded = 1 << (2 * count - 1).bit_length()
    spectrum = np.abs(np.fft.rfft(centred, padded, axis=1)) ** 2
    return np.asarray(np.fft.irfft(spectrum, padded, axis=1)[:, :count] / count)


def relaxations(draws: Array) -> float:
    """Length of the run in relaxation times of its slowest parameter, from its effective sample
    size.

    In one relaxation time a chain forgets its start by a factor e; NaN where a coordinate is
    frozen.
    """
    return float(np.min(2 * effective_sample_size(draws) / draws.shape[0]))


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


def wasserstein2(a: npt.ArrayLike, b: npt.ArrayLike) -> float:
    """Exact 2-Wasserstein distance between two sets of numbers, each weighted equally.

    >>> wasserstein2([0.0, 1.0], [1.0, 2.0])
    1.0
    """
    few, many = sorted((np.sort(np.ravel(a)), np.sort(np.ravel(b))), key=len)
    if len(many) % len(few) == 0:
        differences = many.reshape(len(few), -1) - few.astype(np.float64)[:, None]
        return float(np.sqrt(np.mean(differences**2)))
    ends = np.arange(1, len(few) + 1) * len(many), np.arange(1, len(many) + 1) * len(few)
    common = np.union1d(*ends)
    first, second = few[(common - 1) // len(many)], many[(common - 1) // len(few)]
    squares = (first.astype(np.float64) - second) ** 2
    return float(np.sqrt(np.sum(squares * np.diff(common, prepend=0)) / common[-1]))


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
