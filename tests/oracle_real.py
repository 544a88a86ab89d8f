"""Irrational numbers known to any precision, for formats whose values are powers of e and of 2.

A Real is never rational, so every comparison with a rational, and every floor, is decided by
bounds that are tight enough.  Integers and fractions alone: no floating point, no rounding.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from math import floor, isqrt

MOST_BITS = 1 << 15  # where a number still undecided counts as an error of the oracle
Bounds = tuple[Fraction, Fraction]


class Real:
    """A number between rational bounds: `at(bits)` gives tighter ones for more bits."""

    def __init__(self, at: Callable[[int], Bounds]):
        self.at = lru_cache(maxsize=None)(at)

    def _decide(self, answer: Callable[[Fraction, Fraction], object]) -> object:
        """The first answer that is not None, from ever tighter bounds."""
        bits = 64
        while bits <= MOST_BITS:
            try:
                found = answer(*self.at(bits))
            except ZeroDivisionError:  # a divisor not yet told from 0
                found = None
            if found is not None:
                return found
            bits *= 2
        raise AssertionError("undecided: is the number rational?")

    def _sign(self, x: Fraction) -> int:
        """-1 or 1 as the number is below or above x."""
        return self._decide(lambda low, high: 1 if low > x else -1 if high < x else None)

    def __eq__(self, other: object) -> bool:
        return self is other

    __hash__ = object.__hash__

    def __lt__(self, other) -> bool:
        return (self - other)._sign(Fraction(0)) < 0

    def __gt__(self, other) -> bool:
        return (self - other)._sign(Fraction(0)) > 0

    def __le__(self, other) -> bool:
        return self is other or self < other

    def __ge__(self, other) -> bool:
        return self is other or self > other

    def __floor__(self) -> int:
        return self._decide(lambda low, high: floor(low) if floor(low) == floor(high) else None)

    def __float__(self) -> float:
        """The nearest double."""
        return self._decide(lambda low, high: float(low) if float(low) == float(high) else None)

    def __neg__(self) -> Real:
        return Real(lambda bits: tuple(-v for v in reversed(self.at(bits))))

    def __add__(self, other) -> Real:
        return _combine(self, other, lambda a, b: a + b)

    def __sub__(self, other) -> Real:
        return _combine(self, other, lambda a, b: a - b)

    def __rsub__(self, other) -> Real:
        return _combine(other, self, lambda a, b: a - b)

    def __mul__(self, other) -> Real:
        return _combine(self, other, lambda a, b: a * b)

    def __truediv__(self, other) -> Real:
        return _combine(self, other, _quotient)

    def __rtruediv__(self, other) -> Real:
        return _combine(other, self, _quotient)

    __radd__, __rmul__ = __add__, __mul__


def _quotient(a: Bounds | Fraction, b: Fraction) -> Fraction:
    return Fraction(a) / b


def _combine(a, b, operation) -> Real:
    """An operation that is monotone in each operand, on bounds."""

    def at(bits: int) -> Bounds:
        ends_a = a.at(bits) if isinstance(a, Real) else (a, a)
        ends_b = b.at(bits) if isinstance(b, Real) else (b, b)
        if operation is _quotient and ends_b[0] <= 0 <= ends_b[1]:
            raise ZeroDivisionError
        corners = [operation(p, q) for p in ends_a for q in ends_b]
        return min(corners), max(corners)

    return Real(at)


@lru_cache(maxsize=1 << 16)
def exp(q: Fraction) -> Real | Fraction:
    """e**q: the series for q / 2**k, squared k times, bounded on both sides."""
    return Real(lambda bits: _exp_bounds(q, bits)) if q else Fraction(1)


def _exp_bounds(q: Fraction, bits: int) -> Bounds:
    if q < 0:
        low, high = _exp_bounds(-q, bits + 2 * int(-q) + 8)
        return 1 / high, 1 / low
    halvings = max(0, q.numerator.bit_length() - q.denominator.bit_length() + 2)
    scale = 1 << (bits + halvings + 32)
    part = q / (1 << halvings)
    low = high = term_low = term_high = scale
    n = 0
    while term_high > 1:
        n += 1
        over = part.denominator * n
        term_low = term_low * part.numerator // over
        term_high = -(-term_high * part.numerator // over)
        low, high = low + term_low, high + term_high
    high += 2 * term_high  # the rest of the series is less than the last term, twice
    for _ in range(halvings):
        low, high = low * low // scale, -(-high * high // scale)
    return Fraction(low, scale), Fraction(high, scale)


@lru_cache(maxsize=1 << 16)
def power_of_two(numerator: int, root_bits: int) -> Real | Fraction:
    """2**(numerator / 2**root_bits): a Fraction where the exponent is an integer."""
    whole, part = numerator >> root_bits, numerator & ((1 << root_bits) - 1)
    if not part:
        return Fraction(2) ** whole
    unit = Fraction(2) ** whole

    def at(bits: int) -> Bounds:
        scale = 1 << (bits + 8 + root_bits.bit_length())
        low = high = scale
        for i, (root_low, root_high) in enumerate(_roots(root_bits, scale), 1):
            if part >> (root_bits - i) & 1:
                low, high = low * root_low // scale, -(-high * root_high // scale)
        return Fraction(low, scale) * unit, Fraction(high, scale) * unit

    return Real(at)


@lru_cache(maxsize=256)
def _roots(count: int, scale: int) -> list[tuple[int, int]]:
    """Bounds of 2**(1/2), 2**(1/4) ... in units of 1 / scale."""
    low = high = 2 * scale
    found = []
    for _ in range(count):
        low, high = isqrt(low * scale), isqrt(high * scale) + 1
        found.append((low, high))
    return found
