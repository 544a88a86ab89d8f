"""What regressions share: data, batches, products, priors and scores."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from .._errors import SamplerError
from .._numfmt import Format, Key, binary32
from .._rounding import round_to
from .._streams import draw_blocks
from ._sums import row_sums
from ._target import Array, Rows, Target

SINGLE, DOUBLE = np.dtype(np.float32), np.dtype(np.float64)
ROWS_AT_ONCE = 8192
SMALLEST_FLOAT32 = 2.0**-149

AnyRegression = TypeVar("AnyRegression", bound="Regression")


class Regression(Target):
    """A likelihood of labels given predictors X theta, and a prior N(0, prior_scale**2) on every
    parameter.

    A regression has `outputs` predictors a row (parameters: output by output, each as X's columns)
    and says with `_likelihoods`, `_residuals` and `_predictions` what they mean.  In float32 every
    product and every sum is rounded once, in the order of the index.
    """

    outputs = 1
    classifies = False
    link: str | None = None
    """The mean given a predictor, where `binary32.Regression` has the whole gradient."""
    row_weight = 1.0
    _fused: binary32.Regression | None = None

    def __init__(
        self,
        X: npt.ArrayLike,
        y: npt.ArrayLike,
        prior_scale: float = 1.0,
        *,
        names: Sequence[str] | None = None,
        test: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
    ) -> None:
        inputs, labels = self._checked_data(X, y)
        self.data_size, features = inputs.shape
        self.size = features * self.outputs
        self.names = self._checked_names(names)
        self._test = None if test is None else self._checked_data(*test)
        if self._test is not None and self._test[0].shape[1] != features:
            raise SamplerError(
                f"test: {features} columns are needed; got shape {self._test[0].shape}"
            )
        self.prior_scale = positive(prior_scale, "prior_scale")
        self.prior_precision = self.prior_scale**-2
        self._given_labels = labels
        self._labels = {dtype: self._encoded(labels).astype(dtype) for dtype in (SINGLE, DOUBLE)}
        self._set_inputs(inputs.astype(np.float32), inputs)

    def _set_inputs(self, single: Array, double: Array) -> None:
        self._rows = {
            SINGLE: np.ascontiguousarray(single),
            DOUBLE: np.ascontiguousarray(double),
        }
        self._columns = {name: np.ascontiguousarray(rows.T) for name, rows in self._rows.items()}
        self._fused = self._in_one_call()

    def _in_one_call(self) -> binary32.Regression | None:
        if self.link is None:
            return None
        weights = {"row_weight": self.row_weight, "prior_precision": self.prior_precision}
        return binary32.Regression(self._rows[SINGLE], self._labels[SINGLE], self.link, **weights)

    def arguments(self) -> dict[str, Any]:
        """Rows, labels, prior, names and test rows."""
        return {
            "X": self._rows[DOUBLE],
            "y": self._given_labels,
            "prior_scale": self.prior_scale,
            "names": self.names,
            "test": self._test,
        }

    def with_inputs(self: AnyRegression, format: Format, key: Key) -> AnyRegression:
        """The target with `X` rounded to the machine's input format, at least to float32; labels
        stay as they are.
        """
        rounded, exact = copy.copy(self), self._rows[DOUBLE]
        rounded._set_inputs(round_to(exact, format, key).astype(np.float32), exact)
        return rounded

    def log_density(self, params: Array, rows: Rows | None = None) -> Array:
        """The log density up to a constant, shape (chains,)."""
        predictors, labels, scale = self._predictors(params, rows)
        return self._density(params, predictors, labels, scale)

    def gradient(self, params: Array, rows: Rows | None = None) -> Array:
        """The gradient of the log density, shape (chains, size)."""
        whole = rows is None and params.dtype == SINGLE
        if whole and self._fused is not None and self.arithmetic.is_plain:
            return self._fused.gradient(params)
        predictors, labels, scale = self._predictors(params, rows)
        return self._slope(params, rows, self._residuals(predictors, labels), scale)

    def evaluate(self, params: Array, rows: Rows | None = None) -> tuple[Array, Array]:
        """Log density and gradient, with the predictors in common."""
        predictors, labels, scale = self._predictors(params, rows)
        density = self._density(params, predictors, labels, scale)
        return density, self._slope(params, rows, self._residuals(predictors, labels), scale)

    def row_log_likelihoods(self, params: Array, rows: Rows) -> Array:
        """What each of `rows` adds to the log density, (chains, rows), up to a constant a row."""
        predictors, labels, _ = self._predictors(params, rows)
        return self._likelihoods(predictors, labels)

    def log_prior(self, params: Array) -> Array:
        """The prior's log density up to a constant, shape (chains,)."""
        return np.asarray(row_sums(params * params) * params.dtype.type(-self.prior_precision / 2))

    @property
    def test_classes(self) -> Array | None:
        """Labels of the test rows where these are classes."""
        return self._test[1] if self.classifies and self._test is not None else None

    def predict(self, params: Array, X: npt.ArrayLike | None = None) -> Array:
        """What each of `params` (draws, size) predicts of rows `X`, the test rows by default.

        P(y = 1), or the mean of y: shape (draws, rows); probabilities of classes: (draws, rows,
        classes).  SamplerError where there are no rows.
        """
        if X is None and self._test is None:
            raise SamplerError("X: rows to predict are needed; the target has no test rows")
        inputs = np.asarray(X if self._test is None or X is not None else self._test[0], np.float64)
        if inputs.ndim != 2 or inputs.shape[1] * self.outputs != self.size:
            raise SamplerError(
                f"X: shape (rows, {self.size // self.outputs}) is needed; got {inputs.shape}"
            )
        return self._predictions(self._products(params.astype(np.float32), inputs.T))

    def scores(self, draws: Array) -> dict[str, float]:
        """Of the test rows, predicted by the mean over draws (chain, draw, parameter): `nll` a row,
        and `accuracy` of classes or the root of the mean squared error, `rmse`.
        """
        if self._test is None:
            return {}
        inputs, labels = self._test
        encoded, count = self._encoded(labels), draws.shape[0] * draws.shape[1]
        likelihood: Array = np.zeros(len(labels))
        prediction: Any = 0.0
        for block in draw_blocks(draws, ROWS_AT_ONCE):
            predictors = self._products(block, inputs.T)
            logs = self._likelihoods(predictors, encoded.astype(np.float32)).astype(np.float64)
            likelihood += np.exp(logs + self._constant(labels)).sum(axis=0)
            prediction += self._predictions(predictors).sum(axis=0, dtype=np.float64)
        nll = -np.mean(np.log(np.maximum(likelihood / count, SMALLEST_FLOAT32)))
        return {"nll": float(nll), **self._quality(prediction / count, labels)}

    def _density(
        self, params: Array, predictors: Array, labels: Array, scale: np.floating
    ) -> Array:
        likelihood = row_sums(self._likelihoods(predictors, labels))
        return np.asarray(likelihood * scale + self.log_prior(params))

    def _slope(
        self, params: Array, rows: Rows | None, residuals: Array, scale: np.floating
    ) -> Array:
        inputs, unit = self._rows[params.dtype], self.arithmetic.unit
        gradient = self.arithmetic.matmul(
            self.arithmetic.store(residuals, "error"),
            inputs if rows is None else inputs[rows],
            "wgrad",
        )
        if rows is not None:
            gradient = unit.multiply(gradient, scale)
        return unit.subtract(gradient.reshape(params.shape), self._minus_prior_gradient(params))

    def _predictors(self, params: Array, rows: Rows | None) -> tuple[Array, Array, np.floating]:
        """Predictors of the batch (chains, rows), or (chains, outputs, rows) where there are
        several, its labels, and how many times the batch makes the whole data.
        """
        columns, labels = self._columns[params.dtype], self._labels[params.dtype]
        if rows is not None:
            columns, labels = np.ascontiguousarray(columns[:, rows]), labels[..., rows]
        scale = params.dtype.type((self.data_size or 0) / labels.shape[-1])
        return self._products(params, columns), labels, scale

    def _products(self, params: Array, columns: Array) -> Array:
        """Predictors of X's columns."""
        weights = np.ascontiguousarray(params)
        if self.outputs > 1:
            weights = weights.reshape(len(params), self.outputs, -1)
        return self.arithmetic.matmul(weights, np.ascontiguousarray(columns, params.dtype))

    def _checked_data(self, X: npt.ArrayLike, y: npt.ArrayLike) -> tuple[Array, Array]:
        inputs, labels = np.asarray(X, np.float64), numbers(y)
        if inputs.ndim != 2 or 0 in inputs.shape or not np.isfinite(inputs).all():
            raise SamplerError(
                f"X: a finite array (rows, parameters) is needed; got shape {inputs.shape}"
            )
        wanted = self._wrong_labels(labels)
        if labels.shape != inputs.shape[:1] or wanted:
            raise SamplerError(
                f"y: one {wanted or 'label'} for each of the {len(inputs)} rows is needed; got "
                f"shape {labels.shape}"
            )
        return inputs, labels

    def _checked_names(self, names: Sequence[str] | None) -> tuple[str, ...]:
        found = tuple(f"theta{i}" for i in range(self.size)) if names is None else tuple(names)
        if len(found) != self.size:
            raise SamplerError(
                f"names: one for each of {self.size} parameters is needed; got {len(found)}"
            )
        return found

    def _wrong_labels(self, labels: Array) -> str | None:
        """What a label must be, where one is not; None where all are."""
        raise NotImplementedError

    def _encoded(self, labels: Array) -> Array:
        """Labels as the likelihood takes them, rows last."""
        return labels

    def _likelihoods(self, predictors: Array, labels: Array) -> Array:
        """Log likelihood of each row up to a constant, (chains, rows)."""
        raise NotImplementedError

    def _residuals(self, predictors: Array, labels: Array) -> Array:
        """Derivatives of the row's log likelihood by its predictors, shaped as they are."""
        raise NotImplementedError

    def _predictions(self, predictors: Array) -> Array:
        """What `predict` returns."""
        raise NotImplementedError

    def _constant(self, labels: Array) -> Array:
        """What the log likelihood of each row lacks."""
        return np.zeros(len(labels))

    def _quality(self, prediction: Array, labels: Array) -> dict[str, float]:
        """Scores of the mean prediction other than `nll`."""
        return {"rmse": float(np.sqrt(np.mean((prediction - labels) ** 2)))}

    def _minus_prior_gradient(self, params: Array) -> Array:
        number = params.dtype.type(self.prior_precision)
        return self.arithmetic.unit.multiply(params, number)


def numbers(values: npt.ArrayLike) -> Array:
    """`values` in float64, all NaN where they are no numbers."""
    try:
        return np.asarray(values, np.float64)
    except (TypeError, ValueError):
        return np.full(np.shape(np.asarray(values, object)), np.nan)


def positive(value: float, name: str) -> float:
    """`value` where it is a finite positive number; SamplerError elsewhere."""
    if not 0 < value < np.inf:
        raise SamplerError(f"{name}: a finite positive number is allowed; got {value}")
    return float(value)
