"""Draws as points of a format's grid: which points are used, and how often beside the target."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from .._errors import SamplerError
from .._numfmt import Format
from .._rounding import is_binary32
from ._widths import standard_deviation

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]

WIDEST = 16
"""Bits of the widest format whose grid is listed."""


@dataclasses.dataclass(frozen=True)
class Occupancy:
    """Of each parameter: grid points `used` by any draw, points `visited`, those from the smallest
    to the largest draw, and the `entropy` of the draws over the points in bits.

    Entropy near log2(used) is an even spread; used < visited means holes in the law.
    """

    used: npt.NDArray[np.int64]
    visited: npt.NDArray[np.int64]
    entropy: Floats


def grid_points(format: Format) -> Floats:
    """Every finite value of a format of at most 16 bits, in order, each once.

    >>> from lp_sampler._numfmt import parse
    >>> grid_points(parse("fixed<3,1>")).tolist()
    [-2.0, -1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5]
    """
    if not has_list(format):
        raise SamplerError(
            f"format: one of at most {WIDEST} bits, with one grid for all values, is needed; "
            f"got {format}"
        )
    return _points(format.bare())


def has_list(format: Format) -> bool:
    """Can the format's grid be listed?  Blocks have a grid for every scale."""
    return bool(format.width <= WIDEST and not hasattr(format, "element"))


@functools.lru_cache(maxsize=16)
def _points(format: Format) -> Floats:
    values: Floats = format.all_values()
    points = np.unique(values[np.isfinite(values)])
    points.setflags(write=False)
    return points


def grid_occupancy(draws: Array, format: Format) -> Occupancy:
    """How much of the grid of `format`, of at most 16 bits, the draws use.

    >>> from lp_sampler._numfmt import parse
    >>> grid_occupancy(np.array([[[0.0], [1.0], [1.0], [0.0]]]), parse("fixed<8,3>"))
    Occupancy(used=array([2]), visited=array([9]), entropy=array([1.]))
    """
    points, rows = grid_points(format), draws.reshape(-1, draws.shape[-1])
    counts = [np.bincount(_places(column, points)) for column in rows.T]
    return Occupancy(
        used=np.array([np.count_nonzero(one) for one in counts]),
        visited=np.array([len(one) - np.flatnonzero(one)[0] for one in counts]),
        entropy=np.array([_entropy(one / len(rows)) for one in counts]),
    )


def _places(values: Array, points: Floats) -> npt.NDArray[np.int64]:
    """Where each value stands among the points: the nearest, the lower of two."""
    return np.searchsorted((points[1:] + points[:-1]) / 2, values.astype(np.float64))


def _entropy(shares: Floats) -> float:
    some = shares[shares > 0]
    return float(-np.sum(some * np.log2(some)) + 0.0)


def lattice_kl(
    draws: Array, reference: Array | Callable[[Floats], Array], format: Format
) -> Floats:
    """Kullback-Leibler divergence of the draws from the reference, in nats, on the cells of a grid.

    A cell of `format` (at most 16 bits) is all that is nearest to one of its points.  `reference`
    is draws of the target, then every cell that either occupies gets half a count more on both
    sides; or the target's distribution function of each parameter, which takes edges (cells + 1, 1)
    and gives (cells + 1, parameters), then the masses of its cells are exact.  Independent draws of
    the target itself show about (cells - 1) / (2 draws), with reference draws as many again for
    those.

    >>> from lp_sampler._numfmt import parse
    >>> draws = np.array([[[0.0], [0.5]]])
    >>> uniform = lambda edges: np.clip(edges + 0.25, 0, 1)
    >>> lattice_kl(draws, uniform, parse("fixed<4,1>"))
    array([0.])
    """
    points = grid_points(format)
    rows = draws.reshape(-1, draws.shape[-1])
    counts = np.stack([_counts(column, points) for column in rows.T], axis=1)
    if callable(reference):
        middles = (points[1:] + points[:-1]) / 2
        edges = np.concatenate([[-np.inf], middles, [np.inf]])[:, None]
        masses = np.diff(np.broadcast_to(reference(edges), (len(edges), rows.shape[1])), axis=0)
        return _divergence(counts / len(rows), masses)
    others = reference.reshape(-1, reference.shape[-1])
    theirs = np.stack([_counts(column, points) for column in others.T], axis=1)
    more = 0.5 * ((counts > 0) | (theirs > 0))
    smoothed = [(part + more) / (part + more).sum(axis=0) for part in (counts, theirs)]
    return _divergence(*smoothed)


def _counts(values: Array, points: Floats) -> npt.NDArray[np.int64]:
    return np.bincount(_places(values, points), minlength=len(points))


def _divergence(shares: Floats, masses: Floats) -> Floats:
    """Sum of p log(p / q); infinite where q is 0 and p is not."""
    with np.errstate(divide="ignore"):
        logs = np.log(np.where(shares > 0, shares, 1)) - np.where(shares > 0, np.log(masses), 0)
    return np.asarray((shares * logs).sum(axis=0))


def lattice_floor(format: Format, reference: Array) -> float:
    """The smallest W2 / sigma that draws on a uniform grid can have: gap / sqrt(12) / sigma, mean
    over the parameters of the reference's draws; 0 for binary32, NaN for other grids.

    >>> from lp_sampler._numfmt import parse
    >>> round(lattice_floor(parse("fixed<8,3>"), np.array([[[-1.0], [1.0]]])), 4)
    0.0361
    """
    if is_binary32(format):
        return 0.0
    gaps = np.diff(grid_points(format)) if has_list(format) else np.array([0.0, 1.0])
    if np.ptp(gaps) > 0:
        return float("nan")
    return float(np.mean(gaps[0] / np.sqrt(12) / standard_deviation(reference)))
