"""Bayesian logistic regression."""

from __future__ import annotations

import numpy as np

from ._regression import Regression
from ._target import Array


class LogisticRegression(Regression):
    """Labels y in {0, 1} with P(y = 1) = logistic(X theta), prior N(0, prior_scale**2) on every
    parameter.

    `X` has shape (rows, parameters), with its own column of ones where an intercept is wanted; `y`
    shape (rows,); `test` is such a pair of rows that are only predicted. In float32 every product
    and every sum is rounded once, in the order of the index, so that a chain's gradient never
    depends on the chains beside it, on the instruction set or on the number of threads.

    >>> LogisticRegression([[1.0], [2.0]], [0, 1]).gradient(np.zeros((1, 1)))
    array([[0.5]])
    """

    classifies = True
    link = "logistic"

    def _wrong_labels(self, labels: Array) -> str | None:
        return None if np.isin(labels, (0, 1)).all() else "0 or 1"

    def _likelihoods(self, predictors: Array, labels: Array) -> Array:
        return self.arithmetic.log_logistic(np.where(labels > 0, predictors, -predictors))

    def _residuals(self, predictors: Array, labels: Array) -> Array:
        return self.arithmetic.unit.subtract(labels, self.arithmetic.logistic(predictors))

    def _predictions(self, predictors: Array) -> Array:
        return self.arithmetic.logistic(predictors)

    def _quality(self, prediction: Array, labels: Array) -> dict[str, float]:
        likelihood = np.where(labels > 0, prediction, 1 - prediction)
        return {"accuracy": float(np.mean(likelihood > 0.5))}
