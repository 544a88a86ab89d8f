"""The exact law of a one-dimensional chain on an 8-bit grid: its transition matrix, state by state.

The target is N(0, 1) with Gaussian gradient noise; gradients are rounded stochastically to the
grid.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

from .._numfmt import parse, variance_corrected_law

Array = npt.NDArray[Any]

FORMAT = parse("fixed<8,3>")
GAP = float(FORMAT.eps)
GRID = np.sort(FORMAT.all_values())
GRADIENT_NOISE = 0.1
NEGLIGIBLE = 1e-13
NODES, WEIGHTS = np.polynomial.legendre.leggauss(8)
STANDARD_DEVIATIONS = 9


def density(z: Array) -> Array:
    """Of the standard normal law."""
    return np.asarray(np.exp(-z * z / 2) / np.sqrt(2 * np.pi))


def hats(mean: Array, deviation: float) -> Array:
    """P(a stochastic rounding of N(mean, deviation**2) gives each grid point), shape (means, grid).

    P(at or below g) = E clip((g + gap - x) / gap, 0, 1), in closed form; the ends take what lies
    beyond.
    """
    knots = np.append(GRID, GRID[-1] + GAP)
    z = (knots - mean[:, None]) / deviation
    ramps = deviation * (z * ndtr(z) + density(z))
    below = np.diff(ramps, axis=1) / GAP
    below[:, -1] = 1
    return without_noise(np.diff(below, axis=1, prepend=0))


def without_noise(law: Array) -> Array:
    """Probabilities that are rounding errors of the closed forms become 0."""
    return np.where(law < NEGLIGIBLE, 0, law)


def nearest(mean: Array, deviation: float) -> Array:
    """P(rounding N(mean, deviation**2) to nearest gives each grid point)."""
    below = ndtr((GRID + GAP / 2 - mean[:, None]) / deviation)
    below[:, -1] = 1
    return without_noise(np.diff(below, axis=1, prepend=0))


def corrected(mean: Array, variance: float) -> Array:
    """P(each grid point) under the library's own variance-corrected law at `mean`."""
    small = GAP * GAP / 4
    if variance <= small:
        return placed(*variance_corrected_law(mean, np.full_like(mean, variance), FORMAT))
    deviation = np.sqrt(variance - small)
    return np.stack([integrated(float(m), deviation, small) for m in mean])


def integrated(mean: float, deviation: float, small: float) -> Array:
    """The law averaged over x = N(mean, deviation**2): Gauss-Legendre on pieces without a kink."""
    piece = GAP / 2 ** max(1, np.ceil(np.log2(GAP / deviation)))
    first = np.floor((mean - STANDARD_DEVIATIONS * deviation) / piece)
    last = np.ceil((mean + STANDARD_DEVIATIONS * deviation) / piece)
    centres = (np.arange(first, last) + 0.5) * piece
    x = (centres[:, None] + NODES * piece / 2).ravel()
    weight = (
        np.tile(WEIGHTS * piece / 2, len(centres)) * density((x - mean) / deviation) / deviation
    )
    laws = placed(*variance_corrected_law(x, np.full_like(x, small), FORMAT))
    return np.asarray(weight @ laws / weight.sum())


def placed(values: Any, probabilities: Any) -> Array:
    """Probabilities (means, 4) at values (means, 4) -> probabilities (means, grid)."""
    places = np.rint((np.asarray(values, np.float64) - GRID[0]) / GAP).astype(int)
    law = np.zeros((len(places), len(GRID)))
    np.add.at(law, (np.arange(len(places))[:, None], places), probabilities)
    return law


def transition(step_size: float, accumulator: str) -> Array:
    """P(from state, to state) of one step, states in ascending order."""
    variance = 2 * step_size
    gradients = hats(-GRID, GRADIENT_NOISE)
    matrix = np.zeros((len(GRID), len(GRID)))
    sources, places = np.nonzero(gradients)
    mean = GRID[sources] + step_size * GRID[places]
    if accumulator == "vc":
        laws = corrected(mean, variance)
    else:
        law = hats if accumulator == "naive" else nearest
        laws = law(mean, np.sqrt(variance))
    np.add.at(matrix, sources, laws * gradients[sources, places][:, None])
    return np.asarray(matrix / matrix.sum(axis=1, keepdims=True))


def standard_deviation(law: Array) -> float:
    """Of a law on the grid."""
    mean = law @ GRID
    return float(np.sqrt(law @ (GRID - mean) ** 2))


def distance_to_standard_normal(law: Array) -> float:
    """The 2-Wasserstein distance to N(0, 1), by the quantile function's closed-form integrals."""
    ends = np.clip(np.concatenate([[0], np.cumsum(law)]), 0, 1)
    z = ndtri(ends)
    finite = np.isfinite(z)
    height = np.where(finite, density(np.where(finite, z, 0)), 0)
    product = np.where(finite, z, 0) * height
    first = height[:-1] - height[1:]
    second = np.diff(ends) - np.diff(product)
    return float(np.sqrt(np.sum(GRID**2 * np.diff(ends) - 2 * GRID * first + second)))
