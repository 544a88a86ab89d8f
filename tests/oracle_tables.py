"""Codebooks (any sorted table) and affine integers: codes, values, cells and overflow."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from fractions import Fraction
from math import floor

import oracle
from oracle import RANGE
from oracle_formats import Cell, Fixed, Float, compare

ZERO = Fraction(0)


@dataclass(frozen=True)
class Codebook:
    """Sorted values; the code is the index.

    Rounding is on the magnitude: `upper` is the neighbour in the direction of the sign of x.
    `turns`, where nearest modes turn: "middle"; "geometric" (the middle where the neighbours have
    not one sign); or the thresholds themselves, one between each two values.  `jam` is `to_odd`.
    """

    values: tuple[Fraction, ...]
    turns: str | tuple[Fraction, ...] = "middle"

    @property
    def width(self) -> int:
        return max(1, (len(self.values) - 1).bit_length())

    @property
    def highest(self) -> int:
        return len(self.values) - 1

    @property
    def zero(self) -> int | None:
        """The code of 0, where the table has it."""
        return self.values.index(0) if 0 in self.values else None

    def value(self, index: int) -> Fraction:
        return self.values[index]

    def decode(self, code: int) -> Fraction:
        return self.values[code]

    def cell(self, x: Fraction) -> Cell:
        at = bisect_right(self.values, x) - 1
        if at >= 0 and self.values[at] == x:
            return Cell(x < 0, at, at, ZERO, -1, at % 2 == 0, at)
        if at < 0 or at == self.highest:
            beyond = -1 if at < 0 else len(self.values)
            return Cell(at < 0, beyond, beyond, ZERO, -1, True, beyond)
        below, above = self.values[at], self.values[at + 1]
        half, tail = self._half(x, at), (x - below) / (above - below)
        lower, upper = at, at + 1
        if x < 0:
            lower, upper, half, tail = upper, lower, -half, 1 - tail
        odd = lower if lower % 2 else upper
        straddle = "" if not below < 0 < above else "signed" if x else "zero"
        return Cell(x < 0, lower, upper, tail, half, lower % 2 == 0, odd, straddle=straddle)

    def _half(self, x: Fraction, at: int) -> int:
        """x against the threshold between the values at and at + 1."""
        below, above = self.values[at], self.values[at + 1]
        if isinstance(self.turns, tuple):
            return compare(x, self.turns[at])
        if self.turns == "geometric" and below * above > 0:
            return compare(x * x, below * above) * (1 if x > 0 else -1)
        return compare(x, (below + above) / 2)

    def overflows(self, cell: Cell, index: int) -> bool:
        return not 0 <= index <= self.highest

    def policies(self) -> list[str]:
        zero = ["saturate_zero"] * (self.zero is not None)
        return ["saturate", "saturate_propagate", *zero, "error"]

    def settle(self, cell: Cell, index: int, overflow: str, mode: str) -> int | str:
        """Outside the table: its ends."""
        if not self.overflows(cell, index):
            return index
        return self.settle_infinity(index < 0, overflow)

    def settle_infinity(self, negative: bool, overflow: str) -> int | str:
        if overflow == "error":
            return RANGE
        if overflow == "saturate_zero":
            return self.zero
        return 0 if negative else self.highest


def codebook(values, turns="middle") -> Codebook:
    """A Codebook of numbers in any order."""
    exact = tuple(sorted({Fraction(v) for v in values}))
    return Codebook(exact, turns if isinstance(turns, str) else tuple(map(Fraction, turns)))


BINARY = codebook([-1, 1])
TERNARY = codebook([-1, 0, 1])
NF4 = codebook(  # Dettmers et al., "QLoRA", appendix E: the float32 numbers nearest to these
    [
        *(-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453),
        *(-0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0),
        *(0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224),
        *(0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0),
    ]
)


@dataclass(frozen=True)
class Affine(Fixed):
    """real = scale * (q - zero_point); the index is q.  Build it with `affine`.

    "even", "zero" and "away" refer to q - zero_point, wraps and ends to q; `saturate_zero` gives 0.
    """

    scale: Fraction = Fraction(1)
    zero_point: int = 0

    def value(self, index: int) -> Fraction:
        return (index - self.zero_point) * self.scale

    def policies(self) -> list[str]:
        """Those of the integers, the symmetric end only around 0."""
        every = oracle.policies(Fixed(self.width, 0, self.signed))
        return [p for p in every if p != "saturate_symmetric" or self.zero_point == 0]

    def cell(self, x: Fraction) -> Cell:
        return self.cell_of(x / self.scale)

    def settle(self, cell: Cell, index: int, overflow: str, mode: str) -> int | str:
        """What the integer becomes: `saturate_zero` gives the code of the value 0."""
        if overflow == "saturate_zero" and not self.lowest <= index <= self.highest:
            return self.zero_point % (1 << self.width)
        code = oracle.settle_fixed(self, cell, index, overflow)
        return code if code is RANGE else code % (1 << self.width)

    def settle_infinity(self, negative: bool, overflow: str) -> int | str:
        """An infinite input, which no wrap is for."""
        if overflow == "saturate_zero":
            return self.zero_point % (1 << self.width)
        return oracle.settle_fixed_infinity(self, negative, overflow)

    def cell_of(self, quotient: Fraction) -> Cell:
        """The cell of x / scale, however that was computed."""
        f = floor(quotient)
        tail = quotient - f
        lower = f + self.zero_point
        jam = (f | 1) + self.zero_point
        half, bit = compare(tail, Fraction(1, 2)), lower >> self.width & 1
        return Cell(
            quotient < 0, lower, lower + 1, tail, half, f % 2 == 0, jam, True, dropped_bit=bit
        )


def affine(width: int, scale, zero_point: int = 0, signed: bool = True) -> Affine:
    """Affine integers of one scale and zero point, which must be a code."""
    made = Affine(width, 0, signed, Fraction(scale), zero_point)
    assert made.lowest <= zero_point <= made.highest
    return made


BINARY32 = Float(8, 23)


def single(x: Fraction) -> Fraction:
    """The nearest float32 of a number inside its range, ties to even."""
    cell = BINARY32.cell(x)
    up = cell.half > 0 or (cell.half == 0 and not cell.even)
    size = BINARY32.value(cell.lower + up)
    return -size if x < 0 else size


def reciprocal_quotient(x: Fraction, scale: Fraction) -> Fraction:
    """x / scale as peers have it: a float32 reciprocal, and a float32 product."""
    return single(x * single(1 / scale))


def groups(shape: tuple[int, ...], axis: int | None, size: int | None = None) -> list[int]:
    """Which scale each element takes, in C order.

    One for all (axis None); one for each index along the axis; or one for each group of `size`
    neighbours along the axis, and each index of the other axes.
    """
    found, numbers = [], {}
    total = 1
    for extent in shape:
        total *= extent
    for flat in range(total):
        place, rest = [], flat
        for extent in reversed(shape):
            place.insert(0, rest % extent)
            rest //= extent
        if axis is None:
            name: tuple = ()
        elif size is None:
            name = (place[axis],)
        else:
            place[axis] //= size
            name = tuple(place)
        found.append(numbers.setdefault(name, len(numbers)))
    return found
