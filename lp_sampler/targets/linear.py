"""Bayesian linear regression, whose posterior is a known Gaussian."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ._regression import DOUBLE, Regression, positive
from ._target import Array


class LinearRegression(Regression):
    """Responses y = X theta + N(0, noise_scale**2), prior N(0, prior_scale**2) on every parameter.

    Other arguments as `LogisticRegression`; `y` takes any finite numbers.

    >>> target = LinearRegression([[1.0], [2.0]], [1.0, 2.0], prior_scale=2.0)
    >>> mean, variance = target.known_moments()
    >>> print(mean.round(4), variance.round(4))
    [0.9524] [0.1905]
    """

    link: str | None = "identity"

    def __init__(
        self,
        X: npt.ArrayLike,
        y: npt.ArrayLike,
        noise_scale: float = 1.0,
        prior_scale: float = 1.0,
        *,
        names: Sequence[str] | None = None,
        test: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
    ) -> None:
        self.noise_scale = positive(noise_scale, "noise_scale")
        self.noise_precision = self.row_weight = self.noise_scale**-2
        super().__init__(X, y, prior_scale, names=names, test=test)

    def arguments(self) -> dict[str, Any]:
        """Rows, labels, noise, prior, names and test rows."""
        return {**super().arguments(), "noise_scale": self.noise_scale}

    def known_moments(self) -> tuple[Array, Array] | None:
        """Mean and variance of the posterior, by its normal equations in float64."""
        precision, score = self._normal_equations()
        covariance = np.linalg.inv(precision + self.prior_precision * np.eye(self.size))
        return covariance @ score, np.diag(covariance).copy()

    def _normal_equations(self) -> tuple[Array, Array]:
        """The likelihood's precision matrix, and its gradient at 0."""
        inputs, labels = self._rows[DOUBLE], self._labels[DOUBLE]
        return inputs.T @ inputs * self.noise_precision, inputs.T @ labels * self.noise_precision

    def _wrong_labels(self, labels: Array) -> str | None:
        return None if np.isfinite(labels).all() else "finite number"

    def _likelihoods(self, predictors: Array, labels: Array) -> Array:
        errors = labels - predictors
        return np.asarray(errors * errors * errors.dtype.type(-self.noise_precision / 2))

    def _residuals(self, predictors: Array, labels: Array) -> Array:
        unit, number = self.arithmetic.unit, predictors.dtype.type
        return unit.multiply(unit.subtract(labels, predictors), number(self.noise_precision))

    def _predictions(self, predictors: Array) -> Array:
        return predictors

    def _constant(self, labels: Array) -> Array:
        return np.full(len(labels), math.log(self.noise_precision / (2 * math.pi)) / 2)
