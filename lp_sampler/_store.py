"""Storing a step's result: the primitives of which every accumulator policy is made."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from ._numfmt import Format, Key, MicroOp, Report, variance_corrected
from ._rounding import round_to
from ._unit import VectorUnit

Array = npt.NDArray[Any]


@dataclasses.dataclass(frozen=True)
class Store:
    """What a policy stores with: the step's vector unit, key and counters.

    Noise is drawn with ``key.fold_in("noise")``, roundings and laws with ``key.fold_in("weight")``:
    the purposes of `numfmt.sampler_update`.
    """

    unit: VectorUnit
    key: Key
    report: Report

    def noisy(self, mean: Array, variance: float | Array) -> Array:
        """The mean plus Gaussian noise, in the unit's arithmetic."""
        deviation = self.deviation(variance)
        if deviation is None:
            return mean
        return self.unit.multiply_add(deviation, self.gaussian(mean), mean)

    def deviation(self, variance: float | Array) -> Any:
        """The square root of a variance: a constant, or an array of the unit; None for 0."""
        if isinstance(variance, np.ndarray):
            return self.unit.sqrt(variance)
        return self.unit.constant(float(np.sqrt(variance))) if variance else None

    def gaussian(self, like: Array) -> Array:
        """The step's noise of variance 1, one number for each of `like`."""
        return self.unit.gaussian(self.key.fold_in("noise"), like.shape)

    def rounded(self, x: Array, format: Format) -> Array:
        """Rounded to a format by its own modes."""
        key = self.key.fold_in("weight")
        stored = round_to(x, format, key, self.report)
        self.unit.note("convert", stored, [x], format, key)
        return stored

    def drawn(
        self, mean: Array, variance: float | Array, format: Format, method: str = "paper"
    ) -> Array:
        """A value of the format with this mean and variance (see `numfmt.variance_corrected`)."""
        dtype = np.float64 if format.has_irrational else np.float32
        key = self.key.fold_in("weight")
        drawn: Array = variance_corrected(
            *(mean, variance, format),
            key=key,
            method=method,
            report=self.report,
            dtype=dtype,
        )
        stored = drawn.astype(np.float32, copy=False)
        how = {"method": method, "variance": variance}
        self.unit.note("variance_corrected", stored, [mean], format, key, **how)
        return stored


@dataclasses.dataclass(frozen=True)
class Listed(Store):
    """The same, where the machine lists the operations of a step: the noisy result is theirs."""

    program: Program

    def noisy(self, mean: Array, variance: float | Array) -> Array:
        """The list's ``theta``; without noise its ``mean``."""
        return self.program.result("theta") if np.any(variance) else mean


class Program:
    """The operations that a machine lists for a step, on these values by name.

    Only those are done that a result needs, each once.
    """

    def __init__(
        self, ops: tuple[MicroOp, ...], unit: VectorUnit, values: dict[str, Callable[[], Any]]
    ) -> None:
        self._ops = {one.out: one for one in ops}
        self._unit, self._made, self._found = unit, values, dict[str, Any]()

    def result(self, name: str) -> Any:
        """A value or a result by its name."""
        if name not in self._found:
            self._found[name] = self._made[name]() if name in self._made else self._do(name)
        return self._found[name]

    def _do(self, name: str) -> Array:
        one = self._ops[name]
        return self._unit.do(one, [self.result(operand) for operand in one.operands])
