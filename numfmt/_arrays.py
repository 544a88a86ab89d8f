"""What comes in and goes out: inputs of any layout become plain C arrays, results go where the
caller wants them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from . import _core
from ._errors import DtypeError, FormatError, ShapeError
from ._tensors import borrowed, is_tensor
from .formats import Format
from .formats._base import code_dtype

Array = np.ndarray[Any, Any]

FLOATS = (np.dtype(np.float16), np.dtype(np.float32), np.dtype(np.float64))
OBJECT = np.dtype(object)
_USUAL = {usual: dtype for dtype in (*FLOATS, OBJECT) for usual in (dtype, dtype.type)}


class BlockCodes(NamedTuple):
    """What `encode` gives of a block format: codes of elements, shaped like the input; codes of
    scales, one for each block along the axes that blocks lie along (None of a format without
    scale); the number stored for the whole tensor, or None."""

    codes: Any
    scales: Array | None
    tensor_scale: np.float32 | None = None


@dataclass(slots=True)
class Input:
    """An argument made plain: `plain` is C-contiguous, native, of a type that the core reads;
    `format` is that of codes."""

    given: Array
    plain: Array
    is_scalar: bool
    name: str
    format: Format | None = None


def _number_dtypes() -> Iterator[tuple[np.dtype[Any], np.dtype[Any]]]:
    """Each dtype of numbers, in both byte orders, and the one as which the core reads it."""
    for code in "efd?" + np.typecodes["AllInteger"]:
        native = np.dtype(code)
        if native.kind == "f":
            read_as = native
        else:
            wide = native.kind == "u" and native.itemsize == 8
            read_as = np.dtype(np.uint64 if wide else np.int64)
        yield native, read_as
        yield native.newbyteorder(), read_as


_READ_AS = dict(_number_dtypes())


def as_dtype(dtype: Any) -> np.dtype[Any]:
    """A dtype argument, in native byte order."""
    if isinstance(dtype, (type, np.dtype)) and dtype in _USUAL:
        return _USUAL[dtype]
    try:
        found: np.dtype[Any] = np.dtype(dtype)
    except TypeError:
        raise DtypeError(f"dtype={dtype!r} is no NumPy dtype") from None
    return found.newbyteorder("=")


def as_array(x: object, argument: str) -> tuple[Array, bool]:
    """`x` as an ndarray, and whether it was a scalar."""
    if type(x) is np.ndarray:
        return x, False
    if is_tensor(x):
        return borrowed(x, argument), False
    try:
        array = np.asarray(x)
    except (TypeError, ValueError) as error:
        raise DtypeError(f"{argument} cannot be made an array: {error}") from None
    return array, array.ndim == 0 and not isinstance(x, np.ndarray)


def plain(array: Array, dtype: np.dtype[Any]) -> Array:
    """The same numbers in a C-contiguous, aligned, native array; itself where it is one."""
    flags = array.flags
    if array.dtype == dtype and flags.c_contiguous and flags.aligned:
        return array
    return np.require(array, dtype, ["C_CONTIGUOUS", "ALIGNED"]).reshape(array.shape)


def read_numbers(x: object, argument: str = "x") -> Input:
    """Real numbers: float16, float32, float64, integers of up to 64 bits and booleans, each
    exactly."""
    array, is_scalar = as_array(x, argument)
    read_as = _READ_AS.get(array.dtype)
    if read_as is None:
        raise DtypeError(
            f"{argument} has dtype {array.dtype}; float16, float32, float64, integers of up to 64 "
            f"bits and bool are allowed"
        )
    return Input(array, plain(array, read_as), is_scalar, argument)


def read_codes(codes: object, format: Format, argument: str = "codes") -> Input:
    """Unsigned codes of a format, none of them wider than it."""
    if isinstance(codes, BlockCodes):
        raise FormatError(
            f"{argument} are those of blocks, a numfmt.BlockCodes; {format} has single numbers"
        )
    array, is_scalar = as_array(codes, argument)
    dtype = array.dtype
    if dtype.kind not in "ui":
        raise DtypeError(f"{argument} has dtype {dtype}; codes are unsigned integers")
    highest = format.highest_code
    if array.size and (dtype.kind == "i" or highest < (1 << 8 * dtype.itemsize) - 1):
        low = int(np.minimum.reduce(array, axis=None)) if dtype.kind == "i" else 0
        high = int(np.maximum.reduce(array, axis=None))
        if low < 0 or high > highest:
            bad = low if low < 0 else high
            last = highest if highest + 1 < 1 << format.width else f"2**{format.width} - 1"
            raise FormatError(f"{argument} holds {bad}, which is no code of {format}: 0 .. {last}")
    return Input(array, plain(array, code_dtype(format)), is_scalar, argument, format)


def _overlaps(a: Array, b: Array) -> bool:
    if not np.may_share_memory(a, b):
        return False
    same = (
        a.__array_interface__["data"][0] == b.__array_interface__["data"][0]
        and a.strides == b.strides
        and a.shape == b.shape
        and a.itemsize == b.itemsize
    )
    return not same and bool(np.shares_memory(a, b))


def check_out(out: object, source: Array, dtype: np.dtype[Any]) -> None:
    """Refuse an `out` that is no array, not writable, of another shape or dtype, or overlaps the
    input."""
    if not isinstance(out, np.ndarray):
        raise ShapeError(f"out={out!r} must be a NumPy array")
    if out.dtype != dtype and out.dtype.newbyteorder("=") != dtype:
        raise DtypeError(f"out has dtype {out.dtype}, the result has {dtype}")
    if out.shape != source.shape:
        raise ShapeError(f"out has shape {out.shape}, the result has {source.shape}")
    flags = out.flags
    if not flags.writeable:
        raise ShapeError("out is read-only")
    apart = out is source or (flags.owndata and source.flags.owndata)
    if not apart and _overlaps(out, source):
        raise ShapeError(
            "out overlaps the input without being it; only the input itself or other memory is "
            "allowed"
        )


class Output:
    """Memory for a result: `plain` is what the core writes, `finish` hands it over; `is_fresh`
    where nobody else sees `plain` before."""

    __slots__ = ("_out", "_scalar", "is_fresh", "plain")

    def __init__(self, source: Input, out: Array | None, dtype: np.dtype[Any]) -> None:
        self._out, self._scalar = out, source.is_scalar
        if out is not None:
            check_out(out, source.given, dtype)
            if out.flags.carray and out.dtype.isnative:
                self.plain, self.is_fresh = out, False
                return
        self.plain, self.is_fresh = np.empty(source.given.shape, dtype), True

    def finish(self) -> Any:
        if self._out is not None:
            if self.is_fresh:
                self._out[...] = self.plain
            return self._out
        return self.plain[()] if self._scalar else self.plain


def where(array: Array, flat_index: int, argument: str) -> str:
    """How a message names one element: ``x[2, 0] = nan``."""
    if array.ndim == 0:
        return f"{argument} = {array[()]}"
    index = tuple(int(i) for i in np.unravel_index(flat_index, array.shape))
    return f"{argument}[{', '.join(map(str, index))}] = {array[index]}"


def type_of(array: Array) -> int:
    return int(_core.TYPES[array.dtype])
