"""The compiled core: the only module that touches ``ffi`` and ``lib``, and where a status becomes
an exception."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar
from typing import Any, NamedTuple

import numpy as np

from . import _errors as errors

try:
    from ._numfmt import ffi, lib
except ModuleNotFoundError as error:
    raise ImportError(
        "numfmt's compiled core is missing: this is its source folder; run Python from another one"
    ) from error

_from_buffer = ffi.from_buffer

__all__ = [
    "Operand",
    "available_isas",
    "check",
    "ffi",
    "forced_isa",
    "instruction_set",
    "lib",
    "operate",
    "pointer",
]

_STATUS_ERRORS: dict[int, type[errors.NumfmtError]] = {
    lib.NF_BAD_FORMAT: errors.FormatError,
    lib.NF_BAD_ROUNDING: errors.RoundingError,
    lib.NF_BAD_OVERFLOW: errors.RoundingError,
    lib.NF_BAD_NAN: errors.RoundingError,
    lib.NF_NEEDS_RANDOM: errors.RandomError,
    lib.NF_HAS_RANDOM: errors.RandomError,
    lib.NF_FOUND_NAN: errors.NanError,
    lib.NF_FOUND_RANGE: errors.RangeError,
    lib.NF_BAD_TYPE: errors.DtypeError,
}

TYPES = {
    np.dtype(np.float16): lib.NF_F16,
    np.dtype(np.float32): lib.NF_F32,
    np.dtype(np.float64): lib.NF_F64,
    np.dtype(np.int64): lib.NF_I64,
    np.dtype(np.uint64): lib.NF_U64,
}


class Row(NamedTuple):
    """One row of a table of modes."""

    name: str
    number: int
    aliases: tuple[str, ...]
    meaning: str
    is_random: bool
    takes_count: bool


def text(pointer: Any) -> str:
    return str(ffi.string(pointer).decode())


def _rows(at: Callable[[int], Any]) -> tuple[Row, ...]:
    rows: list[Row] = []
    while (row := at(len(rows))) != ffi.NULL:
        aliases = tuple(text(row.aliases).split())
        rows.append(
            Row(
                text(row.name),
                len(rows),
                aliases,
                text(row.meaning),
                bool(row.is_random),
                bool(row.takes_count),
            )
        )
    return tuple(rows)


ROUNDINGS = _rows(lib.nf_rounding_at)
OVERFLOWS = _rows(lib.nf_overflow_at)
NAN_POLICIES = _rows(lib.nf_nan_policy_at)


class Operation(NamedTuple):
    """One row of the table of operations."""

    name: str
    number: int
    aliases: tuple[str, ...]
    meaning: str
    operands: int
    gives_truth: bool


def _operations() -> Iterator[Operation]:
    number = 0
    while (row := lib.nf_operation_at(number)) != ffi.NULL:
        names = text(row.name), number, tuple(text(row.aliases).split()), text(row.meaning)
        yield Operation(*names, int(row.operands), bool(row.gives_truth))
        number += 1


OPERATIONS = {operation.name: operation for operation in _operations()}


def named_formats() -> Iterator[tuple[str, tuple[str, ...], Any]]:
    """(name, aliases, descriptor) of each row of the core's table."""
    index = 0
    while (row := lib.nf_named_format_at(index)) != ffi.NULL:
        yield text(row.name), tuple(text(row.aliases).split()), row.format
        index += 1


def named_blocks() -> Iterator[tuple[str, tuple[str, ...], Any, int]]:
    """(name, aliases, descriptor, size) of each row of the core's table of block formats."""
    index = 0
    while (row := lib.nf_named_block_at(index)) != ffi.NULL:
        yield text(row.name), tuple(text(row.aliases).split()), row.block, int(row.size)
        index += 1


BLOCK_CHOICES = {
    name: _rows(functools.partial(lib.nf_block_choice_at, getattr(lib, f"NF_BLOCK_{name}")))
    for name in ("scale_rule", "zero_scale", "nan", "inf", "too_large", "compute", "compat")
}


def check(status: int, message: str | None = None) -> None:
    """Raise the exception of a status that is not NF_OK; `message` says more than the core can."""
    if status == lib.NF_OK:
        return
    if status == lib.NF_NO_MEMORY:
        raise MemoryError("the core ran out of memory")
    error = _STATUS_ERRORS.get(status, errors.NumfmtError)
    raise error(message or text(lib.nf_status_message(status)))


