"""The lattice random walk: steps of one grid point up or down, or none."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from .._grid import Grid
from .._rounding import round_to
from .._uniform import uniform
from ._kernel import Kernel, State
from ._move import Move
from ._step import Array, StepInfo

if TYPE_CHECKING:
    from .._evaluate import Evaluation
    from .._numfmt import Key


@dataclasses.dataclass(frozen=True)
class LatticeRandomWalk(Kernel):
    """theta <- theta + gap * (-1, 0 or +1), with the drift and the mean square of a Langevin step.

    P(+-1) = (v +- m gap) / (2 gap**2), where m = step * Q(gradient) and v = 2 * step * temperature:
    E[move] = m and E[move**2] = v exactly, wherever ``|m| gap <= v <= gap**2``; at v = gap**2 every
    step moves.  Outside, the nearest v that keeps the mean takes its place and the coordinate
    counts as infeasible: the walk is then too hot (``|m| gap > v``) or too slow (v > gap**2).  With
    batches it is SGLRW.  The accumulator must be fixed point.

    After Duffield et al. (arXiv 2508.20883 and 2602.15925).

    >>> import lp_sampler as lps
    >>> kernel = LatticeRandomWalk(step_size=2e-3)
    >>> run = lps.sample(kernel, lps.targets.Gaussian(), "fixed8", draws=500, progress=False)
    >>> print(f"{run.draws.std():.1f}")
    1.0
    """

    accumulators: ClassVar[tuple[str, ...]] = ("lattice",)

    accumulator: str = "lattice"

    def step(
        self,
        state: State,
        evaluate: Evaluation,
        *,
        step_size: float,
        temperature: float,
        key: Key,
    ) -> tuple[State, StepInfo]:
        """One transition of every chain."""
        move = Move(self, state, evaluate, temperature, key)
        grid, variance = Grid.of(state.format, "accumulator"), 2 * step_size * temperature
        drift = move.unit.multiply(move.unit.constant(step_size), move.gradient)
        down, up, infeasible = step_probabilities(drift, variance, grid.gap)
        drawn = uniform(key.fold_in("walk"), drift.shape)
        points = np.where(drawn < up, grid.gap, np.where(drawn < up + down, -grid.gap, 0.0))
        after = (state.params + points).astype(np.float32)
        after = round_to(after, state.format, key.fold_in("weight"), move.report)
        return move.told(
            after,
            {},
            lambda: state.params + drift,
            variance,
            infeasible=int(np.count_nonzero(infeasible)),
        )


def step_probabilities(drift: Array, variance: float, gap: float) -> tuple[Array, Array, Array]:
    """P(one point down), P(one point up), and which coordinates are infeasible.

    >>> step_probabilities(np.array([0.0, 0.03125]), 0.125, 0.5)
    (array([0.25   , 0.21875]), array([0.25   , 0.28125]), array([False, False]))
    """
    mean = np.clip(drift.astype(np.float64) / gap, -1, 1)
    square = np.clip(variance / gap**2, np.abs(mean), 1)
    infeasible = (np.abs(drift) > gap) | (square != variance / gap**2)
    return (square - mean) / 2, (square + mean) / 2, infeasible
