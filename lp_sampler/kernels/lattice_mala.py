"""The Metropolis-adjusted Langevin algorithm on a lattice, with exact discrete proposals."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from .._errors import SamplerError
from .._grid import Grid
from .._numfmt import Report
from .._rounding import round_to
from ..targets._sums import row_sums
from ._kernel import State
from ._metropolis import Metropolis
from ._move import Move
from ._proposals import OnLattice, OnLine
from ._step import Array, StepInfo

if TYPE_CHECKING:
    from .._evaluate import Evaluation
    from .._numfmt import Key


@dataclasses.dataclass(frozen=True)
class LatticeMALA(Metropolis):
    """Proposals from the exact discrete Gaussian on the accumulator's grid, accepted or rejected.

    Around mean = theta + step * Q(gradient), with variance 2 * step * temperature, a grid point x
    is proposed with probability exp(-(x - mean)**2 / (4 step temperature)) / Z(mean) within 6
    standard deviations; Z and both windows are part of the ratio, so that the target restricted to
    the grid, to the power 1 / temperature, is exactly stationary at any step size, up to the
    rounding of its own log density (weights must hold the accumulator's numbers).  Batches and
    stochastic roundings enter the proposals alone: the decision takes all rows, or `austerity`.
    The accumulator must be fixed point.

    >>> import lp_sampler as lps
    >>> kernel, target = LatticeMALA(step_size=0.5), lps.targets.Gaussian(0.3)
    >>> keywords = {"draws": 500, "warmup": 50, "thin": 1, "progress": False}
    >>> run = lps.sample(kernel, target, "fixed8", **keywords)
    >>> print(f"{run.draws.mean():.1f} {run.draws.std():.1f}")
    0.3 1.0
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
        """One proposal of every chain, accepted or not."""
        move = Move(self, state, evaluate, temperature, key)
        law = self._law(state, 2 * step_size * temperature)
        before, mean = state.params, self._mean(move, state.params, step_size)
        proposed, forth = law.draw(mean, key.fold_in("proposal"), move.unit)
        outside = ~law.holds(proposed)
        proposal = np.where(outside, before, proposed).astype(np.float32)
        back = law.log_probabilities(before, self._mean(move, proposal, step_size))
        ratio = row_sums(back - forth)
        ratio[outside.any(axis=1)] = -np.inf
        moved = self.accepts(evaluate, before, proposal, ratio, temperature, key)
        after = np.where(moved[:, None], proposal, before)
        return move.told(
            after,
            {},
            lambda: after - (proposed - mean),
            law.variance,
            saturated=int(np.count_nonzero(outside)),
            accepted=int(np.count_nonzero(moved)),
        )

    def _law(self, state: State, variance: float) -> OnLattice | OnLine:
        """What proposals are drawn from, around their means."""
        if not variance > 0:
            raise SamplerError(
                f"step_size: {type(self).__name__} needs a positive step and temperature"
            )
        if self.accumulator == "lattice":
            return OnLattice(Grid.of(state.format, "accumulator"), variance)
        return OnLine(variance)

    def _mean(self, move: Move, params: Array, step_size: float) -> Array:
        """The mean of the proposals from `params`: a function of them and of this step's words."""
        gradient = self._gradient(move, move.evaluate, params)
        return move.unit.multiply_add(move.unit.constant(step_size), gradient, params)

    def _gradient(self, move: Move, evaluate: Evaluation, params: Array) -> Array:
        """As it is stored; means far from the chain do not count."""
        report = move.report if params is move.state.params else Report()
        gradient = evaluate.gradient(params, stored_in=move.state.format, report=report)
        return round_to(gradient, move.formats["gradient"], move.key.fold_in("gradient"))
