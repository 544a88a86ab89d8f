"""Leapfrog steps that can be undone, on lattices too."""

from __future__ import annotations

import dataclasses

import numpy as np

from .._grid import Grid
from .._numfmt import Format, Report
from .._rounding import is_binary32, round_to
from .._unit import VectorUnit
from ._move import Move
from ._step import Array


@dataclasses.dataclass(frozen=True)
class Block:
    """The leapfrog steps of a block: a map that undoes itself when the momentum is turned round."""

    move: Move
    step_size: float
    leapfrogs: int

    @property
    def grid(self) -> Grid | None:
        """That of the parameters."""
        return _grid(self.move.formats["accumulator"], "accumulator")

    @property
    def momentum_grid(self) -> Grid | None:
        """That of the momentum, as far as it can be turned round: up to the end nearer to 0."""
        grid = _grid(self.move.formats["momentum"], "momentum")
        return grid and grid.symmetric("momentum")

    def run(self, params: Array, momentum: Array) -> tuple[Array, Array, Array]:
        """Parameters and momentum after the block, and which coordinates left their range."""
        unit, left = self.move.unit, np.zeros(params.shape, bool)
        step, half = unit.constant(self.step_size), unit.constant(self.step_size / 2)
        force = self._force(params, 0)
        for number in range(1, self.leapfrogs + 1):
            momentum, out = _added(momentum, unit.multiply(half, force), self.momentum_grid, unit)
            params, gone = _added(params, unit.multiply(step, momentum), self.grid, unit)
            left |= out | gone
            force = self._force(params, number)
            momentum, out = _added(momentum, unit.multiply(half, force), self.momentum_grid, unit)
            left |= out
        return params, momentum, left

    def _force(self, params: Array, number: int) -> Array:
        """The gradient after `number` leapfrog steps, with the batch and words of that step: the
        same forwards and backwards in the block, so that each sequence of batches, and not only
        their average, leaves the target as it is.
        """
        key = self.move.key.fold_in("leapfrog", min(number, self.leapfrogs - number))
        evaluate = dataclasses.replace(self.move.evaluate, key=key)
        report = self.move.report if number == 0 else Report()
        gradient = evaluate.gradient(params, stored_in=self.move.state.format, report=report)
        return round_to(gradient, self.move.formats["gradient"], key.fold_in("gradient"))


def _grid(format: Format, role: str) -> Grid | None:
    return None if is_binary32(format) else Grid.of(format, role)


def _added(x: Array, change: Array, grid: Grid | None, unit: VectorUnit) -> tuple[Array, Array]:
    """x + change, the change first rounded to the grid, and which coordinates leave it: those stay
    at x.
    """
    if grid is None:
        return unit.add(x, change), np.zeros(x.shape, bool)
    moved = x + grid.nearest(change)
    out = ~grid.holds(moved)
    return np.where(out, x, moved).astype(np.float32), out
