"""Storing a step's result: the primitives of which every accumulator policy is made."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt

from ._numfmt import Format, Key, Report, variance_corrected
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
        return round_to(x, format, self.key.fold_in("weight"), self.report)

    def drawn(
        self, mean: Array, variance: float | Array, format: Format, method: str = "paper"
    ) -> Array:
        """A value of the format with this mean and variance (see `numfmt.variance_corrected`)."""
        dtype = np.float64 if format.has_irrational else np.float32
        drawn: Array = variance_corrected(
            *(mean, variance, format),
            key=self.key.fold_in("weight"),
            method=method,
            report=self.report,
            dtype=dtype,
        )
        return drawn.astype(np.float32, copy=False)
