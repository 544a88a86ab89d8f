"""The oracle's answers for a whole array at once.

Each number is looked at once, in rationals.  What a mode or policy makes of it depends on few facts
(a dozen different ones an array for a mode, a few hundred for a policy): the oracle is asked about
each fact once, and the answers are spread over the array.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import cache

import numpy as np
import oracle
from oracle import RANGE
from oracle_formats import Cell, Fixed, Float, Format
from oracle_real import Real


class Sheet:
    """What `format` makes of finite numbers `x` (a 1-D array, or Fractions; -0.0 is not 0.0)."""

    def __init__(self, format: Format, x: np.ndarray | list[Fraction]):
        self.format = format
        numbers = x.tolist() if isinstance(x, np.ndarray) else x
        self.cells = [exact_cell(format, number) for number in numbers]
        self._targets: dict[tuple, int] = {}
        self._examples: list[tuple[Cell, int]] = []
        self._settled: dict[tuple[str, str], tuple[np.ndarray, np.ndarray]] = {}
        self.lower = self._numbers([c.lower for c in self.cells])
        self.upper = self._numbers([c.upper for c in self.cells])
        self.jam = self._numbers([c.jam for c in self.cells])
        lowest = [c.lower if c.random_lower is None else c.random_lower for c in self.cells]
        self.random_lower = self._numbers(lowest)

    def _numbers(self, indices: list[int]) -> np.ndarray:
        """Numbers the rounded results: the same number for those that every policy treats alike."""
        numbers = np.empty(len(indices), dtype=np.intp)
        for i, (cell, index) in enumerate(zip(self.cells, indices, strict=True)):
            fact = (cell.negative, index, cell.dropped_bit)
            if fact not in self._targets:
                self._targets[fact] = len(self._examples)
                self._examples.append((cell, index))
            numbers[i] = self._targets[fact]
        return numbers

    def target(self, number: int) -> tuple[Cell, int]:
        """A cell and the index, in it, of a numbered result."""
        return self._examples[number]

    def rounded(self, mode: str) -> np.ndarray:
        """The numbers of the results of a deterministic mode."""
        if mode == "jam":
            return self.jam
        return np.where(self._takes_upper(mode), self.upper, self.lower)

    def _takes_upper(self, mode: str) -> np.ndarray:
        answers: dict[tuple, bool] = {}
        out = np.empty(len(self.cells), dtype=bool)
        for i, c in enumerate(self.cells):
            fact = (c.upper_is_up, c.upper_is_away, c.even, c.half, c.tail == 0, c.straddle)
            if fact not in answers:
                answers[fact] = oracle.takes_upper(c, mode)
            out[i] = answers[fact]
        return out

    def tails(self, probability: str = "value") -> list[Fraction]:
        """How likely the upper neighbour is."""
        if probability == "value":
            return [c.tail for c in self.cells]
        return [c.tail if c.code_tail is None else c.code_tail for c in self.cells]

    def thresholds(self, variant: str, bits: int, probability: str = "value") -> np.ndarray:
        """The smallest R that goes to the upper neighbour, an int64 array."""
        tails = self.tails(probability)
        return np.array([oracle.threshold(t, variant, bits) for t in tails], dtype=np.int64)

    def goes_up(self, rounding: str, words: np.ndarray) -> np.ndarray:
        """Which numbers a stochastic rounding, as it is spelled, takes to the upper neighbour by
        their words; where a word leaves it open, zeros follow."""
        by, words = "code" if "code" in rounding else "value", words.astype(np.int64)
        tails = self.tails(by)
        if "bits" in rounding:
            bits, variant = (part.split("=")[1] for part in rounding.rstrip(")").split(",")[:2])
            return words >> (32 - int(bits)) >= self.thresholds(variant, int(bits), by)
        if rounding == "stochastic_equal":
            return np.array([tail != 0 for tail in tails]) & (words >> 31 == 1)
        return np.array(
            [
                tail != 0 and oracle.takes_upper_all_bits(tail, [word, 0, 0])
                for tail, word in zip(tails, words.tolist(), strict=True)
            ]
        )

    def drawn(self, takes_upper: np.ndarray, underflow: str = "zero") -> np.ndarray:
        """The numbers of the results of a stochastic mode, where it goes up as given."""
        lower = self.random_lower if underflow == "zero" else self.lower
        return np.where(takes_upper, self.upper, lower)

    def codes(self, rounded: np.ndarray, overflow: str, mode: str) -> tuple[np.ndarray, np.ndarray]:
        """The codes of numbered results, and where there is none because the library must raise."""
        matters = mode if overflow in ("infinity", "infinity_or_nan", "nan") else ""
        if (overflow, matters) not in self._settled:
            settled = [
                oracle.settle(self.format, cell, index, overflow, mode)
                for cell, index in self._examples
            ]
            table = np.array([0 if s is RANGE else s for s in settled], dtype=np.uint64)
            self._settled[overflow, matters] = table, np.array([s is RANGE for s in settled])
        table, raises = self._settled[overflow, matters]
        return table[rounded], raises[rounded]

    def unbounded(self, rounded: np.ndarray) -> np.ndarray:
        """The values of numbered results under the policy `unbounded`, as float64."""
        used = set(rounded.tolist())
        table = [
            self._unbounded(cell, index) if i in used else np.nan
            for i, (cell, index) in enumerate(self._examples)
        ]
        return np.array(table)[rounded]

    def _unbounded(self, cell: Cell, index: int) -> float:
        value = to_float(self.format.value(index))
        if isinstance(self.format, Fixed) or not cell.negative:
            return value
        keeps_sign = value or (isinstance(self.format, Float) and self.format.has_negative_zero)
        return -value if keeps_sign else value


def exact_cell(format: Format, x: float | int | Fraction) -> Cell:
    """The cell of a number; the sign of a zero is kept."""
    cell = format.cell(Fraction(x))
    negative_zero = isinstance(x, float) and x == 0 and np.signbit(x)
    return replace(cell, negative=True) if negative_zero else cell


def to_float(value: Fraction | str) -> float:
    """A value as a float: exactly, or as infinity where it lies above every float.

    An irrational value has its nearest float.
    """
    if isinstance(value, str):
        return float(value.replace("-0", "-0.0"))
    try:
        result = float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")
    assert isinstance(value, Real) or result == value, "no float has this value"
    return result


@cache
def value_table(format: Format) -> np.ndarray:
    """The value of every code of a narrow format."""
    return np.array([to_float(format.decode(code)) for code in range(1 << format.width)])


def values_of(format: Format, codes: np.ndarray) -> np.ndarray:
    """The float64 values of codes."""
    if format.width <= 16:
        return value_table(format)[codes.astype(np.intp)]
    unique, where = np.unique(codes, return_inverse=True)
    table = np.array([to_float(format.decode(int(code))) for code in unique])
    return table[where]
