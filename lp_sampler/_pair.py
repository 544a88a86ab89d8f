"""Momentum and position of one step: two means whose noises are correlated."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt

from ._numfmt import Format, quantize, variance_corrected_law
from ._ornstein_uhlenbeck import OrnsteinUhlenbeck
from ._rounding import is_block
from ._store import Store
from ._unit import VectorUnit

Array = npt.NDArray[Any]


@dataclasses.dataclass(frozen=True)
class Pair:
    """The means of momentum and position after a step, and the moments of its noise."""

    momentum: Array
    position: Array
    noise: OrnsteinUhlenbeck


def with_noise(pair: Pair, momentum_by: Store, by: Store) -> tuple[Array, Array]:
    """Gaussian noise of all second moments on both means."""
    deviation = momentum_by.deviation(pair.noise.momentum_variance)
    if deviation is None:
        return pair.momentum, pair.position
    unit = by.unit
    kick = unit.multiply(deviation, momentum_by.gaussian(pair.momentum))
    moved = unit.multiply_add(unit.constant(pair.noise.slope), kick, pair.position)
    return unit.add(pair.momentum, kick), by.noisy(moved, pair.noise.conditional_variance)


def given_momentum(pair: Pair, drawn: Array, format: Format, by: Store) -> tuple[Array, Any]:
    """Mean and variance of the position once a momentum of `format` is drawn.

    Where the grid gives the momentum more variance than asked for, the slope is as much smaller,
    so that their covariance is the right one all the same.
    """
    unit, noise = by.unit, pair.noise
    if not noise.momentum_variance:
        return pair.position, 0.0
    slope: Any = unit.constant(noise.slope)
    variance: Any = noise.conditional_variance
    least = least_variance(pair.momentum, noise.momentum_variance, format, unit)
    is_short = least > noise.momentum_variance
    if not unit.is_plain or is_short.any():  # a stochastic unit counts operations, for all alike
        covariance = unit.constant(noise.covariance)
        quotient = unit.divide(covariance, np.where(is_short, least, np.float32(1)))
        lower = np.minimum(quotient, slope)
        more = unit.multiply(covariance, unit.subtract(slope, lower))
        conditional = unit.constant(variance)
        variance = np.where(is_short, unit.add(conditional, more), conditional)
        slope = np.where(is_short, lower, slope)
    error = unit.subtract(drawn, pair.momentum)
    return unit.multiply_add(slope, error, pair.position), variance


def least_variance(mean: Array, variance: float, format: Format, unit: VectorUnit) -> Array:
    """The least variance that a law on the grid with this mean has: between its neighbours.

    The grid of a block depends on the variance too: there it is the law's own that is asked.
    """
    if is_block(format):
        values, law = variance_corrected_law(mean, variance, format)
        return np.asarray((law * (values - mean[..., None]) ** 2).sum(axis=-1), np.float32)
    low, high = (quantize(mean, format.bare(), rounding=way) for way in ("down", "up"))
    return unit.multiply(unit.subtract(mean, low), unit.subtract(high, mean))
