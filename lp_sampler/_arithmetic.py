"""Products and functions of a target, as the machine computes them."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ._numfmt import Machine, binary32, machine

Array = npt.NDArray[Any]


class Arithmetic:
    """What targets compute with: products by the machine's datapaths on float32 arrays.

    float64 arrays, those of the reference, are multiplied in float64.
    """

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    def matmul(self, a: Array, b: Array, role: str = "fprop") -> Array:
        """a @ b, (m, k) times (k, n): `role` is the pass that it serves, "fprop", "dgrad" or
        "wgrad".  A row of the result depends on its row of `a` alone.
        """
        return binary32.matmul(a, b)

    def logistic(self, z: Array) -> Array:
        """1 / (1 + exp(-z))."""
        if z.dtype == np.float32:
            return binary32.logistic(z)
        small = np.exp(-np.abs(z))
        return np.asarray(np.where(z < 0, small, 1.0) / (1 + small))

    def log_logistic(self, z: Array) -> Array:
        """log(logistic(z))."""
        if z.dtype == np.float32:
            return binary32.log_logistic(z)
        return np.asarray(np.minimum(z, 0) - np.log1p(np.exp(-np.abs(z))))

    def exp(self, z: Array) -> Array:
        """exp(z), infinity where that overflows.

        In float32 it is logistic(z) / logistic(-z), whose error is under 2 ulp below z = 87:
        NumPy's own differs between processors.
        """
        with np.errstate(over="ignore", divide="ignore"):
            if z.dtype == np.float32:
                return np.asarray(self.logistic(z) / self.logistic(-z))
            return np.asarray(np.exp(z))

    def log_sum_exp(self, terms: Sequence[Array]) -> Array:
        """log(sum of exp(term)) over arrays of one shape, in their order, without overflow."""
        return functools.reduce(self._log_add, terms)

    def _log_add(self, a: Array, b: Array) -> Array:
        """log(exp(a) + exp(b)): the larger one, and log(1 + exp(-distance)) more."""
        return np.asarray(np.maximum(a, b) - self.log_logistic(np.abs(a - b)))


@functools.lru_cache(maxsize=1)
def in_float32() -> Arithmetic:
    """Of a target that is bound to no machine."""
    return Arithmetic(machine("float32"))
