"""Bayesian Poisson regression."""

from __future__ import annotations

import math

import numpy as np

from ._regression import Regression
from ._target import Array


class PoissonRegression(Regression):
    """Counts y = 0, 1, 2, ... with mean exp(X theta), prior N(0, prior_scale**2) on every
    parameter.

    Arguments as `LogisticRegression`.  The rate overflows float32 where X theta passes 88: keep
    columns near unit scale.

    >>> PoissonRegression([[1.0], [2.0]], [0, 3]).gradient(np.zeros((1, 1)))
    array([[3.]])
    """

    link = "exp"

    def _wrong_labels(self, labels: Array) -> str | None:
        counts = np.isfinite(labels) & (labels >= 0) & (labels == np.floor(labels))
        return None if counts.all() else "count 0, 1, 2, ..."

    def _likelihoods(self, predictors: Array, labels: Array) -> Array:
        return np.asarray(labels * predictors - self.arithmetic.exp(predictors))

    def _residuals(self, predictors: Array, labels: Array) -> Array:
        return self.arithmetic.unit.subtract(labels, self.arithmetic.exp(predictors))

    def _predictions(self, predictors: Array) -> Array:
        return self.arithmetic.exp(predictors)

    def _constant(self, labels: Array) -> Array:
        return np.array([-math.lgamma(count + 1.0) for count in labels])
