"""What a kernel is: one transition of many chains, in a machine's arithmetic."""

from __future__ import annotations

import dataclasses
import functools
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from .._errors import SamplerError
from .._rounding import spelled_out
from ..accumulators import ACCUMULATORS, Accumulator, accumulator
from ..schedules import Schedule, at_step, is_sampling
from ._step import Array, StepInfo

if TYPE_CHECKING:
    from .._evaluate import Evaluation
    from .._numfmt import Format, Key, Machine


@dataclasses.dataclass(frozen=True)
class State:
    """Where the chains are, and everything else that the next step needs.

    params: (chains, size) float32, each a value of `format`. arrays: by name, with the chains as
    first axis (a velocity, a residual, averages).  A checkpoint is both, and nothing else.
    """

    params: Array
    format: Format
    arrays: dict[str, Array] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Kernel:
    """Base of the kernels: frozen dataclasses of numbers, schedules and names.

    `accumulators` names the policies that have a meaning for the kernel.
    """

    accumulators: ClassVar[tuple[str, ...]] = tuple(
        one for one in ACCUMULATORS if one not in ("joint", "lattice")
    )

    takes_update: ClassVar[bool] = False
    """Is a step one of Langevin's, which a machine may list in its own operations?"""

    step_size: Schedule = 2e-4
    temperature: Schedule = 1.0
    accumulator: str = "vc"

    def __post_init__(self) -> None:
        if self.policy.name not in self.accumulators:
            raise SamplerError(
                f"accumulator: {self.policy.name!r} ({self.policy.meaning}) has no meaning for "
                f"{type(self).__name__}; allowed: {', '.join(self.accumulators)}"
            )
        at_step(self.step_size, 0, "step_size")
        at_step(self.temperature, 0, "temperature")

    @property
    def policy(self) -> Accumulator:
        """How the step's result is stored."""
        return accumulator(self.accumulator)

    def formats(self, machine: Machine) -> dict[str, Format]:
        """The formats of a step by role, their modes spelled out; draws are of `accumulator`'s."""
        return dict(_formats(self.policy, machine))

    def init(self, params: Array, evaluate: Evaluation, key: Key) -> State:
        """The state at `params` (chains, size), each number rounded once to the format the chain
        lives in.
        """
        formats = self.formats(evaluate.machine)
        start = np.ascontiguousarray(params, np.float32)
        stored, arrays = self.policy.begin(start, formats, key)
        return State(stored, formats["accumulator"], arrays)

    def step(
        self,
        state: State,
        evaluate: Evaluation,
        *,
        step_size: float,
        temperature: float,
        key: Key,
    ) -> tuple[State, StepInfo]:
        """One transition of every chain; `key` carries the step as its call and the number of the
        first element.
        """
        raise NotImplementedError

    def trained(self, state: State, machine: Machine) -> tuple[Array, Format]:
        """Where the next step takes its gradient, and the format of that: the draw itself, but for
        kernels whose draws are averages.
        """
        return state.params, state.format

    def is_sampling(self, step: int) -> bool:
        """Do draws of this step count?  Not in the exploring phases of a cyclical step size."""
        return is_sampling(self.step_size, step)


@functools.lru_cache(maxsize=256)
def _formats(policy: Accumulator, machine: Machine) -> dict[str, Format]:
    """The policy's formats on the machine, their modes spelled out."""
    return {role: spelled_out(format) for role, format in policy.formats(machine).items()}
