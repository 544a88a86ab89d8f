"""The operands of a matrix product: formats that the machine takes, shapes, and what it does to
them before it multiplies."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ._arrays import Array as Numbers
from ._datapath import Datapath
from ._errors import FormatError, MachineError, ShapeError
from ._operands import Operand, check_product, read, represent
from ._quantize import decode, encode
from ._schema import check_known
from .formats import Fixed, Float, Format
from .formats._base import code_dtype


@dataclass
class Factors:
    """Codes with three axes, (batch, row, term), (batch, term, column) and (batch, row, column);
    a batch axis of 1 serves all batches."""

    a: Numbers
    b: Numbers
    c: Numbers | None
    formats: tuple[Format, Format]
    shape: tuple[int, ...]
    batches: int
    rows: int
    columns: int
    terms: int
    memory: list[Numbers]
    scales: tuple[Numbers, Numbers] | None

    def row(self, number: int) -> Factors:
        """The factors of one row of the result, counted through all batches."""
        batch, i = divmod(number, self.rows)
        one = slice(i, i + 1)
        scales = self.scales and (_of(self.scales[0], batch)[:, one], _of(self.scales[1], batch))
        return replace(
            self,
            a=_of(self.a, batch)[:, one],
            b=_of(self.b, batch),
            c=None if self.c is None else _of(self.c, batch)[:, one],
            scales=scales and (np.ascontiguousarray(scales[0]), np.ascontiguousarray(scales[1])),
            batches=1,
            rows=1,
        )


def _of(x: Numbers, batch: int) -> Numbers:
    """What serves a batch."""
    return x if len(x) == 1 else x[batch : batch + 1]


def named_operands(path: Datapath, given: dict[str, Any], name: str) -> dict[str, Any]:
    """Exactly the operands that the datapath declares."""
    wanted = path.operands
    for one in given:
        check_known(one, wanted or ("none beside a, b and c",), "operand", name)
    for one in wanted:
        if one not in given and one not in path.optional:
            raise MachineError(
                f"{name}: the operand {one!r} is missing; it takes {', '.join(wanted)}"
            )
    return given


def read_factors(
    path: Datapath, a: Any, b: Any, c: Any, values: dict[str, Any], name: str
) -> Factors:
    """a, b and c (or the bias in its place), ready to be multiplied."""
    x, y = read_codes(a, "a", path.prep.a), read_codes(b, "b", path.prep.b)
    p, q = x.data.shape, y.data.shape
    batches = check_product("matmul", p, q)
    shape = (*batches, *p[-2:-1], *(q[-1:] if len(q) > 1 else ()))
    terms = x.data.shape[-1]
    most = path.acc.max_terms
    if most is not None and terms > most:
        raise MachineError(f"{name}: a sum of {terms} products; its accumulator takes {most}")
    formats = _prepare(path, x, values), _prepare(path, y, values)
    rows = x.data if x.data.ndim > 1 else x.data[None]
    columns = y.data if y.data.ndim > 1 else y.data[:, None]
    full = (*batches, rows.shape[-2], columns.shape[-1])
    sums = _read_c(path, c, values, shape, full, name)
    return Factors(
        a=_stacked(rows, batches),
        b=_stacked(columns, batches),
        c=None if sums is None else _stacked(sums, batches),
        formats=formats,
        shape=shape,
        batches=math.prod(batches),
        rows=full[-2],
        columns=full[-1],
        terms=terms,
        memory=[one for one in (x.data, y.data, sums) if one is not None],
        scales=_read_scales(path, values, full, batches, terms),
    )


def read_codes(given: Any, argument: str, formats: tuple[Format, ...]) -> Operand:
    """An Array of one of the formats, or numbers that one of them holds."""
    names = " or ".join(str(format) for format in formats)
    operand = read(given, argument)
    if operand.format is not None:
        bare = operand.format.bare()
        if bare not in [format.bare() for format in formats]:
            raise FormatError(f"{argument} is of {bare}; {names} is taken: round with .astype")
        operand.format = bare
        return operand
    for format in formats:
        try:
            represent(operand, format.bare())
            return operand
        except FormatError as error:
            reason = error
    if len(formats) == 1:
        raise reason
    raise FormatError(f"{argument}: neither {names} holds every number of it; round it first")


def _stacked(x: Numbers, batches: tuple[int, ...]) -> Numbers:
    """(batch, ., .), a view where strides allow it."""
    if math.prod(x.shape[:-2]) == 1:
        return x.reshape(1, *x.shape[-2:])
    full = np.broadcast_to(x, (*batches, *x.shape[-2:]))
    return full if len(batches) == 1 else full.reshape(-1, *x.shape[-2:])


def _read_c(
    path: Datapath,
    c: Any,
    values: dict[str, Any],
    shape: tuple[int, ...],
    full: tuple[int, ...],
    name: str,
) -> Numbers | None:
    if c is not None and path.init.c != "input":
        raise MachineError(f"{name}: sums begin with {path.init.c}; it takes no c")
    argument = "bias" if path.init.c == "bias" else "c"
    given = values["bias"] if argument == "bias" else c
    if given is None:
        return None
    operand = read_codes(given, argument, (path.acc.type,))
    if path.acc.daz != path.prep.daz:
        operand.data = flushed(operand.data, path.acc.type, path.acc.daz or "none")
    try:
        return np.broadcast_to(operand.data, shape).reshape(full)
    except ValueError:
        raise ShapeError(f"{argument} has shape {operand.data.shape}, the result {shape}") from None


def _read_scales(
    path: Datapath,
    values: dict[str, Any],
    full: tuple[int, ...],
    batches: tuple[int, ...],
    terms: int,
) -> tuple[Numbers, Numbers] | None:
    """Codes of the scales of a and b: (batch, row or column, block of k)."""
    scale = path.prep.scale
    if scale is None:
        return None
    found = []
    for name, vectors, k_axis in (("scale_a", full[-2], -1), ("scale_b", full[-1], -2)):
        data = read_codes(values[name], name, (scale.format,)).data
        wanted = [vectors, -(-terms // scale.size)]
        matrix = data[None if k_axis == -1 else (..., None)] if data.ndim == 1 else data
        rows = matrix if k_axis == -1 else matrix.swapaxes(-1, -2)
        if rows.ndim < 2 or list(rows.shape[-2:]) != wanted:
            raise ShapeError(
                f"{name} has shape {data.shape}; {wanted[::-1] if k_axis == -2 else wanted} is "
                f"needed, one for {scale.size} neighbours along k"
            )
        found.append(np.ascontiguousarray(_stacked(rows, batches)))
    return found[0], found[1]


def _prepare(path: Datapath, operand: Operand, values: dict[str, Any]) -> Format:
    """The format that is multiplied, after P0."""
    format = operand.format
    assert format is not None
    if path.prep.pretrunc is not None:
        format = _truncate(operand, format, path.prep.pretrunc)
    if path.prep.zero_point in (operand.argument, "both"):
        point = f"zero_point_{operand.argument}"
        format = _subtract(operand, format, values[point], point)
    return format


def _truncate(operand: Operand, format: Format, target: Format) -> Format:
    """The upper bits of each code, as a narrower register holds them."""
    cut = format.width - target.width
    if not (isinstance(format, Float) and isinstance(target, Float)) or (
        cut < 0 or (format.exponent_bits, format.special) != (target.exponent_bits, target.special)
    ):
        raise MachineError(f"prep.pretrunc = {target} is not made of the upper bits of {format}")
    operand.data = (operand.data >> operand.data.dtype.type(cut)).astype(code_dtype(target))
    return target


def _subtract(operand: Operand, format: Format, point: Any, name: str) -> Format:
    """The integers less a zero point: one, or one a row of a or a column of b."""
    if not isinstance(format, Fixed) or format.fraction_bits:
        raise MachineError(f"prep.zero_point is of integers, not of {format}")
    points = np.asarray(point)
    ends = int(format.min), int(format.max)
    if points.dtype.kind not in "iu" or np.any(points < ends[0]) or np.any(points > ends[1]):
        raise FormatError(f"{name}={point!r} must be integers from {ends[0]} to {ends[1]}")
    along = points[..., None] if operand.argument == "a" and points.ndim else points
    try:
        values = np.asarray(decode(operand.data, format)).astype(np.int64) - along
    except ValueError:
        raise ShapeError(
            f"{name} has shape {points.shape}; one, or one a row of a or a column of b, is allowed"
        ) from None
    if values.shape != operand.data.shape:
        raise ShapeError(f"{name} of shape {points.shape} does not fit {operand.data.shape}")
    wide = Fixed(format.width + 1, 0)
    mask = (1 << wide.width) - 1
    operand.data = (values & mask).astype(code_dtype(wide))
    return wide


def flushed(codes: Numbers, format: Format, how: str) -> Numbers:
    """Codes with 0 in place of subnormal numbers."""
    if how == "none":
        return codes
    x = np.asarray(decode(codes, format))
    tiny = (x != 0) & (np.abs(x) < float(format.smallest_normal))
    zero = np.copysign(0.0, x) if how == "keep_sign" else np.zeros_like(x)
    made = np.array(codes)
    made[tiny] = np.asarray(encode(zero[tiny], format))
    return made
