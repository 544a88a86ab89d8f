"""Stochastic gradient Langevin dynamics in low precision (Zhang, Wilson and De Sa, ICML 2022)."""

from __future__ import annotations

import dataclasses

from .._evaluate import Evaluation
from .._numfmt import Key
from ._kernel import Kernel, State
from ._move import Move
from ._step import StepInfo


@dataclasses.dataclass(frozen=True)
class SGLD(Kernel):
    """theta <- store(theta + step * Q(gradient) + sqrt(2 * step * temperature) * noise).

    `step_size` and `temperature` are numbers or schedules; `accumulator` says how the sum is
    stored: full, naive, naive_nearest, vc, one_shot, blend(rho) or error_feedback(bits) (see
    `lp_sampler.accumulators`).  The stationary law is the target to the power 1 / temperature, up
    to an error that vanishes with the step size: a Gaussian coordinate of precision p gets the
    variance temperature / (p (1 - step * p / 2)).

    >>> SGLD(step_size=1e-3, accumulator="naive").accumulator
    'naive'
    """

    takes_update = True

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
        return Move(self, state, evaluate, temperature, key).langevin(step_size)
