"""The variance-corrected law of a block: one exponent, chosen before anything is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import laws
from oracle_formats import floor_log2

TWO = Fraction(2)
DEVIATIONS = 6  # the ends lie at least that many standard deviations from every mean


@dataclass(frozen=True)
class BlockLaw:
    """Elements of any sorted grid times 2**e, low <= e <= high.

    Of an evenly spaced grid (block floating point) the law is the lattice's, of any other the
    nested pairs'.
    """

    grid: tuple[Fraction, ...]
    low: int
    high: int
    nested_pairs: bool = False  # of an evenly spaced grid too

    @property
    def room(self) -> Fraction:
        """How far from 0 means may lie at e = 0: two gaps inside the last value."""
        return self.grid[-1] - 2 * (self.grid[-1] - self.grid[-2])

    @property
    def is_even(self) -> bool:
        """Is every gap of the grid the same?"""
        return len({b - a for a, b in zip(self.grid, self.grid[1:], strict=False)}) == 1

    def exponent(self, means: Sequence, variances: Sequence) -> int | None:
        """The least e that leaves room for all; None: zeros without variance, a zero block."""
        largest = max(abs(Fraction(m)) for m in means)
        variance = max(Fraction(v) for v in variances)
        if largest == variance == 0:
            return None
        guess = floor_log2(largest / self.grid[-1]) if largest else floor_log2(variance) // 2
        e = max(self.low, min(guess, self.high))
        while e > self.low and self._has_room(e - 1, largest, variance):
            e -= 1
        while e < self.high and not self._has_room(e, largest, variance):
            e += 1
        return e

    def _has_room(self, e: int, largest: Fraction, variance: Fraction) -> bool:
        spare = self.room * TWO**e - largest
        return spare >= 0 and spare**2 >= DEVIATIONS**2 * variance

    def of(self, means: Sequence, variances: Sequence) -> laws.Lattice | laws.Nested | None:
        """The law that every element of the block draws from, or None for a zero block."""
        e = self.exponent(means, variances)
        if e is None:
            return None
        values = [v * TWO**e for v in self.grid]
        if self.is_even and not self.nested_pairs:
            return laws.Lattice(values[1] - values[0], values[0], values[-1])
        return laws.Nested(values)


def bfp(width: int, symmetric: bool = True, low: int = -128, high: int = 127) -> BlockLaw:
    """bfp<W>: integers times 2**(E + 2 - W), to 2**(E + 1) less one step; W is 3 or more."""
    most = (1 << (width - 1)) - 1
    step = TWO ** (2 - width)
    return BlockLaw(tuple(k * step for k in range(-most - (not symmetric), most + 1)), low, high)


def stored_exponent(values: Sequence[Fraction]) -> int | None:
    """The exponent that a drawn block may be stored with, without loss; None: all are 0."""
    largest = max(abs(v) for v in values)
    return floor_log2(largest) if largest else None
