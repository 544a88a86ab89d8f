"""Requantisation: wide integer sums become narrow integers, as the kernels of the field do it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from . import _core
from ._arrays import Array, Input, Output, as_array, plain, where
from ._core import ffi, isa_number, lib
from ._errors import DtypeError, NumfmtError, RangeError, ShapeError, unknown
from ._integer_ends import dtype_for, integer, integers_of
from ._requantize_scales import quantize_multiplier, real_numbers
from ._threads import count

_INT32, _INT64 = np.dtype(np.int32), np.dtype(np.int64)
_ENDS32 = np.iinfo(_INT32)


class Mode(NamedTuple):
    """One row of the core's table of requantisation modes."""

    name: str
    number: int
    aliases: tuple[str, ...]
    meaning: str
    source: str
    scale: int
    takes_64_bits: bool
    shifts: tuple[int, int]


def _modes() -> Iterator[Mode]:
    number = 0
    while (row := lib.nf_requant_mode_at(number)) != ffi.NULL:
        texts = _core.text(row.meaning), _core.text(row.source)
        aliases = tuple(_core.text(row.aliases).split())
        shifts = int(row.lowest_shift), int(row.highest_shift)
        long = bool(row.takes_64_bits)
        yield Mode(_core.text(row.name), number, aliases, *texts, int(row.scale), long, shifts)
        number += 1


MODES = {mode.name: mode for mode in _modes()}
_SPELLINGS = {name: mode for mode in MODES.values() for name in (mode.name, *mode.aliases)}


def find_mode(mode: object) -> Mode:
    """The row of a mode's name or alias."""
    found = _SPELLINGS.get(mode) if isinstance(mode, str) else None
    if found is None:
        raise NumfmtError(unknown("mode", mode, MODES, _SPELLINGS))
    return found


def requantize(
    acc: Any,
    multiplier: Any,
    mode: str,
    *,
    zero_point: int | None = None,
    format: Any = "int8",
    channel_axis: int | None = None,
    minimum: int | None = None,
    maximum: int | None = None,
    out: Array | None = None,
) -> Any:
    """Scale integer accumulators, round them, add the zero point and clamp: what ends an integer
    matrix product or convolution, bit for bit as a named kernel does it.

    Kernels differ: in one TFLite wheel four modes are in use, which give other integers for about
    one result in a thousand.  With x the accumulator and M = q * 2**(s - 31) the multiplier,
    l = max(s, 0), r = max(-s, 0):

    ==================== ========================================================================
    ``gemmlowp_double``  h = floor((x << l) * q / 2**31 + 1/2), at most 2**31 - 1; h / 2**r, ties
                         away from zero.  TFLite's reference convolutions; Ethos-U's TFL
    ``single``           floor(x * q / 2**(31 - s) + 1/2).  TFLITE_SINGLE_ROUNDING; Ethos-U's
                         NATURAL
    ``ruy_avx512``       h without that end; floor(h / 2**r + 1/2).  TFLite on x86 without a
                         delegate
    ``f64_half_away``    x * M in float64, ties away from zero.  LiteRT's reference fully connected
                         layers
    ``f32_rne``          float32(x) * M in float32, ties to even.  XNNPACK, ONNX Runtime, Gemmini
    ``shift_rhu``        floor(x / 2**r + 1/2).  Xilinx DPU
    ``shift_rha``        x / 2**r, ties away from zero.  NVDLA
    ``shift_rne``        x / 2**r, ties to even.  Gemmini, RISC-V
    ``shift_trn``        floor(x / 2**r).  AP_TRN
    ``int16x8``          p = min((q + 2**15) >> 16, 2**15 - 1); floor(x * p / 2**(15 - s) + 1/2), x
                         of up to 48 bits.  TFLite's int16 activations
    ``ethos_u_truncate`` x * q / 2**(31 - s), cut toward zero
    ==================== ========================================================================

    x << l wraps at 32 bits; nothing else wraps.  float64 and float32 products are IEEE 754's,
    rounded to nearest even whatever the processor is set to.

    Args:
        acc: integers of any shape: of 32 bits, in the shift modes and ``int16x8`` of 64 bits.  An
            array of a wider dtype is taken where its numbers fit.
        multiplier: for the fixed-point modes the pair (q, s) of `quantize_multiplier`, q of 32
            bits and s from -31 to 30 (``int16x8``: 7), or a real M that becomes one; for
            ``f64_half_away`` a real M; for ``f32_rne`` a float32 number (see
            `requantization_scale`); for the shift modes the bits to drop, r, 0 to 31 (63 for
            int64).  With `channel_axis` one for each index along it.
        mode: a name of the table.
        zero_point: added after rounding; None: the format's, which is 0 but for affine integers.
        format: of the results: integers of up to 32 bits, such as "int8", "uint8", "int16", "int4".
        channel_axis: the axis along which multipliers vary, counted from the first or, where
            negative, the last; None: one for all.
        minimum, maximum: the ends that results are clamped to (see `activation_bounds`); None: the
            format's.
        out: None, or an array of acc's shape and the results' dtype.

    Returns:
        The integers, in the smallest of NumPy's dtypes that holds the format (int8 for "int4").

    Raises:
        NumfmtError: an unknown mode, or a multiplier that is none of the mode's.
        FormatError: a format that has no integers, or ends that it does not hold.
        RangeError: a multiplier or shift out of range, or an accumulator of too many bits.
        ShapeError: multipliers that do not fit the axis, or an `out` that does not fit.
        DtypeError: accumulators that are no integers, or 64 bits where the mode has 32.

    >>> import numfmt as nf
    >>> nf.requantize([1000, -1000, 250, -50], 1 / 32, "gemmlowp_double", zero_point=-3)
    array([ 28, -34,   5,  -5], dtype=int8)
    >>> nf.requantize([80, 112, -80], 5, "shift_rne"), nf.requantize([80, 112, -80], 5, "shift_rhu")
    (array([ 2,  4, -2], dtype=int8), array([ 3,  4, -2], dtype=int8))
    """
    row = find_mode(mode)
    source = _read_accumulators(acc, row)
    dtype, low, high, zero = _ends(format, zero_point, minimum, maximum)
    axis = _axis(channel_axis, source.given)
    channels = None if axis is None else source.given.shape[axis]
    multipliers, shifts = _scales(multiplier, row, source.plain.dtype, channels)
    result = Output(source, out, dtype)
    requantize_codes(
        source.plain, row.name, multipliers, shifts, zero, low, high, result.plain, axis
    )
    return result.finish()


