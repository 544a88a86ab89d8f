"""Values to values, values to codes, codes to values, codes to codes: each with one rounding."""

from __future__ import annotations

import functools
from fractions import Fraction
from typing import Any

import numpy as np

from . import _core, _modes
from ._arrays import (
    FLOATS,
    Array,
    Input,
    Output,
    as_array,
    plain,
    read_codes,
    read_numbers,
    type_of,
    where,
)
from ._core import ffi, lib
from ._errors import DtypeError, NanError, RandomError, RangeError, ShapeError
from ._parse import parse
from ._random import Generator, Key, core_key, take_key
from ._report import Report, collecting
from .formats import Format
from .formats._base import code_dtype, value_of


class _Call:
    """The options of one call, with everything they point to kept alive."""

    def __init__(
        self,
        format: Format,
        source: Input,
        rounding: str | None,
        overflow: str | None,
        nan: str | None,
        key: Key | Generator | None,
        random_bits: Any,
    ) -> None:
        self.format, self.source = format, source
        self.modes = _modes.resolve(format, rounding, overflow, nan)
        _modes.check_source(self.modes.rounding, key, random_bits)
        self.options = self.modes.options()
        self._failed_at = ffi.new("uint64_t *")
        self.options.failed_at = self._failed_at
        if random_bits is not None:
            self._words = read_words(random_bits, source.given.shape)
            self.options.random_bits = ffi.cast(
                "uint32_t *", _core.pointer(self._words) or self._failed_at
            )
        self._key = key

    def take_key(self) -> None:
        """Take the call's key, once every other argument is known to be right."""
        if self._key is None:
            return
        key = take_key(self._key)
        self._c_key = core_key(key)
        self.options.key = self._c_key
        self.options.first = key.first

    def check(self, status: int) -> None:
        """Raise what the core found, naming the first element."""
        if status in (lib.NF_FOUND_NAN, lib.NF_FOUND_RANGE):
            element = where(self.source.given, self._failed_at[0], self.source.name)
            if status == lib.NF_FOUND_NAN:
                raise NanError(
                    f"{element}, and {self.format.bare()} has no NaN; "
                    "choose nan='zero', 'max' or 'min'"
                )
            raise RangeError(
                f"{element} is out of range for {self.format.bare()} "
                f"under overflow={str(self.modes.overflow)!r}"
            )
        _core.check(status)


def read_words(random_bits: object, shape: tuple[int, ...]) -> Array:
    """The caller's random words: uint32, of the input's shape."""
    words, _ = as_array(random_bits, "random_bits")
    if words.dtype.newbyteorder("=") != np.uint32:
        raise RandomError(f"random_bits has dtype {words.dtype}; it must be uint32")
    if words.shape != shape:
        raise ShapeError(f"random_bits has shape {words.shape}, x has {shape}")
    return plain(words, np.dtype(np.uint32))


@functools.lru_cache(maxsize=4096)
def _held(format: Format, modes: _modes.Modes, source: int, target: int) -> bool:
    return bool(
        lib.nf_type_holds(format._descriptor(), modes.options(), source, target) == lib.NF_OK
    )


def _target_dtype(call: _Call, dtype: Any) -> np.dtype[Any]:
    """The dtype of the result: the caller's, else the input's, else float64; one that holds every
    result."""
    source = call.source.plain.dtype
    if dtype is None:
        wanted = source if source in FLOATS else np.dtype(np.float64)
    else:
        wanted = np.dtype(dtype).newbyteorder("=")
    if wanted == np.dtype(object):
        return wanted
    if wanted not in FLOATS:
        raise DtypeError(
            f"dtype={wanted} must be float16, float32, float64 or object (exact fractions)"
        )
    kind = type_of(call.source.plain)
    if _held(call.format.bare(), call.modes, kind, _core.TYPES[wanted]):
        return wanted
    able = [
        str(d) for d in FLOATS if _held(call.format.bare(), call.modes, kind, _core.TYPES[d])
    ] + ["object"]
    raise DtypeError(
        f"dtype {wanted} cannot hold every result of rounding {source} to {call.format.bare()}; "
        f"dtype={able[0]} can"
    )


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
    call = _Call(parsed, source, rounding, overflow, nan, key, random_bits)
    target = _target_dtype(call, dtype)
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


def _quantize_exactly(call: _Call, report: Report | None, out: Array | None) -> Any:
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


def _encode(call: _Call, report: Report | None, out: Array | None) -> Any:
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


def _refuse_unbounded(call: _Call) -> None:
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
    call = _Call(parse(format), read_numbers(x), rounding, overflow, nan, key, random_bits)
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
    target = np.dtype(dtype).newbyteorder("=")
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
    call = _Call(to_format, given, rounding, overflow, nan, key, random_bits)
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
