"""The least and the largest element of an Array, by its own minimum and maximum."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ._array_places import free, whole_axes
from ._array_protocols import operation
from ._code_array import Array
from ._errors import ShapeError


def least(a: Array, axis: Any = None, keepdims: bool = False) -> Array:
    """numpy.min: NaN where one is."""
    return _extreme("minimum", a, axis, keepdims)


def largest(a: Array, axis: Any = None, keepdims: bool = False) -> Array:
    """numpy.max: NaN where one is."""
    return _extreme("maximum", a, axis, keepdims)


def clipped(a: Array, a_min: Any = None, a_max: Any = None) -> Array:
    """numpy.clip."""
    bounded = a if a_min is None else operation("maximum")(a, a_min)
    return bounded if a_max is None else operation("minimum")(bounded, a_max)


def _extreme(name: str, a: Array, axis: Any, keepdims: bool) -> Array:
    """Halves compared until one element is left along the axes."""
    what = f"numpy.{name[:3]}"
    free(a, what, lambda codes: codes)
    axes = tuple(range(a.ndim)) if axis is None else whole_axes(axis, a.ndim)
    rest = tuple(i for i in range(a.ndim) if i not in axes)
    count = math.prod(a.shape[i] for i in axes)
    if not count:
        raise ShapeError(f"{what} of no elements, of shape {a.shape} along axis={axis!r}")
    shape = (count, *(a.shape[i] for i in rest))
    rows = Array._of(np.transpose(a.codes, (*axes, *rest)).reshape(shape), a.format)
    while len(rows) > 1:
        half = (len(rows) + 1) // 2
        rows = operation(name)(rows[:half], rows[-half:])
    kept = tuple(1 if i in axes else n for i, n in enumerate(a.shape))
    return rows[0].reshape(kept) if keepdims else rows[0]
