"""New arrays: of values, of codes, of one number."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._code_array import Array, checked
from ._errors import FormatError, ShapeError
from ._parse import parse
from ._quantize import encode
from ._random import Generator, Key
from ._report import Report
from .formats import Block, Format
from .formats._base import code_dtype, facts_of


def array(
    x: Any,
    format: object = None,
    rounding: str | None = None,
    overflow: str | None = None,
    *,
    nan: str | None = None,
    key: Key | Generator | None = None,
    random_bits: Any = None,
    report: Report | None = None,
    scales: Any = None,
) -> Array:
    """Numbers in a format, each rounded once; an `Array` in another format, or copied.

    Arguments and errors as `encode`; `format` may be left out where `x` is an Array.

    >>> import numfmt as nf
    >>> nf.array([0.3, 20.5, -2.7], "e4m3fn").codes
    array([ 42,  90, 195], dtype=uint8)
    """
    modes: dict[str, Any] = {
        "nan": nan,
        "key": key,
        "random_bits": random_bits,
        "report": report,
    }
    if isinstance(x, Array):
        if scales is not None:
            raise FormatError("scales= has a meaning for values only, and x is an Array")
        target = x.format if format is None else parse(format)
        asks = any(mode is not None for mode in (rounding, overflow, *modes.values()))
        if target.bare() == x.format.bare() and not isinstance(target, Block) and not asks:
            return Array._of(x.codes.copy(), target)
        return x.astype(target, rounding, overflow, **modes)
    if format is None:
        raise FormatError("format=None: values need a format, as nf.array(x, 'e4m3fn')")
    target = parse(format)
    if isinstance(x, (list, tuple)) and any(isinstance(part, Array) for part in x):
        raise FormatError("x holds Arrays: join them with numpy.stack or numpy.concatenate")
    found = encode(x, target, rounding, overflow, scales=scales, **modes)
    return Array._encoded(found, target)


def from_codes(codes: Any, format: object) -> Array:
    """Codes of a format as an `Array`; the caller's memory, where its dtype is that of the codes.

    Args:
        codes: unsigned integers, each a code; of a block format a `BlockCodes`.

    Raises:
        FormatError: an integer that is no code of the format.

    >>> import numfmt as nf
    >>> nf.from_codes([0, 56, 126], "e4m3fn").values
    array([  0.,   1., 448.])
    """
    return checked(codes, parse(format))


def full(shape: Any, fill_value: Any, format: object) -> Array:
    """An array of one number, rounded to the format.

    >>> import numfmt as nf
    >>> nf.full((2, 2), 0.3, "e4m3fn").values
    array([[0.3125, 0.3125],
           [0.3125, 0.3125]])
    """
    try:
        values = np.full(shape, fill_value)
    except (TypeError, ValueError) as error:
        raise ShapeError(f"shape={shape!r}, fill_value={fill_value!r}: {error}") from None
    return array(values, format)


def zeros(shape: Any, format: object) -> Array:
    """An array of zeros; a FormatError for a format without 0.

    >>> import numfmt as nf
    >>> nf.zeros(2, "lns<8,3>").codes
    array([64, 64], dtype=uint8)
    """
    target = parse(format)
    if not target.has_zero:
        raise FormatError(f"{target} has no 0")
    return full(shape, 0.0, target)


def ones(shape: Any, format: object) -> Array:
    """An array of ones; a FormatError for a format without 1.

    >>> import numfmt as nf
    >>> nf.ones(2, "posit<8,2>").codes
    array([64, 64], dtype=uint8)
    """
    made = full(shape, 1.0, format)
    if made.size and made.codes.size and np.any(made.values != 1):
        raise FormatError(f"{made.format} has no 1")
    return made


def empty(shape: Any, format: object) -> Array:
    """An array of some codes of the format, to be written to.

    >>> import numfmt as nf
    >>> nf.empty((2, 3), "e4m3fn").shape
    (2, 3)
    """
    target = parse(format)
    if isinstance(target, Block):
        return zeros(shape, target)
    return checked(np.full(shape, facts_of(target.bare()).max_code, code_dtype(target)), target)


def _like(a: Any, format: object, shape: Any) -> tuple[Any, Format]:
    if not isinstance(a, Array) and format is None:
        raise FormatError("format=None: a is no Array, whose format would be taken")
    return (np.shape(a) if shape is None else shape), parse(a.format if format is None else format)


def zeros_like(a: Any, format: object = None, *, shape: Any = None) -> Array:
    """Zeros in the shape and format of an Array, but for what is named.

    >>> import numfmt as nf
    >>> nf.zeros_like(nf.ones(2, "e4m3fn"), "e5m2")
    Array([0., 0.],
          format='e5m2', rounding='nearest_even', overflow='infinity')
    """
    return zeros(*_like(a, format, shape))


def ones_like(a: Any, format: object = None, *, shape: Any = None) -> Array:
    """Ones in the shape and format of an Array, but for what is named.

    >>> import numfmt as nf
    >>> nf.ones_like(nf.zeros(2, "e4m3fn")).values
    array([1., 1.])
    """
    return ones(*_like(a, format, shape))


def empty_like(a: Any, format: object = None, *, shape: Any = None) -> Array:
    """Some codes in the shape and format of an Array, but for what is named.

    >>> import numfmt as nf
    >>> nf.empty_like(nf.zeros(2, "e4m3fn")).shape
    (2,)
    """
    return empty(*_like(a, format, shape))


def full_like(a: Any, fill_value: Any, format: object = None, *, shape: Any = None) -> Array:
    """One number in the shape and format of an Array, but for what is named.

    >>> import numfmt as nf
    >>> nf.full_like(nf.zeros(2, "e4m3fn"), 20.5).values
    array([20., 20.])
    """
    shape, format = _like(a, format, shape)
    return full(shape, fill_value, format)
