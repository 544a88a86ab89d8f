"""Stochastic gradient Langevin dynamics in low precision (Zhang, Wilson and De Sa, ICML 2022)."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt

from .._evaluate import Evaluation
from .._numfmt import Format, Key, Report, sampler_update
from .._rounding import round_to
from ..accumulators import accumulator
from ._kernel import Kernel, State
from ._step import StepInfo

Array = npt.NDArray[Any]


@dataclasses.dataclass(frozen=True)
class SGLD(Kernel):
    """theta <- store(theta + step * Q(gradient) + sqrt(2 * step * temperature) * noise).

    `step_size` and `temperature` are numbers or functions of the step number; `accumulator` says
    how the sum is stored: full, naive, naive_nearest, vc or one_shot (see
    `lp_sampler.accumulators`).  The stationary law is the target to the power 1 / temperature, up
    to an error that vanishes with the step size.

    >>> SGLD(step_size=1e-3, accumulator="naive").accumulator
    'naive'
    """

    def init(self, params: Array, evaluate: Evaluation, key: Key) -> State:
        """The state at `params` (chains, size), rounded once to the format the chain lives in."""
        stored = self.formats(evaluate.machine)["accumulator"]
        start = np.ascontiguousarray(params, np.float32)
        return State(round_to(start, stored, key.fold_in("init")), stored)

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
        before, formats = state.params, self.formats(evaluate.machine)
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
        return State(after, state.format), info


def _mean(before: Array, gradient: Array, step_size: float, format: Format, key: Key) -> Array:
    """The step's result without noise: what sampler_update computes before it draws."""
    return before + np.float32(step_size) * round_to(gradient, format, key.fold_in("gradient"))
