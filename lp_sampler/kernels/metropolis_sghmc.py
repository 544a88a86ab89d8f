"""Stochastic gradient Hamiltonian Monte Carlo with a Metropolis test of each block of steps."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from .._errors import SamplerError
from .._grid import Grid
from .._rounding import BINARY32, spelled_out
from .._uniform import uniform
from ..targets._sums import row_sums
from ._kernel import State
from ._leapfrog import Block
from ._metropolis import Metropolis
from ._move import Move
from ._proposals import OnLattice
from ._step import Array, StepInfo

if TYPE_CHECKING:
    from .._evaluate import Evaluation
    from .._numfmt import Format, Key, Machine

SYMMETRIC = ("nearest_even", "nearest_away", "nearest_zero", "toward_zero", "away_from_zero")
"""Roundings of a vector unit that treat x and -x alike: what is done can be undone."""


@dataclasses.dataclass(frozen=True)
class MetropolisSGHMC(Metropolis):
    """Blocks of `leapfrogs` steps with momentum, each accepted or rejected as a whole.

    A block refreshes the momentum, m <- c m + sqrt((1 - c**2) temperature) noise with c =
    exp(-friction * step * leapfrogs), then does leapfrog steps of size `step`, their batches the
    same in both orders: half a kick m + step / 2 * gradient, theta + step * m, half a kick.  It is
    accepted by the change of log density - ``|m|**2 / 2`` over all rows, or by the `austerity`
    test; a rejected block restores theta and turns the momentum round.  One step of the kernel is
    one block.  Steps
    are longer than Langevin's: step**2 / 2 is the step size of `SGLD`.

    With the accumulator "lattice" theta and momentum live on grids (`accumulator`, fixed point, and
    the machine's `momentum`); kicks and moves are rounded to grid points before they are added, so
    that a block can be undone exactly, and the target on the grid, to the power 1 / temperature, is
    exactly stationary, as `LatticeMALA` says (a float32 momentum: up to its rounding).  Moves below
    half a gap are none: the step must not be much below the gap.  With "full" both are float32.

    >>> import lp_sampler as lps
    >>> kernel = MetropolisSGHMC(step_size=0.5, leapfrogs=3)
    >>> keywords = {"draws": 500, "warmup": 50, "thin": 1, "progress": False}
    >>> run = lps.sample(kernel, lps.targets.Gaussian(0.3), "fixed8", **keywords)
    >>> print(f"{run.draws.mean():.1f} {run.draws.std():.1f}")
    0.3 1.0
    """

    accumulators: ClassVar[tuple[str, ...]] = ("lattice", "full")

    accumulator: str = "lattice"
    friction: float = 1.0
    leapfrogs: int = 5

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.friction >= 0:
            raise SamplerError(
                f"friction: a number >= 0, or infinity, is allowed; got {self.friction}"
            )
        if not (isinstance(self.leapfrogs, int) and self.leapfrogs >= 1):
            raise SamplerError(f"leapfrogs: a whole number >= 1 is allowed; got {self.leapfrogs!r}")

    def formats(self, machine: Machine) -> dict[str, Format]:
        """With the momentum's."""
        own = machine.format_of("momentum") if self.accumulator == "lattice" else None
        return super().formats(machine) | {"momentum": spelled_out(own or BINARY32)}

    def init(self, params: Array, evaluate: Evaluation, key: Key) -> State:
        """At rest."""
        if evaluate.machine.vector_unit.round not in SYMMETRIC and self.accumulator == "lattice":
            raise SamplerError(
                "machine: a block is undone by a vector unit that rounds x and -x alike; got "
                f"{evaluate.machine.vector_unit.round}"
            )
        state = super().init(params, evaluate, key)
        return dataclasses.replace(state, arrays={"momentum": np.zeros_like(state.params)})

    def step(
        self,
        state: State,
        evaluate: Evaluation,
        *,
        step_size: float,
        temperature: float,
        key: Key,
    ) -> tuple[State, StepInfo]:
        """One block of every chain."""
        if not (step_size > 0 and temperature > 0):
            raise SamplerError("step_size: MetropolisSGHMC needs a positive step and temperature")
        block = Block(Move(self, state, evaluate, temperature, key), step_size, self.leapfrogs)
        start = self._refreshed(block, state.arrays["momentum"])
        params, momentum, left = block.run(state.params, start)
        ratio = (_squares(start) - _squares(momentum)) / (2 * temperature)
        ratio[left.any(axis=1)] = -np.inf
        moved = self.accepts(evaluate, state.params, params, ratio, temperature, key)
        after = np.where(moved[:, None], params, state.params)
        kept = np.where(moved[:, None], momentum, -start)
        return block.move.told(
            after,
            {"momentum": kept},
            lambda: after - start,
            temperature,
            saturated=int(np.count_nonzero(left)),
            accepted=int(np.count_nonzero(moved)),
        )

    def _refreshed(self, block: Block, momentum: Array) -> Array:
        """A momentum that N(0, temperature), on its grid where it has one, leaves stationary."""
        move, key = block.move, block.move.key.fold_in("refresh")
        decay = math.exp(-self.friction * block.step_size * self.leapfrogs)
        variance = (1 - decay**2) * move.temperature
        unit = move.unit
        if block.momentum_grid is None:
            noise = unit.multiply(
                unit.constant(math.sqrt(variance), "noise"), unit.gaussian(key, momentum.shape)
            )
            return unit.multiply_add(unit.constant(decay), momentum, noise)
        if not variance:
            return momentum
        return refreshed_on(
            block.momentum_grid, momentum, decay, variance, move.temperature, key, move
        )


def refreshed_on(
    grid: Grid,
    momentum: Array,
    decay: float,
    variance: float,
    temperature: float,
    key: Key,
    move: Move,
) -> Array:
    """Every coordinate's own Metropolis step with a discrete Gaussian proposal: the discrete
    Gaussian of variance `temperature` on the grid is stationary.
    """
    law = OnLattice(grid, variance)
    mean = decay * momentum.astype(np.float64)
    drawn, forth = law.draw(mean, key, move.unit)
    proposal = np.where(grid.holds(drawn), drawn, momentum)
    ratio = law.log_probabilities(momentum.astype(np.float64), decay * proposal) - forth
    ratio += (momentum.astype(np.float64) ** 2 - proposal**2) / (2 * temperature)
    moved = (np.log(uniform(key.fold_in("accept"), momentum.shape)) < ratio) & grid.holds(drawn)
    return np.where(moved, proposal, momentum).astype(np.float32)


def _squares(momentum: Array) -> Array:
    """|m|**2 of each chain."""
    return row_sums(momentum.astype(np.float64) ** 2)
