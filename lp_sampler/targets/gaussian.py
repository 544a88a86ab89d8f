"""Independent Gaussian coordinates, whose law is known exactly."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .._errors import SamplerError
from ._target import Array, Rows, Target


class Gaussian(Target):
    """Independent Gaussians, one per parameter.

    `mean` and `standard_deviation` broadcast to the parameters, `size` of them where both are
    single numbers; `gradient_noise` is the standard deviation of Gaussian noise added to every
    gradient, as batches would add it.

    >>> Gaussian([0.0, 1.0]).gradient(np.zeros((1, 2)))
    array([[0., 1.]])
    """

    def __init__(
        self,
        mean: npt.ArrayLike = 0.0,
        standard_deviation: npt.ArrayLike = 1.0,
        *,
        size: int = 1,
        gradient_noise: float = 0.0,
    ) -> None:
        mean, deviation = np.asarray(mean, np.float64), np.asarray(standard_deviation, np.float64)
        shape = np.broadcast_shapes(mean.shape, deviation.shape) or (size,)
        if len(shape) != 1 or not np.isfinite(mean).all():
            raise SamplerError(
                f"mean: finite numbers, one a parameter, are allowed; got shape {mean.shape}"
            )
        if not (np.isfinite(deviation).all() and (deviation > 0).all()):
            raise SamplerError(
                f"standard_deviation: finite positive numbers are allowed; got {deviation}"
            )
        if not 0 <= gradient_noise < np.inf:
            raise SamplerError(
                f"gradient_noise: a finite number >= 0 is allowed; got {gradient_noise}"
            )
        self.size = shape[0]
        self.gradient_noise = float(gradient_noise)
        self.names = tuple(f"theta{i}" for i in range(self.size))
        self.mean = np.broadcast_to(mean, shape)
        self._deviation = np.broadcast_to(deviation, shape)
        self.precision = self._deviation**-2

    def arguments(self) -> dict[str, Any]:
        """Mean, standard deviation and gradient noise."""
        return {
            "mean": self.mean,
            "standard_deviation": self._deviation,
            "gradient_noise": self.gradient_noise,
        }

    def log_density(self, params: Array, rows: Rows | None = None) -> Array:
        """The log density up to a constant, shape (chains,)."""
        deviations = params - self.mean.astype(params.dtype)
        return np.asarray(
            (deviations * deviations * self.precision.astype(params.dtype)).sum(axis=1) / -2
        )

    def gradient(self, params: Array, rows: Rows | None = None) -> Array:
        """The gradient of the log density, shape (chains, size)."""
        return np.asarray(
            (self.mean.astype(params.dtype) - params) * self.precision.astype(params.dtype)
        )
