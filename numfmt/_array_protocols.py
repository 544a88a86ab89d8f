"""Arrays in NumPy's hands: ufuncs, functions and views; what has no meaning raises and says so."""

from __future__ import annotations

import numbers
from typing import TYPE_CHECKING, Any

import numpy as np

from ._errors import DtypeError, FormatError
from ._parse import parse
from .formats import Block

if TYPE_CHECKING:
    from ._code_array import Array

UFUNCS = {
    np.add: "add",
    np.subtract: "subtract",
    np.multiply: "multiply",
    np.divide: "divide",
    np.remainder: "remainder",
    np.fmod: "fmod",
    np.sqrt: "sqrt",
    np.reciprocal: "reciprocal",
    np.negative: "negative",
    np.absolute: "absolute",
    np.copysign: "copysign",
    np.minimum: "minimum",
    np.maximum: "maximum",
    np.fmin: "minimum_number",
    np.fmax: "maximum_number",
    np.equal: "equal",
    np.not_equal: "not_equal",
    np.less: "less",
    np.less_equal: "less_equal",
    np.greater: "greater",
    np.greater_equal: "greater_equal",
    np.isnan: "isnan",
    np.isinf: "isinf",
    np.isfinite: "isfinite",
    np.signbit: "signbit",
    np.matmul: "dot",
    np.exp: "exp",
    np.exp2: "exp2",
    np.expm1: "expm1",
    np.log: "log",
    np.log2: "log2",
    np.log1p: "log1p",
    np.tanh: "tanh",
    np.sin: "sin",
    np.cos: "cos",
    np.cbrt: "cbrt",
    np.power: "power",
}


def refused(what: str) -> DtypeError:
    """The error for what NumPy asks and no operation here answers."""
    return DtypeError(
        f"{what} is not supported for numfmt Arrays, which are never decoded unasked; apply it to "
        f".values, or to .codes"
    )


def operation(name: str) -> Any:
    """A public operation."""
    from . import _operations

    return getattr(_operations, name)


def operator_result(name: str, operands: tuple[Any, ...]) -> Any:
    """What ``a + b`` gives: of operands that are numbers or arrays."""
    from ._code_array import Array

    for operand in operands:
        if not isinstance(operand, (Array, numbers.Real, np.generic, np.ndarray, list, tuple)):
            return NotImplemented
    return operation(name)(*operands)


def in_place(name: str, target: Array, other: Any) -> Any:
    """``a += b``: rounded to the format of `a`, into its codes."""
    target[...] = operation(name)(target, other, target.format)
    return target


def ufunc(given: Any, method: str, inputs: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
    """``numpy.add(a, b)`` and its like."""
    name = f"numpy.{given.__name__}"
    if given not in UFUNCS:
        raise refused(name)
    if method != "__call__":
        raise refused(f"{name}.{method}")
    if keywords:
        raise refused(f"{name} with {next(iter(keywords))}=")
    return operation(UFUNCS[given])(*inputs)


def function(given: Any, inputs: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
    """``numpy.concatenate`` and its like."""
    from ._array_functions import FUNCTIONS

    name = f"{given.__module__}.{given.__name__}"
    if given not in FUNCTIONS:
        raise refused(name)
    try:
        return FUNCTIONS[given](*inputs, **keywords)
    except TypeError as error:
        if "unexpected keyword" in str(error):
            raise refused(f"{name} with these arguments") from None
        raise


def viewed(array: Array, dtype: Any) -> Any:
    """The codes in a dtype of the same encoding."""
    try:
        wanted = np.dtype(dtype)
        format = parse(wanted)
    except (TypeError, FormatError):
        raise DtypeError(f"view: dtype={dtype!r} is no dtype whose encoding is known") from None
    own = array.format.bare()
    if isinstance(own, Block) or format != own or wanted.itemsize != array.codes.itemsize:
        raise DtypeError(
            f"view: codes of {own} are not those of dtype {wanted}, which has {format}"
        )
    return array.codes.view(wanted)
