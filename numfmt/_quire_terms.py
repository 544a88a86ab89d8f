"""What a quire is made of, and which numbers it takes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from . import _core
from ._arrays import Array as Numbers
from ._core import ffi, lib
from ._errors import FormatError, NumfmtError, ShapeError
from ._operands import Operand, read, represent
from ._operate import is_difficult
from .formats import Affine, Block, Format

MOST_GUARD = 4096
MOST_BITS = 1 << 16
NAN = lib.NF_QUIRE_NAN
INFINITIES = lib.NF_QUIRE_PLUS_INFINITY | lib.NF_QUIRE_MINUS_INFINITY


def sized(format: Format, guard_bits: object) -> Any:
    """The ``nf_quire`` of a format."""
    if type(guard_bits) is not int or not 1 <= guard_bits <= MOST_GUARD:
        raise NumfmtError(f"guard_bits={guard_bits!r} must be an integer, 1 to {MOST_GUARD}")
    if isinstance(format, Block):
        raise FormatError(f"{format} is of blocks, and quires are of single numbers")
    if is_difficult(format) or (isinstance(format, Affine) and format.varies):
        raise FormatError(
            f"{format} has irrational values, several scales, or values of more than 64 bits: no "
            f"exact accumulator"
        )
    made = ffi.new("nf_quire *")
    if lib.nf_quire_size(format._descriptor(), guard_bits, made) == lib.NF_BAD_FORMAT:
        raise FormatError(f"an exact accumulator of {format} takes more than {MOST_BITS} bits")
    return made


def record(quire: Any) -> np.dtype[Any]:
    """One quire in memory."""
    return np.dtype([("limbs", np.uint64, (int(quire.limbs),))])


def limbs_of(data: Numbers) -> Any:
    """The memory of C-contiguous quires."""
    return ffi.cast("uint64_t *", _core.pointer(data["limbs"]) if data.size else ffi.NULL)


def special_of(state: Any) -> float | None:
    """NaN or an infinity, where the state says so."""
    infinities = int(state) & INFINITIES
    if int(state) & NAN or infinities == INFINITIES:
        return math.nan
    if infinities:
        return math.inf if infinities == lib.NF_QUIRE_PLUS_INFINITY else -math.inf
    return None


def read_term(x: Any, argument: str, format: Format) -> Operand:
    """Codes of any format; plain numbers must be such of the quire's."""
    found = read(x, argument)
    if found.is_plain:
        represent(found, format.bare())
    if isinstance(found.format, Affine) and found.format.varies:
        raise FormatError(
            f"{argument} is of {found.format}, whose scales lie along an axis; quires take one "
            f"scale: convert it with .astype(format)"
        )
    return found


def shape_for(
    name: str, quires: tuple[int, ...], operands: Sequence[Operand]
) -> tuple[tuple[int, ...], int]:
    """The shape of all terms, and how many of them each quire gets."""
    shapes = [operand.data.shape for operand in operands]
    try:
        shape = np.broadcast_shapes(*shapes)
        own, rest = shape[: len(quires)], shape[len(quires) :]
        fits = np.broadcast_shapes(quires, own) == quires
    except ValueError:
        fits = False
    if not fits:
        raise ShapeError(
            f"{name}: shapes {' and '.join(map(str, shapes))} do not fit quires of shape {quires}: "
            f"the first axes are theirs, further ones are summed"
        )
    return (*quires, *rest), math.prod(rest)


def misfit(name: str, quire: str, operands: Sequence[Operand]) -> FormatError:
    """Why the core refuses operands of these formats."""
    formats = " and ".join(str(operand.format) for operand in operands)
    if any(is_difficult(o.format) for o in operands if o.format is not None):
        return FormatError(
            f"{name}: values of {formats} are irrational or have more than 64 bits; convert them "
            f"with .astype(format)"
        )
    return FormatError(f"{name}: {formats} may be finer or larger than a quire of {quire} holds")
