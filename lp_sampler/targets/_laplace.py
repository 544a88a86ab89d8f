"""Moments of the density exp(-a x**2 / 2 + c x - penalty |x|), in closed form."""

from __future__ import annotations

import math

FAR = 6.0
"""From here on Mills' ratio is taken from its continued fraction."""


def laplace_moments(a: float, c: float, penalty: float) -> tuple[float, float]:
    """Mean and variance; a > 0.

    Each half line is a Gaussian cut off at 0.  With t = (penalty -+ c) / sqrt(a) its integral,
    first and second moments are R, 1 - t R and (1 + t**2) R - t, in units of 1 / sqrt(a), where R
    is Mills' ratio (1 - Phi(t)) / phi(t).
    """
    width = 1 / math.sqrt(a)
    halves = [(sign, (penalty - sign * c) * width) for sign in (1, -1)]
    scale = max(_log_mills(t) for _, t in halves)
    total = first = second = 0.0
    for sign, t in halves:
        weight, unit = math.exp(_log_mills(t) - scale), math.exp(-scale)
        total += weight
        first += sign * (unit - t * weight)
        second += (1 + t * t) * weight - t * unit
    mean = first / total
    return mean * width, (second / total - mean * mean) * width**2


def _log_mills(t: float) -> float:
    """log((1 - Phi(t)) / phi(t)) of the standard Gaussian, any t.

    >>> round(_log_mills(0.0), 6)
    0.225791
    """
    if t < FAR:
        return t * t / 2 + math.log(math.sqrt(math.pi / 2) * math.erfc(t / math.sqrt(2)))
    tail = t
    for k in range(60, 0, -1):
        tail = t + k / tail
    return -math.log(tail)
