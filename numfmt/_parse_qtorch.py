"""Number objects of QPyTorch, by their class and the name of its module: it is never imported."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ._errors import FormatError
from .formats import Fixed, Float, Format
from .formats.block_names import bfp

_BINARY32_EXPONENT_BITS = 8
_MODULES = ("qtorch.number", "numfmt.torch.qtorch_compat")


def _fixed(number: Any) -> Format:
    policy = "saturate_symmetric" if number.symmetric else None
    return Fixed(number.wl, number.fl, overflow=policy if number.clamp else "unbounded")


def _block(number: Any) -> Format:
    """One exponent for the whole array, or for each index of the axis `dim`."""
    axis = None if number.dim == -1 else f"all_but({number.dim})"
    return bfp(number.wl, None, axis=axis)


def _float(number: Any) -> Format:
    """All exponents are of finite numbers, but the top one of eight bits, which is that of
    float32's own infinities and NaNs."""
    special = "ieee" if number.exp == _BINARY32_EXPONENT_BITS else "finite"
    return Float(number.exp, number.man, special=special)


_CLASSES: dict[str, Callable[[Any], Format]] = {
    "FixedPoint": _fixed,
    "BlockFloatingPoint": _block,
    "FloatingPoint": _float,
}


def is_qtorch(number: object) -> bool:
    """Is it a number object of QPyTorch?  Those may be changed by their owners."""
    kind = type(number)
    return kind.__module__ in _MODULES and kind.__name__ in _CLASSES


def from_qtorch(number: Any) -> Format:
    """The format that a number object describes."""
    try:
        return _CLASSES[type(number).__name__](number)
    except FormatError as error:
        raise FormatError(f"format={number!r}: {error}") from error
