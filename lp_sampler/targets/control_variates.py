"""Control variates: batches that only estimate what changed since the mode."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import numpy.typing as npt

from .._arithmetic import Arithmetic
from .._errors import SamplerError
from .._hashes import data_hash
from .._numfmt import Format, Key, Machine
from ._target import Array, Rows, Target


class ControlVariates(Target):
    """The same distribution as `target`, with batches of less variance.

    A batch's gradient is full(at) + batch(params) - batch(at): unbiased, and exact at `at`, a point
    near the mode, shape (size,).  Log densities of batches are estimated alike; without batches
    nothing changes (Baker et al., Statistics and Computing 2019).

    >>> from lp_sampler.targets import LinearRegression
    >>> plain = LinearRegression([[1.0], [2.0]], [0.0, 1.0])
    >>> target = ControlVariates(plain, at=[0.25])
    >>> params, first_row = np.array([[0.25]]), np.array([0])
    >>> plain.gradient(params).item(), plain.gradient(params, first_row).item()
    (0.5, -0.75)
    >>> target.gradient(params, first_row).item()
    0.5
    """

    def __init__(self, target: Target, at: npt.ArrayLike) -> None:
        if target.data_size is None:
            raise SamplerError("target: one with rows of data is needed; got one without")
        point = np.array(at, np.float64)
        if point.shape != (target.size,) or not np.isfinite(point).all():
            raise SamplerError(
                f"at: {target.size} finite numbers are needed; got shape {point.shape}"
            )
        self.target, self.at = target, point
        self.size, self.data_size = target.size, target.data_size
        self.gradient_noise, self.names = target.gradient_noise, target.names
        self._target_at = target
        self._evaluate_whole()

    def arguments(self) -> dict[str, Any] | None:
        """The target and the point; None where the target is one of functions."""
        if self.target.arguments() is None:
            return None
        return {"target": self.target, "at": self.at}

    def data_hash(self) -> str:
        """SHA-256 of its values at a few points."""
        return data_hash(self.describe(), self.gradient_noise, self._values_at_points())

    @property
    def arithmetic(self) -> Arithmetic:
        """That of `target`."""
        return self.target.arithmetic

    @arithmetic.setter
    def arithmetic(self, arithmetic: Arithmetic) -> None:
        self.target = _computed_by(arithmetic, self.target)
        self._target_at = _computed_by(arithmetic.beside("control variates"), self.target)

    def _evaluate_whole(self) -> None:
        points = {np.dtype(kind): self.at[None].astype(kind) for kind in (np.float32, np.float64)}
        self._whole = {kind: (x, *self.target.evaluate(x)) for kind, x in points.items()}

    def log_density(self, params: Array, rows: Rows | None = None) -> Array:
        """The log density up to a constant, shape (chains,)."""
        found = self.target.log_density(params, rows)
        if rows is None:
            return found
        point, density, _ = self._whole[params.dtype]
        return np.asarray(found - self._target_at.log_density(point, rows) + density)

    def gradient(self, params: Array, rows: Rows | None = None) -> Array:
        """The gradient of the log density, shape (chains, size)."""
        found = self.target.gradient(params, rows)
        if rows is None:
            return found
        point, _, gradient = self._whole[params.dtype]
        return np.asarray(found - self._target_at.gradient(point, rows) + gradient)

    def with_inputs(self, format: Format, key: Key) -> ControlVariates:
        """The target with its data rounded to the machine's input format."""
        return self._around(self.target.with_inputs(format, key))

    def on(self, machine: Machine, key: Key) -> ControlVariates:
        """The target as a machine computes it, at `at` too."""
        return self._around(self.target.on(machine, key))

    def _around(self, target: Target) -> ControlVariates:
        changed = copy.copy(self)
        changed.target = changed._target_at = target
        changed._evaluate_whole()
        return changed

    def log_prior(self, params: Array) -> Array:
        """That of `target`."""
        return self.target.log_prior(params)

    def row_log_likelihoods(self, params: Array, rows: Rows) -> Array:
        """Those of `target`."""
        return self.target.row_log_likelihoods(params, rows)

    def known_moments(self) -> tuple[Array, Array] | None:
        """Those of `target`."""
        return self.target.known_moments()

    def scores(self, draws: Array) -> dict[str, float]:
        """Those of `target`."""
        return self.target.scores(draws)


def _computed_by(arithmetic: Arithmetic, target: Target) -> Target:
    """The target with another arithmetic."""
    changed = copy.copy(target)
    changed.arithmetic = arithmetic
    return changed
