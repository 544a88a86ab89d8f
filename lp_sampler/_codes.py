"""Draws as codes of their format, and back."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ._numfmt import Format, decode, encode
from ._rounding import is_binary32, is_block, spelled_out

Array = npt.NDArray[Any]


def code_dtype(format: Format) -> np.dtype[Any]:
    """The smallest unsigned integers that hold the format's codes."""
    return np.dtype(codes_of(np.zeros(1, np.float32), format).dtype)


def codes_of(values: Array, format: Format) -> Array:
    """Codes of float32 values that are the format's own; of binary32 every bit is kept, and of
    blocks too, whose codes mean nothing without their scales.
    """
    if is_binary32(format) or is_block(format):
        return np.ascontiguousarray(values, np.float32).view(np.uint32)
    codes: Array = encode(values, spelled_out(format.bare()))
    return codes


def values_of(codes: Array, format: Format) -> npt.NDArray[np.float32]:
    """The codes' values, in float32."""
    if is_binary32(format) or is_block(format):
        return np.ascontiguousarray(codes).view(np.float32)
    values: npt.NDArray[np.float32] = decode(codes, format.bare(), dtype=np.float32)
    return values
