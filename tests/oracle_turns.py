"""Operands of operations whose exact results lie next to where a rounding turns, nearer than any
number of 64 bits does.  Fractions alone: a turn is a Fraction, or a Real that is none.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import floor

from oracle_formats import floor_log2
from oracle_real import Real

Number = Fraction | Real
DOUBLE_BITS = 53


def cut(x: Number, bits: int) -> Fraction:
    """A positive number cut to so many significant bits."""
    unit = Fraction(2) ** (binade_of(x) - bits + 1)
    return floor(x / unit) * unit


def binade_of(x: Number) -> int:
    """floor(log2(x)) of a positive number."""
    return floor_log2(x if isinstance(x, Fraction) else x.at(64)[0])


def below_and_above(x: Number, bits: int) -> tuple[Fraction, Fraction]:
    """Neighbours of a positive number, about 2**-bits of it away."""
    step = Fraction(2) ** (binade_of(x) - bits)
    if isinstance(x, Fraction) and cut(x, 2 * DOUBLE_BITS) == x:
        return x - step, x + step
    low = cut(x, bits)
    return low, low + 2 * step


def in_doubles(x: Fraction, count: int = 3) -> list[float]:
    """A number as an exact sum of doubles."""
    parts = []
    for _ in range(count):
        parts.append(float(x))
        x -= Fraction(parts[-1])
    assert x == 0, "too many bits"
    return parts


def sums(turn: Number) -> Iterator[tuple[float, float, float]]:
    """a + b + c next to a turn: 2**-70 to 2**-150 of it away, and 2**-400 where it is short."""
    sign = 1 if turn > 0 else -1
    size = turn if sign > 0 else -turn
    is_short = isinstance(size, Fraction) and cut(size, DOUBLE_BITS) == size
    for bits in (70, 100, 128, 150, *([400] if is_short else [])):
        for x in below_and_above(size, bits):
            yield tuple(in_doubles(sign * x))


def products(turn: Number) -> Iterator[tuple[float, float, float]]:
    """a * b + c next to a turn, about 2**-106 of it away."""
    for a in (1 + 2.0**-52, 1.1, 1.7):
        size = turn if turn > 0 else -turn
        b = float(cut(size / Fraction(a), DOUBLE_BITS))
        rest = size - Fraction(a) * Fraction(b)
        c = float(cut(rest, DOUBLE_BITS)) if rest > 0 else 0.0
        for last in (c, c * (1 + 2.0**-52)):
            yield (a, b, last) if turn > 0 else (-a, b, -last)


def quotients(turn: Number, bits: int = DOUBLE_BITS) -> Iterator[tuple[int, int]]:
    """p / q next to a turn: its last convergents of so many bits, about 2**-2bits of it away."""
    size = turn if turn > 0 else -turn
    scale = Fraction(2) ** binade_of(size)
    found = [pair for pair in convergents(size / scale) if max(pair) < 1 << (bits - 8)]
    for p, q in found[-4:]:
        if Fraction(p, q) * scale != turn:
            ahead = scale if scale >= 1 else Fraction(1)
            behind = 1 / scale if scale < 1 else Fraction(1)
            yield float(p * ahead) * (1 if turn > 0 else -1), float(q * behind)


def convergents(x: Number, most: int = 200) -> Iterator[tuple[int, int]]:
    """The convergents of the continued fraction of a positive number."""
    before, last = (0, 1), (1, 0)
    for _ in range(most):
        whole = floor(x)
        before, last = last, (whole * last[0] + before[0], whole * last[1] + before[1])
        yield last
        rest = x - whole
        if isinstance(rest, Fraction) and rest == 0:
            return
        if last[1] >> 70:
            return
        x = 1 / rest
