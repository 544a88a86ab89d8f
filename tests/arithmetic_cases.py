"""Operations of the core beside the oracle's: operands, answers for whole arrays, one call of the
core."""

from __future__ import annotations

from math import floor

import numpy as np
import oracle
import oracle_arithmetic as arithmetic
from cases import spelled
from oracle_formats import Fixed, Float, Format, Posit
from oracle_numbers import Number, number
from oracle_p3109 import named
from oracle_takum import Takum
from sheet import Sheet
from subjects import library

from numfmt import _core
from numfmt._core import ffi
from numfmt._modes import resolve
from numfmt._random import core_key

NARROW = [
    Fixed(8, 3),
    Float(4, 3, special="fn"),
    Float(5, 2),
    Float(4, 3, special="fnuz"),
    named("binary8p3se"),
    Posit(8, 0),
    Posit(8, 2),
    Takum(8),
]


def operate(
    name,
    format,
    operands,
    modes=(None, None, None),
    *,
    tiny="after",
    key=None,
    words=None,
    **settings,
):
    """One operation of the core on pairs (array, format or None): codes or truths, or a refusal."""
    target = None if format is None else library(format)
    options = ffi.NULL if target is None else resolve(target, *modes).options()
    held = None if key is None else core_key(key)
    if held is not None:
        options.key = held
    if words is not None:
        options.random_bits = ffi.from_buffer("uint32_t[]", words)
    if tiny == "before":
        options.tiny_before = True
    own = [None if source is None else library(source) for _, source in operands]  # kept alive
    sources = [
        _core.Operand(data, *([] if source is None else [source._descriptor()]))
        for (data, _), source in zip(operands, own, strict=True)
    ]
    size = max(source.data.size for source in sources)
    out = np.zeros(size, np.uint8 if target is None else target._code_dtype)
    descriptor = ffi.NULL if target is None else target._descriptor()
    refused = _core.operate(name, descriptor, options, sources, out, **settings)
    return out if refused is None else refused


def all_tuples(count: int, width: int, dtype=np.uint8) -> list[np.ndarray]:
    """Every tuple of codes, as one array an operand."""
    codes = np.arange(1 << width, dtype=dtype)
    return [grid.ravel() for grid in np.meshgrid(*[codes] * count, indexing="ij")]


class Answers:
    """Exact results of rows of operands, rounded to a format in any mode: each distinct one is
    looked at once.  A NaN has the format's code, or 0 (as under ``nan="zero"``) where it has none.
    """

    def __init__(self, name: str, format: Format, operands: list[list[Number]]):
        numbers: dict[Number, int] = {}

        def place(row, rounding: str) -> int:
            found, _ = arithmetic.operate(name, *row, rounding=rounding, format=format)
            return numbers.setdefault(found, len(numbers))

        rows = list(zip(*operands, strict=True))
        self._up = np.array([place(row, "up") for row in rows])
        zeros = np.isin(self._up, [i for n, i in numbers.items() if n.is_zero])
        self._down = self._up.copy()
        self._down[zeros] = [place(rows[i], "down") for i in np.flatnonzero(zeros)]
        self.format, self.numbers = format, list(numbers)
        finite = [number.kind == "finite" for number in self.numbers]
        self._finite = np.flatnonzero(finite)
        self._sheet = Sheet(format, [_for_sheet(self.numbers[i]) for i in self._finite])

    def codes(self, mode: str, overflow: str) -> tuple[np.ndarray, np.ndarray]:
        """The code of each result, and where the library must raise."""
        codes = np.zeros(len(self.numbers), np.uint64)
        raises = np.zeros(len(self.numbers), bool)
        rounded = self._sheet.rounded(mode)
        codes[self._finite], raises[self._finite] = self._sheet.codes(rounded, overflow, mode)
        for i, found in enumerate(self.numbers):
            if found.is_nan:
                codes[i] = _nan_code(self.format, found)
            elif found.kind == "infinity":
                code = oracle.settle_infinity(self.format, found.negative, overflow)
                raises[i] = code is oracle.RANGE
                codes[i] = 0 if raises[i] else code
        of = self._down if mode == "down" else self._up
        return codes[of], raises[of]

    @property
    def no_number(self) -> np.ndarray:
        """Which results are NaN."""
        return np.array([number.is_nan for number in self.numbers])[self._up]

    @property
    def nan_code(self) -> int:
        """The code of a NaN without sign, 0 where there is none."""
        return _nan_code(self.format, Number("nan"))

    def words(self, seed: int) -> np.ndarray:
        """A random word for each result, a third of them beside those where it turns."""
        rng = np.random.default_rng(seed)
        tails = self._sheet.tails()
        turns = np.array([floor((1 - tail) * (1 << 32)) for tail in tails], np.int64)
        turns += rng.integers(-1, 2, len(turns))
        words = rng.integers(0, 1 << 32, len(self.numbers))
        near = self._finite[rng.random(len(tails)) < 0.3]
        all_turns = np.zeros(len(self.numbers), np.int64)
        all_turns[self._finite] = np.clip(turns, 0, (1 << 32) - 1)
        words[near] = all_turns[near]
        return words.astype(np.uint32)[self._up]

    def drawn(self, rounding: str, words: np.ndarray, overflow: str) -> np.ndarray:
        """The codes by a stochastic rounding with these words, the same ones for one result."""
        codes, own = np.zeros(len(self.numbers), np.uint64), np.zeros(len(self.numbers), np.uint32)
        own[self._up] = words
        drawn = self._sheet.drawn(self._sheet.goes_up(rounding, own[self._finite]))
        codes[self._finite] = self._sheet.codes(drawn, overflow, "stochastic")[0]
        for i, found in enumerate(self.numbers):
            if found.kind == "infinity":
                codes[i] = oracle.settle_infinity(self.format, found.negative, overflow)
        return codes[self._up]


def _for_sheet(number: Number):
    return -0.0 if number.is_zero and number.negative else number.value


def _nan_code(format: Format, number: Number) -> int:
    if getattr(format, "has_nan", False):
        return format.nan_code(number.negative)
    return getattr(format, "nan", 0)


def nan_policy(format: Format) -> str | None:
    """What makes a NaN a number where the format has none."""
    return None if library(format).has_nan else "zero"


def numbers_of(format: Format, codes: np.ndarray) -> list[Number]:
    """The numbers of many codes of a narrow format."""
    table = [number(format, code) for code in range(1 << format.width)]
    return [table[code] for code in codes.tolist()]


def compare_everywhere(tally, format, name, codes, overflows=None):
    """An operation on codes of a format in every mode, under its default policy or others."""
    answers = Answers(name, format, [numbers_of(format, column) for column in codes])
    for mode in oracle.DETERMINISTIC:
        for overflow in overflows or [oracle.default_policy(format)]:
            expected, raises = answers.codes(mode, overflow)
            kept = [(column[~raises], format) for column in codes]
            got = operate(name, format, kept, (mode, overflow, nan_policy(format)))
            what = f"{name} {spelled(format)} {mode} {overflow}"
            tally.same(got.astype(np.uint64), expected[~raises], np.flatnonzero(~raises), what)
