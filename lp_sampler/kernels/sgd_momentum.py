"""Stochastic gradient ascent with momentum in low precision: a baseline."""

from __future__ import annotations

import dataclasses

import numpy as np

from .._errors import SamplerError
from .._evaluate import Evaluation
from .._numfmt import Format, Key, Machine
from .._rounding import round_to, spelled_out
from ._kernel import State
from ._move import Move
from ._step import Array, StepInfo
from .sgd import SGD, check_cold


@dataclasses.dataclass(frozen=True)
class SGDMomentum(SGD):
    """m <- store(momentum * m + Q(gradient)), theta <- store(theta + step * m), without noise.

    m is kept in the machine's momentum format, rounded as the policy rounds (float32 in `full`).

    >>> SGDMomentum(step_size=1e-3, momentum=0.95).accumulator
    'naive'
    """

    momentum: float = 0.9

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.momentum < 1:
            raise SamplerError(
                f"momentum: a number from 0 to 1, 1 left out, is allowed; got {self.momentum!r}"
            )

    def formats(self, machine: Machine) -> dict[str, Format]:
        """With the format of the momentum."""
        momentum = self.policy.stored_in(machine.format_of("momentum"))
        return {**super().formats(machine), "momentum": spelled_out(momentum)}

    def init(self, params: Array, evaluate: Evaluation, key: Key) -> State:
        """The state at `params` (chains, size), rounded once, with momentum 0."""
        state = super().init(params, evaluate, key)
        momentum = np.zeros(state.params.shape, np.float32)
        return dataclasses.replace(state, arrays={**state.arrays, "momentum": momentum})

    def step(
        self,
        state: State,
        evaluate: Evaluation,
        *,
        step_size: float,
        temperature: float = 0.0,
        key: Key,
    ) -> tuple[State, StepInfo]:
        """One step of every chain; `key` carries the step as its call and the first element's
        number.
        """
        check_cold(self, temperature)
        move, unit = Move(self, state, evaluate, 0.0, key), evaluate.unit
        moved = unit.multiply_add(
            unit.constant(self.momentum), state.arrays["momentum"], move.gradient
        )
        format, purpose = move.formats["momentum"], key.fold_in("momentum")
        momentum = round_to(moved, format, purpose, move.report)
        mean = unit.multiply_add(unit.constant(step_size), momentum, move.base)
        return move.stored(mean, 0.0, {"momentum": momentum})
