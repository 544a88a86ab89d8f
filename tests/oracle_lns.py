"""Logarithmic numbers LNS<n,r> and powers of two: codes, values, cells and overflow.

LNS<n,r>: sign | two's complement log2|x| with r fraction bits.  The log 10..0 is 0 with sign 0 and
NaN with sign 1; there is no infinity.  Nearest modes round the log, so that below the smallest
number they turn half a log step under it.

pow2<k>: sign | k-1 bits c, worth 0 if c is 0, else 2**(c - bias), bias 2**(k-2) - 1.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

from oracle import RANGE, stays_finite, wrap
from oracle_formats import Cell, Fixed, Float, compare, floor_log2
from oracle_real import Real, power_of_two

ZERO = Fraction(0)


@dataclass(frozen=True)
class LNS:
    """Index 0 is zero, index i > 0 the log i - 2**(n-2), in units of 2**-r; n is 3 or more.

    So the parity of an index is that of its log.
    """

    width: int
    fraction_bits: int

    signed = True

    @property
    def sign_bit(self) -> int:
        return 1 << (self.width - 1)

    @property
    def highest(self) -> int:
        return self.sign_bit - 1

    @property
    def nan(self) -> int:
        return self.sign_bit | self._offset

    @property
    def _offset(self) -> int:
        """The index of the log 0, and the log field of zero and NaN."""
        return 1 << (self.width - 2)

    def value(self, index: int) -> Fraction | Real:
        if index == 0:
            return ZERO
        return power_of_two(index - self._offset, self.fraction_bits)

    def decode(self, code: int) -> Fraction | Real | str:
        if code == self.nan:
            return "nan"
        value = self.value((code + self._offset) % self.sign_bit)
        return -value if code & self.sign_bit else value

    def _floor_log(self, a: Fraction) -> int:
        """The largest log whose power of two is at most a."""
        low = floor_log2(a) << self.fraction_bits
        high = low + (1 << self.fraction_bits)
        while high - low > 1:
            middle = (low + high) // 2
            below = power_of_two(middle, self.fraction_bits) <= a
            low, high = (middle, high) if below else (low, middle)
        return low

    def cell(self, x: Fraction) -> Cell:
        a = abs(x)
        if a == 0:
            return Cell(False, 0, 1, ZERO, -1, True, 0)
        log = self._floor_log(a)
        lower = max(log + self._offset, 0)
        turn = power_of_two(2 * (lower - self._offset) + 1, self.fraction_bits + 1)
        below, above = self.value(lower), self.value(lower + 1)
        tail = (a - below) / (above - below) if a > below else ZERO
        return Cell(x < 0, lower, lower + 1, tail, compare(a, turn), lower % 2 == 0, lower | 1)

    def overflows(self, cell: Cell, index: int) -> bool:
        return index > self.highest

    def policies(self) -> list[str]:
        wraps = [f"wrap({n})" for n in range(self.width)]
        return ["saturate", "saturate_propagate", "saturate_zero", "nan", "error", *wraps]

    def encode(self, negative: bool, index: int) -> int:
        """The code of a magnitude with a sign; zero has none."""
        field = (index - self._offset) % self.sign_bit
        return field | (self.sign_bit if negative and index else 0)

    def settle(self, cell: Cell, index: int, overflow: str, mode: str) -> int | str:
        negative = cell.negative
        if not self.overflows(cell, index):
            return self.encode(negative, index)
        if overflow.startswith("wrap"):
            logs = Fixed(self.width - 1, self.fraction_bits)
            count = int(overflow.rstrip(")").partition("(")[2] or 0)
            field = wrap(logs, index - self._offset, count)
            return field | (self.sign_bit if negative else 0)
        if overflow == "nan" and stays_finite(mode, negative):
            return self.encode(negative, self.highest)
        return self.settle_infinity(negative, overflow)

    def settle_infinity(self, negative: bool, overflow: str) -> int | str:
        if overflow == "error" or overflow.startswith("wrap"):
            return RANGE
        if overflow == "saturate_zero":
            return self._offset
        return self.nan if overflow == "nan" else self.encode(negative, self.highest)


@dataclass(frozen=True)
class PowerOfTwo(Float):
    """Zero and powers of two; nearest modes turn at 1.5 * 2**k, or `geometric` at sqrt(2) * 2**k.

    Below the smallest they turn at its half, or `geometric` at its sqrt(1/2).
    """

    geometric: bool = False

    def cell(self, x: Fraction) -> Cell:
        cell = super().cell(x)
        if not self.geometric or cell.tail == 0:
            return cell
        half = compare(2 * x * x, self.value(cell.upper) ** 2)
        assert half, "the square root of 2 is no fraction"
        return replace(cell, half=half)


def pow2(width: int, geometric: bool = False) -> PowerOfTwo:
    """pow2<width>: a finite float with no fraction bits."""
    return PowerOfTwo(width - 1, 0, special="finite", geometric=geometric)
