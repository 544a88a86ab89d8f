"""Takums, linear and logarithmic: codes, values, and where a number lies among them.

| S | D | R (3) | C (r) | M (p) |, read as zero-padded to 12 bits.  The cells are those of posits:
nearest turns at the code one bit longer, nothing rounds to 0 or NaR but by chance.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from oracle_formats import Posit, floor_log2
from oracle_real import Real, exp

SHORTEST = 12  # bits that hold sign, direction, regime and the longest characteristic
HEAD = 5  # S, D and R


@dataclass(frozen=True)
class Takum(Posit):
    """Linear takums: (1 + m) 2**c."""

    es: int = 0  # takums have none

    def value(self, index: int) -> Fraction:
        return takum_value(self.width, index)

    def _middle(self, lower: int) -> Fraction:
        return takum_value(self.width + 1, 2 * lower + 1)

    def _position(self, a: Fraction) -> Fraction:
        """The endless string D, R, C, M of a, as code.bits."""
        c = floor_log2(a)
        if c >= 0:
            r = (c + 1).bit_length() - 1
            head, rest = 8 | r, c + 1 - (1 << r)
        else:
            r = (-c).bit_length() - 1
            head, rest = 7 - r, c - 1 + (1 << (r + 1))
        bits = (head << r) + rest + (a / Fraction(2) ** c - 1)
        return bits * Fraction(2) ** (self.width - HEAD - r)


@dataclass(frozen=True)
class LogTakum(Takum):
    """Logarithmic takums: sqrt(e)**(c + m), irrational but for 1; `value` gives a Real."""

    def value(self, index: int) -> Fraction | Real:
        return log_takum_value(self.width, index)

    def _middle(self, lower: int) -> Fraction | Real:
        return log_takum_value(self.width + 1, 2 * lower + 1)

    def _index_by_string(self, a: Fraction) -> int:
        return self._index_at(a)

    def _position(self, a: Fraction) -> Fraction | Real:
        """Bounds from the cells of longer takums."""
        if a == 1:
            return Fraction(1 << (self.width - 2))

        def at(bits: int) -> tuple[Fraction, Fraction]:
            finer = LogTakum(self.width + bits)._index_at(a)
            return Fraction(finer, 1 << bits), Fraction(finer + 1, 1 << bits)

        return Real(at)


def fields(width: int, code: int) -> tuple[int, int, Fraction]:
    """(S, c, m) of a code other than 0 and NaR, by the definition."""
    padded = max(width, SHORTEST)
    code <<= padded - width
    s, d, r = code >> (padded - 1), code >> (padded - 2) & 1, code >> (padded - HEAD) & 7
    r = r if d else 7 - r
    p = padded - HEAD - r
    big_c = code >> p & ((1 << r) - 1)
    c = (1 << r) - 1 + big_c if d else -(1 << (r + 1)) + 1 + big_c
    return s, c, Fraction(code & ((1 << p) - 1), 1 << p)


@lru_cache(maxsize=1 << 18)
def takum_value(width: int, code: int) -> Fraction:
    """A linear takum by the definition, for either sign."""
    if code == 0:
        return Fraction(0)
    s, c, m = fields(width, code)
    return ((1 - 3 * s) + m) * Fraction(2) ** ((1 - 2 * s) * (c + s))


@lru_cache(maxsize=1 << 18)
def log_takum_value(width: int, code: int) -> Fraction | Real:
    """A logarithmic takum by the definition, for either sign."""
    if code == 0:
        return Fraction(0)
    s, c, m = fields(width, code)
    size = exp((1 - 2 * s) * (c + m) / 2)
    return -size if s else size
