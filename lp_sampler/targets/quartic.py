"""A convex energy that is no square: x**4 / 4 + x**2 / 2 in each coordinate."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._errors import SamplerError
from ._sums import row_sums
from ._target import Array, Rows, Target

REACH, INTERVALS = 8.0, 4096
"""Beyond 8 the density is below e**-1000; the trapezoidal rule on this grid is exact to float64."""


class Quartic(Target):
    """log density -(x**4 / 4 + x**2 / 2), summed over `size` independent coordinates.

    The simplest target on which storing gradients' arguments in low precision leaves a bias of the
    order of the squared gap.

    >>> mean, variance = Quartic().known_moments()
    >>> print(mean, variance.round(6))
    [0.] [0.46792]
    """

    def __init__(self, size: int = 1) -> None:
        if size < 1:
            raise SamplerError(f"size: at least one parameter is needed; got {size}")
        self.size = size
        self.names = tuple(f"theta{i}" for i in range(size))

    def arguments(self) -> dict[str, Any]:
        """The number of parameters."""
        return {"size": self.size}

    def log_density(self, params: Array, rows: Rows | None = None) -> Array:
        """The log density up to a constant, shape (chains,)."""
        squares = params * params
        return -row_sums(squares * (squares / 4 + params.dtype.type(0.5)))

    def gradient(self, params: Array, rows: Rows | None = None) -> Array:
        """The gradient of the log density, shape (chains, size)."""
        return np.asarray(-params * (params * params + 1))

    def known_moments(self) -> tuple[Array, Array] | None:
        """Mean and variance of each coordinate."""
        x = np.linspace(-REACH, REACH, INTERVALS + 1)
        density = np.exp(-(x**4) / 4 - x**2 / 2)
        variance = (density * x**2).sum() / density.sum()
        return np.zeros(self.size), np.full(self.size, variance)
