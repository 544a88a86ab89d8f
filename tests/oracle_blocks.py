"""Block formats: neighbours that share a scale (OCP MX, BFP, MSFP), in exact rationals.

A block's scale comes from its largest finite magnitude by a rule; each element is then the number
divided by the scale, rounded once in the element's format.  Two levels (NVFP4) stand in
oracle_nvfp4.py, QPyTorch's form in oracle_qpytorch.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import product
from math import copysign, isinf, isnan, prod

import oracle
from oracle_formats import Cell, Fixed, Float, Format
from oracle_scales import (
    E8M0,
    Scale,
    SignedExponent,
    exponent,
    exponent_range,
    largest_value,
    power_code,
)
from sheet import exact_cell

NAN = "nan where there is none"  # the library must raise
Pick = Callable[[Cell, int], bool]  # does the element at a C-order position go to `upper`?


@dataclass(frozen=True)
class BlockCodes:
    """Codes of elements and of scales, both in C order, and the scales' shape."""

    codes: list[int]
    scales: list[int]
    scale_shape: tuple[int, ...]


@dataclass(frozen=True)
class Block:
    """`size` neighbours along `axis` share a scale; tuples make blocks of more dimensions.

    size None: the whole axis; axis None: the whole array; the last block of an axis may be ragged.
    zero_scale, for a block of zeros: "smallest" (0 where the scale has it) or "one"; where a scale
    rounds to 0: the smallest positive one, but with "zero" 0.  nan, inf: what one such input makes,
    "block" or "element", "nan" or "sat".  too_large: of an exponent above the scale's, "nan" or
    "clamp".
    """

    element: Format
    size: int | tuple[int, ...] | None = 32
    scale_format: Scale | None = E8M0
    scale_rule: str = "floor"
    axis: int | tuple[int, ...] | None = -1
    zero_scale: str = "smallest"
    nan: str = "block"
    inf: str = "nan"
    too_large: str = "nan"
    overflow: str | None = None

    @property
    def element_overflow(self) -> str:
        """The policy of elements where the caller names none."""
        symmetric = isinstance(self.element, Fixed) and self.element.signed
        return self.overflow or ("saturate_symmetric" if symmetric else "saturate")

    def places(self, shape: tuple[int, ...]) -> tuple[tuple[int, ...], list[int]]:
        """The scales' shape, and the number of the scale of each element in C order."""
        sizes = self._extents(shape)
        counts = tuple(-(-n // size) for n, size in zip(shape, sizes, strict=True))
        numbers = []
        for place in product(*map(range, shape)):
            number = 0
            for i, size, count in zip(place, sizes, counts, strict=True):
                number = number * count + i // size
            numbers.append(number)
        return counts, numbers

    def _extents(self, shape: tuple[int, ...]) -> list[int]:
        """How long a block is along each dimension."""
        if self.axis is None:
            return [max(n, 1) for n in shape]
        many = isinstance(self.axis, tuple)
        axes = self.axis if many else (self.axis,)
        sizes = self.size if many else (self.size,)
        extents = [1] * len(shape)
        for axis, size in zip(axes, sizes, strict=True):
            extents[axis] = size or max(shape[axis], 1)
        return extents

    def scale_of(self, numbers: Sequence[float | Fraction]) -> int | str:
        """The scale's code of one block: 0 where there is no scale, NAN where NaN has no code."""
        if self.scale_format is None:
            return 0
        if self._is_poisoned(numbers):
            return self._nan_scale()
        largest = max((abs(Fraction(x)) for x in numbers if is_finite(x)), default=Fraction(0))
        if not largest:
            return self._zero_scale()
        if self.scale_rule == "absmax":
            return self._scale_by_value(largest)
        return self._scale_by_exponent(largest)

    def _is_poisoned(self, numbers: Sequence[float | Fraction]) -> bool:
        if self.nan == "element" or self.scale_format is None:
            return False
        return any(isnan(x) or (isinf(x) and self.inf == "nan") for x in numbers)

    def _nan_scale(self) -> int | str:
        scale = self.scale_format
        return scale.nan_code(False) if scale.has_nan else NAN

    def _scale_by_value(self, largest: Fraction) -> int:
        """The scale nearest to largest / (the element's largest), ties to even, saturating."""
        scale = self.scale_format
        cell = scale.cell(largest / largest_value(self.element))
        index = cell.upper if oracle.takes_upper(cell, "nearest_even") else cell.lower
        code = oracle.settle(scale, cell, index, "saturate", "nearest_even")
        if scale.decode(code) == 0 and self.zero_scale != "zero":
            return power_code(scale, exponent_range(scale)[0])
        return code

    def _scale_by_exponent(self, largest: Fraction) -> int | str:
        e = exponent(self.element, self.scale_rule, largest)
        low, high = exponent_range(self.scale_format)
        if e > high and self.too_large == "nan" and self.scale_format.has_nan:
            return self._nan_scale()
        return power_code(self.scale_format, max(low, min(e, high)))

    def _zero_scale(self) -> int:
        """Of a block of zeros."""
        if self.zero_scale == "one":
            return power_code(self.scale_format, 0)
        if isinstance(self.scale_format, SignedExponent):
            return power_code(self.scale_format, self.scale_format.lowest)
        return 0  # the smallest exponent, or the zero of a float

    def scale_value(self, code: int | str) -> Fraction | str:
        """What the elements are multiplied by; "nan", or NAN."""
        if code == NAN:
            return NAN
        return Fraction(1) if self.scale_format is None else self.scale_format.decode(code)

    def encode(
        self,
        numbers: Sequence[float | Fraction],
        shape: tuple[int, ...],
        mode: str = "nearest_even",
        pick: Pick | None = None,
        scales: Sequence[int] | None = None,
    ) -> BlockCodes:
        """All codes of numbers in C order; `pick` decides instead of a deterministic mode.

        `scales` are the caller's own codes, which a NaN still replaces.
        """
        counts, places = self.places(shape)
        blocks: list[list[float | Fraction]] = [[] for _ in range(prod(counts))]
        for x, place in zip(numbers, places, strict=True):
            blocks[place].append(x)
        found = [self.scale_of(block) for block in blocks]
        if scales is not None:
            poisoned = map(self._is_poisoned, blocks)
            found = [f if p else s for f, p, s in zip(found, poisoned, scales, strict=True)]
        codes = [
            self.element_code(x, self.scale_value(found[place]), mode, pick, i)
            for i, (x, place) in enumerate(zip(numbers, places, strict=True))
        ]
        return BlockCodes(codes, found, counts)

    def element_code(
        self, x: float | Fraction, scale, mode: str, pick: Pick | None = None, position: int = 0
    ) -> int | str:
        """The code of one number under a scale; of 0 under a NaN, as of numbers under 0."""
        if isinstance(scale, str):
            return NAN if scale == NAN else code_of_zero(self.element)
        negative = copysign(1, x) < 0
        infinity_counts = self.inf == "sat" or self.scale_format is None
        if isnan(x) or (isinf(x) and not infinity_counts):
            return self.element.nan_code(negative) if has_nan(self.element) else NAN
        if scale == 0:
            return code_of_zero(self.element)
        if isinf(x):
            return oracle.settle_infinity(self.element, negative, self.element_overflow)
        cell = exact_cell(self.element, Fraction(x) / scale if x else x)
        return round_cell(self.element, cell, self.element_overflow, mode, pick, position)

    def decode(self, found: BlockCodes, shape: tuple[int, ...]) -> list[Fraction | str]:
        """The values of all elements in C order, exactly."""
        _, places = self.places(shape)
        values = []
        for code, place in zip(found.codes, places, strict=True):
            scale, value = self.scale_value(found.scales[place]), self.element.decode(code)
            if scale == "nan" or value == "nan":
                values.append("nan")
            else:
                values.append(value if isinstance(value, str) else value * scale)
        return values


def round_cell(
    element: Format, cell: Cell, overflow: str, mode: str, pick: Pick | None, position: int
) -> int | str:
    """The code of a number that lies in a cell."""
    if pick is not None:
        lowest = cell.lower if cell.random_lower is None else cell.random_lower
        index = cell.upper if pick(cell, position) else lowest
    elif mode == "jam":
        index = cell.jam
    else:
        index = cell.upper if oracle.takes_upper(cell, mode) else cell.lower
    return oracle.settle(element, cell, index, overflow, mode)


def is_finite(x: float | Fraction) -> bool:
    """Is x neither infinite nor NaN?"""
    return not (isinf(x) or isnan(x))


@lru_cache
def code_of_zero(element: Format) -> int:
    """The first code worth 0; code 0 where none is."""
    return next((code for code in range(1 << element.width) if element.decode(code) == 0), 0)


def has_nan(element: Format) -> bool:
    """Has the element format a NaN?"""
    return getattr(element, "has_nan", hasattr(element, "nan"))


E5M2, E4M3 = Float(5, 2), Float(4, 3, special="fn")
E3M2, E2M3, E2M1 = (Float(e, m, special="finite") for e, m in ((3, 2), (2, 3), (2, 1)))
NAMED = {
    "mxfp8_e5m2": Block(E5M2),
    "mxfp8_e4m3": Block(E4M3),
    "mxfp6_e3m2": Block(E3M2),
    "mxfp6_e2m3": Block(E2M3),
    "mxfp4": Block(E2M1),
    "mxint8": Block(Fixed(8, 6)),
}


def msfp(width: int) -> Block:
    """MSFP11 .. MSFP16: sign and width - 9 bits of magnitude, 16 to a block."""
    bits = width - 9
    return Block(Float(0, bits, bias=0, special="finite"), 16)


def bfp(width: int, size: int) -> Block:
    """bfp<W,K>: integers of W bits, symmetric, in steps of 2**(E + 2 - W)."""
    return Block(Fixed(width, width - 2), size)


def lp_sgld(width: int, size: int | None, exponent_bits: int = 8, axis: int | None = -1) -> Block:
    """LP-SGLD's form: all two's complement integers, an exponent that is clamped to its bits."""
    scale = SignedExponent(exponent_bits)
    return Block(Fixed(width, width - 2), size, scale, axis=axis, overflow="saturate")
