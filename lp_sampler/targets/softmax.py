"""Bayesian softmax (multinomial logistic) regression."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from .._errors import SamplerError
from ._regression import Regression, numbers
from ._target import Array

MOST_CLASSES = 65536
"""More need `classes=`: a label so large is rather a mistake."""


class SoftmaxRegression(Regression):
    """Labels y in 0 .. classes - 1 with P(y = c) proportional to exp(X theta_c), prior
    N(0, prior_scale**2) on every parameter.

    Parameters stand class by class, each class with one for each column of `X`: size = classes *
    columns.  `classes` is the largest label + 1 by default; otherwise as `LogisticRegression`.

    >>> target = SoftmaxRegression([[1.0], [2.0]], [0, 2])
    >>> target.gradient(np.array([[0.0, 1.0, 2.0]])).round(3)
    array([[ 0.878, -1.479, -2.399]])
    """

    classifies = True

    def __init__(
        self,
        X: npt.ArrayLike,
        y: npt.ArrayLike,
        prior_scale: float = 1.0,
        *,
        classes: int | None = None,
        names: Sequence[str] | None = None,
        test: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
    ) -> None:
        if classes is not None and classes < 2:
            raise SamplerError(f"classes: at least 2, or None, is allowed; got {classes}")
        largest = np.nan_to_num(numbers(y), nan=0, posinf=0).max(initial=1)
        self.outputs = int(min(largest + 1, MOST_CLASSES)) if classes is None else classes
        super().__init__(X, y, prior_scale, names=names, test=test)

    def arguments(self) -> dict[str, Any]:
        """Rows, labels, prior, classes, names and test rows."""
        return {**super().arguments(), "classes": self.outputs}

    def _wrong_labels(self, labels: Array) -> str | None:
        right = np.isin(labels, np.arange(self.outputs)).all()
        return None if right else f"class 0 .. {self.outputs - 1}"

    def _encoded(self, labels: Array) -> Array:
        """One row of 0 and 1 a class."""
        return np.asarray(labels == np.arange(self.outputs)[:, None])

    def _log_probabilities(self, predictors: Array) -> Array:
        total = self.arithmetic.log_sum_exp([predictors[:, i] for i in range(self.outputs)])
        return self.arithmetic.unit.subtract(predictors, total[:, None])

    def _likelihoods(self, predictors: Array, labels: Array) -> Array:
        logs = self._log_probabilities(predictors)
        return np.asarray(np.take_along_axis(logs, labels.argmax(axis=0)[None, None], 1)[:, 0])

    def _residuals(self, predictors: Array, labels: Array) -> Array:
        chances = self.arithmetic.exp(self._log_probabilities(predictors))
        return self.arithmetic.unit.subtract(labels, chances)

    def _predictions(self, predictors: Array) -> Array:
        return np.moveaxis(self.arithmetic.exp(self._log_probabilities(predictors)), 1, 2)

    def _quality(self, prediction: Array, labels: Array) -> dict[str, float]:
        return {"accuracy": float(np.mean(prediction.argmax(axis=1) == labels))}
