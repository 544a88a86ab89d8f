"""QPyTorch's three kinds of numbers, and what one direction of a quantizer does with them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import torch

from .._call import plan_of
from .._errors import DtypeError, FormatError, RandomError, RoundingError
from .._parse import parse
from .._parse_qtorch import is_qtorch
from .._random import Key
from ..formats import Fixed, Format
from . import _qtorch_bits as bits
from ._quantize import Rounding
from ._tensors import as_numpy, as_tensor, check_tensor

Function = Callable[[torch.Tensor], torch.Tensor]


@dataclass(frozen=True)
class _Number:
    def __post_init__(self) -> None:
        parse(self)


@dataclass(frozen=True)
class FixedPoint(_Number):
    """Fixed point of `wl` bits, `fl` of them (from 0 down to any number) behind the point.

    >>> import numfmt as nf
    >>> str(nf.parse(FixedPoint(8, 3, symmetric=True)))
    'fixed<8,3,overflow=saturate_symmetric>'
    """

    wl: int
    fl: int
    clamp: bool = True
    symmetric: bool = False


@dataclass(frozen=True)
class BlockFloatingPoint(_Number):
    """Integers of `wl` bits under one exponent: for each index of the axis `dim`, or with -1 for
    the whole tensor.

    >>> import numfmt as nf
    >>> str(nf.parse(BlockFloatingPoint(8, dim=0)))
    'bfp<8,None,axis=all_but(0)>'
    """

    wl: int
    dim: int = -1


@dataclass(frozen=True)
class FloatingPoint(_Number):
    """`exp` exponent bits, none of them for infinity or NaN (of 8: as float32), `man` fraction
    bits.

    >>> import numfmt as nf
    >>> str(nf.parse(FloatingPoint(5, 2)))
    'float<5,2,special=finite>'
    """

    exp: int
    man: int


NUMBERS = {kind.__name__: kind for kind in (FixedPoint, BlockFloatingPoint, FloatingPoint)}
for _kind in NUMBERS.values():
    _kind.__module__ = "numfmt.torch.qtorch_compat"  # where users, and pickle, find it


class Clamped:
    """Rounds without an end, then clamps; `mask` is where that changed a number."""

    def __init__(self, free: Function, low: float, high: float) -> None:
        self.free, self.low, self.high = free, low, high
        self.mask: torch.Tensor | None = None

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """x rounded."""
        rounded = self.free(x)
        self.mask = (rounded < self.low) | (rounded > self.high)
        return rounded.clamp(self.low, self.high)


@dataclass(frozen=True)
class Right:
    """One direction as numfmt rounds: exactly, once."""

    format: Format
    rounding: str

    @property
    def is_random(self) -> bool:
        """Does it draw random bits?"""
        return plan_of(self.format, self.rounding).is_random

    def function(self, key: Key | None) -> Function:
        """The rounding of one call."""
        return Rounding(plan_of(self.format, self.rounding), key if self.is_random else None)

    def clamped(self, key: Key | None) -> Clamped:
        """The same, with a mask of what was out of range."""
        format = self.format
        if not isinstance(format, Fixed) or format.overflow == "unbounded":
            raise FormatError(
                f"clamping_grad_zero=True needs fixed point that clamps, not {format}"
            )
        plan = plan_of(format, self.rounding, "unbounded")
        free = Rounding(plan, key if self.is_random else None)
        high = float(format.max)
        low = -high if format.overflow == "saturate_symmetric" else float(format.min)
        return Clamped(free, low, high)


@dataclass(frozen=True)
class Exact:
    """One direction as QPyTorch rounds on a processor."""

    number: Any
    rounding: str

    is_random = False  # its random numbers are PyTorch's own, taken as they are needed

    def function(self, key: Key | None) -> Function:
        """The rounding of one call."""
        return self._clamped if isinstance(self.number, FixedPoint) else self._nearest

    def _clamped(self, x: torch.Tensor) -> torch.Tensor:
        return self.clamped(None)(x) if self.number.clamp else self._fixed(x)

    def _fixed(self, x: torch.Tensor) -> torch.Tensor:
        random = torch.rand(x.shape).numpy() if self.rounding == "stochastic" else None
        return as_tensor(bits.fixed(_float32(x), self.number.fl, random), x)

    def _nearest(self, x: torch.Tensor) -> torch.Tensor:
        array, number = _float32(x), self.number
        if isinstance(number, BlockFloatingPoint):
            return as_tensor(bits.block(array, number.wl, number.dim), x)
        return as_tensor(bits.floating(array, number.exp, number.man), x)

    def clamped(self, key: Key | None) -> Clamped:
        """The same, with a mask of what was out of range."""
        number = self.number
        if not (isinstance(number, FixedPoint) and number.clamp):
            raise FormatError(
                f"clamping_grad_zero=True needs fixed point that clamps, not {number}"
            )
        low, high = bits.fixed_ends(number.wl, number.fl, number.symmetric)
        return Clamped(self._fixed, float(low), float(high))


def _float32(x: torch.Tensor) -> np.ndarray[Any, Any]:
    check_tensor(x)
    if x.dtype != torch.float32:
        raise DtypeError(f"x has dtype {x.dtype}; exact_compat=True is of torch.float32 alone")
    return np.ascontiguousarray(as_numpy(x))


def direction(number: Any, rounding: str, exact_compat: bool) -> Right | Exact | None:
    """What is done in one direction; None: nothing."""
    if not exact_compat:
        mode = "nearest_even" if rounding == "nearest" else rounding
        format = parse("fixed<8,3>" if number is None else number)
        plan_of(format, mode).modes  # noqa: B018 - an unknown mode is an error even where nothing is rounded
        return None if number is None else Right(format, mode)
    if rounding not in ("nearest", "stochastic"):
        raise RoundingError(f"rounding={rounding!r} must be 'nearest' or 'stochastic', as qtorch's")
    if number is None:
        return None
    if not is_qtorch(number):
        raise FormatError(
            f"exact_compat=True needs a FixedPoint, BlockFloatingPoint or FloatingPoint, not "
            f"{number!r}"
        )
    kind = NUMBERS[type(number).__name__]
    own = kind(**{field.name: getattr(number, field.name) for field in fields(kind)})
    if rounding == "stochastic" and kind is not FixedPoint:
        raise RandomError(
            f"exact_compat=True with rounding='stochastic' of {own}: qtorch draws from "
            f"std::random_device, and no two runs of it agree; exact_compat=False has the same law"
        )
    return Exact(own, rounding)