def pointer(array: np.ndarray[Any, Any]) -> Any:
    """The memory of a C-contiguous array, not copied."""
    return _from_buffer(array)


class Operand(NamedTuple):
    """One operand of an operation: C-contiguous native codes of a format (its ``nf_format *``), or
    numbers of a dtype of `TYPES`; as many as the result has, or one for all."""

    data: np.ndarray[Any, Any]
    format: Any = ffi.NULL


class Refusal(NamedTuple):
    """Why an operation gave nothing: the first element whose result is a NaN that the format has
    not, or is out of range."""

    error: type[errors.NumfmtError]
    at: int


def _operand(target: Any, operand: Operand, size: int) -> None:
    is_plain = operand.format == ffi.NULL
    target.format = operand.format
    target.type = TYPES[operand.data.dtype] if is_plain else 0
    target.data = pointer(operand.data)
    target.step = 0 if operand.data.size == 1 != size else 1


def operands_of(operands: Sequence[Operand], size: int) -> Any:
    """The core's ``nf_operand[]`` for `size` elements, alive as long as the operands' arrays."""
    made = ffi.new("nf_operand[]", len(operands))
    for target, operand in zip(made, operands, strict=True):
        _operand(target, operand, size)
    return made


def tried(
    call: Callable[[Any], int], options: Any, flags: np.ndarray[Any, Any] | None
) -> Refusal | None:
    """`call` with options of its own (an ``nf_options *``): a refused element is told, everything
    else that is wrong raises."""
    failed_at = ffi.new("uint64_t *")
    own = ffi.new("nf_options *", options[0] if options != ffi.NULL else {})
    own.failed_at = failed_at
    if flags is not None:
        own.element_flags = ffi.cast("uint8_t *", pointer(flags))
    status = call(own)
    if status in (lib.NF_FOUND_NAN, lib.NF_FOUND_RANGE):
        return Refusal(_STATUS_ERRORS[status], int(failed_at[0]))
    check(status)
    return None


def operate(
    operation: str,
    format: Any,
    options: Any,
    operands: Sequence[Operand],
    out: np.ndarray[Any, Any],
    report: Any = ffi.NULL,
    flags: np.ndarray[Any, Any] | None = None,
) -> Refusal | None:
    """operation(operands...) -> codes of `format` (an ``nf_format *``) in `out`, rounded once by
    `options` (an ``nf_options *``); of `OPERATIONS` that give truths, bytes 0 and 1 by NULL and
    NULL.

    `out` is C-contiguous, of the format's code dtype (uint8 for truths), perhaps an operand's own
    array; operands have its size or one element.  `flags`, uint8 of out's size, receives the
    ``nf_flags`` of each element, `report` (an ``nf_report *``) their sum.

    A refused element is told, not raised, so that the caller can name it; then nothing is written
    (unless the options say ``may_spoil``).  Everything else that is wrong raises.
    """
    c_operands = operands_of(operands, out.size)
    row = OPERATIONS[operation]
    assert len(operands) == row.operands, operation
    return tried(
        lambda own: lib.nf_operate(
            row.number, format, own, c_operands, pointer(out), out.size, report
        ),
        options,
        flags,
    )


def available_isas() -> list[str]:
    """The instruction sets that the core was built with and this machine has, best first."""
    return [name for index, name in enumerate(_isas()) if lib.nf_isa_supported(index)]


def instruction_set() -> str:
    """The instruction set whose loops calls take here: the best that this machine has.

    Every one gives the same bits; only the time differs.

    >>> import numfmt as nf
    >>> nf.instruction_set() in ("avx512", "avx2", "portable", "scalar")
    True
    """
    number = isa_number()
    return _isas()[number - 1] if number else available_isas()[0]


def _isas() -> list[str]:
    names: list[str] = []
    while (name := lib.nf_isa_at(len(names))) != ffi.NULL:
        names.append(text(name))
    return names


def reference() -> int:
    """The number, in ``nf_options``, of the instruction set without fast paths."""
    return len(_isas())


_isa: ContextVar[int] = ContextVar("numfmt_isa", default=0)
isa_number = _isa.get


@contextlib.contextmanager
def forced_isa(name: str) -> Iterator[None]:
    """Run the kernels of one instruction set by name: no bit of any result changes."""
    if name not in available_isas():
        raise errors.NumfmtError(errors.unknown("instruction set", name, available_isas()))
    token = _isa.set(_isas().index(name) + 1)
    try:
        yield
    finally:
        _isa.reset(token)
