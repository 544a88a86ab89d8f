"""The short way of a small call: arrays that the core takes as they are, no random bits, no report.

Each function gives False where a call is not such a one, or where the core found something wrong:
nothing has happened then, and the general way does the call or says why not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ._arrays import FLOATS, as_dtype
from ._core import TYPES, ffi, isa_number, lib, pointer
from ._report import receivers
from ._threads import count

if TYPE_CHECKING:
    from ._call import Plan

_NULL = ffi.NULL
_nf_quantize, _nf_encode, _nf_decode = lib.nf_quantize, lib.nf_encode, lib.nf_decode
_FLOAT_TYPES = {dtype: TYPES[dtype] for dtype in FLOATS}


def _are_plain(x: Any, out: Any) -> bool:
    """C-contiguous, aligned and writable arrays of one shape; the core looks for an overlap."""
    return (
        type(x) is np.ndarray
        and type(out) is np.ndarray
        and x.flags.carray
        and out.flags.carray
        and x.shape == out.shape
    )


def quantize(plan: Plan, x: Any, out: Any) -> bool:
    """`x` rounded into `out`, of the same dtype."""
    if plan.varies or not _are_plain(x, out) or receivers(None):
        return False
    dtype = x.dtype
    kind = _FLOAT_TYPES.get(dtype)
    if kind is None or out.dtype != dtype:
        return False
    options = plan.options(False)
    status: int = _nf_quantize(
        plan.descriptor, options, kind, pointer(x), kind, pointer(out), x.size, _NULL
    )
    return not status


def encode(plan: Plan, x: Any, out: Any) -> bool:
    """The codes of `x` into `out`."""
    if plan.varies or not _are_plain(x, out) or receivers(None):
        return False
    kind = TYPES.get(x.dtype)
    if kind is None or out.dtype != plan.code_dtype:
        return False
    options = plan.options(False)
    status: int = _nf_encode(
        plan.descriptor, options, kind, pointer(x), pointer(out), x.size, _NULL
    )
    return not status


def decode(plan: Plan, codes: Any, dtype: Any, out: Any) -> bool:
    """The values of `codes`, all of whose bits count, into `out`."""
    if plan.varies or not _are_plain(codes, out) or codes.dtype != plan.code_dtype:
        return False
    kind = _FLOAT_TYPES.get(out.dtype)
    if kind is None or not plan.every_integer_is_code or as_dtype(dtype) != out.dtype:
        return False
    status: int = _nf_decode(
        plan.descriptor, pointer(codes), kind, pointer(out), codes.size, isa_number(), count()
    )
    return not status
