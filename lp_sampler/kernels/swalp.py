"""Averages of low-precision stochastic gradient ascent (Yang et al., *SWALP*, ICML 2019)."""

from __future__ import annotations

import dataclasses
import functools

from .._errors import SamplerError
from .._evaluate import Evaluation
from .._numfmt import Format, Key, Machine, parse
from .._rounding import round_to, spelled_out
from ._kernel import State
from ._step import Array, StepInfo
from .sgd import SGD


@dataclasses.dataclass(frozen=True)
class SWALP(SGD):
    """SGD whose draws are the running mean of its weights: a baseline.

    From step `start` on, every `every`-th step's weights enter the mean, which is kept in the
    format `average` and computed as ``mean + (weights - mean) / count``.  Before, the draws are the
    weights themselves, and `is_sampling` is False.

    >>> SWALP(step_size=0.01, start=1000, every=10).is_sampling(999)
    False
    """

    start: int = 0
    every: int = 1
    average: str = "binary32"

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, least in (("start", 0), ("every", 1)):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or value < least:
                raise SamplerError(f"{name}: a whole number >= {least} is allowed; got {value!r}")
        parse(self.average)

    def formats(self, machine: Machine) -> dict[str, Format]:
        """The average is what draws are; the weights' format is ``"weights"``."""
        own = super().formats(machine)
        return {**own, "weights": own["accumulator"], "accumulator": self._average}

    @functools.cached_property
    def _ascent(self) -> SGD:
        """What moves the weights."""
        return SGD(self.step_size, 0.0, self.accumulator)

    def init(self, params: Array, evaluate: Evaluation, key: Key) -> State:
        """The weights at `params` (chains, size), rounded once, which are the first mean."""
        weights, format = self._ascent.init(params, evaluate, key), self._average
        average = round_to(weights.params, format, key.fold_in("init", "average"))
        return State(average, format, {**weights.arrays, "weights": weights.params})

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
        arrays = dict(state.arrays)
        format = self._ascent.formats(evaluate.machine)["accumulator"]
        before = State(arrays.pop("weights"), format, arrays)
        after, info = self._ascent.step(
            before, evaluate, step_size=step_size, temperature=temperature, key=key
        )
        average = self._averaged(state.params, after.params, evaluate, key)
        return State(average, state.format, {**after.arrays, "weights": after.params}), info

    def trained(self, state: State, machine: Machine) -> tuple[Array, Format]:
        """The weights, not their mean."""
        return state.arrays["weights"], self._ascent.formats(machine)["accumulator"]

    def is_sampling(self, step: int) -> bool:
        """Has the mean begun?"""
        return step >= self.start and super().is_sampling(step)

    @property
    def _average(self) -> Format:
        return spelled_out(parse(self.average))

    def _averaged(self, mean: Array, weights: Array, evaluate: Evaluation, key: Key) -> Array:
        """The mean after a step that came to these weights."""
        number, unit, key_of_average = key.call - self.start, evaluate.unit, key.fold_in("average")
        if number > 0 and number % self.every:
            return mean
        if number > 0:
            share = unit.constant(1 / (number // self.every + 1))
            weights = unit.multiply_add(share, unit.subtract(weights, mean), mean)
        return round_to(weights, self._average, key_of_average)
