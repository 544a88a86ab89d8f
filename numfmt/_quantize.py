"""Values to values, values to codes, codes to values, codes to codes: each with one rounding."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from . import _core
from ._arrays import (
    FLOATS,
    Array,
    Output,
    as_dtype,
    read_codes,
    read_numbers,
    type_of,
)
from ._call import Call, target_dtype
from ._core import lib
from ._errors import DtypeError, RangeError
from ._parse import parse
from ._random import Generator, Key
from ._report import Report, collecting
from .formats import Format
from .formats._base import code_dtype, value_of


def quantize(
    x: Any,
    format: object,
    rounding: str | None = None,
    overflow: str | None = None,
    *,
    nan: str | None = None,
    key: Key | Generator | None = None,
    random_bits: Any = None,
    report: Report | None = None,
    dtype: Any = None,
    out: Array | None = None,
) -> Any:
    """Round each number to one that the format holds: one rounding of the exact input.

    Args:
        x: real numbers of any shape: float16, float32, float64, integers, booleans; each is read
            exactly.
        format: a format or a spelling.
        rounding, overflow: modes; default the format's own, then ``nearest_even`` and the format's
            default overflow.
        nan: ``"zero"``, ``"max"`` or ``"min"``: what a NaN becomes in a format without NaN; default
            an error.
        key: a `Key` or `Generator`, for stochastic rounding; or
        random_bits: uint32 array shaped like x, whose low bits (as many as the mode uses, else 32)
            are the random bits.
        report: a `Report` to add to.
        dtype: of the result: float16, float32, float64, or object for exact fractions; default the
            dtype of `x`, float64 for integers, booleans and lists.
        out: an array for the result; may be `x` itself.

    Returns:
        An array shaped like x; a scalar for a scalar.

    Raises:
        FormatError, RoundingError, RandomError, DtypeError, ShapeError: a wrong argument.
        NanError: a NaN, the format has none and `nan` is not given.
        RangeError: ``overflow="error"`` and a value out of range, or an infinity under a wrapping
            policy.
        Nothing is written to `out` then.

    >>> import numfmt as nf
    >>> nf.quantize([0.3, 20.5, -2.7], "e4m3fn")
    array([ 0.3125, 20.    , -2.75  ])
    >>> nf.quantize(-2.7, "fixed<8,0>", "up")
    np.float64(-2.0)
    """
    parsed = parse(format)
    source = read_numbers(x)
    call = Call(parsed, source, rounding, overflow, nan, key, random_bits)
    target = target_dtype(call, dtype)
    if target == np.dtype(object):
        return _quantize_exactly(call, report, out)
    result = Output(source, out, target)
    call.take_key()
    with collecting(report) as c_report:
        status = lib.nf_quantize(
            parsed._descriptor(),
            call.options,
            type_of(source.plain),
            _core.pointer(source.plain),
            type_of(result.plain),
            _core.pointer(result.plain),
            source.plain.size,
            c_report,
        )
        call.check(status)
    return result.finish()


def _quantize_exactly(call: Call, report: Report | None, out: Array | None) -> Any:
    if call.modes.overflow.name == "unbounded":
        raise DtypeError(
            "dtype=object with overflow='unbounded' is not supported; use a float dtype"
        )
    codes = _encode(call, report, None)
    values = decode(codes, call.format, dtype=object)
    if out is None:
        return values
    result = Output(call.source, out, np.dtype(object))
    result.plain[...] = values
    return result.finish()


def _encode(call: Call, report: Report | None, out: Array | None) -> Any:
    result = Output(call.source, out, code_dtype(call.format))
    call.take_key()
    with collecting(report) as c_report:
        status = lib.nf_encode(
            call.format._descriptor(),
            call.options,
            type_of(call.source.plain),
            _core.pointer(call.source.plain),
            _core.pointer(result.plain),
            call.source.plain.size,
            c_report,
        )
        call.check(status)
    return result.finish()


def _refuse_unbounded(call: Call) -> None:
    if call.modes.overflow.name == "unbounded":
        raise RangeError("overflow='unbounded' has no codes; it is for quantize only")


def encode(
    x: Any,
    format: object,
    rounding: str | None = None,
    overflow: str | None = None,
    *,
    nan: str | None = None,
    key: Key | Generator | None = None,
    random_bits: Any = None,
    report: Report | None = None,
    out: Array | None = None,
) -> Any:
    """Round each number to the format and give its code: arguments and errors as `quantize`.

    Returns:
        Unsigned integers of the smallest of 8, 16, 32 and 64 bits that holds a code, shaped like x.

    >>> import numfmt as nf
    >>> nf.encode([1.0, -1.0, 448.0], "e4m3fn")
    array([ 56, 184, 126], dtype=uint8)
    """
    call = Call(parse(format), read_numbers(x), rounding, overflow, nan, key, random_bits)
    _refuse_unbounded(call)
    return _encode(call, report, out)


def decode(codes: Any, format: object, *, dtype: Any = np.float64, out: Array | None = None) -> Any:
    """The exact value of each code.

    Args:
        codes: unsigned integers, each a code of the format.
        format: a format or a spelling.
        dtype: float16, float32 or float64, if it holds every value of the format; object gives
            exact `fractions.Fraction` (floats for NaN, infinities and -0).
        out: an array for the result.

    Raises:
        FormatError: an integer that is no code of the format.
        DtypeError: a dtype that cannot hold every value.

    >>> import numfmt as nf
    >>> nf.decode([0, 56, 126], "e4m3fn")
    array([  0.,   1., 448.])
    """
    parsed = parse(format)
    source = read_codes(codes, parsed)
    target = as_dtype(dtype)
    if target == np.dtype(object):
        result = Output(source, out, target)
        result.plain[...] = _fractions(source.plain, parsed)
        return result.finish()
    if target not in FLOATS:
        raise DtypeError(
            f"dtype={target} must be float16, float32, float64 or object (exact fractions)"
        )
    if lib.nf_type_holds_format(parsed._descriptor(), _core.TYPES[target]) != lib.NF_OK:
        able = [
            str(d)
            for d in FLOATS
            if lib.nf_type_holds_format(parsed._descriptor(), _core.TYPES[d]) == lib.NF_OK
        ] + ["object"]
        raise DtypeError(
            f"dtype {target} cannot hold every value of {parsed.bare()}; dtype={able[0]} can"
        )
    result = Output(source, out, target)
    status = lib.nf_decode(
        parsed._descriptor(),
        _core.pointer(source.plain),
        type_of(result.plain),
        _core.pointer(result.plain),
        source.plain.size,
        _core.isa_number(),
    )
    _core.check(status)
    return result.finish()


def _fractions(codes: Array, format: Format) -> Array:
    """An object array of exact values."""
    found: dict[int, object] = {}
    for code in np.unique(codes).tolist():
        value = value_of(format, code)
        finite = isinstance(value, Fraction) or (value - value == 0 and value != 0)
        found[code] = Fraction(value) if finite or str(value) == "0.0" else value
    exact = np.empty(codes.shape, object)
    exact.ravel()[:] = [found[code] for code in codes.ravel().tolist()]
    return exact


def convert(
    codes: Any,
    source: object,
    target: object,
    rounding: str | None = None,
    overflow: str | None = None,
    *,
    nan: str | None = None,
    key: Key | Generator | None = None,
    random_bits: Any = None,
    report: Report | None = None,
    out: Array | None = None,
) -> Any:
    """Codes of one format to codes of another: one rounding of the exact value, no float in
    between.

    Arguments and errors as `quantize`; the modes are those of the target.

    >>> import numfmt as nf
    >>> nf.convert(nf.encode([1.0, 3.3], "posit<16,2>"), "posit<16,2>", "fixed<8,3>")
    array([ 8, 26], dtype=uint8)
    """
    from_format, to_format = parse(source), parse(target)
    given = read_codes(codes, from_format)
    call = Call(to_format, given, rounding, overflow, nan, key, random_bits)
    _refuse_unbounded(call)
    result = Output(given, out, code_dtype(to_format))
    call.take_key()
    with collecting(report) as c_report:
        status = lib.nf_convert(
            from_format._descriptor(),
            to_format._descriptor(),
            call.options,
            _core.pointer(given.plain),
            _core.pointer(result.plain),
            given.plain.size,
            c_report,
        )
        call.check(status)
    return result.finish()
