"""Underdamped Langevin dynamics over one step, exactly, with the gradient held fixed."""

from __future__ import annotations

import dataclasses
import functools
import math

SMALL = 1 / 16
"""Below this friction * step differences of exponentials cancel: series take their place."""
TERMS = 12


@dataclasses.dataclass(frozen=True)
class OrnsteinUhlenbeck:
    """Coefficients and noise of one step of ``dv = -g v dt + u G dt + sqrt(2 g u T) dB``, ``dx = v
    dt``, where G is the gradient of the log density, constant over the step.

    With e = exp(-g h): ``v' = e v + kick G + xi``, ``x' = x + drift v + push G + zeta``;
    `momentum_variance` is that of xi, `position_variance` that of zeta, `covariance` theirs, and
    `conditional_variance` that of zeta given xi.

    Source: Wang, Chen, Song and Zhang, TMLR 2024 (arXiv 2310.16320), whose formula has the sign of
    `push` wrong; here as the integral gives it.
    """

    decay: float
    kick: float
    drift: float
    push: float
    momentum_variance: float
    position_variance: float
    covariance: float
    conditional_variance: float

    @property
    def slope(self) -> float:
        """Mean of zeta for each unit of xi."""
        return self.covariance / self.momentum_variance if self.momentum_variance else 0.0


@functools.lru_cache(maxsize=256)
def ornstein_uhlenbeck(
    step: float, friction: float, inverse_mass: float, temperature: float
) -> OrnsteinUhlenbeck:
    """The coefficients for a step h, friction g, inverse mass u and temperature T.

    >>> one = ornstein_uhlenbeck(1e-5, 3.0, 2.0, 1.0)
    >>> round(one.position_variance / 6e-15, 4), round(one.conditional_variance / 6e-15, 4)
    (0.6667, 0.1667)
    """
    x, mass = friction * step, inverse_mass
    scale = mass / friction**2
    fallen, lost = -math.expm1(-x), -math.expm1(-2 * x)
    return OrnsteinUhlenbeck(
        decay=math.exp(-x),
        kick=mass / friction * fallen,
        drift=fallen / friction,
        push=scale * _remainder(x),
        momentum_variance=mass * temperature * lost,
        position_variance=scale * temperature * _spread(x),
        covariance=mass * temperature / friction * fallen**2,
        conditional_variance=scale * temperature * _left(x),
    )


def _remainder(x: float) -> float:
    """x - 1 + exp(-x)."""
    if x >= SMALL:
        return x + math.expm1(-x)
    return math.fsum((-x) ** k / math.factorial(k) for k in range(2, TERMS))


def _spread(x: float) -> float:
    """2 x + 4 exp(-x) - exp(-2 x) - 3."""
    if x >= SMALL:
        return 2 * x + 4 * math.expm1(-x) - math.expm1(-2 * x)
    return math.fsum((4 - 2**k) * (-x) ** k / math.factorial(k) for k in range(3, TERMS + 2))


TANH = (1 / 3, -2 / 15, 17 / 315, -62 / 2835, 1382 / 155925, -21844 / 6081075)
"""Of y**3, y**5, ... in y - tanh(y)."""


def _left(x: float) -> float:
    """2 x - 4 tanh(x / 2): the spread less (1 - exp(-x))**4 / (1 - exp(-2 x))."""
    y = x / 2
    if x >= SMALL:
        return 4 * (y - math.tanh(y))
    return 4 * math.fsum(term * y ** (3 + 2 * k) for k, term in enumerate(TANH))
