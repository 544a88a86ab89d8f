"""Exact numbers beside codes: what a code is, what a number rounds to, and the flags of that.

Numbers are rationals with IEEE's and posits' specials; the cells are those of oracle_formats.py,
the policies those of oracle.py.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction

import oracle
from oracle_formats import Float, Format, Posit
from oracle_p3109 import Exponents
from oracle_real import Real
from oracle_tables import Codebook

ZERO = Fraction(0)


@dataclass(frozen=True)
class Number:
    """kind: "finite" (0 too), "infinity", "nan", or "nar", a NaN that is equal to itself and below
    all numbers; `size` is the magnitude of a finite number."""

    kind: str
    negative: bool = False
    size: Fraction | Real = ZERO

    @property
    def is_nan(self) -> bool:
        return self.kind in ("nan", "nar")

    @property
    def is_zero(self) -> bool:
        return self.kind == "finite" and self.size == 0

    @property
    def value(self) -> Fraction | Real:
        return -self.size if self.negative else self.size

    @property
    def sign(self) -> int:
        return -1 if self.negative else 1

    def with_sign(self, negative: bool) -> Number:
        return replace(self, negative=negative)


NAN = Number("nan")


def exact(value: Fraction | Real | float, negative_zero: bool = False) -> Number:
    """A finite number; `negative_zero` tells the sign of a 0."""
    if not isinstance(value, Real):
        value = Fraction(value)
        if value == 0:
            return Number("finite", negative_zero, ZERO)
    negative = value < ZERO
    return Number("finite", negative, -value if negative else value)


def infinity(negative: bool = False) -> Number:
    """+infinity or -infinity."""
    return Number("infinity", negative)


def number(format: Format, code: int) -> Number:
    """The number that a code is."""
    value = format.decode(code)
    if value == "nan":
        tapered = isinstance(format, Posit)
        signed = isinstance(format, Float) and format.nan_code(True) != format.nan_code(False)
        negative = signed and bool(code & format.sign_bit)
        return Number("nar" if tapered else "nan", negative)
    if value in ("inf", "-inf"):
        return infinity(value == "-inf")
    return exact(ZERO, True) if value == "-0" else exact(value)


def numbers(format: Format, codes: Iterable[int]) -> list[Number]:
    """The numbers that codes are."""
    return [number(format, int(code)) for code in codes]


def every_number(format: Format) -> list[Number]:
    """Of all codes of a narrow format."""
    count = len(format.values) if isinstance(format, Codebook) else 1 << format.width
    return numbers(format, range(count))


def coded(
    format: Format,
    result: Number,
    rounding: str,
    overflow: str,
    takes_upper: bool | None = None,
) -> int | str:
    """The code that an exact result rounds to; oracle.RANGE, or "nan" where the format has none.

    `takes_upper` is the decision of a stochastic rounding.
    """
    if result.is_nan:
        return _coded_nan(format, result)
    if result.kind == "infinity":
        return oracle.settle_infinity(format, result.negative, overflow)
    cell, index = rounded(format, result, rounding, takes_upper)
    return oracle.settle(format, cell, index, overflow, rounding)


def rounded(format: Format, result: Number, rounding: str, takes_upper: bool | None = None):
    """The cell of a finite number, and the index that it rounds to."""
    cell = format.cell(result.value)
    if result.is_zero:
        cell = replace(cell, negative=result.negative)
    if rounding == "jam":
        return cell, cell.jam
    if takes_upper is None:
        takes_upper = oracle.takes_upper(cell, rounding)
    return cell, cell.upper if takes_upper else cell.lower


def _coded_nan(format: Format, result: Number) -> int | str:
    if hasattr(format, "nan_code") and getattr(format, "has_nan", False):
        return format.nan_code(result.negative)
    return getattr(format, "nan", "nan")


def flags(
    format: Format, result: Number, rounding: str, overflow: str, tininess: str = "after"
) -> frozenset[str]:
    """Those that the rounding of a finite result raises: IEEE's overflow, underflow, inexact."""
    code = coded(format, result, rounding, overflow)
    beyond = format.overflows(*rounded(format, result, rounding))
    got = number(format, code)
    inexact = got.kind != "finite" or got.value != result.value
    names = {"overflow": beyond, "inexact": inexact}
    names["underflow"] = inexact and is_tiny(format, result.value, rounding, tininess)
    return frozenset(name for name, raised in names.items() if raised)


def is_tiny(format: Format, x: Fraction, rounding: str, tininess: str = "after") -> bool:
    """Is |x|, rounded as if the exponent had no limit, or "before" rounding, below the smallest
    normal number (of formats without such: the smallest positive one)?"""
    if not isinstance(format, (Float, Exponents)):
        return 0 < abs(x) < format.value(1)
    is_float = isinstance(format, Float)
    smallest = Fraction(2) ** (1 - format.b) if is_float else format.value(0)
    if not 0 < abs(x) < smallest:
        return False
    if tininess == "before":
        return True
    bias, bits = (format.b, format.fraction_bits) if is_float else (format.bias, 0)
    endless = Float(14, bits, bias=bias + 4096)
    _, index = rounded(endless, exact(x), rounding)
    return endless.value(index) < smallest
