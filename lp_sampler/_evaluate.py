"""The target as a machine computes it, at one step."""

from __future__ import annotations

import copy
import dataclasses
import functools
from typing import Any

import numpy as np
import numpy.typing as npt

from ._arithmetic import needs_bits
from ._batches import epoch_rows, independent_rows
from ._errors import SamplerError
from ._numfmt import Format, Key, Machine, Report, gaussian
from ._rounding import leaves_range, round_to
from ._unit import VectorUnit
from .targets import Target

Array = npt.NDArray[Any]


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """`evaluate(params) -> (log_density, gradient)` of one step, in the machine's arithmetic.

    Parameters are first rounded to the machine's weight format.  `key` carries the step as its call
    and the number of the first element.  Batches are drawn anew every step, or without
    `replacement` from one permutation of the rows after the other.
    """

    target: Target
    machine: Machine
    key: Key
    batch_size: int | None = None
    replacement: bool = True

    def __post_init__(self) -> None:
        size = self.target.data_size
        if self.batch_size is not None and (size is None or not 1 <= self.batch_size <= size):
            raise SamplerError(
                f"batch_size: None or 1 .. {size} rows are allowed; got {self.batch_size}"
            )

    @functools.cached_property
    def unit(self) -> VectorUnit:
        """The machine's vector unit at this step."""
        return VectorUnit(self.machine, self.key.fold_in("unit"), self._first_chain)

    @property
    def _first_chain(self) -> int:
        return self.key.first // self.target.size

    @functools.cached_property
    def _bound(self) -> Target:
        """The target with this step's random bits, where its arithmetic draws any."""
        if not needs_bits(self.machine):
            return self.target
        bound = copy.copy(self.target)
        bound.arithmetic = self.target.arithmetic.at(self.key, self._first_chain)
        return bound

    def log_density(self, params: Array) -> Array:
        """The log density (chains,) alone."""
        weights = self.weights(params, None, None)
        return self._bound.log_density(weights, self._rows())

    @property
    def whole(self) -> Evaluation:
        """The same with all rows of the data."""
        return self if self.batch_size is None else dataclasses.replace(self, batch_size=None)

    def log_prior(self, params: Array) -> Array:
        """The prior's part of the log density (chains,)."""
        return self._bound.log_prior(self.weights(params, None, None))

    def row_log_likelihoods(self, params: Array, rows: npt.NDArray[np.int64]) -> Array:
        """What each of `rows` adds to the log density (chains, rows), up to a constant a row."""
        return self._bound.row_log_likelihoods(self.weights(params, None, None), rows)

    def __call__(self, params: Array) -> tuple[Array, Array]:
        """Log density (chains,) and gradient (chains, parameters)."""
        weights, rows = self.weights(params, None, None), self._rows()
        log_density, gradient = self._bound.evaluate(weights, rows)
        return log_density, self._noisy(gradient)

    def gradient(
        self, params: Array, stored_in: Format | None = None, report: Report | None = None
    ) -> Array:
        """The gradient alone; `stored_in` names the format that holds `params`, `report` counts
        their rounding.
        """
        return self._noisy(
            self._bound.gradient(self.weights(params, stored_in, report), self._rows())
        )

    def weights(self, params: Array, stored_in: Format | None, report: Report | None) -> Array:
        """Parameters as the machine reads them, in its weight format."""
        weight = self.machine.weight
        if stored_in is not None and stored_in.bare() == weight.bare():
            return params
        counted = report if leaves_range(params, weight) else None
        return round_to(params, weight, self.key.fold_in("forward"), counted)

    def _rows(self) -> npt.NDArray[np.int64] | None:
        """This step's batch, one for all chains; None for all rows."""
        if self.batch_size is None or self.target.data_size is None:
            return None
        draw = independent_rows if self.replacement else epoch_rows
        return draw(self.key.fold_in("rows"), self.target.data_size, self.batch_size)

    def _noisy(self, gradient: Array) -> Array:
        if not self.target.gradient_noise:
            return gradient
        noise: Array = gaussian(self.key.fold_in("gradient noise"), gradient.shape)
        number = gradient.dtype.type
        noisy: Array = gradient + noise.astype(number) * number(self.target.gradient_noise)
        return noisy
