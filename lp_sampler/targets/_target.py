"""What a target is: a log density of parameters, with its gradient."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from .._arithmetic import Arithmetic, in_float32
from .._errors import SamplerError
from .._hashes import data_hash

if TYPE_CHECKING:
    from .._numfmt import Format, Key, Machine

Array = npt.NDArray[Any]
Rows = npt.NDArray[np.int64]
POINTS_ROWS = 16
"""Rows of the batch that a target without arguments is known by."""


class Target:
    """A distribution to sample from: subclass it, or use `Custom` with two functions.

    `params` is an array (chains, size), float32 for emulated arithmetic and float64 for the
    reference; results have its dtype.  `rows` picks a batch of the data (row numbers), None all of
    it; what is returned always estimates the whole data's log density, not negated.  A chain's
    result must not depend on the chains beside it.
    """

    size: int
    data_size: int | None = None
    gradient_noise: float = 0.0
    names: tuple[str, ...]
    _arithmetic: Arithmetic | None = None

    def log_density(self, params: Array, rows: Rows | None = None) -> Array:
        """The log density up to a constant, shape (chains,)."""
        raise NotImplementedError

    def gradient(self, params: Array, rows: Rows | None = None) -> Array:
        """The gradient of the log density, shape (chains, size)."""
        raise NotImplementedError

    def evaluate(self, params: Array, rows: Rows | None = None) -> tuple[Array, Array]:
        """Log density and gradient; override it where they share work."""
        return self.log_density(params, rows), self.gradient(params, rows)

    def log_prior(self, params: Array) -> Array:
        """The part of the log density that no row of the data adds to, shape (chains,)."""
        raise self._without_rows()

    def row_log_likelihoods(self, params: Array, rows: Rows) -> Array:
        """What each of `rows` adds to the log density, shape (chains, rows), up to a constant a
        row; SamplerError where the target does not say.
        """
        raise self._without_rows()

    def _without_rows(self) -> SamplerError:
        return SamplerError(f"target: {type(self).__name__} has no likelihoods of single rows")

    def with_inputs(self, format: Format, key: Key) -> Target:
        """The target with its data rounded to the machine's input format; itself where it has no
        data.
        """
        return self

    def on(self, machine: Machine, key: Key) -> Target:
        """The target as a machine computes it: data in its input format, products by its
        datapaths.
        """
        bound = copy.copy(self.with_inputs(machine.input, key))
        bound.arithmetic = Arithmetic(machine, key.fold_in("arithmetic"))
        return bound

    @property
    def arithmetic(self) -> Arithmetic:
        """What products and functions are computed with."""
        return self._arithmetic or in_float32()

    @arithmetic.setter
    def arithmetic(self, arithmetic: Arithmetic) -> None:
        self._arithmetic = arithmetic

    def arguments(self) -> dict[str, Any] | None:
        """The constructor's arguments that make an equal target: numbers, texts, None, arrays,
        other targets, and tuples of these.

        A stored run keeps them and needs no target to be resumed.  None where functions decide:
        such a target is handed in again.
        """
        return None

    def describe(self) -> dict[str, Any]:
        """What the target is, in plain data, for the record of a run."""
        return {"class": type(self).__name__, "size": self.size, "data_size": self.data_size}

    def data_hash(self) -> str:
        """SHA-256 of what decides the target's values: its arguments, or where there are none its
        values at a few points.
        """
        arguments = self.arguments()
        values = self._values_at_points() if arguments is None else arguments
        return data_hash(self.describe(), self.gradient_noise, values)

    def _values_at_points(self) -> list[Array]:
        """Of all rows, and of a batch, at points between 0 and 1."""
        fractions = np.arange(2 * self.size, dtype=np.uint64) * np.uint64(40503) % np.uint64(65536)
        points = (fractions.astype(np.float32) / np.float32(65536)).reshape(2, self.size)
        batches: list[Rows | None] = [None]
        if self.data_size is not None:
            batches.append(np.arange(self.data_size)[:: -(-self.data_size // POINTS_ROWS)])
        with np.errstate(all="ignore"):
            return [
                part
                for rows in batches
                for part in (self.log_density(points, rows), self.gradient(points, rows))
            ]

    def known_moments(self) -> tuple[Array, Array] | None:
        """Mean and variance of each parameter, where they are known; None elsewhere."""
        return None

    @property
    def test_classes(self) -> Array | None:
        """Labels of the test rows, whose probabilities `predict` gives; None where no classes are
        predicted.
        """
        return None

    def predict(self, params: Array) -> Array:
        """Of each of `params` (draws, size): P(y = 1) of the test rows (draws, rows), or the
        probabilities of classes (draws, rows, classes), where there are `test_classes`.
        """
        raise NotImplementedError

    def start(self, key: Key, shape: tuple[int, int]) -> Array:
        """Where chains start that are given no other place, shape (chains, size): 0."""
        return np.zeros(shape, np.float32)

    def scores(self, draws: Array) -> dict[str, float]:
        """`nll` and `accuracy` or `rmse` of predictions by draws (chain, draw, parameter); empty
        where nothing is predicted.
        """
        return {}
