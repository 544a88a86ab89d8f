"""Reproducible float arithmetic for samplers: the same bits on every machine.

NumPy's own products sum in an order that depends on sizes and libraries, and its elementary
functions differ between machines.  Here each output of `matmul` is summed over k in ascending
order, each product and each sum rounded once, so a row computed alone equals the row computed among
others, bit for bit.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from . import _core
from ._core import ffi, lib
from ._errors import DtypeError, ShapeError
from ._regression import Regression

__all__ = ["Regression", "exp", "log", "log_logistic", "logistic", "matmul"]

Array = np.ndarray[Any, Any]

_DTYPES = (np.dtype(np.float32), np.dtype(np.float64))


_KINDS = {dtype: _core.TYPES[dtype] for dtype in _DTYPES}


def _matrix(value: Any, name: str) -> Array:
    matrix = np.asarray(value)
    if matrix.dtype not in _KINDS:
        raise DtypeError(f"{name} has dtype {matrix.dtype}; matmul takes float32 or float64")
    if matrix.ndim != 2:
        raise ShapeError(
            f"{name} has shape {matrix.shape}; matmul takes matrices, of two dimensions"
        )
    return matrix


def matmul(a: Any, b: Any, out: Array | None = None) -> Array:
    """The matrix product, every output summed over k in ascending order from 0.

    Args:
        a: (m, k), float32 or float64; or a stack of matrices (..., m, k), as NumPy's matmul has it.
        b: (k, n), of a's dtype; the transpose of a C-contiguous array costs no copy; or a stack.
        out: None, or of single matrices a C-contiguous (m, n) array of the same dtype that overlaps
            neither.

    Returns:
        (m, n), `out` where it is given; of stacks (..., m, n).

    Raises:
        DtypeError: another dtype, or two different ones.
        ShapeError: shapes that do not fit, or an `out` that overlaps an operand or is not
            C-contiguous.

    >>> import numpy as np
    >>> from numfmt import binary32
    >>> binary32.matmul(np.float32([[1, 2]]), np.float32([[3], [4]]))
    array([[11.]], dtype=float32)
    """
    left, right = np.asarray(a), np.asarray(b)
    if out is None and min(left.ndim, right.ndim) >= 2 and max(left.ndim, right.ndim) > 2:
        return _stacked(left, right)
    left, right = _matrix(a, "a"), _matrix(b, "b")
    if left.dtype != right.dtype:
        raise DtypeError(f"a is {left.dtype} and b is {right.dtype}; matmul needs one dtype")
    (m, k), (rows, n) = left.shape, right.shape
    if k != rows:
        raise ShapeError(
            f"a has shape {left.shape} and b {right.shape}; a's columns must be as many as b's rows"
        )
    if not left.flags.c_contiguous:
        left = np.ascontiguousarray(left)
    if right.flags.c_contiguous:
        memory, b_row, b_column = _core.pointer(right), n, 1
    else:
        right = np.asfortranarray(right)
        memory, b_row, b_column = _core.pointer(right.T), 1, k
    result = (
        np.empty((m, n), left.dtype)
        if out is None
        else _checked_out(out, (m, n), left.dtype, (left, right))
    )
    status = lib.nf_matmul_in_order(
        _KINDS[left.dtype],
        _core.pointer(left),
        k,
        memory,
        b_row,
        b_column,
        _core.pointer(result),
        m,
        k,
        n,
        _core.isa_number(),
    )
    _core.check(status)
    return result


def _stacked(a: Array, b: Array) -> Array:
    """Products of stacks of matrices, whose leading axes broadcast."""
    if b.ndim == 2:
        flat = matmul(a.reshape(-1, a.shape[-1]), b)
        return flat.reshape(*a.shape[:-1], b.shape[-1])
    try:
        stack = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    except ValueError:
        raise ShapeError(
            f"a of shape {a.shape} and b of shape {b.shape} do not broadcast"
        ) from None
    left = np.broadcast_to(a, (*stack, *a.shape[-2:])).reshape(-1, *a.shape[-2:])
    right = np.broadcast_to(b, (*stack, *b.shape[-2:])).reshape(-1, *b.shape[-2:])
    out = np.empty((len(left), a.shape[-2], b.shape[-1]), a.dtype)
    for one, other, result in zip(left, right, out, strict=True):
        matmul(one, other, out=result)
    return out.reshape(*stack, *out.shape[1:])


def _checked_out(
    out: Array, shape: tuple[int, int], dtype: np.dtype[Any], operands: tuple[Array, ...]
) -> Array:
    if not isinstance(out, np.ndarray) or out.dtype != dtype:
        raise DtypeError(
            f"out must be a {dtype} array, not {getattr(out, 'dtype', type(out).__name__)}"
        )
    if out.shape != shape or not out.flags.c_contiguous or not out.flags.writeable:
        raise ShapeError(
            f"out of shape {out.shape} must be a writeable C-contiguous array of shape {shape}"
        )
    if any(np.may_share_memory(out, operand) for operand in operands):
        raise ShapeError("out overlaps an operand")
    return out


def _elementwise(function: Any, z: Any, name: str) -> Array:
    source = np.asarray(z)
    if source.dtype != np.float32:
        raise DtypeError(f"z has dtype {source.dtype}; {name} takes float32")
    if not source.flags.c_contiguous:
        source = np.ascontiguousarray(source)
    out = np.empty(source.shape, np.float32)
    pointers = (ffi.cast("float *", _core.pointer(array)) for array in (source, out))
    _core.check(function(*pointers, out.size, _core.isa_number()))
    return out


def exp(z: Any) -> Array:
    """e**z of a float32 array of any shape; NaN stays NaN.  The error is below 0.5001 ulp.

    >>> import numpy as np
    >>> from numfmt import binary32
    >>> binary32.exp(np.float32([0, 1, -104]))
    array([1.       , 2.7182817, 0.       ], dtype=float32)
    """
    return _elementwise(lib.nf_float_exp, z, "exp")


def log(z: Any) -> Array:
    """The natural logarithm of a float32 array of any shape: minus infinity of 0, NaN of less.

    The error is below 0.5001 ulp.

    >>> import numpy as np
    >>> from numfmt import binary32
    >>> binary32.log(np.float32([1, 2, 0]))
    array([0.       , 0.6931472,      -inf], dtype=float32)
    """
    return _elementwise(lib.nf_float_log, z, "log")


def logistic(z: Any) -> Array:
    """1 / (1 + exp(-z)) of a float32 array of any shape; NaN stays NaN.

    The error is below 0.5001 ulp.

    >>> import numpy as np
    >>> from numfmt import binary32
    >>> binary32.logistic(np.float32([0, 100, -100]))
    array([5.0e-01, 1.0e+00, 3.8e-44], dtype=float32)
    """
    return _elementwise(lib.nf_float_logistic, z, "logistic")


def log_logistic(z: Any) -> Array:
    """The logarithm of `logistic`, without loss where that is near 0 or 1; float32 as well.

    The error is below 0.5001 ulp.

    >>> import numpy as np
    >>> from numfmt import binary32
    >>> binary32.log_logistic(np.float32([0, 100, -100]))
    array([-6.931472e-01, -3.783506e-44, -1.000000e+02], dtype=float32)
    """
    return _elementwise(lib.nf_float_log_logistic, z, "log_logistic")
