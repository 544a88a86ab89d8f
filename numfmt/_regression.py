"""The gradient of a Bayesian regression in float32, in one call of the core."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from . import _core
from ._core import ffi, lib
from ._errors import DtypeError, NumfmtError, RangeError, ShapeError, unknown

Array = np.ndarray[Any, Any]

LINKS = {
    "identity": lib.NF_LINK_IDENTITY,
    "logistic": lib.NF_LINK_LOGISTIC,
    "exp": lib.NF_LINK_EXP,
}


class Regression:
    """A generalised linear model's data, and the gradient of its log posterior in float32.

    The gradient is ``(row_weight * (labels - mean(params @ x.T))) @ x - prior_precision * params``,
    every operation rounded, products summed as `matmul` does: the same bits on every machine, and a
    row of `params` gives the same alone and among others.

    Args:
        x: (rows, features), float32, one row an observation.
        labels: (rows,), float32.
        link: the mean given a predictor: ``"identity"``, ``"logistic"`` or ``"exp"``, as the
            functions of this module compute it.
        row_weight: 1, or the precision of a linear regression's noise; used as a float32.
        prior_precision: of every parameter's Gaussian prior of mean 0; used as a float32.

    Raises:
        DtypeError, ShapeError: other arrays than these.
        NumfmtError, RangeError: an unknown link; a number that is not finite.

    >>> import numpy as np
    >>> from numfmt import binary32
    >>> model = binary32.Regression(np.float32([[1], [2]]), np.float32([0, 1]))
    >>> model.gradient(np.float32([[0]]))
    array([[0.5]], dtype=float32)
    """

    def __init__(
        self,
        x: Any,
        labels: Any,
        link: str = "logistic",
        *,
        row_weight: float = 1.0,
        prior_precision: float = 1.0,
    ) -> None:
        if link not in LINKS:
            raise NumfmtError(unknown("link", link, LINKS))
        self._x, self._labels = _floats(x, "x", 2), _floats(labels, "labels", 1)
        if self._labels.shape != self._x.shape[:1]:
            raise ShapeError(
                f"labels has shape {self._labels.shape}; one for each of the {len(self._x)} rows "
                f"of x is needed"
            )
        self._transposed = np.ascontiguousarray(self._x.T)
        self._numbers = (
            LINKS[link],
            _finite(row_weight, "row_weight"),
            _finite(prior_precision, "prior_precision"),
        )
        self._structures: dict[int, Any] = {}

    def gradient(self, params: Any) -> Array:
        """The gradient at each row of `params`, (chains, features) float32; the same shape.

        Raises:
            DtypeError, ShapeError: another array.
        """
        points = _floats(params, "params", 2)
        if points.shape[1] != self._x.shape[1]:
            raise ShapeError(
                f"params has shape {points.shape}; {self._x.shape[1]} columns are needed"
            )
        out = np.empty(points.shape, np.float32)
        status = lib.nf_regression_gradient(
            self._structure(), _pointer(points), _pointer(out), len(points)
        )
        _core.check(status)
        return out

    def _structure(self) -> Any:
        """What the core reads, for the instruction set in use; calls of several threads share
        it."""
        isa = _core.isa_number()
        if isa not in self._structures:
            c = ffi.new("nf_regression *")
            c.link, c.row_weight, c.prior_precision = self._numbers
            c.rows, c.features = self._x.shape
            c.x, c.x_transposed = _pointer(self._x), _pointer(self._transposed)
            c.labels, c.isa = _pointer(self._labels), isa
            self._structures[isa] = c
        return self._structures[isa]

    def __getstate__(self) -> dict[str, Any]:
        """The data alone: what the core reads is made again."""
        return {**self.__dict__, "_structures": {}}


def _floats(value: Any, name: str, dimensions: int) -> Array:
    array = np.asarray(value)
    if array.dtype != np.float32:
        raise DtypeError(f"{name} has dtype {array.dtype}; it must be float32")
    if array.ndim != dimensions:
        raise ShapeError(f"{name} has shape {array.shape}; {dimensions} dimensions are needed")
    return np.ascontiguousarray(array)


def _finite(value: float, name: str) -> float:
    if not math.isfinite(value):
        raise RangeError(f"{name}={value!r} must be finite")
    return float(np.float32(value))


def _pointer(array: Array) -> Any:
    return ffi.cast("float *", _core.pointer(array))
