"""The integers of quantised formats: their ends and zero points."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._errors import FormatError, RangeError
from ._parse import parse
from .formats import Affine, Fixed

_WIDEST = 32
_RESULTS = tuple(np.dtype(name) for name in ("i1", "u1", "i2", "u2", "i4"))


def integers_of(format: Any) -> tuple[int, int, int]:
    """The lowest and the highest integer of a format's codes, and its zero point."""
    target = parse(format)
    if not isinstance(target, Fixed | Affine):
        raise FormatError(f"format={target} has no integers; fixed point and affine integers have")
    if target.width > _WIDEST - (not target.signed):
        raise FormatError(f"format={target}: results have up to 32 bits, unsigned ones up to 31")
    allowed = (None, "saturate", "saturate_symmetric")
    if target.rounding is not None or target.overflow not in allowed:
        raise FormatError(f"format={target}: the mode says how to round, and results saturate")
    points = {int(p) for p in np.ravel(target.zero_points)} if isinstance(target, Affine) else {0}
    if len(points) > 1:
        raise FormatError(f"format={target} has several zero points; results have one")
    high = (1 << (target.width - target.signed)) - 1
    low = -high - (target.overflow != "saturate_symmetric") if target.signed else 0
    return low, high, points.pop()


def integer(value: object, argument: str, low: int, high: int) -> int:
    """An integer argument within its ends."""
    array = np.asarray(value)
    if array.ndim or array.dtype.kind not in "iu" or not low <= int(array) <= high:
        raise RangeError(f"{argument}={value!r} must be an integer from {low} to {high}")
    return int(array)


def dtype_for(low: int, high: int) -> np.dtype[Any]:
    """The smallest that holds both ends."""
    return next(d for d in _RESULTS if np.iinfo(d).min <= low and high <= np.iinfo(d).max)
