"""P3109 floats, and exponents without significand or zero (E8M0): codes, values, overflow tables.

P3109 v4.0: one zero, one NaN, bias 2**(K-P-1) signed and 2**(K-P) unsigned.  Its Saturate table is
`settle`: SatFinite is `saturate`, SatPropagate `saturate_propagate`, SatNone `infinity`; SatNone as
peers have it, where a finite domain overflows to NaN, is `infinity_or_nan`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from fractions import Fraction

from oracle import RANGE, end, stays_finite
from oracle_formats import Cell, Float, compare, floor_log2

KEEPS_HIGHEST = ("toward_zero", "down")
KEEPS_LOWEST = ("toward_zero", "up")
ZERO = Fraction(0)


@dataclass(frozen=True)
class P3109(Float):
    """A Float whose special codes are those of P3109; build it with `p3109` or `named`."""

    extended: bool = True
    finite_overflow: str = "max"  # "nan": what a finite domain gives under SatNone in some peers

    @property
    def highest(self) -> int:
        last = self.sign_bit - 1 if self.signed else self.sign_bit - 2
        return last - self.extended

    @property
    def infinity_code(self) -> int:
        return self.highest + 1

    @property
    def nan(self) -> int:
        return self.sign_bit if self.signed else self.sign_bit - 1

    @property
    def has_infinity(self) -> bool:
        return self.extended

    @property
    def has_nan(self) -> bool:
        return True

    @property
    def has_negative_zero(self) -> bool:
        return False

    def nan_code(self, negative: bool) -> int:
        return self.nan

    def decode(self, code: int) -> Fraction | str:
        if code == self.nan:
            return "nan"
        negative, index = bool(code & self.sign_bit), code & (self.sign_bit - 1)
        if index > self.highest:
            return "-inf" if negative else "inf"
        return -self.value(index) if negative else self.value(index)

    def policies(self) -> list[str]:
        common = ["saturate", "saturate_propagate", "saturate_zero", "error"]
        return [*common, "infinity", "infinity_or_nan", "nan"]

    def _infinity(self, negative: bool) -> int:
        """An infinity that the format has."""
        return self.infinity_code | (self.sign_bit if negative else 0)

    def settle(self, cell: Cell, index: int, overflow: str, mode: str) -> int | str:
        """Saturate(X) of a finite rounded X, then the code."""
        if overflow == "infinity_or_nan":
            return replace(self, finite_overflow="nan").settle(cell, index, "infinity", mode)
        negative = cell.negative
        if not self.overflows(cell, index):
            return index | self.sign_bit if negative and self.signed and index else index
        if overflow == "error":
            return RANGE
        if overflow == "saturate_zero":
            return 0
        if overflow == "nan":
            unlimited = replace(self, extended=True)
            keeps = unlimited._saturate(negative, mode) is None
            return end(self, negative) if keeps else self.nan
        if overflow != "infinity":
            return end(self, negative)
        code = self._saturate(negative, mode)
        return end(self, negative) if code is None else code

    def _saturate(self, negative: bool, mode: str) -> int | None:
        """SatNone outside the finite range: a code, or None for the finite end."""
        if mode in ("to_odd", "jam") and self.extended and not self.signed and not negative:
            return None
        if mode in (KEEPS_LOWEST if negative else KEEPS_HIGHEST):
            return None
        if negative and not self.signed:
            return self.nan
        if self.extended:
            return self._infinity(negative)
        return None if self.finite_overflow == "max" else self.nan

    def settle_infinity(self, negative: bool, overflow: str) -> int | str:
        """Saturate of an infinite X, then the code."""
        if overflow == "infinity_or_nan":
            return replace(self, finite_overflow="nan").settle_infinity(negative, "infinity")
        if overflow == "error":
            return RANGE
        if overflow == "saturate_zero":
            return 0
        if overflow == "nan":
            return self.nan
        if overflow != "saturate" and self.extended and not (negative and not self.signed):
            return self._infinity(negative)
        refused = (negative and not self.signed) or self.finite_overflow == "nan"
        if overflow == "infinity" and refused:
            return self.nan
        return end(self, negative)


def p3109(width: int, precision: int, signed: bool = True, extended: bool = True) -> P3109:
    """Binary{width}p{precision}{s or u}{e or f}."""
    exponent_bits = width - precision + (not signed)
    bias = 1 << (width - precision - 1) if signed else 1 << (width - precision)
    return P3109(exponent_bits, precision - 1, bias, "p3109", "on", signed, extended)


def named(name: str) -> P3109:
    """The format with the standard's name: `Binary8p4se`."""
    found = re.fullmatch(r"binary(\d+)p(\d+)([su])([ef])", name.lower())
    width, precision, sign, domain = found.groups()
    return p3109(int(width), int(precision), sign == "s", domain == "e")


def every_p3109(widths: range) -> list[P3109]:
    """All formats of these widths."""
    return [
        p3109(k, p, signed, extended)
        for k in widths
        for signed in (True, False)
        for p in range(1, k + (not signed))
        for extended in (True, False)
    ]


@dataclass(frozen=True)
class Exponents:
    """Powers of two alone: code c is 2**(c - bias), all ones NaN; no sign, no zero (E8M0)."""

    width: int = 8

    signed = False
    has_infinity = False
    has_nan = True

    @property
    def bias(self) -> int:
        return (1 << (self.width - 1)) - 1

    @property
    def highest(self) -> int:
        return (1 << self.width) - 2

    @property
    def nan(self) -> int:
        return (1 << self.width) - 1

    def nan_code(self, negative: bool) -> int:
        return self.nan

    def value(self, index: int) -> Fraction:
        return Fraction(2) ** (index - self.bias)

    def decode(self, code: int) -> Fraction | str:
        return "nan" if code == self.nan else self.value(code)

    def cell(self, x: Fraction) -> Cell:
        """The float table with -bias for 1-bias and P = 1; index -1 is below the range."""
        if x <= 0:
            return Cell(x < 0, -1, -1, ZERO, -1, True, -1)
        e = max(floor_log2(x), -self.bias)
        s = x * Fraction(2) ** -e
        f = int(s)
        index, even = e + self.bias + f - 1, (e + self.bias) % 2 == 0
        half = compare(s - f, Fraction(1, 2))
        return Cell(False, index, index + 1, s - f, half, even, max(index, 0))

    def overflows(self, cell: Cell, index: int) -> bool:
        return not 0 <= index <= self.highest

    def policies(self) -> list[str]:
        return ["saturate", "saturate_propagate", "nan", "error"]

    def settle(self, cell: Cell, index: int, overflow: str, mode: str) -> int | str:
        """Below the range everything is one underflow, whatever the mode."""
        if not self.overflows(cell, index):
            return index
        if overflow == "error":
            return RANGE
        above = index > self.highest
        if overflow == "nan" and not (above and stays_finite(mode, False)):
            return self.nan
        return self.highest if above else 0

    def settle_infinity(self, negative: bool, overflow: str) -> int | str:
        if overflow in ("error", "nan"):
            return RANGE if overflow == "error" else self.nan
        return 0 if negative else self.highest
