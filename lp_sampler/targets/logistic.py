"""Bayesian logistic regression."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from .._arithmetic import in_float32
from .._errors import SamplerError
from .._numfmt import Format, Key
from .._rounding import round_to
from ._target import Array, Rows, Target

SINGLE, DOUBLE = np.dtype(np.float32), np.dtype(np.float64)
ROWS_AT_ONCE = 8192
SMALLEST_FLOAT32 = 2.0**-149


class LogisticRegression(Target):
    """Labels y in {0, 1} with P(y = 1) = logistic(X theta), prior N(0, prior_scale**2) on every
    parameter.

    `X` has shape (rows, parameters), with its own column of ones where an intercept is wanted; `y`
    shape (rows,); `test` is such a pair of rows that are only predicted. In float32 every product
    and every sum is rounded once, in the order of the index, so that a chain's gradient never
    depends on the chains beside it, on the instruction set or on the number of threads.

    >>> LogisticRegression([[1.0], [2.0]], [0, 1]).gradient(np.zeros((1, 1)))
    array([[0.5]])
    """

    def __init__(
        self,
        X: npt.ArrayLike,
        y: npt.ArrayLike,
        prior_scale: float = 1.0,
        *,
        names: Sequence[str] | None = None,
        test: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
    ) -> None:
        inputs, labels = _checked_data(X, y)
        if not 0 < prior_scale < np.inf:
            raise SamplerError(
                f"prior_scale: a finite positive number is allowed; got {prior_scale}"
            )
        self.data_size, self.size = inputs.shape
        self.names = (
            tuple(names) if names is not None else tuple(f"theta{i}" for i in range(self.size))
        )
        if len(self.names) != self.size:
            raise SamplerError(
                f"names: one for each of {self.size} parameters is needed; got {len(self.names)}"
            )
        self._test = None if test is None else _checked_data(*test)
        if self._test is not None and self._test[0].shape[1] != self.size:
            raise SamplerError(
                f"test: {self.size} parameters are needed; got shape {self._test[0].shape}"
            )
        self._prior_scale = float(prior_scale)
        self.prior_precision = self._prior_scale**-2
        self._labels = {dtype: labels.astype(dtype) for dtype in (SINGLE, DOUBLE)}
        self._set_inputs(inputs.astype(np.float32), inputs)

    def _set_inputs(self, single: Array, double: Array) -> None:
        self._rows = {
            SINGLE: np.ascontiguousarray(single),
            DOUBLE: np.ascontiguousarray(double),
        }
        self._columns = {name: np.ascontiguousarray(rows.T) for name, rows in self._rows.items()}

    def arguments(self) -> dict[str, Any]:
        """Rows, labels, prior, names and test rows."""
        return {
            "X": self._rows[DOUBLE],
            "y": self._labels[DOUBLE],
            "prior_scale": self._prior_scale,
            "names": self.names,
            "test": self._test,
        }

    def with_inputs(self, format: Format, key: Key) -> LogisticRegression:
        """The target with `X` rounded to the machine's input format, at least to float32."""
        rounded, exact = copy.copy(self), self._rows[DOUBLE]
        rounded._set_inputs(round_to(exact, format, key).astype(np.float32), exact)
        return rounded

    def log_density(self, params: Array, rows: Rows | None = None) -> Array:
        """The log density up to a constant, shape (chains,)."""
        logits, labels, scale = self._logits(params, rows)
        return self._density(
            params, self.arithmetic.log_logistic(np.where(labels > 0, logits, -logits)), scale
        )

    def gradient(self, params: Array, rows: Rows | None = None) -> Array:
        """The gradient of the log density, shape (chains, size)."""
        logits, labels, scale = self._logits(params, rows)
        return self._slope(params, rows, self.arithmetic.logistic(logits), labels, scale)

    def evaluate(self, params: Array, rows: Rows | None = None) -> tuple[Array, Array]:
        """Log density and gradient, with the logits in common."""
        logits, labels, scale = self._logits(params, rows)
        likelihoods = self.arithmetic.log_logistic(np.where(labels > 0, logits, -logits))
        density = self._density(params, likelihoods, scale)
        return density, self._slope(params, rows, self.arithmetic.logistic(logits), labels, scale)

    def _density(self, params: Array, likelihoods: Array, scale: np.floating) -> Array:
        prior = (params * params).sum(axis=1) * (self.prior_precision / 2)
        return np.asarray(likelihoods.sum(axis=1) * scale - prior)

    def _slope(
        self,
        params: Array,
        rows: Rows | None,
        probabilities: Array,
        labels: Array,
        scale: np.floating,
    ) -> Array:
        residuals = np.subtract(labels, probabilities, out=probabilities)
        inputs = self._rows[params.dtype]
        gradient = self.arithmetic.matmul(
            residuals, inputs if rows is None else inputs[rows], "wgrad"
        )
        if rows is not None:
            gradient *= scale
        gradient -= params * params.dtype.type(self.prior_precision)
        return gradient

    def scores(self, draws: Array) -> dict[str, float]:
        """Of the test rows, predicted by the mean over draws (chain, draw, parameter): `nll` a row,
        and `accuracy`.
        """
        if self._test is None:
            return {}
        inputs, labels = self._test
        pieces = draws.reshape(-1, self.size).astype(np.float32)
        columns = np.ascontiguousarray(inputs.T.astype(np.float32))
        probability = np.zeros(len(labels))
        for begin in range(0, len(pieces), ROWS_AT_ONCE):
            logits = in_float32().matmul(pieces[begin : begin + ROWS_AT_ONCE], columns)
            probability += in_float32().logistic(logits).sum(axis=0, dtype=np.float64)
        probability /= len(pieces)
        likelihood = np.where(labels > 0, probability, 1 - probability)
        return {
            "nll": float(-np.mean(np.log(np.maximum(likelihood, SMALLEST_FLOAT32)))),
            "accuracy": float(np.mean(likelihood > 0.5)),
        }

    def _logits(self, params: Array, rows: Rows | None) -> tuple[Array, Array, np.floating]:
        """Logits of the batch, its labels, and how many times the batch makes the whole data."""
        columns, labels = self._columns[params.dtype], self._labels[params.dtype]
        if rows is not None:
            columns, labels = np.ascontiguousarray(columns[:, rows]), labels[rows]
        scale = params.dtype.type(len(self._labels[params.dtype]) / len(labels))
        return self.arithmetic.matmul(params, columns), labels, scale


def _checked_data(X: npt.ArrayLike, y: npt.ArrayLike) -> tuple[Array, Array]:
    inputs, labels = np.asarray(X, np.float64), np.asarray(y)
    if inputs.ndim != 2 or 0 in inputs.shape or not np.isfinite(inputs).all():
        raise SamplerError(
            f"X: a finite array (rows, parameters) is needed; got shape {inputs.shape}"
        )
    if labels.shape != inputs.shape[:1] or not np.isin(labels, (0, 1)).all():
        raise SamplerError(
            f"y: one 0 or 1 for each of the {len(inputs)} rows is needed; got shape {labels.shape}"
        )
    return inputs, labels
