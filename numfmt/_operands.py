"""The operands of operations, and the format that a result has where none is named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from . import _context, _core
from ._array_places import depends_on_place
from ._arrays import Array as Numbers
from ._arrays import as_array, plain, read_numbers, where
from ._blocks import exact_floats
from ._call import plan_of
from ._code_array import Array
from ._errors import DtypeError, FormatError, ShapeError
from ._growth import GROWN, WIDEST, grown
from ._quantize import decode, encode
from ._report import Report, alone
from .formats import Affine, Block, Fixed, Format

ARGUMENTS = "abc"
EXPONENT = 1  # place of a power's


@dataclass
class Operand:
    """Codes of a format, or plain numbers; of an Array of blocks its values, all exact."""

    argument: str
    data: Numbers
    format: Format | None = None
    is_plain: bool = True
    is_exponent: bool = False  # whose format does not count

    def ready(self, shape: tuple[int, ...]) -> _core.Operand:
        """For a result of a shape: as many elements as that, or one."""
        data, format = self.data, self.format
        descriptor = _core.ffi.NULL
        if not self.is_plain:
            assert format is not None
            descriptor = self._descriptor(format, shape)
        if data.shape != shape and data.size != 1:
            data = np.broadcast_to(data, shape)
        return _core.Operand(plain(data, data.dtype.newbyteorder("=")), descriptor)

    def _descriptor(self, format: Format, shape: tuple[int, ...]) -> Any:
        if not (isinstance(format, Affine) and format.varies):
            return format._descriptor()
        if self.data.shape != shape:
            raise ShapeError(
                f"{self.argument} has shape {self.data.shape} and the result {shape}: scales of "
                f"{format} lie along an axis, and such an Array is not repeated"
            )
        return format._descriptor_for(shape, self.argument)

    def says(self, index: tuple[int, ...], shape: tuple[int, ...]) -> str:
        """The value that one element of the result was made of."""
        element = np.broadcast_to(self.data, shape)[index]
        if self.is_plain or depends_on_place(self.format or Fixed(1, 0)):
            return str(element)
        assert self.format is not None
        return str(decode(element, self.format.bare(), dtype=_any_dtype(self.format)))


def _any_dtype(format: Format) -> Any:
    return np.float64 if format.has_irrational else object


def read(x: Any, argument: str) -> Operand:
    """An Array, or plain numbers."""
    if not isinstance(x, Array):
        return Operand(argument, read_numbers(x, argument).plain)
    if isinstance(x.format, Block):
        return Operand(argument, exact_floats(plan_of(x.format), x._parts), x.format)
    return Operand(argument, x.codes, x.format, False)


def read_exponents(x: Any, argument: str) -> Operand:
    """Integers: plain ones of 64 bits with a sign, or an Array of no more."""
    if isinstance(x, Array):
        operand, own = read(x, argument), x.format
        if not isinstance(own, Fixed) or own.fraction_bits or own.width >= WIDEST + own.signed:
            raise FormatError(f"{argument}, an exponent, is of {own}; integers are, as int8")
        return replace(operand, is_exponent=True)
    data = as_array(x, argument)[0]
    if data.dtype.kind not in "iub" or (data.dtype == np.uint64 and np.any(data >> np.uint64(63))):
        raise DtypeError(
            f"{argument}, an exponent, has dtype {data.dtype}; integers from -2**63 to 2**63 - 1 "
            f"are allowed"
        )
    return Operand(argument, data.astype(np.int64), is_exponent=True)


def read_all(name: str, given: Sequence[Any]) -> list[Operand]:
    """The operands of an operation."""
    operands = [read(x, letter) for x, letter in zip(given[:EXPONENT], ARGUMENTS, strict=False)]
    more = zip(given[EXPONENT:], ARGUMENTS[EXPONENT:], strict=False)
    take = read_exponents if name == "power" else read
    return operands + [take(x, letter) for x, letter in more]


def shape_of(name: str, operands: Sequence[Operand]) -> tuple[int, ...]:
    """What operands of these shapes are broadcast to."""
    try:
        return np.broadcast_shapes(*(operand.data.shape for operand in operands))
    except ValueError:
        shapes = " and ".join(str(operand.data.shape) for operand in operands)
        raise ShapeError(f"{name}: operands of shapes {shapes} do not fit together") from None


def check_product(name: str, p: tuple[int, ...], q: tuple[int, ...]) -> tuple[int, ...]:
    """The batches of a matrix product of these shapes, which fit as numpy.matmul's do."""
    if not p or not q or p[-1] != q[-2 if len(q) > 1 else 0]:
        raise ShapeError(f"{name}: shapes {p} and {q} do not fit as those of a matrix product")
    try:
        return np.broadcast_shapes(p[:-2], q[:-2])
    except ValueError:
        raise ShapeError(f"{name}: shapes {p} and {q} do not fit as stacks of matrices") from None


def implied(name: str, operands: list[Operand]) -> Format:
    """The result's format where none is named; plain numbers become codes of their neighbour's."""
    operands = [operand for operand in operands if not operand.is_exponent]
    arrays = [operand for operand in operands if operand.format is not None]
    if not arrays:
        raise FormatError(
            f"{name}: format=None, and no operand is an Array, whose format would be taken; name "
            f"one, as numfmt.{name}(..., format='e4m3fn')"
        )
    formats = [operand.format for operand in arrays if operand.format is not None]
    if any(isinstance(format, Block) for format in formats):
        block = next(format for format in formats if isinstance(format, Block))
        raise FormatError(
            f"{name}: format=None, and a result of {block} has no scales to go by; name a format "
            f"of single numbers, and round to blocks with .astype({str(block)!r})"
        )
    grows = _context.growth() == "exact" and all(isinstance(f, Fixed) for f in formats)
    grows = grows and name in GROWN
    if len({format.bare() for format in formats}) > 1 and not grows:
        names = " and ".join(dict.fromkeys(str(format.bare()) for format in formats))
        raise FormatError(f"{name}: formats {names} are mixed; name the result's: format=")
    for operand in operands:
        if operand.format is None:
            represent(operand, formats[0].bare())
    if grows:
        every = [o.format for o in operands if isinstance(o.format, Fixed)]
        return grown(name, [format.bare() for format in every])
    return formats[0] if len(set(formats)) == 1 else formats[0].bare()


def represent(operand: Operand, format: Format) -> None:
    """Plain numbers as codes of a format that holds each of them, or an error that names the
    first that it does not hold."""
    report, nan = Report(), None if format.has_nan else "max"
    modes = "toward_zero", format.default_overflow
    with alone():
        codes = encode(operand.data, format, *modes, nan=nan, report=report)
    if report.inexact or report.saturated or report.overflowed or report.nan:
        values = np.asarray(decode(codes, format, dtype=_any_dtype(format)), object)
        is_same = (values == operand.data) | ((values != values) & (operand.data != operand.data))
        if not np.all(is_same):
            at = int(np.flatnonzero(~np.asarray(is_same, bool))[0])
            raise FormatError(
                f"{where(operand.data, at, operand.argument)} is no value of {format}; round it "
                f"first, numfmt.array({operand.argument}, {str(format)!r}), or name a result format"
            )
    operand.data, operand.format, operand.is_plain = np.asarray(codes), format, False
