"""Do the chains mix?  Effective sample sizes, split R-hat and Monte Carlo errors.

Rank normalisation, folding, splitting and the truncation of autocorrelations are those of Vehtari,
Gelman, Simpson, Carpenter and Buerkner, "Rank-normalization, folding, and localization", Bayesian
Analysis 2021, as ArviZ computes them; all parameters of a block are done at once, as `Columns`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from .._errors import SamplerError
from ._autocorrelation import effective_sizes
from ._ranks import normal_scores, quantiles

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]

RELAXATIONS = 5
"""A run of fewer relaxation times than this is called short."""
TAILS = 0.05, 0.95
LEAST_DRAWS = 4
VALUES_AT_ONCE = 2**17
"""Draws of a block of parameters: some 15 MB of temporary arrays."""


def frozen(draws: Array) -> npt.NDArray[np.bool_]:
    """Which coordinates (chains, parameters) never change; none in a single draw.

    >>> frozen(np.array([[[0.0, 1.0], [0.0, 2.0]]]))
    array([[ True, False]])
    """
    shape_of(draws)
    return np.asarray((draws == draws[:, :1]).all(axis=1) & (draws.shape[1] > 1))


class Columns:
    """What is known of some parameters' draws, float64 (parameters, chains, draws), none of them
    frozen; each part is computed when it is first asked for.
    """

    def __init__(self, draws: Floats) -> None:
        self.draws = draws
        self.chains = draws.shape[1]

    @cached_property
    def halves(self) -> Floats:
        """Each chain as two of half its length; the middle draw of an odd number is left out."""
        return split(self.draws)

    @cached_property
    def ordered(self) -> Floats:
        """All draws of each parameter from the smallest to the largest."""
        return np.sort(self.draws.reshape(len(self.draws), -1), axis=1)

    @cached_property
    def scores(self) -> Floats:
        """Normal scores of the halves."""
        return normal_scores(self.halves)

    @cached_property
    def tails(self) -> Floats:
        """The quantiles that `ess_tail` looks at: (2, parameters)."""
        return quantiles(self.ordered, TAILS)

    def rhat(self) -> Floats:
        if self.chains < 2:
            return np.full(len(self.draws), np.nan)
        medians = np.median(self.halves, axis=(1, 2), keepdims=True)
        folded = normal_scores(np.abs(self.halves - medians))
        return np.fmax(_plain_rhat(self.scores), _plain_rhat(folded))

    def ess(self) -> Floats:
        return effective_sizes(self.draws)

    def ess_bulk(self) -> Floats:
        return effective_sizes(self.scores)

    def ess_tail(self) -> Floats:
        below = [split((self.draws <= end[:, None, None]).astype(np.float64)) for end in self.tails]
        return np.minimum(*(effective_sizes(part) for part in below))

    def mcse(self) -> Floats:
        deviation = self.draws.std(axis=(1, 2), ddof=1)
        return np.asarray(deviation / np.sqrt(effective_sizes(self.halves)))

    def mcse_std(self) -> Floats:
        squares = (self.draws - self.draws.mean(axis=(1, 2), keepdims=True)) ** 2
        spread = squares.var(axis=(1, 2)) / effective_sizes(split(squares))
        return np.asarray(np.sqrt(spread / squares.mean(axis=(1, 2))) / 2)


def rhat(draws: Array) -> Floats:
    """Rank-normalised split R-hat of each parameter: the larger of location's and (folded) scale's.

    Chains that sample one law have a value near 1; above 1.01 they do not agree yet.  NaN for a
    parameter that has a chain which never moves, for fewer than two chains or four draws, and where
    a draw is not finite.

    >>> apart = np.array([[0.0, 1, 0, 1, 1, 0]] * 2 + [[5.0, 6, 5, 6, 6, 5]] * 2)[:, :, None]
    >>> bool(rhat(apart)[0] > 1.5)
    True
    """
    return each_block(Columns.rhat, draws)


def ess_bulk(draws: Array) -> Floats:
    """Effective sample size in the bulk of each parameter's law: of its split draws' normal scores.

    NaN as for `rhat`, but a single chain will do.
    """
    return each_block(Columns.ess_bulk, draws)


def ess_tail(draws: Array) -> Floats:
    """Effective sample size in the tails: the smaller one of the 5% and the 95% quantile.

    On a coarse lattice a quantile may be the largest value: its size is the number of draws.  NaN
    as for `ess_bulk`.
    """
    return each_block(Columns.ess_tail, draws)


def mcse(draws: Array) -> Floats:
    """Monte Carlo standard error of each parameter's mean; NaN as for `ess_bulk`."""
    return each_block(Columns.mcse, draws)


