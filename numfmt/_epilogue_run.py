"""The epilogue of a matrix product, on Arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._code_array import Array
from ._datapath import Datapath
from ._epilogue import Operation
from ._errors import DtypeError, FormatError, ShapeError
from ._operands import read, represent
from ._operate import apply
from ._random import Key
from ._report import Report
from ._requantize import requantize
from ._schema import draws
from .formats import Fixed, Format
from .formats._base import code_dtype


def finished(
    path: Datapath, sums: Array, values: dict[str, Any], key: Key | None, report: Report | None
) -> Array:
    """What the machine's epilogue makes of the sums."""
    for i, one in enumerate(path.epilogue):
        own = key.fold_in("epilogue", i, key.call).at(0, key.first) if key is not None else None
        sums = OPERATIONS[one.op](sums, one, values, {"report": report}, own)
    return sums


def _rounded(name: str, x: Any, y: Any, one: Operation, how: dict[str, Any], key: Any) -> Array:
    if draws(one.round):
        how = {**how, "key": key}
    return apply(name, (x, y), one.format, one.round, **how)


def _operand(values: dict[str, Any], name: str, format: Format | None) -> Array:
    """A named operand, of the format of its operation."""
    assert format is not None
    operand = read(values[name], name)
    if operand.format is None:
        represent(operand, format)
    elif operand.format.bare() != format:
        raise FormatError(f"{name} is of {operand.format.bare()}; {format} is taken")
    return Array._of(operand.data, format)


def _scale(x: Array, one: Operation, values: Any, how: Any, key: Any) -> Array:
    scales = [_operand(values, name, one.format) for name in one.by or ()]
    alpha = scales[0]
    for scale in scales[1:]:
        alpha = _rounded("multiply", alpha, scale, one, {}, key)
    return _same_shape(_rounded("multiply", x, alpha, one, how, key), x, one)


def _add(x: Array, one: Operation, values: Any, how: Any, key: Any) -> Array:
    for name in one.by or ():
        term = _operand(values, name, one.format)
        x = _same_shape(_rounded("add", x, term, one, how, key), x, one)
    return x


def _same_shape(found: Array, x: Array, one: Operation) -> Array:
    if found.shape != x.shape:
        names = " and ".join(one.by or ())
        raise ShapeError(f"{names} make the result {x.shape} one of {found.shape}")
    return found


def _convert(x: Array, one: Operation, values: Any, how: Any, key: Any) -> Array:
    if draws(one.round):
        how = {**how, "key": key}
    return x.astype(one.format, one.round, one.ovf, **how)


def _requantize(x: Array, one: Operation, values: Any, how: Any, key: Any) -> Array:
    """Along the columns where there are several multipliers."""
    multiplier = values["multiplier"]
    parts = multiplier if isinstance(multiplier, tuple) else [multiplier]
    found = requantize(
        _integers(x),
        multiplier,
        str(one.mode),
        zero_point=_number(values, one.zero_point),
        format=one.format,
        channel_axis=-1 if any(np.ndim(part) for part in parts) else None,
        minimum=_number(values, one.minimum),
        maximum=_number(values, one.maximum),
    )
    assert one.format is not None
    mask = (1 << one.format.width) - 1
    codes = (np.asarray(found).astype(np.int64) & mask).astype(code_dtype(one.format))
    return Array._of(codes, one.format)


def _clamp(x: Array, one: Operation, values: Any, how: Any, key: Any) -> Array:
    low, high = (_number(values, end) for end in (one.minimum, one.maximum))
    return apply("minimum", (apply("maximum", (x, low), **how), high), **how)


def _number(values: dict[str, Any], given: int | str | None) -> int | None:
    """A number of the description, or an operand that is an integer."""
    found = values.get(given) if isinstance(given, str) else given
    if found is None or (np.ndim(found) == 0 and np.asarray(found).dtype.kind in "iu"):
        return None if found is None else int(found)
    raise DtypeError(f"{given}={found!r} must be an integer")


def _integers(x: Array) -> Any:
    """The integers of an Array of fixed<width,0>: int32, or int64 where it is wider."""
    form = x.format
    if not isinstance(form, Fixed) or form.fraction_bits or not form.signed:
        raise FormatError(f"requantize takes signed integers, not {form}")
    wide = np.dtype(np.int32 if form.width <= 32 else np.int64)
    shift = wide.type(8 * wide.itemsize - form.width)
    codes = x.codes.astype(f"u{wide.itemsize}").view(wide)
    return (codes << shift) >> shift


OPERATIONS = {
    "scale": _scale,
    "add": _add,
    "convert": _convert,
    "requantize": _requantize,
    "clamp": _clamp,
}
