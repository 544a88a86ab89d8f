"""Cyclical stochastic gradient Langevin dynamics (Zhang et al., ICLR 2020)."""

from __future__ import annotations

import dataclasses

from .._errors import SamplerError
from .._evaluate import Evaluation
from .._numfmt import Key
from ..schedules import Cyclical, Schedule
from ._kernel import State
from ._step import StepInfo
from .sgld import SGLD

NOISE = ("always", "sampling")
DEFAULT = Cyclical(1e-3, cycle=1000, exploration=0.8)


@dataclasses.dataclass(frozen=True)
class CyclicalSGLD(SGLD):
    """SGLD with a `Cyclical` step size: every cycle starts with large steps that find another mode,
    and draws are kept in the last part of it, where steps are small.

    `noise`: ``"always"``, as the low-precision code has it, or ``"sampling"``: none while exploring
    (temperature 0), as the paper has it.

    >>> from lp_sampler.schedules import Cyclical
    >>> kernel = CyclicalSGLD(Cyclical(0.1, cycle=100, exploration=0.8), noise="sampling")
    >>> kernel.is_sampling(79), kernel.is_sampling(80)
    (False, True)
    """

    step_size: Schedule = DEFAULT
    noise: str = "always"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.step_size, Cyclical):
            raise SamplerError(f"step_size: a schedules.Cyclical is needed; got {self.step_size!r}")
        if self.noise not in NOISE:
            raise SamplerError(f"noise: {' or '.join(NOISE)} is allowed; got {self.noise!r}")

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
        if self.noise == "sampling" and not self.is_sampling(key.call):
            temperature = 0.0
        return super().step(state, evaluate, step_size=step_size, temperature=temperature, key=key)
