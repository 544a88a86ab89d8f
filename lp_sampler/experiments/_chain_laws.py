"""Exact laws of one-dimensional Langevin chains: transition matrices on a grid, and on the line.

Gradients are in float32.  With accumulators on the grid the chain's law is a vector over its
points; with `full` it is a density, tabulated at nodes that the kinks fall on.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from .._numfmt import Format
from ..targets import Target

Array = npt.NDArray[Any]

NEGLIGIBLE = 1e-13
"""Probabilities below it are rounding errors of the closed forms."""
_erf = np.vectorize(math.erf, otypes=[np.float64])


def normal_powers(z: Array) -> list[Array]:
    """E[(z - X)_+**n] / n! of a standard normal X, for n = 0, 1, 2.

    >>> [round(float(one[0]), 4) for one in normal_powers(np.array([0.0]))]
    [0.5, 0.3989, 0.25]
    """
    below = (1 + _erf(z / math.sqrt(2))) / 2
    density = np.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    return [below, z * below + density, ((z * z + 1) * below + z * density) / 2]


@dataclasses.dataclass(frozen=True)
class GridChain:
    """Langevin steps of a target, stored in a fixed-point format as an accumulator does.

    Rounding a Gaussian to nearest gives each point the mean of a box around it, stochastic rounding
    that of a hat, and the variance-corrected draw of a Gaussian of variance v - gap**2 / 4 that of
    a quadratic B-spline: closed forms all.  The ends take what lies beyond.
    """

    target: Target
    format: Format
    step_size: float

    @property
    def gap(self) -> float:
        """Between neighbours."""
        return float(self.format.smallest_positive)

    @property
    def grid(self) -> Array:
        """All points, ascending."""
        return np.sort(np.asarray(self.format.all_values(), np.float64))

    def transition(self, accumulator: str) -> Array:
        """P(from point, to point) of one step with "naive" or "vc"."""
        points = self.grid
        drift = self.target.gradient(points[:, None])[:, 0]
        mean, variance = points + self.step_size * drift, 2 * self.step_size
        small = self.gap**2 / 4
        if accumulator == "naive":
            matrix = self._spline(mean, variance, 1)
        elif variance > small:
            matrix = self._spline(mean, variance - small, 2)
        else:
            matrix = self._topped_up(np.clip(mean, points[0], points[-1]), variance)
        matrix = np.where(matrix < NEGLIGIBLE, 0, matrix)
        return np.asarray(matrix / matrix.sum(axis=1, keepdims=True))

    def _spline(self, mean: Array, variance: float, order: int) -> Array:
        """E[B((x - point) / gap)] of x = N(mean, variance) and the B-spline of that order."""
        deviation, count = math.sqrt(variance), len(self.grid)
        beyond = np.arange(-order - 1, count + order + 1) * self.gap + self.grid[0]
        knots = np.append(beyond, beyond[-1] + self.gap) + self.gap * ((order - 1) % 2) / -2
        powers = normal_powers((knots - mean[:, None]) / deviation)[order]
        values = powers * (deviation / self.gap) ** order
        found = np.diff(values, n=order + 1, axis=1)
        first = np.rint((self.grid[0] - knots[0]) / self.gap - (order + 1) / 2).astype(int)
        inside = found[:, first : first + count].copy()
        inside[:, 0] += found[:, :first].sum(axis=1)
        inside[:, -1] += 1 - inside.sum(axis=1)
        return inside

    def _topped_up(self, mean: Array, variance: float) -> Array:
        """Stochastic rounding of the mean, with what variance it lacks added by steps of a gap."""
        places = (mean - self.grid[0]) / self.gap
        low = np.minimum(np.floor(places), len(self.grid) - 2).astype(int)
        share = places - low
        lacking = np.maximum(variance / self.gap**2 - share * (1 - share), 0) / 2
        matrix, rows = np.zeros((len(mean), len(self.grid))), np.arange(len(mean))
        for up, chance in ((0, 1 - share), (1, share)):
            for move, part in ((-1, lacking), (0, 1 - 2 * lacking), (1, lacking)):
                to = np.clip(low + up + move, 0, len(self.grid) - 1)
                np.add.at(matrix, (rows, to), chance * part)
        return matrix


@dataclasses.dataclass(frozen=True)
class LineChain:
    """Langevin steps in full precision with gradients at stochastically rounded weights."""

    target: Target
    gap: float
    step_size: float
    reach: float = 4.0
    nodes_a_unit: int = 128

    @property
    def nodes(self) -> Array:
        """Where densities are tabulated: every kink of the transition density is among them."""
        count = round(self.reach * self.nodes_a_unit)
        return np.arange(-count, count + 1) / self.nodes_a_unit

    def transition(self) -> Array:
        """Density (from, to) of one step."""
        nodes = self.nodes
        total = np.zeros((len(nodes), len(nodes)))
        low = np.floor(nodes / self.gap) * self.gap
        share = (nodes - low) / self.gap
        for weight, chance in ((low, 1 - share), (low + self.gap, share)):
            mean = nodes + self.step_size * self.target.gradient(weight[:, None])[:, 0]
            z = (nodes - mean[:, None]) / math.sqrt(2 * self.step_size)
            total += chance[:, None] * np.exp(-z * z / 2)
        return np.asarray(total / math.sqrt(4 * math.pi * self.step_size))


def stationary(matrix: Array) -> Array:
    """The law that a transition matrix, its rows of any sum, leaves as it is, summing to 1."""
    chain = matrix / matrix.sum(axis=1, keepdims=True)
    system = chain.T - np.eye(len(chain))
    system[-1] = 1
    right = np.zeros(len(chain))
    right[-1] = 1
    return np.asarray(np.linalg.solve(system, right))


def after(matrix: Array, start: int, steps: int) -> Array:
    """The law after so many steps from state number `start`."""
    chain = matrix / matrix.sum(axis=1, keepdims=True)
    return np.asarray(np.linalg.matrix_power(chain, steps)[start])


def moment_z(draws: Array, law: Array, states: Array, function: Callable[[Array], Array]) -> float:
    """How many standard errors the mean of `function` over independent draws is from the law's."""
    expected, square = law @ function(states), law @ function(states) ** 2
    found = float(np.mean(function(np.ravel(draws).astype(np.float64))))
    return float((found - expected) / math.sqrt((square - expected**2) / draws.size))


