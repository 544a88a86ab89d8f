"""Exact sums and sums of products, which the core adds up in quires and rounds once."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import _core
from ._arrays import Array as Numbers
from ._arrays import plain
from ._code_array import Array
from ._core import ffi, lib
from ._errors import FormatError
from ._operate import is_difficult, plan_for, rounded
from .formats import Format

MOST_BITS = 1 << 16  # of a sum in the core


@dataclass
class Vectors:
    """Codes of a format, or plain numbers; the last axis is summed over, the one before counts the
    vectors of a batch.  ``batch``: from one batch to the next, 0 where one serves all."""

    argument: str
    data: Numbers
    format: Format | None
    batch: int

    def ready(self) -> tuple[Any, Numbers]:
        """The ``nf_vectors`` and the memory that it shows."""
        made = ffi.new("nf_vectors *", {"batch": self.batch, "row": self.data.shape[-1], "step": 1})
        data = plain(self.data, self.data.dtype.newbyteorder("="))
        if self.format is not None:
            made.format = self.format._descriptor()
        else:
            made.type = _core.TYPES[data.dtype]
        made.data = ffi.cast("void *", _core.pointer(data) or ffi.NULL)
        return made, data


def numbers(x: Any, argument: str) -> tuple[Numbers, Format | None]:
    """The codes of an Array and their format, or plain numbers."""
    data, format = (x.codes, x.format) if isinstance(x, Array) else (x, None)
    if data.dtype == object:
        raise FormatError(
            f"{argument} has values of more bits than float64 holds, by scales along an axis; "
            f"convert it with .astype(format)"
        )
    return data, format


def _vectors(argument: str, data: Numbers, format: Format | None, batches: Any) -> Vectors:
    """Of an array shaped (..., vectors, terms)."""
    if math.prod(data.shape[:-2]) == 1:
        return Vectors(argument, data, format, 0)
    data = np.broadcast_to(data, (*batches, *data.shape[-2:]))
    return Vectors(argument, data, format, data.shape[-2] * data.shape[-1])


def exact_sum(x: Any, format: Format, *modes: Any, **options: Any) -> Array:
    """The sum along the last axis."""
    data, own = numbers(x, "x")
    *shape, terms = data.shape
    rows = Vectors("x", data.reshape(math.prod(shape), terms), own, 0)
    c_shape = _shape(1, rows.data.shape[0], 1, terms)

    def call(vectors: Any, descriptor: Any, options: Any, codes: Any, report: Any) -> int:
        status: int = lib.nf_sum_exact(descriptor, options, c_shape, vectors, codes, report)
        return status

    return _rounded("sum", tuple(shape), [rows], call, format, *modes, **options)


def exact_dot(a: Any, b: Any, format: Format, *modes: Any, **options: Any) -> Array:
    """The matrix product."""
    (p, p_format), (q, q_format) = numbers(a, "a"), numbers(b, "b")
    rows = p[None] if p.ndim == 1 else p
    columns = q[None] if q.ndim == 1 else q.swapaxes(-1, -2)
    batches = np.broadcast_shapes(rows.shape[:-2], columns.shape[:-2])
    c_shape = _shape(math.prod(batches), rows.shape[-2], columns.shape[-2], rows.shape[-1])

    def call(x: Any, y: Any, descriptor: Any, options: Any, codes: Any, report: Any) -> int:
        status: int = lib.nf_dot_exact(descriptor, options, c_shape, x, y, codes, report)
        return status

    ends = columns.shape[-2:-1] if q.ndim > 1 else ()
    shape = (*batches, *p.shape[-2:-1], *ends)
    operands = [_vectors("a", rows, p_format, batches), _vectors("b", columns, q_format, batches)]
    return _rounded("dot", shape, operands, call, format, *modes, **options)


def _shape(batches: int, rows: int, columns: int, terms: int) -> Any:
    return ffi.new("nf_dot_shape *", (batches, rows, columns, terms))


def _rounded(
    name: str,
    shape: tuple[int, ...],
    operands: Sequence[Vectors],
    function: Callable[..., int],
    format: Format,
    rounding: Any,
    overflow: Any,
    *,
    nan: Any = None,
    **options: Any,
) -> Array:
    plan = plan_for(name, [], format, rounding, overflow, nan)
    ready = [operand.ready() for operand in operands]

    def call(descriptor: Any, own: Any, out: Numbers, report: Any, flags: Any) -> Any:
        def run(options: Any) -> int:
            made = [vectors for vectors, _ in ready]
            return function(*made, descriptor, options, _core.pointer(out), report)

        try:
            return _core.tried(run, own, flags)
        except FormatError:
            raise _refused(name, operands) from None

    def says(index: tuple[int, ...]) -> str:
        return f"the {name}"

    return rounded(plan, shape, call, says, **options)


def _refused(name: str, operands: Sequence[Vectors]) -> FormatError:
    formats = " and ".join(str(operand.format or operand.data.dtype) for operand in operands)
    for operand in operands:
        if operand.format is not None and is_difficult(operand.format):
            return FormatError(
                f"{name}: values of {operand.format} are irrational or have more than 64 bits, and "
                f"have no exact sum; convert {operand.argument} with .astype(format)"
            )
    return FormatError(f"{name}: an exact sum for {formats} takes more than {MOST_BITS} bits")
