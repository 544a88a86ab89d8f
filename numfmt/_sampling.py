"""Random numbers on a format's grid with a given mean and variance, and the Gaussians they use."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from . import _core
from ._arrays import Array, Input, as_array, as_dtype, plain, type_of, where
from ._core import ffi, lib
from ._errors import DtypeError, NanError, NumfmtError, RandomError, RangeError, ShapeError, unknown
from ._law_grid import Grid, grid_of
from ._random import Generator, Key, core_key, take_key
from ._report import Report, collecting

METHODS = {"paper": lib.NF_LAW_PAPER, "one_shot": lib.NF_LAW_ONE_SHOT}
WIDE = (np.dtype(np.float32), np.dtype(np.float64))


def doubles(array: Array) -> Any:
    return ffi.cast("double *", _core.pointer(array))


def gaussian(key: Key | Generator, shape: int | tuple[int, ...], *, draw: int = 0) -> Array:
    """The standard Gaussian that each element of the key's call gets.

    Args:
        key: a `Key` or `Generator`; its call number and first element count.
        shape: of the array; elements are numbered in C order.
        draw: 0 .. 65534; the words are those of draws `draw` and ``draw + 1``.

    Returns:
        float64, the same bits on every machine: Box and Muller's
        ``sqrt(-2 ln u) cos(2 pi t)`` with u and t from the element's two words,
        ``(word + 1/2) / 2**32``; so no magnitude exceeds 6.77.

    >>> import numfmt as nf
    >>> nf.gaussian(nf.Key(7), 3).round(6)
    array([ 0.303979, -0.665359, -2.637833])
    """
    taken = take_key(key)
    if not isinstance(draw, int) or not 0 <= draw < 65535:
        raise RandomError(f"draw={draw!r} must be an integer from 0 to 65534")
    try:
        out = np.empty(shape, np.float64)
    except (TypeError, ValueError) as error:
        raise ShapeError(f"shape={shape!r} is not a shape: {error}") from None
    isa = _core.isa_number()
    _core.check(lib.nf_gaussian(core_key(taken), taken.first, draw, doubles(out), out.size, isa))
    return out


def _method(method: object) -> int:
    if not isinstance(method, str) or method not in METHODS:
        raise NumfmtError(unknown("method", method, METHODS))
    return int(METHODS[method])


def _read(x: object, argument: str) -> Input:
    """float32 and float64 as they are; integers, booleans and lists as float64."""
    array, is_scalar = as_array(x, argument)
    native = array.dtype.newbyteorder("=")
    if native in WIDE:
        target = native
    elif array.dtype.kind in "biu":
        target = np.dtype(np.float64)
    else:
        raise DtypeError(
            f"{argument} has dtype {array.dtype}; float32, float64 and integers are allowed"
        )
    return Input(array, plain(array, target), is_scalar, argument)


def _read_pair(mean: object, variance: object) -> tuple[Input, Input]:
    """Both broadcast to one shape; one variance for all elements stays one number."""
    first, second = _read(mean, "mean"), _read(variance, "variance")
    try:
        shape = np.broadcast_shapes(first.plain.shape, second.plain.shape)
    except ValueError:
        shapes = f"mean has shape {first.given.shape}, variance {second.given.shape}"
        raise ShapeError(f"{shapes}; they must broadcast together") from None
    if first.plain.shape != shape:
        first.given = np.broadcast_to(first.given, shape)
        first.plain = np.ascontiguousarray(np.broadcast_to(first.plain, shape))
    if second.plain.size != 1 and second.plain.shape != shape:
        second.given = np.broadcast_to(second.given, shape)
        second.plain = np.broadcast_to(second.plain, shape)
    second.plain = np.require(second.plain, np.float64, ["C_CONTIGUOUS", "ALIGNED"])
    first.is_scalar = first.is_scalar and second.is_scalar
    return first, second


def _out_dtype(grid: Grid, mean: Input, dtype: Any) -> np.dtype[Any]:
    format = grid.element
    wanted = as_dtype(mean.plain.dtype if dtype is None else dtype)
    if wanted not in WIDE:
        raise DtypeError(f"dtype={wanted} must be float32 or float64")
    exceeds = format.has_irrational and isinstance(format.max, Fraction)
    if exceeds or lib.nf_type_holds_format(format._descriptor(), lib.NF_F64) != lib.NF_OK:
        raise DtypeError(
            f"{format} has values that float64 cannot hold; variance-corrected laws are computed "
            "in float64"
        )
    is_rounded = format.has_irrational and wanted != np.float64
    if is_rounded or lib.nf_type_holds_format(format._descriptor(), _core.TYPES[wanted]):
        raise DtypeError(f"dtype {wanted} cannot hold every value of {format}; dtype=float64 can")
    return wanted


def _check(status: int, mean: Input, variance: Input, failed_at: Any) -> None:
    if status not in (lib.NF_FOUND_NAN, lib.NF_FOUND_RANGE):
        _core.check(status)
        return
    index = int(failed_at[0])
    if np.isfinite(mean.plain).all():
        element = where(variance.given, index, "variance")
        allowed = "a variance is finite and not negative"
    else:
        element, allowed = where(mean.given, index, "mean"), "a mean is finite"
    raise (NanError if status == lib.NF_FOUND_NAN else RangeError)(f"{element}: {allowed}")


def variance_corrected(
    mean: Any,
    variance: Any,
    format: object,
    *,
    key: Key | Generator,
    method: str = "paper",
    report: Report | None = None,
    dtype: Any = None,
) -> Any:
    """For each element a random value of the format with exactly this mean and variance.

    Rounding a Gaussian to a grid adds variance; here mean and variance are those asked for, unless
    the variance is below the least that a law on the grid has (then it is stochastic rounding,
    counted as infeasible) or the range ends (counted as saturated).

    Args:
        mean, variance: real numbers that broadcast together; the variance not negative.
        format: a format or a spelling whose values fit in float64; modes that it carries do not
            matter.  A block format: each block has one scale, the least power of two under which
            its means and six standard deviations stay two gaps inside the element's largest value,
            or the last that the format has and under which values are normal numbers of `dtype`.
            Signed integers stay between plus and minus the same end unless the format carries
            ``overflow=saturate``.
        key: a `Key` or `Generator`.
        method: ``"paper"``, on uniform grids the rule of Zhang, Wilson and De Sa (ICML 2022) with
            the mean clipped first; or ``"one_shot"``, which uses at most three neighbours of the
            mean.  On other grids both are the nested-pair law.
        report: a `Report` to add count, saturated and infeasible to.
        dtype: float32 or float64, of the result; default that of `mean`, else float64.

    Returns:
        An array of the broadcast shape; a scalar for scalars.

    Raises:
        NanError, RangeError: a NaN; an infinity or a negative variance.
        DtypeError: a dtype that is not supported or cannot hold every value.
        RandomError, ShapeError: a wrong argument.
        FormatError: no format, or blocks whose scales are no powers of two that follow from the
            numbers, or whose elements leave no room.

    >>> import numfmt as nf
    >>> nf.variance_corrected([0.3, 0.3, 0.3], 0.001, "fixed<8,3>", key=nf.Key(1))
    array([0.375, 0.375, 0.25 ])
    >>> nf.variance_corrected([1.0, 0.3, -0.2], 0.001, "bfp<8,16>", key=nf.Key(1))
    array([ 1.03125 ,  0.296875, -0.234375])
    """
    grid, number = grid_of(format), _method(method)
    given_mean, given_variance = _read_pair(mean, variance)
    out = np.empty(given_mean.plain.shape, _out_dtype(grid, given_mean, dtype))
    taken = take_key(key)
    failed_at = ffi.new("uint64_t *")
    with collecting(report) as c_report:
        arguments = (
            core_key(taken),
            taken.first,
            type_of(given_mean.plain),
            _core.pointer(given_mean.plain),
            doubles(given_variance.plain),
            given_variance.plain.size == 1,
            type_of(out),
            _core.pointer(out),
        )
        status = grid.draw(out.shape, number, arguments, c_report, failed_at, _core.isa_number())
        _check(status, given_mean, given_variance, failed_at)
    return out[()] if given_mean.is_scalar else out


def variance_corrected_law(
    mean: Any, variance: Any, format: object, *, method: str = "paper"
) -> tuple[Array, Array]:
    """The law that `variance_corrected` draws from: its values and their probabilities.

    Where the variance exceeds what the grid's own law gives (a quarter of the squared gap on
    uniform grids), a Gaussian comes first: ``x = mean + sqrt(variance - own) * gaussian`` with
    draws 2 and 3 of the element.  Then the law returned is the one that follows x, for
    ``x = mean``.

    Args:
        mean, variance, format, method: as for `variance_corrected`.

    Returns:
        (values, probabilities), float64 of the broadcast shape and a last axis of length 4; values
        ascend, unused places have probability 0.

    >>> import numfmt as nf
    >>> values, probabilities = nf.variance_corrected_law(0.25, 0.001, "fixed<8,3>")
    >>> values[:3], probabilities[:3]
    (array([0.125, 0.25 , 0.375]), array([0.032, 0.936, 0.032]))
    """
    grid, number = grid_of(format), _method(method)
    given_mean, given_variance = _read_pair(mean, variance)
    _out_dtype(grid, given_mean, np.float64)
    means = np.ascontiguousarray(given_mean.plain, np.float64)
    variances = np.ascontiguousarray(np.broadcast_to(given_variance.plain, means.shape))
    shape = (*given_mean.plain.shape, 4)
    values, probabilities = np.empty(shape), np.empty(shape)
    failed_at = ffi.new("uint64_t *")
    arrays = tuple(doubles(array) for array in (means, variances, values, probabilities))
    status = grid.law(means.shape, number, arrays, failed_at)
    _check(status, given_mean, given_variance, failed_at)
    return values, probabilities
