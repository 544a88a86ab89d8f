"""Values to values, values to codes, codes to values, codes to codes: each with one rounding."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import _blocks, _direct
from ._arrays import OBJECT, Array, BlockCodes, Input, Output, read_codes, read_numbers
from ._call import Plan, plan_of, read_draws, run
from ._core import TYPES, check, isa_number, lib, pointer
from ._errors import FormatError, RangeError
from ._exact import exact_values
from ._random import Generator, Key
from ._report import Report
from ._tensors import is_tensor, through
from ._threads import count
from .formats import Affine, Codebook, Format

_nf_quantize, _nf_encode = lib.nf_quantize, lib.nf_encode
_WORD_BITS, _DECIDED_BITS = 32, 62
_nf_convert, _nf_decode = lib.nf_convert, lib.nf_decode


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
    scales: Any = None,
    dtype: Any = None,
    out: Array | None = None,
) -> Any:
    """Round each number to one that the format holds: one rounding of the exact input.

    Args:
        x: real numbers of any shape: float16, float32, float64, integers, booleans; each is read
            exactly.  A `torch.Tensor` gives a tensor.
        format: a format or a spelling.
        rounding, overflow: modes; default the format's own, then the `context`'s, then
            ``nearest_even`` and the format's default overflow.
        nan: ``"zero"``, ``"max"`` or ``"min"``: what a NaN becomes in a format without NaN; default
            an error.
        key: a `Key` or `Generator`, for stochastic rounding; or
        random_bits: uint32 array shaped like x, whose low bits (as many as the mode uses, else 32)
            are the random bits.
        report: a `Report` to add to.
        scales: of block formats, codes of the scales to use: see `encode`.
        dtype: of the result: float16, float32, float64, or object for exact fractions; default the
            dtype of `x`, float64 for integers, booleans and lists.  Of a block format a dtype that
            cannot hold a value takes the nearest number.
        out: an array for the result; may be `x` itself.

    Returns:
        An array shaped like x; a scalar for a scalar.

    Raises:
        FormatError, RoundingError, RandomError, DtypeError, ShapeError: a wrong argument.
        NanError: a NaN, the format has none and `nan` is not given.
        RangeError: ``overflow="error"`` and a value out of range, or an infinity under a wrapping
            policy; a number near the end of its dtype that rounds to a value beyond it (the largest
            float32 to takum16: pass ``dtype=np.float64``).
        Nothing is written to `out` then, and a `Generator` stays at the call where it was.

    >>> import numfmt as nf
    >>> nf.quantize([0.3, 20.5, -2.7], "e4m3fn")
    array([ 0.3125, 20.    , -2.75  ])
    >>> nf.quantize(-2.7, "fixed<8,0>", "up")
    np.float64(-2.0)
    """
    if is_tensor(x):
        draws = {"key": key, "random_bits": random_bits, "report": report}
        more = {"nan": nan, **draws, "scales": scales, "dtype": dtype}
        return through(quantize, "x", out, x, format, rounding, overflow, **more)
    plan = plan_of(format, rounding, overflow, nan)
    return quantize_by(
        plan,
        x,
        key=key,
        random_bits=random_bits,
        report=report,
        scales=scales,
        dtype=dtype,
        out=out,
    )


def quantize_by(
    plan: Plan,
    x: Any,
    *,
    key: Key | Generator | None = None,
    random_bits: Any = None,
    report: Report | None = None,
    scales: Any = None,
    dtype: Any = None,
    out: Array | None = None,
) -> Any:
    """`quantize` to the format and by the modes of a plan."""
    if plan.is_block or scales is not None:
        draws = _blocks.Draws(key, random_bits, report)
        return _blocks.quantize(plan, x, draws, scales, dtype, out)
    is_short = key is random_bits is report is dtype is None
    if out is not None and is_short and _direct.quantize(plan, x, out):
        return out
    source = read_numbers(x)
    words = read_draws(plan, source.given.shape, key, random_bits)
    target = plan.rounded_dtype(source.plain.dtype, dtype)
    result = Output(source, out, target)
    if target != OBJECT:
        return run(_quantize, plan, source, result, key, words, report)
    codes = Output(source, None, plan.code_dtype)
    run(_encode, plan, source, codes, key, words, report)
    result.plain[...] = exact_values(codes.plain, plan.format)
    return result.finish()


def _quantize(plan: Plan, options: Any, source: Input, result: Output, report: Any) -> int:
    x, y = source.plain, result.plain
    status: int = _nf_quantize(
        plan.descriptor_for(source),
        options,
        TYPES[x.dtype],
        pointer(x),
        TYPES[y.dtype],
        pointer(y),
        x.size,
        report,
    )
    return status


def _encode(plan: Plan, options: Any, source: Input, result: Output, report: Any) -> int:
    x, y = source.plain, result.plain
    status: int = _nf_encode(
        plan.descriptor_for(source),
        options,
        TYPES[x.dtype],
        pointer(x),
        pointer(y),
        x.size,
        report,
    )
    return status


def _convert(plan: Plan, options: Any, source: Input, result: Output, report: Any) -> int:
    assert source.format is not None
    x, y, from_format = source.plain, result.plain, plan_of(source.format).descriptor_for(source)
    status: int = _nf_convert(
        from_format,
        plan.descriptor_for(source),
        options,
        pointer(x),
        pointer(y),
        x.size,
        report,
    )
    return status


def _refuse_unbounded(plan: Plan) -> None:
    if plan.modes.overflow.name == "unbounded":
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
    scales: Any = None,
    out: Array | None = None,
) -> Any:
    """Round each number to the format and give its code: arguments and errors as `quantize`.

    Args:
        scales: of block formats, codes of the scales to use instead of those that the format's rule
            chooses (a NaN still makes its block's NaN): an array with one for each block, a
            `BlockCodes`, or, of a format with a tensor scale, a pair (codes or None, tensor scale).

    Returns:
        Unsigned integers of the smallest of 8, 16, 32 and 64 bits that holds a code, shaped like x;
        of a block format a `BlockCodes` of such codes, of scales and of the tensor's scale.

    >>> import numfmt as nf
    >>> nf.encode([1.0, -1.0, 448.0], "e4m3fn")
    array([ 56, 184, 126], dtype=uint8)
    >>> found = nf.encode([6.0, -3.0, 0.4], "mxfp4")
    >>> found.codes, found.scales
    (array([ 7, 13,  1], dtype=uint8), array([127], dtype=uint8))
    """
    if is_tensor(x):
        draws = {"key": key, "random_bits": random_bits, "report": report}
        more = {"nan": nan, **draws, "scales": scales}
        return through(encode, "x", out, x, format, rounding, overflow, **more)
    plan = plan_of(format, rounding, overflow, nan)
    if plan.is_block or scales is not None:
        return _blocks.encode(plan, x, _blocks.Draws(key, random_bits, report), scales, out)
    is_short = key is random_bits is report is None
    if out is not None and is_short and _direct.encode(plan, x, out):
        return out
    return _encode_numbers(plan, read_numbers(x), key, random_bits, report, out)


def _encode_numbers(
    plan: Plan,
    source: Input,
    key: Key | Generator | None,
    random_bits: Any,
    report: Report | None,
    out: Array | None,
) -> Any:
    words = read_draws(plan, source.given.shape, key, random_bits)
    _refuse_unbounded(plan)
    result = Output(source, out, plan.code_dtype)
    return run(_encode, plan, source, result, key, words, report)


def decode(codes: Any, format: object, *, dtype: Any = np.float64, out: Array | None = None) -> Any:
    """The exact value of each code.

    Args:
        codes: unsigned integers, each a code of the format; of a block format a `BlockCodes`.
        format: a format or a spelling.
        dtype: float16, float32 or float64, if it holds every value of the format (of a block
            format the nearest number where it does not); object gives
            exact `fractions.Fraction` (floats for NaN, infinities and -0).  Of formats with
            irrational values (`LNS`) a float dtype takes the nearest number: float64 of any (an
            infinity or 0 beyond its range), a narrower one if it has the format's range.
        out: an array for the result.

    Raises:
        FormatError: an integer that is no code of the format.
        DtypeError: a dtype that cannot hold every value; object, and an irrational value.

    >>> import numfmt as nf
    >>> nf.decode([0, 56, 126], "e4m3fn")
    array([  0.,   1., 448.])
    """
    if is_tensor(codes) or (isinstance(codes, BlockCodes) and is_tensor(codes.codes)):
        return through(decode, "codes", out, codes, format, dtype=dtype)
    plan = plan_of(format)
    if plan.is_block:
        return _blocks.decode(plan, codes, dtype, out)
    if out is not None and _direct.decode(plan, codes, dtype, out):
        return out
    source = read_codes(codes, plan.format)
    target = plan.decoded_dtype(dtype)
    result = Output(source, out, target)
    x, y = source.plain, result.plain
    if target == OBJECT:
        y[...] = exact_values(x, plan.format)
        return result.finish()
    status = _nf_decode(
        plan.descriptor_for(source),
        pointer(x),
        TYPES[target],
        pointer(y),
        x.size,
        isa_number(),
        count(),
    )
    if status:
        check(status)
    return result.finish()


def _check_decided(source: Format, plan: Plan) -> None:
    """Refuse a target so precise that the 63 known bits of irrational values do not decide."""
    target, rounding = plan.format, plan.modes.rounding
    if isinstance(source, Affine) and source.has_wide_values:
        raise FormatError(
            f"source={str(source)!r} has values of more than 64 significant bits, which cannot be "
            f"converted; scales of fewer bits (float32 numbers have at most 24) can"
        )
    if not source.has_irrational or target.has_irrational:
        return
    if isinstance(target, Codebook) and target.thresholds == "geometric":
        raise FormatError(
            f"target={str(target)!r} turns at geometric means, and a value of {source.bare()} may "
            f"be one: give its thresholds as numbers"
        )
    drawn = (rounding.bits or _WORD_BITS) if rounding.name == "stochastic" else 0
    needed = target.precision + drawn
    needed += 1 + target.scale_bits if isinstance(target, Affine) else 0
    if needed > _DECIDED_BITS:
        raise FormatError(
            f"target={str(target)!r} with rounding={str(rounding)!r} decides by {needed} bits; of "
            f"{source.bare()} at most {_DECIDED_BITS} are rounded to"
        )


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

    Arguments and errors as `quantize`; the modes are those of the target.  From a format of
    irrational values (`LNS`) to one of fractions at most 62 significant bits are rounded to, those
    that a stochastic rounding draws included (32, or its ``bits``): else a FormatError.  To or from
    a block format the values are float64 in between, of formats whose values those hold exactly.

    >>> import numfmt as nf
    >>> nf.convert(nf.encode([1.0, 3.3], "posit<16,2>"), "posit<16,2>", "fixed<8,3>")
    array([ 8, 26], dtype=uint8)
    """
    if is_tensor(codes) or (isinstance(codes, BlockCodes) and is_tensor(codes.codes)):
        more = {"nan": nan, "key": key, "random_bits": random_bits, "report": report}
        return through(convert, "codes", out, codes, source, target, rounding, overflow, **more)
    origin = plan_of(source)
    from_format = origin.format
    plan = plan_of(target, rounding, overflow, nan)
    if origin.is_block or plan.is_block:
        values = _blocks.exact_floats(origin, codes)
        if plan.is_block:
            draws = _blocks.Draws(key, random_bits, report)
            return _blocks.encode(plan, values, draws, None, out, "codes")
        numbers = read_numbers(values, "codes")
        return _encode_numbers(plan, numbers, key, random_bits, report, out)
    given = read_codes(codes, from_format)
    words = read_draws(plan, given.given.shape, key, random_bits)
    _refuse_unbounded(plan)
    _check_decided(from_format, plan)
    result = Output(given, out, plan.code_dtype)
    return run(_convert, plan, given, result, key, words, report)
