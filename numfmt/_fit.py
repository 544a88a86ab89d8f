"""Calibration: the scale of a format chosen by numbers that it is to hold."""

from __future__ import annotations

import math
import numbers
import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from ._arrays import Array, Input, read_numbers, where
from ._errors import FormatError, NanError, NumfmtError, RangeError, ShapeError, unknown
from ._fit_affine import Calibration, fields_of, is_affine
from ._parse import parse
from ._quantize import encode
from ._report import Report
from .formats import Fixed, Float, Format
from .formats._base import switch
from .formats.fixed import FRACTION_BITS
from .formats.float import bias_range

METHODS = ("absmax", "percentile", "mse", "kl")
USUAL_PERCENTILE = 99.99
BINS = 2048  # of a histogram, as in Migacz's talk
CANDIDATES = 32  # scales that "mse" and "kl" try
ROUNDED_DOWN = 1 - 1e-9
NEAREST = ("nearest_even", "saturate")
_WIDTH_ALONE = re.compile(r"(u?)fixed(?:<(\d+)>|:(\d+))?\Z")


def fit(
    x: Any,
    family: object,
    *,
    width: int | None = None,
    signed: bool | None = None,
    method: str = "absmax",
    percentile: float | None = None,
    symmetric: bool | None = None,
    power_of_two: bool | None = None,
    channel_axis: int | None = None,
    group_size: int | None = None,
) -> Format:
    """The format of a family whose scale suits the numbers `x`: so many fraction bits of fixed
    point, such a bias of a float, such scales and zero points of affine integers.

    Of fixed point and floats a format's scale is ``2**-k``, k its fraction bits or its bias.
    Numbers round to nearest, ties to even, and saturate, whatever modes the family carries;
    negative ones count as 0 where it is unsigned.

    Args:
        x: finite real numbers of any shape, at least one; each is read exactly.
        family: ``"fixed<8>"`` or ``"ufixed<8>"``; `Fixed` or ``"fixed"`` with `width`; or a
            `Fixed` or `Float` format or its spelling, of which the scale alone is changed.
            Affine integers likewise: ``"affine<8>"``, ``"uaffine<8>"``, `Affine`.
        width: 1 .. 64, where the family does not say it.
        signed: with `width`; default True.
        method: ``"absmax"``: the largest k, K below, with which no number overflows.
            ``"percentile"``: the same for the numbers clipped to +-t, t being the magnitude of rank
            ``ceil(n * percentile / 100)`` of n in ascending order.  ``"mse"``: the k of K .. K + 31
            with the least mean squared error.  ``"kl"``: the one of these with the least
            divergence of histograms.
        percentile: above 0, at most 100; default 99.99.
        symmetric: of affine integers: the range is +-max and the zero point 0 (of unsigned ones
            2**(width-1)); default False.
        power_of_two: of affine integers: each scale is the smallest power of two that is not below
            the method's; default False.
        channel_axis, group_size: of affine integers: as `Affine` has them.

    Affine integers take, for each scale, the numbers from the least, l, to the largest, h, 0 being
    one of them.  ``"absmax"`` (or ``"minmax"``) makes the scale (h - l) / (2**width - 1) in float64
    arithmetic, rounded to float32 where that type has the size, and the zero point the lowest
    integer less l / scale, to nearest even; symmetric: max(-l, h) / (2**(width-1) - 1).  Rounding
    may clip half a step.  ``"percentile"`` clips each scale's numbers first, ``"mse"`` tries l and
    h times j / 64 for j = 64 .. 1 (powers of two: times 2**-j for j = 0 .. 31), ``"kl"``, for
    symmetric ones, the same.  A scale all of whose numbers are 0 is 1.

    The divergence (Migacz, "8-bit inference with TensorRT", GTC 2017): let c be the histogram of
    the magnitudes in 2048 equal bins from 0 to the largest, of which the format's largest value
    reaches i.  P is c of these i bins, and all beyond added to the last.  Q is c of these bins in
    which all bins whose centres round to one value share their sum equally, empty ones left out.
    The divergence is the sum of P ln(P / Q), each scaled to the sum 1; infinite where Q is 0 and P
    is not, and where i is below the count of the format's values from 0 up.

    Of equal candidates the smallest k, the widest range, is taken.  Where every number is 0 the
    family stays as it is, with 0 fraction bits where it names none.  The mean squared error is that
    of a `Report`.

    Raises:
        FormatError: a family without a scale to choose, or a wrong width.
        NanError, RangeError: a NaN, an infinity.  ShapeError: no number.
        NumfmtError: an unknown method or a percentile out of range.

    >>> import numfmt as nf
    >>> x = np.array([0.1, -0.7, 2.5, 1.3])
    >>> str(nf.fit(x, "fixed<8>")), str(nf.fit(x, "e2m1"))
    ('fixed<8,5>', 'float<2,1,bias=2,special=finite>')
    >>> heavy = np.random.default_rng(1).standard_t(3, 100_000)
    >>> [nf.fit(heavy, "fixed<8>", method=m).fraction_bits for m in ("absmax", "mse", "kl")]
    [0, 1, 4]
    >>> str(nf.fit([[0.0, 5.1], [-1.0, 1.54]], "uaffine<8>", channel_axis=0))
    'uaffine<8,0.019999999552965164|0.009960784576833248,0|100,axis=0>'
    """
    special = {
        "symmetric": symmetric,
        "power_of_two": power_of_two,
        "channel_axis": channel_axis,
        "group_size": group_size,
    }
    if is_affine(family):
        return _fit_affine(x, family, width, signed, method, percentile, special)
    for argument, value in special.items():
        if value is not None:
            raise NumfmtError(f"{argument}={value!r} is for affine integers: family={family}")
    template = _template(family, width, signed)
    share = _share(method, percentile)
    source = read_numbers(x)
    _check_finite(source)
    values = source.plain.reshape(-1)
    if not template.format.signed:
        values = np.maximum(values, 0)
    if not values.any():
        return template.format
    widest = template.widest(_ends(values, share))
    if method in ("absmax", "percentile"):
        return template.at(widest)
    candidates = template.candidates(widest)
    return (_least_error if method == "mse" else _least_divergence)(values, candidates)