def requantize_codes(
    acc: Array,
    mode: str,
    multipliers: Array | None,
    shifts: Array | None,
    zero_point: int,
    lo: int,
    hi: int,
    out: Array,
    channel_axis: int | None = None,
) -> None:
    """The core's call: all arrays are C-contiguous and native.

    `acc` is int32 or int64, `out` of acc's shape and int8, uint8, int16, uint16 or int32;
    `multipliers` are int32 (q), float64 (M) or None, `shifts` int32 or None, as the mode has them,
    one, or one for each index along `channel_axis` (not negative).
    """
    if not acc.size:
        return
    row, places = MODES[mode], acc.shape if channel_axis is not None else ()
    how = ffi.new("nf_requantization *", {"channels": 1, "inner": 1})
    if channel_axis is not None:
        how.channels, how.inner = places[channel_axis], math.prod(places[channel_axis + 1 :])
    is_fixed_point = row.scale == lib.NF_REQUANT_FIXED_POINT
    kept = [_core.pointer(array) for array in (multipliers, shifts) if array is not None]
    if multipliers is not None:
        name, kind = ("multipliers", "int32_t *") if is_fixed_point else ("scales", "double *")
        setattr(how, name, ffi.cast(kind, kept[0]))
    if shifts is not None:
        how.shifts = ffi.cast("int32_t *", kept[-1])
    how.zero_point, how.minimum, how.maximum, how.mode = zero_point, lo, hi, row.number
    how.accumulator_bits, how.result_bits = 8 * acc.itemsize, 8 * out.itemsize
    how.result_is_signed = out.dtype.kind == "i"
    at = ffi.new("uint64_t *")
    options = ffi.new("nf_options *", {"isa": isa_number(), "threads": count(), "failed_at": at})
    status = lib.nf_requantize(how, _core.pointer(acc), _core.pointer(out), acc.size, options)
    message = where(acc, int(at[0]), "acc") if status == lib.NF_FOUND_RANGE else None
    _core.check(status, message and f"{message} has more than 48 bits, which {mode} takes")


