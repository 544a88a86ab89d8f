"""Student's t, for sequential tests."""

from __future__ import annotations

import functools
import math

HALVINGS = 100


@functools.lru_cache(maxsize=4096)
def student_quantile(probability: float, freedom: int) -> float:
    """Where Student's t with `freedom` degrees of freedom has this distribution function, 0.5 <=
    probability < 1.

    >>> round(student_quantile(0.975, 10), 6)
    2.228139
    """
    low, high = 0.0, 1.0
    while student_cdf(high, freedom) < probability:
        low, high = high, 2 * high
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if student_cdf(middle, freedom) > probability else (middle, high)
    return (low + high) / 2


def student_cdf(t: float, freedom: int) -> float:
    """P(T <= t), t >= 0, by the continued fraction of the incomplete beta function."""
    half, x = freedom / 2, freedom / (freedom + t * t)
    if x > (half + 1) / (half + 2.5):
        return 0.5 + _beta(0.5, half, t * t / (freedom + t * t)) / 2
    return 1 - _beta(half, 0.5, x) / 2


def _beta(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function, x below (a + 1) / (a + b + 2)."""
    if x <= 0:
        return 0.0
    log_front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    log_front += a * math.log(x) + b * math.log1p(-x)
    fraction = 1.0
    for m in range(200, 0, -1):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m - 1) * (a + b + m - 1) * x / ((a + 2 * m - 2) * (a + 2 * m - 1))
        fraction = 1 + odd / (1 + even / fraction)
    return math.exp(log_front) / (a * fraction)
