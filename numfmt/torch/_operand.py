"""The operands of a layer's products: codes, made once and read by several datapaths."""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import numpy as np

from .._arrays import Array
from .._code_array import Array as CodeArray
from .._errors import FormatError
from .._machine_roles import with_all_modes
from .._parse import parse
from .._quantize import convert, decode, encode, quantize
from .._random import Key
from ..formats import Block, Format

SINGLE, DOUBLE = parse("binary32"), parse("binary64")
VIEWS = {
    np.dtype(np.float32): (np.dtype(np.uint32), SINGLE),
    np.dtype(np.float64): (np.dtype(np.uint64), DOUBLE),
}
SMALL = 16  # formats of so many bits are compared by all their values

Choices = tuple[Format, ...]


class Operand(NamedTuple):
    """Codes of any shape and the format, without modes, that says what they are worth."""

    codes: Array
    format: Format

    def read_as(self, choices: Choices, name: str) -> Operand:
        """The same numbers in one of the formats that a datapath takes."""
        if self.format in choices:
            return self
        for choice in choices:
            if (found := self._in(choice)) is not None:
                return found
        names = " or ".join(map(str, choices))
        raise FormatError(
            f"{name} is stored in {self.format}, and the datapath takes {names}, which does not "
            f"hold every number of it; give the role another format"
        )

    def _in(self, choice: Format) -> Operand | None:
        codes = convert(self.codes, self.format, choice)
        if not holds_all(choice, self.format):
            here, there = decode(self.codes, self.format), decode(codes, choice)
            if not np.array_equal(here, there, equal_nan=True):
                return None
        return Operand(codes, choice)

    @property
    def zero(self) -> Any:
        """The code of 0."""
        return zero_of(self.format)

    def array(self, codes: Array) -> CodeArray:
        """Codes of this operand, rearranged, as an Array."""
        return CodeArray._of(codes, self.format)


@functools.lru_cache(maxsize=256)
def holds_all(choice: Format, format: Format) -> bool:
    """Is every number of `format` known to be one of `choice`?"""
    if format.width > SMALL:
        return (choice, format) == (DOUBLE, SINGLE)
    if format.has_nan and not choice.has_nan:
        return False
    values = np.asarray(format.all_values(), np.float64)
    numbers = values[~np.isnan(values)]
    return bool(np.array_equal(quantize(numbers, choice.replace(overflow="saturate")), numbers))


@functools.lru_cache(maxsize=256)
def zero_of(format: Format) -> Any:
    """The code of 0; FormatError where the format has none."""
    code = encode(0.0, format)
    if decode(code, format) != 0:
        raise FormatError(f"{format} has no 0, which stands around an image")
    return code


@functools.lru_cache(maxsize=256)
def one_of(format: Format) -> Any:
    """The code of 1; None where the format has none."""
    code = encode(1.0, format)
    return code if decode(code, format) == 1 else None


def operand(x: Array, format: Format | None, choices: Choices, key: Key | None) -> Operand:
    """Numbers stored in a format with its modes; in none of their own they are rounded to nearest
    even to the first that the datapath takes, unless it takes them as they are."""
    numbers = x if x.dtype in VIEWS else x.astype(np.float32)
    if format is None:
        kind, own = VIEWS[numbers.dtype]
        if own in choices or DOUBLE in choices:
            return Operand(np.ascontiguousarray(numbers).view(kind), own)
        format = with_all_modes(choices[0])
    if isinstance(format, Block):
        values = quantize(numbers, format, key=key)
        kind, own = VIEWS[numbers.dtype]
        return Operand(values.view(kind), own)
    return Operand(encode(numbers, format, key=key), format.bare())
