"""The formats of IEEE P3109."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from .._core import lib
from ._base import Format, Number, integer, switch
from ._layout import Layout, float_layout

_MOST_FIELD_BITS = 63  # of a precision and of an exponent field


@dataclass(frozen=True, repr=False)
class P3109(Format):
    """Binary{width}p{precision} of P3109 v4.0: one zero, one NaN, 1.0 in the middle of the positive
    codes.

    Args:
        width: 3..64.
        precision: significand bits with the hidden one; 1..width-1, unsigned 1..width.  At most 63,
            and of ``width=64, signed=False`` at least 2.
        signed: with a sign bit.
        extended: with infinities; False: the finite domain.
        rounding, overflow: modes that the format carries as its own defaults.

    P3109's saturations are the overflow policies ``saturate`` (SatFinite), ``saturate_propagate``
    and ``infinity`` (SatNone); where a finite domain is to overflow to NaN, ``infinity_or_nan``.

    >>> f = P3109(8, 4)
    >>> str(f), f.max, f.smallest_positive, f.has_infinity
    ('binary8p4se', 224.0, 0.0009765625, True)
    """

    width: int
    precision: int = field()
    signed: bool = field(default=True, kw_only=True)
    extended: bool = field(default=True, kw_only=True)
    rounding: str | None = field(default=None, kw_only=True)
    overflow: str | None = field(default=None, kw_only=True)

    family: ClassVar[str] = "float"
    __hash__ = Format.__hash__

    def __post_init__(self) -> None:
        switch(self.signed, "signed")
        switch(self.extended, "extended")
        width = integer(self.width, "width", 3, 64)
        least = max(1, width + (not self.signed) - _MOST_FIELD_BITS)
        precision = integer(
            self.precision, "precision", least, min(width - self.signed, _MOST_FIELD_BITS)
        )
        object.__setattr__(self, "width", width)
        object.__setattr__(self, "precision", precision)
        self._check()

    @property
    def exponent_bits(self) -> int:
        """Bits of the exponent field."""
        return self.width - self.precision + (not self.signed)

    @property
    def fraction_bits(self) -> int:
        """Stored fraction bits."""
        return self.precision - 1

    @property
    def bias(self) -> int:
        """What is subtracted from the exponent field."""
        return 1 << (self.exponent_bits - 1)

    def _fields(self) -> dict[str, int]:
        return {
            "family": lib.NF_FLOAT,
            "width": self.width,
            "is_signed": self.signed,
            "exponent_bits": self.exponent_bits,
            "special": lib.NF_P3109_EXTENDED if self.extended else lib.NF_P3109_FINITE,
            "subnormals": lib.NF_SUBNORMALS,
            "fraction_bits": self.fraction_bits,
            "bias": self.bias,
        }

    def _spelling(self) -> tuple[str, list[str]]:
        sign, domain = "s" if self.signed else "u", "e" if self.extended else "f"
        return f"binary{self.width}p{self.precision}{sign}{domain}", []

    @property
    def eps(self) -> Number:
        """The gap between 1 and the next larger value, were the exponent range unlimited."""
        return float(2.0**-self.fraction_bits)

    def layouts(self) -> tuple[Layout, ...]:
        """Sign, exponent and fraction."""
        sizes = int(self.signed), self.exponent_bits, self.fraction_bits
        top = (1 << self.width) - 1
        nan = 1 << (self.width - 1) if self.signed else top
        codes = [f"code {nan:#x}: NaN"]
        if self.extended:
            codes += [f"code {nan - 1:#x}: infinity"]
            codes += [f"code {top:#x}: -infinity"] if self.signed else []
        return (float_layout(*sizes, self.bias, tuple(codes)),)