def _read_accumulators(acc: Any, mode: Mode) -> Input:
    """As int32, or, where the mode takes them and the dtype has them, int64."""
    array, is_scalar = as_array(acc, "acc")
    if array.dtype.kind not in "iu":
        raise DtypeError(f"acc has dtype {array.dtype}; accumulators are integers")
    fits = np.can_cast(array.dtype, _INT32)
    dtype = _INT64 if mode.takes_64_bits and not fits else _INT32
    if not fits and array.size and not np.can_cast(array.dtype, dtype):
        ends = np.iinfo(dtype)
        beyond = (array < ends.min) | (array > ends.max)
        if beyond.any():
            first = where(array, int(np.argmax(beyond)), "acc")
            raise RangeError(f"{first} is out of range: {mode.name} takes {dtype} accumulators")
    return Input(array, plain(array, dtype), is_scalar, "acc")


def _ends(
    format: Any, zero_point: object, minimum: object, maximum: object
) -> tuple[np.dtype[Any], int, int, int]:
    """The results' dtype, their ends and the zero point."""
    lowest, highest, own_zero = integers_of(format)
    low = lowest if minimum is None else integer(minimum, "minimum", lowest, highest)
    high = highest if maximum is None else integer(maximum, "maximum", lowest, highest)
    if low > high:
        raise RangeError(f"minimum={low} is above maximum={high}")
    zero = own_zero if zero_point is None else zero_point
    zero = integer(zero, "zero_point", _ENDS32.min, _ENDS32.max)
    return dtype_for(lowest, highest), low, high, zero


def _axis(axis: object, acc: Array) -> int | None:
    if axis is None:
        return None
    if isinstance(axis, bool) or not isinstance(axis, int) or not -acc.ndim <= axis < acc.ndim:
        raise ShapeError(f"channel_axis={axis!r} is no axis of acc, whose shape is {acc.shape}")
    return axis % acc.ndim


def _scales(
    multiplier: Any, mode: Mode, dtype: np.dtype[Any], channels: int | None
) -> tuple[Array | None, Array | None]:
    """What the core scales by: multipliers and shifts, or either alone."""
    low, high = mode.shifts
    if mode.scale == lib.NF_REQUANT_SHIFT:
        drop = _each(multiplier, "multiplier", channels)
        return None, _integers(drop, "multiplier", low, high if dtype == _INT32 else 63)
    is_pair = isinstance(multiplier, tuple) and len(multiplier) == 2
    if mode.scale == lib.NF_REQUANT_FIXED_POINT:
        q, shift = multiplier if is_pair else quantize_multiplier(multiplier)
        q = _integers(_each(q, "q", channels), "q", _ENDS32.min, _ENDS32.max)
        return q, _integers(_each(shift, "shift", channels), "shift", low, high)
    if is_pair:
        raise NumfmtError(f"multiplier={multiplier!r} is a pair; {mode.name} takes a real number")
    real = _each(real_numbers(multiplier, "multiplier"), "multiplier", channels)
    if mode.scale == lib.NF_REQUANT_BINARY32:
        _check_float32(real, mode)
    return real, None


def _check_float32(real: Array, mode: Mode) -> None:
    with np.errstate(over="ignore"):
        bad = real.astype(np.float32).astype(np.float64) != real
    if bad.any():
        raise NumfmtError(
            f"multiplier={real[np.argmax(bad)]!r} is no float32 number, which {mode.name} takes: "
            f"kernels have requantization_scale(..., rule='float32'), not the rounded quotient"
        )


def _each(value: Any, argument: str, channels: int | None) -> Array:
    """A number, or one for each channel, as a C-contiguous array of one dimension."""
    array, _ = as_array(value, argument)
    if channels is None and array.ndim:
        raise ShapeError(
            f"{argument} has shape {array.shape}; without channel_axis it is one number"
        )
    if array.ndim > 1 or (array.ndim and array.shape != (channels,)):
        raise ShapeError(
            f"{argument} has shape {array.shape}; along channel_axis there are {channels} channels"
        )
    return np.ascontiguousarray(np.broadcast_to(array, (1 if channels is None else channels,)))


def _integers(array: Array, argument: str, low: int, high: int) -> Array:
    if array.dtype.kind not in "iu":
        raise DtypeError(f"{argument} has dtype {array.dtype}; it must be integers")
    bad = (array < low) | (array > high)
    if bad.any():
        raise RangeError(f"{argument}={array[np.argmax(bad)]} must be from {low} to {high}")
    return np.ascontiguousarray(array, _INT32)