def w2_of_densities(nodes: Array, one: Array, other: Array) -> float:
    """The 2-Wasserstein distance of two densities tabulated at the same nodes, by quantiles."""
    first, second = (_below(nodes, law) for law in (one, other))
    trusted = (first > 1e-9) & (first < 1 - 1e-9)
    moved = np.interp(first[trusted], second, nodes) - nodes[trusted]
    return float(np.sqrt(np.sum(moved**2 * one[trusted]) / one.sum()))


def w2_of_lattice(points: Array, law: Array, target: Target, nodes: Array) -> float:
    """The 2-Wasserstein distance of a law on a grid to the target, tabulated at fine nodes."""
    density = tabulated(target, nodes)
    masses = [np.cumsum(law), np.cumsum(density) / density.sum()]
    ends = np.clip(np.union1d(*masses), 0, 1)
    at = ends - np.diff(ends, prepend=0) / 2
    places = [np.minimum(np.searchsorted(mass, at), len(mass) - 1) for mass in masses]
    squares = (points[places[0]] - nodes[places[1]]) ** 2
    return float(np.sqrt(squares @ np.diff(ends, prepend=0)))


def tabulated(target: Target, nodes: Array) -> Array:
    """The target's density at the nodes, up to a factor."""
    logs = target.log_density(nodes[:, None])
    return np.asarray(np.exp(logs - logs.max()))


def _below(nodes: Array, density: Array) -> Array:
    """The distribution function, by the trapezoidal rule."""
    parts = (density[1:] + density[:-1]) / 2 * np.diff(nodes)
    return np.asarray(np.concatenate([[0], np.cumsum(parts)]) / parts.sum())
