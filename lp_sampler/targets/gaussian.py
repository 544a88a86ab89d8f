"""Gaussians, whose law is known exactly."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .._errors import SamplerError
from ._sums import row_sums
from ._target import Array, Rows, Target


class Gaussian(Target):
    """A Gaussian: independent parameters, or any `covariance`.

    `mean` and `standard_deviation` (1 by default) broadcast to the parameters, `size` of them where
    both are single numbers; `covariance` (size, size), symmetric and positive definite, takes the
    standard deviations' place; `gradient_noise` is the standard deviation of Gaussian noise added
    to every gradient, as batches would add it.

    >>> Gaussian([0.0, 1.0]).gradient(np.zeros((1, 2)))
    array([[0., 1.]])
    >>> Gaussian(covariance=[[2, 1], [1, 1]]).gradient(np.ones((1, 2)))
    array([[ 0., -1.]])
    """

    def __init__(
        self,
        mean: npt.ArrayLike = 0.0,
        standard_deviation: npt.ArrayLike | None = None,
        *,
        covariance: npt.ArrayLike | None = None,
        size: int = 1,
        gradient_noise: float = 0.0,
    ) -> None:
        if covariance is not None and standard_deviation is not None:
            raise SamplerError("standard_deviation: it or covariance is allowed; got both")
        self.covariance = None if covariance is None else _checked_covariance(covariance)
        if self.covariance is None:
            deviation = np.asarray(
                1.0 if standard_deviation is None else standard_deviation, np.float64
            )
        else:
            deviation = np.sqrt(np.diag(self.covariance))
        if size < 1:
            raise SamplerError(f"size: at least one parameter is needed; got {size}")
        if not 0 <= gradient_noise < np.inf:
            raise SamplerError(
                f"gradient_noise: a finite number >= 0 is allowed; got {gradient_noise}"
            )
        self.gradient_noise = float(gradient_noise)
        self.mean, self._deviation = _one_a_parameter(np.asarray(mean, np.float64), deviation, size)
        self.size = len(self.mean)
        self.names = tuple(f"theta{i}" for i in range(self.size))
        self.precision = self._deviation**-2
        if self.covariance is not None:
            if len(self.covariance) != self.size:
                raise SamplerError(
                    f"covariance: {self.size} rows are needed; got shape {self.covariance.shape}"
                )
            inverse = np.linalg.inv(self.covariance)
            self.precision = (inverse + inverse.T) / 2

    def arguments(self) -> dict[str, Any]:
        """Mean, standard deviation or covariance, and gradient noise."""
        spread = "standard_deviation" if self.covariance is None else "covariance"
        given = self._deviation if self.covariance is None else self.covariance
        return {"mean": self.mean, spread: given, "gradient_noise": self.gradient_noise}

    def log_density(self, params: Array, rows: Rows | None = None) -> Array:
        """The log density up to a constant, shape (chains,)."""
        deviations = params - self.mean.astype(params.dtype)
        return row_sums(deviations * self._times_precision(deviations)) / -2

    def gradient(self, params: Array, rows: Rows | None = None) -> Array:
        """The gradient of the log density, shape (chains, size)."""
        return self._times_precision(self.mean.astype(params.dtype) - params)

    def known_moments(self) -> tuple[Array, Array] | None:
        """Mean and variance of each parameter."""
        variance = self.precision**-1 if self.covariance is None else np.diag(self.covariance)
        return self.mean.copy(), variance.copy()

    def _times_precision(self, deviations: Array) -> Array:
        precision = self.precision.astype(deviations.dtype)
        if self.covariance is None:
            return np.asarray(deviations * precision)
        return self.arithmetic.matmul(deviations, precision)


def _one_a_parameter(mean: Array, deviation: Array, size: int) -> tuple[Array, Array]:
    """Means and standard deviations, (parameters,) each."""
    if not np.isfinite(mean).all():
        raise SamplerError(f"mean: finite numbers are allowed; got {mean}")
    if not (np.isfinite(deviation).all() and (deviation > 0).all()):
        raise SamplerError(
            f"standard_deviation: finite positive numbers are allowed; got {deviation}"
        )
    try:
        shape = np.broadcast_shapes(mean.shape, deviation.shape) or (size,)
    except ValueError:
        shape = ()
    if len(shape) != 1:
        raise SamplerError(
            "mean: it and standard_deviation must be numbers, one a parameter; got shapes "
            f"{mean.shape} and {deviation.shape}"
        )
    return np.broadcast_to(mean, shape), np.broadcast_to(deviation, shape)


def _checked_covariance(given: npt.ArrayLike) -> Array:
    """A symmetric, positive definite matrix."""
    covariance = np.asarray(given, np.float64)
    square = covariance.ndim == 2 and covariance.shape[0] == covariance.shape[1] > 0
    if square and np.isfinite(covariance).all() and (covariance == covariance.T).all():
        try:
            np.linalg.cholesky(covariance)
            return covariance
        except np.linalg.LinAlgError:
            pass
    raise SamplerError(
        "covariance: a symmetric, positive definite matrix is needed; got "
        f"{covariance if covariance.size <= 9 else f'shape {covariance.shape}'}".replace("\n", "")
    )