def _fit_affine(
    x: Any,
    family: object,
    width: int | None,
    signed: bool | None,
    method: str,
    percentile: float | None,
    special: dict[str, Any],
) -> Format:
    switches = [_switch(special.pop(name), name) for name in ("symmetric", "power_of_two")]
    fields = fields_of(family, width, signed, **special)
    share = _share("absmax" if method == "minmax" else method, percentile)
    source = read_numbers(x)
    _check_finite(source)
    work = Calibration(fields, source.plain, *switches)
    low, high = work.ranges(share)
    if method == "mse":
        return work.least_error(work.candidates(low, high))
    if method == "kl":
        return work.least_divergence(work.candidates(low, high), _least_divergence)
    return work.at(low, high)


def _switch(given: bool | None, argument: str) -> bool:
    if given is None:
        return False
    switch(given, argument)
    return given


@dataclass(frozen=True)
class _Template:
    """A format of which one field, the exponent of its scale, is to be chosen."""

    format: Fixed | Float
    field: str
    low: int
    high: int

    def at(self, exponent: int) -> Format:
        return self.format.replace(**{self.field: exponent})

    def widest(self, ends: list[Array]) -> int:
        """The largest exponent, so the finest scale, with which no end overflows; the lowest of all
        where each has one that does."""
        low, high = self.low, self.high
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if self._holds(middle, ends) else (low, middle - 1)
        return low

    def _holds(self, exponent: int, ends: list[Array]) -> bool:
        report = Report()
        for end in ends:
            encode(end, self.at(exponent), *NEAREST, report=report)
        return report.overflowed == 0

    def candidates(self, widest: int) -> list[Format]:
        end = min(widest + CANDIDATES, self.high + 1)
        return [self.at(exponent) for exponent in range(widest, end)]


def _template(family: object, width: int | None, signed: bool | None) -> _Template:
    """What to choose the scale of."""
    if family is Fixed:
        family = "fixed"
    match = _WIDTH_ALONE.match(family) if isinstance(family, str) else None
    if match is not None:
        return _of_width(match, family, width, signed)
    format = parse(family) if not isinstance(family, type) else family
    if isinstance(format, Fixed):
        given = _Template(format, "fraction_bits", *FRACTION_BITS)
    elif isinstance(format, Float) and format.has_zero:
        given = _Template(format, "bias", *bias_range(format.exponent_bits))
    else:
        name = format.__name__ if isinstance(format, type) else str(format)
        raise FormatError(
            f"family={name} has no scale to choose; give 'fixed<8>', 'ufixed<8>', Fixed with "
            f"width=, or a Fixed or Float format that has a zero"
        )
    for argument, value in (("width", width), ("signed", signed)):
        if value is not None:
            raise FormatError(f"{argument}={value!r}: family={format} says it already")
    return given


def _of_width(
    match: re.Match[str], family: object, width: int | None, signed: bool | None
) -> _Template:
    inside = match[2] or match[3]
    if (inside is None) == (width is None):
        raise FormatError(f"family={family!r} and width={width!r}: one of them says the width")
    if match[1] and signed is not None:
        raise FormatError(f"signed={signed!r}: family={family!r} says it already")
    is_signed = not match[1] if signed is None else signed
    chosen: Any = int(inside) if inside else width
    return _Template(Fixed(chosen, 0, signed=is_signed), "fraction_bits", *FRACTION_BITS)


