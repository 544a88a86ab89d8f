"""Sums and dot products: exact and rounded once, or in a named order and accumulator."""

from __future__ import annotations

import math
import os
from typing import Any

import numpy as np

from . import _context
from ._array_functions import joined, stacked
from ._array_places import depends_on_place, whole_axes
from ._arrays import read_numbers
from ._blocks import exact_floats
from ._call import plan_of
from ._code_array import Array
from ._errors import FormatError, NumfmtError, RandomError, unknown
from ._exact_sums import exact_dot, exact_sum
from ._growth import multiply as grown_product
from ._growth import total as grown_total
from ._operands import check_product, implied, read
from ._operate import apply
from ._parse import parse
from ._random import Generator, Key
from .formats import Block, Fixed, Format

ORDERS = ("sequential", "pairwise")
EXACT = "exact"


def sum(
    x: Any,
    format: object = None,
    rounding: str | None = None,
    overflow: str | None = None,
    *,
    axis: int | tuple[int, ...] | None = None,
    keepdims: bool = False,
    order: str | None = None,
    accumulator: object = EXACT,
    **options: Any,
) -> Array:
    """The sum along axes: exact, rounded once; or step by step in a narrower accumulator.

    Args:
        x: an Array, or plain numbers.
        format: of the result.  Default: the Array's own; of fixed point that in which the sum is
            exact (`context`: ``growth``).
        rounding, overflow, nan, key, random_bits, report, tininess, element_flags: as `add`.
        axis, keepdims: as numpy.sum; default all axes.
        accumulator: ``"exact"``, or a format to which each step is rounded, by the modes that it
            carries, else by those of the call; the last is then rounded to the result's.  A key
            gives each step its next call number.
        order: with a format as accumulator: ``"sequential"`` (the default), from the first element
            on; ``"pairwise"``: each rounded to the accumulator, neighbours added, then those sums,
            an odd one out waiting for the next round.

    Returns:
        An `Array`.  The sum of nothing is 0.

    >>> import numfmt as nf
    >>> x = nf.full(1000, 0.1, "bfloat16")
    >>> nf.sum(x).item(), nf.sum(x, accumulator="bfloat16").item()
    (100.0, 32.0)
    """
    terms, own = _terms(x, "x")
    axes = tuple(range(terms.ndim)) if axis is None else whole_axes(axis, terms.ndim)
    shape = terms.shape
    count = math.prod(shape[a] for a in axes)
    if format is None:
        format = _implied_sum(own, count)
    rest = tuple(a for a in range(len(shape)) if a not in axes)
    finish = _Rounding(parse(format), rounding, overflow, options)
    if _is_exact(accumulator, order):
        rows = np.transpose(terms, (*rest, *axes)).reshape((*(shape[a] for a in rest), count))
        found = exact_sum(rows, finish.format, *finish.modes, **options)
    else:
        rows = np.transpose(terms, (*axes, *rest)).reshape((count, *(shape[a] for a in rest)))
        steps = finish.of(accumulator)
        found = finish.last(_summed(steps, rows, order or ORDERS[0]))
    kept = tuple(1 if a in axes else n for a, n in enumerate(shape))
    return found.reshape(kept) if keepdims else found


def dot(
    a: Any,
    b: Any,
    format: object = None,
    rounding: str | None = None,
    overflow: str | None = None,
    *,
    order: str | None = None,
    accumulator: object = EXACT,
    **options: Any,
) -> Array:
    """The product of vectors or matrices: sums of exact products, each rounded once.

    Args:
        a, b: Arrays, or plain numbers, shaped as for numpy.matmul; formats may differ where the
            result's is named.
        format, rounding, overflow and others: as `sum`; of fixed point the default is exact.  Or
            format is a `Datapath`, a `Machine` or its name: then the bits are the machine's, and
            the arguments that remain are those of `numfmt.matmul`.
        accumulator: ``"exact"``, or a format: `order` ``"sequential"`` adds each exact product to
            what was summed before and rounds (a fused multiply-add); ``"pairwise"`` rounds the
            products, and adds as `sum` does.

    >>> import numfmt as nf
    >>> a = nf.array([256, 0.125, -256], "e4m3fn")
    >>> nf.dot(a, nf.array([256, 1, 256], "e4m3fn")).item()
    0.125
    >>> nf.dot(a, nf.array([256, 1, 256], "e4m3fn"), accumulator="bfloat16").item()
    0.0
    >>> nf.dot(a, nf.array([256, 1, 256], "e4m3fn"), "nvidia.h100.wgmma.e4m3.f32").item()
    0.0
    """
    if _is_machine(format):
        modes = {"rounding": rounding, "overflow": overflow, "order": order}
        return _by_machine(a, b, format, modes | {"accumulator": accumulator}, options)
    (p, _), (q, _) = _terms(a, "a"), _terms(b, "b")
    check_product("dot", p.shape, q.shape)
    n = p.shape[-1]
    if format is None:
        (p, q), format = _implied_dot(a, b, n)
    finish = _Rounding(parse(format), rounding, overflow, options)
    if _is_exact(accumulator, order):
        return exact_dot(p, q, finish.format, *finish.modes, **options)
    steps = finish.of(accumulator)
    rows = p[None] if p.ndim == 1 else p
    columns = q[..., None] if q.ndim == 1 else q
    found = finish.last(_multiplied(steps, rows, columns, n, order or ORDERS[0]))
    places = [slice(None)] * found.ndim
    if q.ndim == 1:
        places[-1] = 0  # type: ignore[call-overload]
    if p.ndim == 1:
        places[-2] = 0  # type: ignore[call-overload]
    return found[tuple(places)]


