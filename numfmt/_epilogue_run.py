"""The epilogue of a matrix product, on Arrays."""

from __future__ import annotations

from typing import Any

from ._code_array import Array
from ._datapath import Datapath
from ._epilogue import Operation
from ._errors import FormatError, ShapeError
from ._operands import read, represent
from ._operate import apply
from ._random import Key
from ._report import Report
from .formats import Format


def finished(
    path: Datapath, sums: Array, values: dict[str, Any], key: Key | None, report: Report | None
) -> Array:
    """What the machine's epilogue makes of the sums."""
    for i, one in enumerate(path.epilogue):
        own = key.fold_in("epilogue", i, key.call).at(0, key.first) if key is not None else None
        sums = OPERATIONS[one.op](sums, one, values, {"report": report}, own)
    return sums


def _rounded(name: str, x: Any, y: Any, one: Operation, how: dict[str, Any], key: Any) -> Array:
    if str(one.round).startswith("stochastic"):
        how = {**how, "key": key}
    return apply(name, (x, y), one.format, one.round, **how)


def _operand(values: dict[str, Any], name: str, format: Format | None) -> Array:
    """A named operand, of the format of its operation."""
    assert format is not None
    operand = read(values[name], name)
    if operand.format is None:
        represent(operand, format)
    elif operand.format.bare() != format:
        raise FormatError(f"{name} is of {operand.format.bare()}; {format} is taken")
    return Array._of(operand.data, format)


def _scale(x: Array, one: Operation, values: Any, how: Any, key: Any) -> Array:
    scales = [_operand(values, name, one.format) for name in one.by or ()]
    alpha = scales[0]
    for scale in scales[1:]:
        alpha = _rounded("multiply", alpha, scale, one, {}, key)
    return _same_shape(_rounded("multiply", x, alpha, one, how, key), x, one)


def _add(x: Array, one: Operation, values: Any, how: Any, key: Any) -> Array:
    for name in one.by or ():
        term = _operand(values, name, one.format)
        x = _same_shape(_rounded("add", x, term, one, how, key), x, one)
    return x


def _same_shape(found: Array, x: Array, one: Operation) -> Array:
    if found.shape != x.shape:
        names = " and ".join(one.by or ())
        raise ShapeError(f"{names} make the result {x.shape} one of {found.shape}")
    return found


def _convert(x: Array, one: Operation, values: Any, how: Any, key: Any) -> Array:
    if str(one.round).startswith("stochastic"):
        how = {**how, "key": key}
    return x.astype(one.format, one.round, one.ovf, **how)


OPERATIONS = {"scale": _scale, "add": _add, "convert": _convert}
