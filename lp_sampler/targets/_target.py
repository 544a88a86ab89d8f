"""What a target is: a log density of parameters, with its gradient."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from .._arithmetic import Arithmetic, in_float32

if TYPE_CHECKING:
    from .._numfmt import Format, Key, Machine

Array = npt.NDArray[Any]
Rows = npt.NDArray[np.int64]


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
        bound.arithmetic = Arithmetic(machine)
        return bound

    @property
    def arithmetic(self) -> Arithmetic:
        """What products and functions are computed with."""
        return self._arithmetic or in_float32()

    @arithmetic.setter
    def arithmetic(self, arithmetic: Arithmetic) -> None:
        self._arithmetic = arithmetic

    def scores(self, draws: Array) -> dict[str, float]:
        """`nll` and `accuracy` of predictions by draws (chain, draw, parameter); empty where
        nothing is predicted.
        """
        return {}
