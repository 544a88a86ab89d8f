"""What comes in and goes out: inputs of any layout become plain C arrays, results go where the
caller wants them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from . import _core
from ._errors import DtypeError, FormatError, ShapeError
from .formats import Format
from .formats._base import code_dtype

Array = np.ndarray[Any, Any]

FLOATS = (np.dtype(np.float16), np.dtype(np.float32), np.dtype(np.float64))


@dataclass
class Input:
    """An argument made plain: `plain` is C-contiguous, native, of a type that the core reads."""

    given: Array
    plain: Array
    is_scalar: bool
    name: str


def as_dtype(dtype: Any) -> np.dtype[Any]:
    """A dtype argument, in native byte order."""
    try:
        found: np.dtype[Any] = np.dtype(dtype)
    except TypeError:
        raise DtypeError(f"dtype={dtype!r} is no NumPy dtype") from None
    return found.newbyteorder("=")


def is_float(dtype: np.dtype[Any]) -> bool:
    return dtype.newbyteorder("=") in FLOATS


def as_array(x: object, argument: str) -> tuple[Array, bool]:
    """`x` as an ndarray, and whether it was a scalar."""
    if type(x).__module__.partition(".")[0] == "torch":
        raise DtypeError(
            f"{argument} is a torch tensor, which is not supported here; pass {argument}.numpy()"
        )
    try:
        array = np.asarray(x)
    except (TypeError, ValueError) as error:
        raise DtypeError(f"{argument} cannot be made an array: {error}") from None
    return array, array.ndim == 0 and not isinstance(x, np.ndarray)


def plain(array: Array, dtype: np.dtype[Any]) -> Array:
    """The same numbers in a C-contiguous, aligned, native array; itself where it is one."""
    return np.require(array, dtype, ["C_CONTIGUOUS", "ALIGNED"]).reshape(array.shape)


def read_numbers(x: object, argument: str = "x") -> Input:
    """Real numbers: float16, float32, float64, integers of up to 64 bits and booleans, each
    exactly."""
    array, is_scalar = as_array(x, argument)
    dtype = array.dtype
    if is_float(dtype):
        target = dtype.newbyteorder("=")
    elif dtype.kind in "bi" or (dtype.kind == "u" and dtype.itemsize < 8):
        target = np.dtype(np.int64)
    elif dtype.kind == "u":
        target = np.dtype(np.uint64)
    else:
        raise DtypeError(
            f"{argument} has dtype {dtype}; float16, float32, float64, integers of up to 64 bits "
            f"and bool are allowed"
        )
    return Input(array, plain(array, target), is_scalar, argument)


def read_codes(codes: object, format: Format, argument: str = "codes") -> Input:
    """Unsigned codes of a format, none of them wider than it."""
    array, is_scalar = as_array(codes, argument)
    if array.dtype.kind not in "ui":
        raise DtypeError(f"{argument} has dtype {array.dtype}; codes are unsigned integers")
    target = code_dtype(format)
    if array.size and (array.dtype.itemsize * 8 > format.width or array.dtype.kind == "i"):
        low, high = int(array.min()), int(array.max())
        if low < 0 or high >> format.width:
            bad = low if low < 0 else high
            raise FormatError(
                f"{argument} holds {bad}, which is no code of {format}: 0 .. 2**{format.width} - 1"
            )
    return Input(array, plain(array, target), is_scalar, argument)


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
    if out.dtype.newbyteorder("=") != dtype:
        raise DtypeError(f"out has dtype {out.dtype}, the result has {dtype}")
    if out.shape != source.shape:
        raise ShapeError(f"out has shape {out.shape}, the result has {source.shape}")
    if not out.flags.writeable:
        raise ShapeError("out is read-only")
    if _overlaps(out, source):
        raise ShapeError(
            "out overlaps the input without being it; only the input itself or other memory is "
            "allowed"
        )


class Output:
    """Memory for a result: `plain` is what the core writes, `finish` hands it over."""

    def __init__(self, source: Input, out: Array | None, dtype: np.dtype[Any]) -> None:
        self._out, self._scalar = out, source.is_scalar
        if out is not None:
            check_out(out, source.given, dtype)
        direct = out is not None and out.flags.carray and out.dtype.isnative
        self.plain: Array = (
            out if direct and out is not None else np.empty(source.given.shape, dtype)
        )

    def finish(self) -> Any:
        if self._out is not None:
            if self._out is not self.plain:
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
