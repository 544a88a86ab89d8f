"""Do the chains mix?  Effective sample sizes, split R-hat and Monte Carlo errors.

Rank normalisation, folding, splitting and the truncation of autocorrelations are those of Vehtari,
Gelman, Simpson, Carpenter and Buerkner, "Rank-normalization, folding, and localization", Bayesian
Analysis 2021, as ArviZ computes them; all parameters of a block are done at once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from ._ranks import normal_scores

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]

RELAXATIONS = 5
"""A run of fewer relaxation times than this is called short."""
TAILS = 0.05, 0.95
LEAST_DRAWS = 4
VALUES_AT_ONCE = 2**19
"""Draws of a block of parameters: some 50 MB of temporary arrays."""


def frozen(draws: Array) -> npt.NDArray[np.bool_]:
    """Which coordinates (chains, parameters) never change; none in a single draw.

    >>> frozen(np.array([[[0.0, 1.0], [0.0, 2.0]]]))
    array([[ True, False]])
    """
    return np.asarray((draws == draws[:, :1]).all(axis=1) & (draws.shape[1] > 1))


def rhat(draws: Array) -> Floats:
    """Rank-normalised split R-hat of each parameter: the larger of location's and (folded) scale's.

    Chains that sample one law have a value near 1; above 1.01 they do not agree yet.  NaN for a
    parameter that has a chain which never moves, for fewer than two chains or four draws, and where
    a draw is not finite.

    >>> apart = np.array([[0.0, 1, 0, 1, 1, 0]] * 2 + [[5.0, 6, 5, 6, 6, 5]] * 2)[:, :, None]
    >>> bool(rhat(apart)[0] > 1.5)
    True
    """

    def compute(block: Floats) -> Floats:
        halves = split(block)
        folded = np.abs(halves - np.median(halves, axis=(0, 1)))
        return np.fmax(*(_plain_rhat(normal_scores(part)) for part in (halves, folded)))

    return _each_block(compute, draws, least_chains=2)


def ess_bulk(draws: Array) -> Floats:
    """Effective sample size in the bulk of each parameter's law: of its split draws' normal scores.

    NaN as for `rhat`, but a single chain will do.
    """
    return _each_block(lambda block: effective_sizes(normal_scores(split(block))), draws)


def ess_tail(draws: Array) -> Floats:
    """Effective sample size in the tails: the smaller one of the 5% and the 95% quantile.

    On a coarse lattice a quantile may be the largest value: its size is the number of draws.  NaN
    as for `ess_bulk`.
    """

    def compute(block: Floats) -> Floats:
        ends = np.quantile(block, TAILS, axis=(0, 1))
        below = [split((block <= end).astype(np.float64)) for end in ends]
        return np.minimum(*(effective_sizes(part) for part in below))

    return _each_block(compute, draws)


def mcse(draws: Array) -> Floats:
    """Monte Carlo standard error of each parameter's mean; NaN as for `ess_bulk`."""

    def compute(block: Floats) -> Floats:
        return np.asarray(block.std(axis=(0, 1), ddof=1) / np.sqrt(effective_sizes(split(block))))

    return _each_block(compute, draws)


def mcse_std(draws: Array) -> Floats:
    """Monte Carlo standard error of each parameter's standard deviation; NaN as for `ess_bulk`."""

    def compute(block: Floats) -> Floats:
        squares = (block - block.mean(axis=(0, 1))) ** 2
        variance = squares.mean(axis=(0, 1))
        spread = squares.var(axis=(0, 1)) / effective_sizes(split(squares))
        return np.asarray(np.sqrt(spread / variance) / 2)

    return _each_block(compute, draws)


def effective_sample_size(draws: Array) -> Floats:
    """Effective sample size of each parameter's mean, all chains together, chains not split.

    NaN for a parameter that has a chain which never moves, and for fewer than four draws.
    """
    return _each_block(effective_sizes, draws)


def _each_block(compute: Callable[[Floats], Floats], draws: Array, least_chains: int = 1) -> Floats:
    """`compute` of blocks of parameters in float64, so that memory stays small; NaN where the draws
    are too few, not finite or frozen.
    """
    chains, count, size = draws.shape
    result = np.full(size, np.nan)
    if count < LEAST_DRAWS or chains < least_chains:
        return result
    width = max(1, VALUES_AT_ONCE // (chains * count))
    for begin in range(0, size, width):
        block = draws[:, :, begin : begin + width]
        good = np.flatnonzero(np.isfinite(block).all(axis=(0, 1)) & ~frozen(block).any(axis=0))
        if len(good):
            result[begin + good] = compute(block[:, :, good].astype(np.float64))
    return result


def split(draws: Array) -> Array:
    """Each chain as two of half its length; the middle draw of an odd number is left out."""
    half = draws.shape[1] // 2
    return np.concatenate([draws[:, :half], draws[:, -half:]])


def _plain_rhat(draws: Floats) -> Floats:
    """Potential scale reduction: sqrt of the pooled variance / the variance within chains; NaN for
    a constant, as a lattice of two values is when folded.
    """
    count = draws.shape[1]
    between = draws.mean(axis=1).var(axis=0, ddof=1)
    within = draws.var(axis=1, ddof=1).mean(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.sqrt(between / within + (count - 1) / count))


def effective_sizes(draws: Floats) -> Floats:
    """Effective sample sizes of means (chains, draws, parameters), by Geyer's initial monotone
    sequence of the autocorrelations pooled with the variance between chains; of a constant, the
    number of draws.
    """
    chains, count = draws.shape[:2]
    means = draws.mean(axis=1)
    covariance = _autocovariance(draws - means[:, None]).mean(axis=0)
    within = covariance[0] * count / (count - 1)
    total = covariance[0] + (means.var(axis=0, ddof=1) if chains > 1 else 0.0)
    constant = np.ptp(draws, axis=(0, 1)) < np.finfo(float).resolution
    correlation = 1 - (within - covariance) / np.where(constant, 1.0, total)
    correlation[0] = 1
    time = np.maximum(_correlation_time(correlation), 1 / np.log10(chains * count))
    return np.asarray(chains * count / np.where(constant, 1.0, time))


def _correlation_time(correlation: Floats) -> Floats:
    """Draws that are worth one independent draw, from the correlations (lags, parameters).

    Sums of neighbours at lags 2k, 2k + 1 are positive and fall for a reversible chain: they count,
    each at most as large as those before, up to the first that is not positive.  Of the pair where
    the sum stops, the even lag counts once where it is positive.
    """
    count, size = correlation.shape
    pairs = correlation[: count // 2 * 2].reshape(-1, 2, size).sum(axis=1)
    stop = np.minimum(_first(pairs <= 0), max(0, (count - 3) // 2))
    falling = np.cumsum(np.minimum.accumulate(pairs, axis=0), axis=0)
    column = np.arange(size)
    inside = np.where(stop > 0, falling[np.maximum(stop, 1) - 1, column], 0.0)
    even = correlation[2 * stop, column]
    counts = (even > 0) | (pairs[stop, column] >= 0)
    return np.asarray(2 * inside - 1 + np.where(counts, even, 0.0))


def _first(conditions: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """The first row where each column is true, the last row where it never is."""
    found = np.argmax(conditions, axis=0)
    return np.where(conditions.any(axis=0), found, len(conditions) - 1)


def _autocovariance(centred: Floats) -> Floats:
    """Biased autocovariances (chains, lags, parameters) by FFT."""
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
