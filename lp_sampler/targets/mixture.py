"""Mixtures of Gaussians, whose modes a chain must find and leave."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .._errors import SamplerError
from ._sums import row_sums
from ._target import Array, Rows, Target


class GaussianMixture(Target):
    """Components with independent coordinates: sum over k of weights[k] * N(means[k],
    standard_deviations[k]**2).

    `means` has shape (components, size), or (components,) for one parameter; `weights` are positive
    and taken relative to their sum; `standard_deviations` is a number, one a component, or shaped
    as `means`.

    >>> target = GaussianMixture([1, 2], [-1.5, 1.5], 0.5)
    >>> target.known_moments()
    (array([0.5]), array([2.25]))
    """

    def __init__(
        self,
        weights: npt.ArrayLike,
        means: npt.ArrayLike,
        standard_deviations: npt.ArrayLike = 1.0,
    ) -> None:
        self.weights, self.means = np.asarray(weights, np.float64), np.asarray(means, np.float64)
        if self.means.ndim == 1:
            self.means = self.means[:, None]
        if self.means.ndim != 2 or 0 in self.means.shape or not np.isfinite(self.means).all():
            raise SamplerError(
                f"means: finite numbers (components, size) are needed; got shape {self.means.shape}"
            )
        if self.weights.shape != self.means.shape[:1] or not _positive(self.weights):
            raise SamplerError(
                f"weights: one finite positive number a component is needed; got {weights!r}"
            )
        self.weights = self.weights / self.weights.sum()
        self.deviations = self._deviations(np.asarray(standard_deviations, np.float64))
        self.size = self.means.shape[1]
        self.names = tuple(f"theta{i}" for i in range(self.size))

    def _deviations(self, given: Array) -> Array:
        one_a_component = given.ndim == 1 and given.shape == self.weights.shape
        shaped = given[:, None] if one_a_component else given
        if shaped.ndim not in (0, 2) or not _positive(shaped):
            raise SamplerError(
                f"standard_deviations: finite positive numbers are allowed; got {given}"
            )
        try:
            return np.broadcast_to(shaped, self.means.shape)
        except ValueError as error:
            raise SamplerError(
                f"standard_deviations: shape {self.means.shape} is needed; got {given.shape}"
            ) from error

    def arguments(self) -> dict[str, Any]:
        """Weights, means and standard deviations."""
        return {
            "weights": self.weights,
            "means": self.means,
            "standard_deviations": self.deviations,
        }

    def log_density(self, params: Array, rows: Rows | None = None) -> Array:
        """The log density up to a constant, shape (chains,)."""
        return self.arithmetic.log_sum_exp(self._component_logs(params))

    def gradient(self, params: Array, rows: Rows | None = None) -> Array:
        """The gradient of the log density, shape (chains, size)."""
        logs = self._component_logs(params)
        total, gradient = self.arithmetic.log_sum_exp(logs), np.zeros_like(params)
        for log, mean, deviation in zip(logs, self.means, self.deviations, strict=True):
            pull = (mean.astype(params.dtype) - params) * (deviation**-2).astype(params.dtype)
            gradient += self.arithmetic.exp(log - total)[:, None] * pull
        return gradient

    def known_moments(self) -> tuple[Array, Array] | None:
        """Mean and variance of each coordinate."""
        mean = self.weights @ self.means
        return mean, self.weights @ (self.deviations**2 + (self.means - mean) ** 2)

    def _component_logs(self, params: Array) -> list[Array]:
        """Log of each component's part of the density, (chains,)."""
        number, found = params.dtype.type, []
        offsets = np.log(self.weights) - np.log(self.deviations).sum(axis=1)
        for offset, mean, deviation in zip(offsets, self.means, self.deviations, strict=True):
            scaled = (params - mean.astype(number)) * (1 / deviation).astype(number)
            found.append(np.asarray(number(offset) - row_sums(scaled * scaled) / 2))
        return found


def _positive(values: Array) -> bool:
    return bool((np.isfinite(values) & (values > 0)).all())