def _share(method: object, percentile: float | None) -> Fraction | None:
    """Which part of the numbers is not clipped; None for all."""
    if not isinstance(method, str) or method not in METHODS:
        raise NumfmtError(unknown("method", method, METHODS))
    if method != "percentile":
        if percentile is not None:
            raise NumfmtError(f"percentile={percentile!r} is for method='percentile'")
        return None
    given = USUAL_PERCENTILE if percentile is None else percentile
    part = _number(given)
    if not 0 < part <= 100:
        raise NumfmtError(f"percentile={given!r} must be a number above 0, at most 100")
    return Fraction(part) / 100


def _number(given: object) -> float:
    return float(given) if isinstance(given, numbers.Real) else math.nan


def _check_finite(source: Input) -> None:
    x = source.plain
    if x.size == 0:
        raise ShapeError(f"x has shape {source.given.shape}: no number to fit a format to")
    if x.dtype.kind != "f" or np.isfinite(x).all():
        return
    index = int(np.flatnonzero(~np.isfinite(x))[0])
    error = NanError if np.isnan(x.reshape(-1)[index]) else RangeError
    raise error(f"{where(source.given, index, 'x')}; a format is fitted to finite numbers")


def _magnitudes(x: Array) -> Array:
    """|x| exactly: of integers as uint64, which holds -2**63's."""
    return np.abs(x) if x.dtype.kind == "f" else np.abs(x).astype(np.uint64)


def _ends(x: Array, share: Fraction | None) -> list[Array]:
    """The least and the largest number, as arrays of one; clipped to the magnitude of a rank."""
    ends = [x.min().item(), x.max().item()]
    if share is not None:
        rank = math.ceil(x.size * share)
        magnitude = np.partition(_magnitudes(x), rank - 1)[rank - 1].item()
        ends = [max(ends[0], -magnitude), min(ends[1], magnitude)]
    return [np.array([end]) for end in ends]


def _least_error(x: Array, candidates: list[Format]) -> Format:
    """The first candidate with the least mean squared error.

    What clipping alone costs grows from one candidate to the next: where that exceeds the least
    error so far, the rest need not be tried.
    """
    magnitudes = _magnitudes(x).astype(np.float64)
    best, chosen = math.inf, candidates[0]
    for candidate in candidates:
        try:
            reach = float(max(-candidate.min, candidate.max))
        except OverflowError:
            reach = math.inf
        with np.errstate(over="ignore"):
            clipped = np.mean(np.square(np.maximum(magnitudes - reach, 0)))
        if math.sqrt(clipped) * ROUNDED_DOWN > best:
            break
        report = Report()
        encode(x, candidate, *NEAREST, report=report)
        if report.rms_error < best:
            best, chosen = report.rms_error, candidate
    return chosen


def _least_divergence(x: Array, candidates: list[Format]) -> Format:
    """The first candidate with the least divergence of histograms."""
    divergence = _divergence(x)
    losses = [divergence(candidate) for candidate in candidates]
    return candidates[losses.index(min(losses))]


def _divergence(x: Array) -> Callable[[Format], float]:
    """The divergence of the histograms of `x` before and after rounding to a format."""
    magnitudes = _magnitudes(x).astype(np.float64)
    largest = magnitudes.max()
    places = np.minimum(magnitudes / largest * BINS, BINS - 1).astype(np.int64)
    counts = np.bincount(places, minlength=BINS)
    centres = (np.arange(BINS) + 0.5) / BINS * largest

    def loss(format: Format) -> float:
        reach = math.floor(Fraction(format.max) / Fraction(largest) * BINS)
        inside = max(1, min(BINS, reach))
        if inside <= int(encode(format.max, format)) - int(encode(0.0, format)):
            return math.inf
        codes = encode(centres[:inside], format, *NEAREST)
        return _relative_entropy(counts, np.r_[0, np.flatnonzero(np.diff(codes)) + 1, inside])

    return loss


def _relative_entropy(counts: Array, edges: Array) -> float:
    """Of the histogram up to the last edge, what lies beyond added to its last bin, relative to the
    one in which the filled bins between two edges share their sum."""
    inside = int(edges[-1])
    kept, reference = counts[:inside], counts[:inside].copy()
    reference[-1] += counts[inside:].sum()
    starts, sizes = edges[:-1], np.diff(edges)
    sums, filled = (np.add.reduceat(part, starts) for part in (kept, (kept > 0).astype(np.int64)))
    shared = np.where(kept > 0, np.repeat(sums / np.maximum(filled, 1), sizes), 0.0)
    all_p, all_q = int(reference.sum()), int(kept.sum())
    used = reference > 0
    pairs = zip(reference[used].tolist(), shared[used].tolist(), strict=True)
    terms = [p / all_p * math.log(p * all_q / (q * all_p)) if q else math.inf for p, q in pairs]
    return math.fsum(terms)
