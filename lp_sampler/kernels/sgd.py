"""Stochastic gradient ascent in low precision: a baseline that optimises and does not sample."""

from __future__ import annotations

import dataclasses
from typing import ClassVar

from .._errors import SamplerError
from .._evaluate import Evaluation
from .._numfmt import Key
from ..schedules import Schedule
from ._kernel import Kernel, State
from ._move import Move
from ._step import StepInfo


@dataclasses.dataclass(frozen=True)
class SGD(Kernel):
    """theta <- store(theta + step * Q(gradient)), without noise.

    Its only temperature is 0.  Variance-corrected policies have no variance to correct and are
    refused; rounding `naive` is the published low-precision SGD.

    >>> SGD(step_size=1e-3).temperature
    0.0
    """

    takes_update = True
    accumulators: ClassVar[tuple[str, ...]] = (
        *("full", "naive", "naive_nearest"),
        *("blend", "error_feedback"),
    )

    temperature: Schedule = 0.0
    accumulator: str = "naive"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_cold(self, self.temperature)

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
        return Move(self, state, evaluate, 0.0, key).langevin(step_size)


def check_cold(kernel: Kernel, temperature: Schedule) -> None:
    """SamplerError for a temperature that is not 0."""
    if temperature != 0:
        raise SamplerError(
            f"temperature: {type(kernel).__name__} adds no noise, 0 is allowed; got {temperature!r}"
        )
