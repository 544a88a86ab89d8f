"""Scales and zero points of affine integers as they are given: checked, and in nested tuples."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any

import numpy as np

from .._errors import FormatError, ShapeError
from ._base import Number, integer

_Array = np.ndarray[Any, Any]

LARGEST_AXIS = 31
LARGEST_GROUP = (1 << 62) - 1


def plain_array(given: object, argument: str) -> _Array:
    """Numbers, none of them changed, in an object array."""
    if isinstance(given, np.ndarray):
        return np.array(given.tolist(), object).reshape(given.shape)
    if isinstance(given, (str, bytes)) or not isinstance(given, Iterable):
        return np.array(given, object)
    rows = [plain_array(part, argument) for part in given]
    if len({row.shape for row in rows}) > 1:
        raise FormatError(f"{argument} is no array: its parts have different shapes")
    out = np.empty((len(rows), *(rows[0].shape if rows else ())), object)
    for i, row in enumerate(rows):
        out[i] = row
    return out


def each(array: _Array, check: Any) -> Any:
    """Every element checked: a number, or nested tuples."""
    if array.ndim == 0:
        return check(array[()])
    return tuple(each(np.asarray(part, object), check) for part in array)


def flat(nested: Any) -> Iterator[Any]:
    if not isinstance(nested, tuple):
        yield nested
        return
    for part in nested:
        yield from flat(part)


def checked_scale(given: Any, single: bool) -> float:
    try:
        value = float(given)
        is_exact = bool(value == given) and not isinstance(given, (str, bytes, bool))
    except (TypeError, ValueError, OverflowError):
        is_exact, value = False, math.nan
    if not is_exact or not 0 < value < math.inf:
        raise FormatError(f"scale={given!r} must be a positive finite number that float64 holds")
    if single:
        with np.errstate(all="ignore"):
            near = np.float32(value)
            fits = float(near) == value and bool(np.isfinite(np.float32(1) / near))
        if not fits:
            raise FormatError(
                f"scale={given!r} must be a float32 number with a finite float32 reciprocal under "
                f"divide='fl32_reciprocal'"
            )
    return value


def exact_number(value: Fraction) -> Number:
    try:
        near = float(value)
    except OverflowError:
        return value
    return near if near == value else value


def significant_bits(value: Fraction) -> int:
    """Significant bits of a positive float."""
    numerator = value.numerator
    return (numerator // (numerator & -numerator)).bit_length()


def shortest(value: float) -> str:
    """The shortest decimal number that is this float."""
    return repr(value).removesuffix(".0")


def joined(values: Iterator[Any], text: Any) -> str:
    return "|".join(text(value) for value in values)


def nested(values: list[Any], shape: tuple[int, ...]) -> Any:
    """Values in C order as nested tuples of a shape."""
    if len(shape) <= 1:
        return tuple(values)
    step = len(values) // shape[0] if shape[0] else 0
    return tuple(nested(values[i * step : (i + 1) * step], shape[1:]) for i in range(shape[0]))


def checked_places(axis: int | None, group: int | None) -> tuple[int | None, int | None]:
    """The axis along which scales vary, and how many neighbours along it share one."""
    if axis is not None:
        axis = integer(axis, "channel_axis", -LARGEST_AXIS - 1, LARGEST_AXIS)
    if group is not None:
        group = integer(group, "group_size", 1, LARGEST_GROUP)
        if axis is None:
            raise FormatError(f"group_size={group} needs channel_axis: groups lie along an axis")
    return axis, group


def scales_shape(
    shape: tuple[int, ...], axis: int | None, group: int | None, argument: str
) -> tuple[int, ...]:
    """The shape that the scales of an array of `shape` have."""
    if axis is None:
        return ()
    if not -len(shape) <= axis < len(shape):
        raise ShapeError(f"{argument} has shape {shape}, which has no axis {axis}")
    axis %= len(shape)
    if group is None:
        return (shape[axis],)
    return (*shape[:axis], -(-shape[axis] // group), *shape[axis + 1 :])


def spread(array: _Array, shape: tuple[int, ...], axis: int | None, group: int | None) -> _Array:
    """One element of a format's scales, or of an array shaped like them, for each of `shape`."""
    if axis is not None:
        axis %= len(shape)
        if group is None:
            array = array.reshape([-1 if i == axis else 1 for i in range(len(shape))])
        else:
            array = np.take(array, np.arange(shape[axis]) // group, axis=axis)
    return np.broadcast_to(array, shape)
