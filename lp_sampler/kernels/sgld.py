"""Stochastic gradient Langevin dynamics in low precision (Zhang, Wilson and De Sa, ICML 2022)."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt

from .._evaluate import Evaluation
from .._numfmt import Format, Key, Report, sampler_update
from .._rounding import round_to, spelled_out
from ..accumulators import accumulator
from ..schedules import Schedule, at_step
from ._step import StepInfo

Array = npt.NDArray[Any]


@dataclasses.dataclass(frozen=True)
class SGLD:
    """theta <- store(theta + step * Q(gradient) + sqrt(2 * step * temperature) * noise).

    `step_size` and `temperature` are numbers or functions of the step number; `accumulator` says
    how the sum is stored: full, naive, naive_nearest, vc or one_shot (see
    `lp_sampler.accumulators`).  The stationary law is the target to the power 1 / temperature, up
    to an error that vanishes with the step size.

    >>> SGLD(step_size=1e-3, accumulator="naive").accumulator
    'naive'
    """

    step_size: Schedule = 2e-4
    temperature: Schedule = 1.0
    accumulator: str = "vc"

    def __post_init__(self) -> None:
        accumulator(self.accumulator)
        at_step(self.step_size, 0, "step_size")
        at_step(self.temperature, 0, "temperature")

    def init(self, params: Array, evaluate: Evaluation, key: Key) -> SGLDState:
        """The state at `params` (chains, parameters), rounded once to the format the chain lives
        in.
        """
        own = accumulator(self.accumulator).formats(evaluate.machine)
        formats = {role: spelled_out(format) for role, format in own.items()}
        start = np.ascontiguousarray(params, np.float32)
        return SGLDState(round_to(start, formats["accumulator"], key.fold_in("init")), formats)

    def step(
        self,
        state: SGLDState,
        evaluate: Evaluation,
        *,
        step_size: float,
        temperature: float,
        key: Key,
    ) -> tuple[SGLDState, StepInfo]:
        """One transition of every chain; `key` carries the step as its call and the first element's
        number.
        """
        before, formats = state.params, state.formats
        report, variance = Report(), 2 * step_size * temperature
        gradient = evaluate.gradient(before, stored_in=state.format, report=report)
        policy = accumulator(self.accumulator).policy
        after = sampler_update(
            before, gradient, step_size, variance, formats, policy, key=key, report=report
        )
        info = StepInfo(
            before,
            after,
            saturated=report.saturated,
            infeasible=report.infeasible,
            temperature=temperature,
            noise_variance=variance,
            mean=lambda: _mean(before, gradient, step_size, formats["gradient"], key),
        )
        return SGLDState(after, formats), info


@dataclasses.dataclass(frozen=True)
class SGLDState:
    """Parameters (chains, parameters) in float32, each a value of `format`."""

    params: Array
    formats: dict[str, Format]

    @property
    def format(self) -> Format:
        """The format that the parameters are stored in."""
        return self.formats["accumulator"]


def _mean(before: Array, gradient: Array, step_size: float, format: Format, key: Key) -> Array:
    """The step's result without noise: what sampler_update computes before it draws."""
    return before + np.float32(step_size) * round_to(gradient, format, key.fold_in("gradient"))
