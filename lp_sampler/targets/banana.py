"""A Gaussian bent into a banana, whose moments stay known."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._errors import SamplerError
from ._regression import positive
from ._target import Array, Rows, Target


class Banana(Target):
    """Two parameters: x ~ N(0, scale**2), and y ~ N(bend * (x**2 - scale**2), 1) given x.

    Of the twisted Gaussians of Haario, Saksman and Tamminen (Computational Statistics 1999): a
    curved ridge, with mean 0, Var x = scale**2 and Var y = 1 + 2 * bend**2 * scale**4.

    >>> Banana(scale=2.0, bend=0.5).known_moments()
    (array([0., 0.]), array([4., 9.]))
    """

    size, names = 2, ("x", "y")

    def __init__(self, scale: float = 1.0, bend: float = 1.0) -> None:
        self.scale = positive(scale, "scale")
        if not math.isfinite(bend):
            raise SamplerError(f"bend: a finite number is allowed; got {bend}")
        self.bend = float(bend)

    def arguments(self) -> dict[str, Any]:
        """Scale and bend."""
        return {"scale": self.scale, "bend": self.bend}

    def log_density(self, params: Array, rows: Rows | None = None) -> Array:
        """The log density up to a constant, shape (chains,)."""
        x, distance, number = *self._from_ridge(params), params.dtype.type
        return np.asarray((x * x * number(self.scale**-2) + distance * distance) / -2)

    def gradient(self, params: Array, rows: Rows | None = None) -> Array:
        """The gradient of the log density, shape (chains, 2)."""
        x, distance, number = *self._from_ridge(params), params.dtype.type
        along = x * (distance * number(2 * self.bend) - number(self.scale**-2))
        return np.stack([along, -distance], axis=1)

    def known_moments(self) -> tuple[Array, Array] | None:
        """Mean and variance of x and y."""
        squared = self.scale**2
        return np.zeros(2), np.array([squared, 1 + 2 * self.bend**2 * squared**2])

    def _from_ridge(self, params: Array) -> tuple[Array, Array]:
        """x, and y's distance from its mean given x."""
        x, y, number = params[:, 0], params[:, 1], params.dtype.type
        return x, y - (x * x - number(self.scale**2)) * number(self.bend)
