"""The posterior of the LASSO: Gaussian likelihood, Laplace prior."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ._laplace import laplace_moments
from ._regression import positive
from ._sums import row_sums
from ._target import Array
from .linear import LinearRegression

ORTHOGONAL = 1e-12
"""Columns whose products are this small beside their squares count as orthogonal."""


class Lasso(LinearRegression):
    """log density ``-|y - X theta|**2 / (2 noise_scale**2) - penalty * |theta|_1``.

    The subgradient at 0 is 0.  `known_moments` has a closed form where X's columns are orthogonal
    and is None elsewhere.  Other arguments as `LinearRegression`.

    >>> target = Lasso(np.eye(2), [1.0, 0.2], noise_scale=0.5, penalty=3.0)
    >>> target.gradient(np.float32([[0.5, 0]]))
    array([[-1. ,  0.8]], dtype=float32)
    >>> mean, variance = target.known_moments()
    >>> print(mean.round(4), variance.round(4))
    [0.4293 0.0691] [0.1505 0.0881]
    """

    link = None

    def __init__(
        self,
        X: npt.ArrayLike,
        y: npt.ArrayLike,
        noise_scale: float = 1.0,
        penalty: float = 1.0,
        *,
        names: Sequence[str] | None = None,
        test: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
    ) -> None:
        self.penalty = positive(penalty, "penalty")
        super().__init__(X, y, noise_scale, names=names, test=test)

    def arguments(self) -> dict[str, Any]:
        """Rows, labels, noise, penalty, names and test rows."""
        found = super().arguments()
        del found["prior_scale"]
        return {**found, "penalty": self.penalty}

    @property
    def smooth(self) -> Lasso:
        """The likelihood alone, without the penalty: what a proximal step takes the gradient of."""
        part = copy.copy(self)
        part.penalty = 0.0
        return part

    def log_prior(self, params: Array) -> Array:
        """``-penalty * |theta|_1``, shape (chains,)."""
        return np.asarray(row_sums(np.abs(params)) * params.dtype.type(-self.penalty))

    def known_moments(self) -> tuple[Array, Array] | None:
        """Mean and variance of each parameter where X's columns are orthogonal, None elsewhere."""
        precision, score = self._normal_equations()
        squares = np.diag(precision)
        across = np.abs(precision - np.diag(squares))
        if not (squares > 0).all() or (across > ORTHOGONAL * squares.min()).any():
            return None
        pairs = [laplace_moments(a, c, self.penalty) for a, c in zip(squares, score, strict=True)]
        mean, variance = np.array(pairs).T
        return mean, variance

    def _minus_prior_gradient(self, params: Array) -> Array:
        return np.asarray(np.sign(params) * params.dtype.type(self.penalty))