def mcse_std(draws: Array) -> Floats:
    """Monte Carlo standard error of each parameter's standard deviation; NaN as for `ess_bulk`."""
    return each_block(Columns.mcse_std, draws)


def effective_sample_size(draws: Array) -> Floats:
    """Effective sample size of each parameter's mean, all chains together, chains not split.

    NaN for a parameter that has a chain which never moves, and for fewer than four draws.
    """
    return each_block(Columns.ess, draws)


MIXING = {
    "rhat": Columns.rhat,
    "ess": Columns.ess,
    "ess_bulk": Columns.ess_bulk,
    "ess_tail": Columns.ess_tail,
    "mcse": Columns.mcse,
    "mcse_std": Columns.mcse_std,
}


def mixing(draws: Array) -> dict[str, Floats]:
    """All of them, by name, with each part computed once.

    >>> sorted(mixing(np.random.default_rng(0).normal(size=(2, 50, 3))))
    ['ess', 'ess_bulk', 'ess_tail', 'mcse', 'mcse_std', 'rhat']
    """
    found = each_block(lambda columns: np.stack([f(columns) for f in MIXING.values()]), draws)
    return dict(zip(MIXING, np.broadcast_to(found, (len(MIXING), draws.shape[2])), strict=True))


def each_block(compute: Callable[[Columns], Floats], draws: Array) -> Floats:
    """`compute` of blocks of parameters, the results' last axis, so that memory stays small; NaN
    where the draws are too few, not finite or frozen.
    """
    chains, count, size = shape_of(draws)
    result = np.full(size, np.nan)
    if count < LEAST_DRAWS:
        return result
    width = max(1, VALUES_AT_ONCE // (chains * count))
    for begin in range(0, size, width):
        block = draws[:, :, begin : begin + width]
        good = np.flatnonzero(np.isfinite(block).all(axis=(0, 1)) & ~frozen(block).any(axis=0))
        if len(good):
            columns = np.ascontiguousarray(np.moveaxis(block[:, :, good], 2, 0), np.float64)
            found = compute(Columns(columns))
            if result.ndim < found.ndim:
                result = np.full((*found.shape[:-1], size), np.nan)
            result[..., begin + good] = found
    return result


def shape_of(draws: Array) -> tuple[int, int, int]:
    """(chains, draws, parameters), or a SamplerError."""
    shape = np.shape(draws)
    if len(shape) != 3 or not hasattr(draws, "shape"):
        what = f"shape {shape}" if hasattr(draws, "shape") else type(draws).__name__
        raise SamplerError(f"draws: an array (chains, draws, parameters) is needed; got {what}")
    return shape


def split(draws: Array) -> Array:
    """Each chain (..., chains, draws) as two of half its length; the middle draw of an odd number
    is left out.
    """
    half = draws.shape[-1] // 2
    return np.concatenate([draws[..., :half], draws[..., -half:]], axis=-2)


def _plain_rhat(draws: Floats) -> Floats:
    """Potential scale reduction: sqrt of the pooled variance / the variance within chains; NaN for
    a constant, as a lattice of two values is when folded.
    """
    count = draws.shape[-1]
    between = draws.mean(axis=-1).var(axis=-1, ddof=1)
    within = draws.var(axis=-1, ddof=1).mean(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.sqrt(between / within + (count - 1) / count))


def relaxations(draws: Array) -> float:
    """Length of the run in relaxation times of its slowest parameter, from its effective sample
    size.

    In one relaxation time a chain forgets its start by a factor e; NaN where a coordinate is
    frozen.
    """
    return float(np.min(2 * effective_sample_size(draws) / draws.shape[0]))