def _is_machine(format: object) -> bool:
    """Is it a datapath, a machine, its name or its file?"""
    if format is None or isinstance(format, Format):
        return False
    if isinstance(format, str):
        try:
            parse(format)
        except FormatError:
            from ._machine_find import machines

            return format.endswith((".toml", ".json")) or format in machines()
        return False
    from ._datapath import Datapath
    from ._machine import Machine

    return isinstance(format, (Datapath, Machine, os.PathLike))


def _by_machine(
    a: Any, b: Any, machine: Any, modes: dict[str, Any], options: dict[str, Any]
) -> Array:
    """`numfmt.matmul`; the modes are the machine's own."""
    from ._matmul import matmul

    for name, value in modes.items():
        if value not in (None, EXACT):
            raise NumfmtError(f"dot: {name}={value!r} beside a machine, which has its own")
    return matmul(a, b, machine, **options)


def _terms(x: Any, argument: str) -> tuple[Any, Format | None]:
    """An Array whose elements may be moved, or plain numbers; and the Array's format."""
    if not isinstance(x, Array):
        return read_numbers(x, argument).plain, None
    if isinstance(x.format, Block):
        return exact_floats(plan_of(x.format), x._parts), x.format
    return (x.values if depends_on_place(x.format) else x), x.format


def _implied_sum(own: Format | None, count: int) -> Format:
    if own is None or isinstance(own, Block):
        raise FormatError(f"sum: format=None: name one, as numfmt.sum(x, 'e4m3fn'); x has {own}")
    if isinstance(own, Fixed) and _context.growth() == "exact":
        return grown_total(own.bare(), count)
    return own


def _implied_dot(a: Any, b: Any, count: int) -> tuple[tuple[Any, Any], Format]:
    operands = [read(a, "a"), read(b, "b")]
    format = implied("dot", operands)
    parts = [
        x if isinstance(x, Array) else Array._of(operand.data, operand.format or format)
        for x, operand in zip((a, b), operands, strict=True)
    ]
    terms = _terms(parts[0], "a")[0], _terms(parts[1], "b")[0]
    if _context.growth() == "exact":
        fixed = [operand.format for operand in operands if isinstance(operand.format, Fixed)]
        if len(fixed) == 2:
            one = grown_product(fixed[0].bare(), fixed[1].bare())
            return terms, grown_total(one, count)
    return terms, format


def _is_exact(accumulator: object, order: object) -> bool:
    if order is not None and order not in ORDERS:
        raise NumfmtError(unknown("order", order, ORDERS))
    if isinstance(accumulator, str) and accumulator == EXACT:
        if order is not None:
            raise NumfmtError(f"order={order!r} has no meaning for accumulator='exact'")
        return True
    return False


class _Rounding:
    """The result's format and the modes of one call, or an accumulator's."""

    def __init__(
        self, format: Format, rounding: Any, overflow: Any, options: dict[str, Any]
    ) -> None:
        self.format, self.modes, self.options = format, (rounding, overflow), options

    def __call__(self, name: str, *operands: Any) -> Array:
        return apply(name, operands, self.format, *self.modes, **self.options)

    def of(self, accumulator: object) -> _Rounding:
        """Steps that are rounded to the accumulator; one key serves them and the last rounding."""
        for name in ("random_bits", "element_flags"):
            if self.options.get(name) is not None:
                raise RandomError(f"{name} is of one rounding; with accumulator= there are several")
        key = self.options.get("key")
        if isinstance(key, Key):
            self.options = {**self.options, "key": Generator._from(key)}
        format = parse(accumulator)
        rounding, overflow = self.modes
        modes = format.rounding or rounding, format.overflow or overflow
        return _Rounding(format, *modes, self.options)

    def last(self, found: Array) -> Array:
        """What was accumulated, in the result's format."""
        return found if found.format == self.format else self("multiply", found, 1)


def _summed(steps: _Rounding, rows: Any, order: str) -> Array:
    """The sum of rows, step by step."""
    if len(rows) == 0:
        return steps("multiply", np.zeros(rows.shape[1:]), 1)
    if order == "pairwise":
        return _in_pairs(steps, steps("multiply", rows, 1))
    found = steps("multiply", rows[0], 1)
    for row in range(1, len(rows)):
        found = steps("add", found, rows[row])
    return found


def _in_pairs(steps: _Rounding, rows: Array) -> Array:
    while len(rows) > 1:
        even = len(rows) // 2 * 2
        pairs = steps("add", rows[0:even:2], rows[1:even:2])
        rows = joined([pairs, rows[even:]]) if even < len(rows) else pairs
    return rows[0]


def _multiplied(steps: _Rounding, rows: Any, columns: Any, n: int, order: str) -> Array:
    """Matrix products, step by step."""

    def factors(k: Any) -> tuple[Any, Any]:
        return rows[..., :, k, None], columns[..., k, None, :]

    shape = (
        *np.broadcast_shapes(rows.shape[:-2], columns.shape[:-2]),
        rows.shape[-2],
        columns.shape[-1],
    )
    if n == 0:
        return steps("multiply", np.zeros(shape), 1)
    if order == "pairwise":
        return _in_pairs(steps, stacked([steps("multiply", *factors(k)) for k in range(n)]))
    found = steps("multiply", *factors(0))
    for k in range(1, n):
        found = steps("fma", *factors(k), found)
    return found
