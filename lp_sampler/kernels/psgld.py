"""Preconditioned stochastic gradient Langevin dynamics (Li et al., AAAI 2016)."""

from __future__ import annotations

import dataclasses

import numpy as np

from .._errors import SamplerError
from .._evaluate import Evaluation
from .._numfmt import Key
from ._kernel import Kernel, State
from ._move import Move
from ._step import Array, StepInfo

ONE = np.float32(1)


@dataclasses.dataclass(frozen=True)
class PSGLD(Kernel):
    """SGLD in coordinates that RMSprop's running mean square of the gradient has scaled:
    ``theta <- store(theta + step G Q(gradient) + sqrt(2 step temperature G) noise)``, with
    ``V <- decay V + (1 - decay) gradient**2`` and ``G = 1 / (damping + sqrt(V))`` for each
    parameter.

    The paper's term Gamma, the divergence of G, is left out, as its authors do: G changes with
    theta, so the stationary law has an error that vanishes as `decay` goes to 1, not with the step
    size; with ``decay=1`` G is a constant, that of ``V = initial``, and there is none.  Gradients
    are the whole data's, not a mean over n rows: the paper's damping is this one / n, and so its
    1e-5 this 0.1 for 10,000 rows.  V is kept in float32 and starts at `initial` (the paper: 0, and
    then a first gradient of 0 takes a step of size 1 / damping).

    >>> PSGLD(step_size=1e-3, decay=0.999).damping
    0.1
    """

    decay: float = 0.99
    damping: float = 0.1
    initial: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.decay <= 1:
            raise SamplerError(f"decay: a number from 0 to 1 is allowed; got {self.decay!r}")
        if not 0 < self.damping < np.inf:
            raise SamplerError(f"damping: a finite positive number is allowed; got {self.damping}")
        if not 0 <= self.initial < np.inf:
            raise SamplerError(f"initial: a finite number >= 0 is allowed; got {self.initial!r}")

    def init(self, params: Array, evaluate: Evaluation, key: Key) -> State:
        """The state at `params` (chains, size), rounded once, with V = initial."""
        state = super().init(params, evaluate, key)
        mean_square = np.full(state.params.shape, self.initial, np.float32)
        return dataclasses.replace(state, arrays={**state.arrays, "mean_square": mean_square})

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
        move, unit = Move(self, state, evaluate, temperature, key), evaluate.unit
        mean_square = self._mean_square(move)
        damped = unit.add(unit.constant(self.damping), unit.sqrt(mean_square))
        scale = unit.divide(ONE, damped)
        drift = unit.multiply(scale, move.gradient)
        mean = unit.multiply_add(unit.constant(step_size), drift, move.base)
        doubled = 2 * step_size * temperature
        variance = unit.multiply(unit.constant(doubled), scale) if doubled else 0.0
        return move.stored(mean, variance, {"mean_square": mean_square})

    def _mean_square(self, move: Move) -> Array:
        """V with this step's gradient in it."""
        before, unit = move.state.arrays["mean_square"], move.unit
        if self.decay == 1:
            return before
        square = unit.multiply(move.gradient, move.gradient)
        kept = unit.multiply(unit.constant(self.decay), before)
        return unit.multiply_add(unit.constant(1 - self.decay), square, kept)
