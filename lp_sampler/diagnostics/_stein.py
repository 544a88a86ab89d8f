"""Kernel Stein discrepancy: how far draws are from a target, from its gradient alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from .._errors import SamplerError

if TYPE_CHECKING:
    from ..targets import Target

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]

OFFSET, EXPONENT = 1.0, -0.5
ROWS_AT_ONCE = 256


def ksd(draws: Array, target: Target, *, most: int = 2000, scale: npt.ArrayLike = 1.0) -> float:
    """Kernel Stein discrepancy of the draws from the target, with the inverse multiquadric kernel
    ``(1 + |x - y|**2)**-1/2`` (Gorham and Mackey, ICML 2017).

    Needs no draws of the target: only its gradient, computed in float64.  At most `most` draws,
    evenly spaced, are used: the time grows with their square.  `scale`, such as the
    target's standard deviations, divides the parameters first; without it the kernel has length 1
    in their own units. It is the square root of a mean over all pairs, the draw with itself
    included: n independent draws of the target show about sqrt(parameters / n) where the scale
    fits.  It sees a wrong location or scale well, and the weights of modes that are far apart
    badly.

    >>> import lp_sampler as lps
    >>> draws = np.random.default_rng(0).normal(size=(1, 500, 1))
    >>> target = lps.targets.Gaussian()
    >>> ksd(draws, target) < 0.1 < ksd(2 * draws, target)
    True
    """
    if most < 1:
        raise SamplerError(f"most: at least one draw is needed; got {most}")
    rows = draws.reshape(-1, draws.shape[-1])
    rows = rows[np.linspace(0, len(rows) - 1, min(most, len(rows))).astype(int)]
    points = rows.astype(np.float64)
    slopes = np.asarray(target.gradient(points), np.float64)
    width = np.broadcast_to(np.asarray(scale, np.float64), points.shape[1:])
    if not (np.isfinite(width).all() and (width > 0).all()):
        raise SamplerError(f"scale: finite positive numbers are allowed; got {scale!r}")
    return _discrepancy(points / width, slopes * width)


def _discrepancy(points: Floats, slopes: Floats) -> float:
    total = 0.0
    for begin in range(0, len(points), ROWS_AT_ONCE):
        piece = slice(begin, begin + ROWS_AT_ONCE)
        total += float(stein_kernel(points[piece], slopes[piece], points, slopes).sum())
    return float(np.sqrt(max(total, 0.0)) / len(points))


def stein_kernel(x: Floats, x_slopes: Floats, y: Floats, y_slopes: Floats) -> Floats:
    """The kernel k0 of every pair of rows: the Stein operator on both arguments of k(x, y).

    k0 = s_x . s_y k + s_x . dk/dy + s_y . dk/dx + trace d2k/dx dy, where k = u**beta and
    ``u = 1 + |x - y|**2``; its mean over y is 0 for every x if y has the law whose slopes are s_y.
    """
    squares = (x**2).sum(axis=1)[:, None] + (y**2).sum(axis=1) - 2 * x @ y.T
    squares = np.maximum(squares, 0)
    base = OFFSET**2 + squares
    first = 2 * EXPONENT * base ** (EXPONENT - 1)
    second = 4 * EXPONENT * (EXPONENT - 1) * base ** (EXPONENT - 2)
    # (s_y - s_x) . (x - y), from products of matrices
    across = x @ y_slopes.T + x_slopes @ y.T
    across -= (x * x_slopes).sum(axis=1)[:, None] + (y * y_slopes).sum(axis=1)
    products = x_slopes @ y_slopes.T
    trace = -first * x.shape[1] - second * squares
    return np.asarray(products * base**EXPONENT + first * across + trace)
