"""Stochastic gradient Hamiltonian Monte Carlo in low precision (arXiv 2310.16320, TMLR 2024)."""

from __future__ import annotations

import dataclasses
from typing import ClassVar

import numpy as np

from .._errors import SamplerError
from .._evaluate import Evaluation
from .._numfmt import Format, Key, Machine, Report
from .._ornstein_uhlenbeck import OrnsteinUhlenbeck, ornstein_uhlenbeck
from .._pair import Pair
from .._rounding import round_to, spelled_out
from .._store import Store
from ..schedules import Schedule
from ._kernel import Kernel, State
from ._move import Move
from ._step import Array, StepInfo


@dataclasses.dataclass(frozen=True)
class SGHMC(Kernel):
    """Underdamped Langevin dynamics ``dv = -g v dt + u gradient dt + sqrt(2 g u T) dB``, ``dx = v
    dt``, each step of length h solved exactly with its gradient held fixed.

    `step_size` is h, `friction` g, `inverse_mass` u, `temperature` T: the momentum's stationary
    variance is u T, and for small g h a step moves as far as a Langevin step of size u h / g.  The
    momentum is kept in the machine's momentum format.  `accumulator` stores both: full, naive,
    naive_nearest; vc and one_shot draw them independently, as published, and lose their covariance;
    joint (the default) draws the position given the momentum, which keeps it.  Counts of a step
    are over both arrays.

    >>> SGHMC(step_size=0.1, friction=3.0, inverse_mass=2.0).accumulator
    'joint'
    """

    accumulators: ClassVar[tuple[str, ...]] = (
        *("full", "naive", "naive_nearest"),
        *("vc", "one_shot", "joint"),
    )

    step_size: Schedule = 0.01
    accumulator: str = "joint"
    friction: float = 1.0
    inverse_mass: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("friction", "inverse_mass"):
            value = getattr(self, name)
            if not 0 < value < np.inf:
                raise SamplerError(f"{name}: a finite positive number is allowed; got {value!r}")

    def formats(self, machine: Machine) -> dict[str, Format]:
        """With the format of the momentum."""
        momentum = self.policy.stored_in(machine.format_of("momentum"))
        return {**super().formats(machine), "momentum": spelled_out(momentum)}

    def init(self, params: Array, evaluate: Evaluation, key: Key) -> State:
        """The state at `params` (chains, size), rounded once, with momentum 0."""
        state = super().init(params, evaluate, key)
        start = np.zeros(state.params.shape, np.float32)
        momentum = self.formats(evaluate.machine)["momentum"]
        key = key.fold_in("init", "momentum")
        return dataclasses.replace(state, arrays={"momentum": round_to(start, momentum, key)})

    def step(
        self,
        state: State,
        evaluate: Evaluation,
        *,
        step_size: float,
        temperature: float,
        key: Key,
    ) -> tuple[State, StepInfo]:
        """One transition of every chain; `key` carries the step as its call and the first element's
        number.
        """
        noise = ornstein_uhlenbeck(step_size, self.friction, self.inverse_mass, temperature)
        move = Move(self, state, evaluate, temperature, key)
        pair = _means(move, noise)
        momentum_by = Store(evaluate.unit, key.fold_in("momentum"), move.report)
        by = Store(evaluate.unit, key, move.report)
        momentum, position = self.policy.store_pair(pair, move.formats, momentum_by, by)
        after = State(position, state.format, {"momentum": momentum})
        return after, _told(state, after, pair, temperature, move.report)


def _means(move: Move, noise: OrnsteinUhlenbeck) -> Pair:
    """Where momentum and position come to without noise, in the unit's arithmetic."""
    unit, momentum = move.unit, move.state.arrays["momentum"]
    kick, push = unit.constant(noise.kick), unit.constant(noise.push)
    slowed = unit.multiply(unit.constant(noise.decay), momentum)
    drifted = unit.multiply_add(unit.constant(noise.drift), momentum, move.base)
    return Pair(
        momentum=unit.multiply_add(kick, move.gradient, slowed),
        position=unit.multiply_add(push, move.gradient, drifted),
        noise=noise,
    )


def _told(before: State, after: State, pair: Pair, temperature: float, report: Report) -> StepInfo:
    """Momentum and position count as one array of both."""
    variances = pair.noise.momentum_variance, pair.noise.position_variance
    return StepInfo(
        np.stack([before.arrays["momentum"], before.params]),
        np.stack([after.arrays["momentum"], after.params]),
        saturated=report.saturated,
        infeasible=report.infeasible,
        temperature=temperature,
        noise_variance=np.asarray(variances).reshape(2, 1, 1),
        mean=lambda: np.stack([pair.momentum, pair.position]),
    )
