"""How many independent draws are correlated ones worth?

Arrays of draws are (parameters, chains, draws) here.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def effective_sizes(draws: Floats) -> Floats:
    """Effective sample sizes of means, by Geyer's initial monotone sequence of the autocorrelations
    pooled with the variance between chains; of a constant, the number of draws.
    """
    chains, count = draws.shape[1:]
    means = draws.mean(axis=2)
    covariance = _autocovariance(draws - means[:, :, None])
    within = covariance[:, 0] * count / (count - 1)
    total = covariance[:, 0] + (means.var(axis=1, ddof=1) if chains > 1 else 0.0)
    constant = np.ptp(draws, axis=(1, 2)) < np.finfo(float).resolution
    correlation = 1 - (within[:, None] - covariance) / np.where(constant, 1.0, total)[:, None]
    correlation[:, 0] = 1
    time = np.maximum(_correlation_time(correlation), 1 / np.log10(chains * count))
    return np.asarray(chains * count / np.where(constant, 1.0, time))


def _correlation_time(correlation: Floats) -> Floats:
    """Draws that are worth one independent draw, from the correlations (parameters, lags).

    Sums of neighbours at lags 2k, 2k + 1 are positive and fall for a reversible chain: they count,
    each at most as large as those before, up to the first that is not positive.  Of the pair where
    the sum stops, the even lag counts once where it is positive.
    """
    size, count = correlation.shape
    pairs = correlation[:, : count // 2 * 2].reshape(size, -1, 2).sum(axis=2)
    stop = np.minimum(_first(pairs <= 0), max(0, (count - 3) // 2))
    falling = np.cumsum(np.minimum.accumulate(pairs, axis=1), axis=1)
    row = np.arange(size)
    inside = np.where(stop > 0, falling[row, np.maximum(stop, 1) - 1], 0.0)
    even = correlation[row, 2 * stop]
    counts = (even > 0) | (pairs[row, stop] >= 0)
    return np.asarray(2 * inside - 1 + np.where(counts, even, 0.0))


def _first(conditions: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """The first place where each row is true, the last where it never is."""
    found = np.argmax(conditions, axis=1)
    return np.asarray(np.where(conditions.any(axis=1), found, conditions.shape[1] - 1))


def _autocovariance(centred: Floats) -> Floats:
    """Biased autocovariances (parameters, lags), means over the chains, by FFT."""
    chains, count = centred.shape[1:]
    padded = 1 << (2 * count - 1).bit_length()
    spectrum = np.fft.rfft(centred, padded, axis=2)
    power = np.square(spectrum.real).sum(axis=1) + np.square(spectrum.imag).sum(axis=1)
    return np.asarray(np.fft.irfft(power, padded, axis=1)[:, :count] / (count * chains))
