"""Gaussian proposals of Metropolis kernels, with their exact log densities."""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from .._errors import SamplerError
from .._grid import Grid
from .._numfmt import Key
from .._uniform import uniform
from .._unit import VectorUnit
from ._step import Array

DEVIATIONS = 6.0
"""Beyond so many standard deviations nothing is proposed, and no way back is offered."""
MOST_POINTS = 1 << 16
NUMBERS_AT_ONCE = 1 << 20


@dataclasses.dataclass(frozen=True)
class OnLattice:
    """The discrete Gaussian: P(x) proportional to exp(-(x - mean)**2 / (2 variance)) on the grid's
    points within 6 standard deviations of the mean, the nearest one always among them.

    Points beyond the grid's ends are proposed too: a kernel rejects them.
    """

    grid: Grid
    variance: float

    def __post_init__(self) -> None:
        if 2 * self.reach + 1 > MOST_POINTS:
            raise SamplerError(
                f"step_size: proposals of deviation {math.sqrt(self.variance):g} span more than "
                f"{MOST_POINTS} points of gap {self.grid.gap:g}; a smaller step is needed"
            )

    @property
    def window(self) -> float:
        """How far from the mean points are proposed."""
        return max(DEVIATIONS * math.sqrt(self.variance), self.grid.gap / 2)

    @property
    def reach(self) -> int:
        """Points on each side of the nearest one that may lie in the window."""
        return int(self.window / self.grid.gap) + 1

    def draw(self, mean: Array, key: Key, unit: VectorUnit) -> tuple[Array, Array]:
        """Points around `mean` (chains, size), in float64, and their log probabilities."""
        nearest = self.grid.nearest(mean)
        offsets = (mean - nearest).ravel()
        words = uniform(key, mean.shape).ravel()
        steps, totals = np.empty(offsets.size), np.empty(offsets.size)
        for part in self._parts(offsets.size):
            sums = np.cumsum(self._weights(offsets[part]), axis=1)
            totals[part] = sums[:, -1]
            place = np.minimum(words[part] * sums[:, -1], np.nextafter(sums[:, -1], 0))
            steps[part] = (sums <= place[:, None]).sum(axis=1) - self.reach
        logs = self._logs(self.grid.gap * steps, offsets) - np.log(totals)
        points = nearest + self.grid.gap * steps.reshape(mean.shape)
        return points, logs.reshape(mean.shape)

    def log_probabilities(self, points: Array, mean: Array) -> Array:
        """Log probability of each coordinate, (chains, size)."""
        nearest = self.grid.nearest(mean)
        offsets = mean - nearest
        logs = self._logs(points - nearest, offsets)
        totals = np.empty(offsets.size)
        for part in self._parts(offsets.size):
            totals[part] = self._weights(offsets.ravel()[part]).sum(axis=1)
        return np.asarray(logs - np.log(totals).reshape(logs.shape))

    def _weights(self, offsets: Array) -> Array:
        """Relative probabilities (numbers, points) of means `offsets` above a grid point."""
        points = np.arange(-self.reach, self.reach + 1) * self.grid.gap
        return np.exp(self._logs(points, offsets[:, None]))

    def _logs(self, distances: Array, offsets: Array) -> Array:
        """Log of the probability beside the nearest point's, -inf outside the window."""
        from_mean = distances - offsets
        logs = (offsets * offsets - from_mean * from_mean) / (2 * self.variance)
        return np.where(np.abs(from_mean) <= self.window, logs, -np.inf)

    def _parts(self, count: int) -> list[slice]:
        at_once = max(1, NUMBERS_AT_ONCE // (2 * self.reach + 1))
        return [slice(begin, begin + at_once) for begin in range(0, count, at_once)]

    def holds(self, points: Array) -> Array:
        """Which of the points does the format hold?"""
        return self.grid.holds(points)


@dataclasses.dataclass(frozen=True)
class OnLine:
    """The Gaussian, in the machine's vector arithmetic."""

    variance: float

    def draw(self, mean: Array, key: Key, unit: VectorUnit) -> tuple[Array, Array]:
        """Points around `mean` (chains, size), and their log densities."""
        noise = unit.gaussian(key, mean.shape)
        deviation = unit.constant(math.sqrt(self.variance), "noise")
        points = unit.multiply_add(deviation, noise, mean)
        return points, self.log_probabilities(points, mean)

    def log_probabilities(self, points: Array, mean: Array) -> Array:
        """Log density of each coordinate up to a constant, (chains, size)."""
        distance = points.astype(np.float64) - mean
        return np.asarray(distance * distance / (-2 * self.variance))

    def holds(self, points: Array) -> Array:
        """All finite numbers."""
        return np.isfinite(points)


Proposal = OnLattice | OnLine
