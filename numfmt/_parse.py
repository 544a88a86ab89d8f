"""The grammar of format spellings."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np

from . import _core
from ._core import lib
from ._errors import FormatError, unknown
from ._grammar import integer_of, sort_out, split
from ._parse_block import block_names, is_block, parse_block
from ._parse_qtorch import from_qtorch, is_qtorch
from .formats import LNS, P3109, Affine, Codebook, Fixed, Float, Format, Posit, PowerOfTwo, Takum
from .formats._scales import nested
from .formats.codebook import TURNS, values_of_row
from .formats.float import SPECIALS, SUBNORMALS
from .formats.power_of_two import TIES

_CALL = re.compile(r"\s*([A-Za-z_][\w.]*)\s*(?:<(.*)>|:(.*))?\s*\Z", re.DOTALL)
_MINIFLOAT = re.compile(r"(u?)e(\d+)m(\d+)(fnuz|fnu|fn)?\Z")
_P3109 = re.compile(r"binary(\d+)p(\d+)([su])([ef])\Z", re.IGNORECASE)
_TAKUM = re.compile(r"takum(_log)?(\d+)\Z")
_Q = re.compile(r"(u?)q(\d+)\.(\d+)\Z", re.IGNORECASE)
_CARRIED = ("rounding", "overflow")
_SWITCHES = {"on": True, "off": False, "True": True, "False": False, "true": True, "false": False}


def from_row(row: Any) -> Format:
    """The format of a descriptor in one of the core's tables."""
    if row.family == lib.NF_FIXED:
        return Fixed(row.width, row.fraction_bits, signed=bool(row.is_signed))
    if row.family == lib.NF_POSIT:
        return Posit(row.width, row.exponent_bits)
    if row.family == lib.NF_CODEBOOK:
        return Codebook(values_of_row(row))
    if row.family == lib.NF_TAKUM:
        return Takum(row.width)
    if row.special in (lib.NF_P3109_EXTENDED, lib.NF_P3109_FINITE):
        extended = row.special == lib.NF_P3109_EXTENDED
        signed = bool(row.is_signed)
        return P3109(row.width, row.fraction_bits + 1, signed=signed, extended=extended)
    special = next(name for name, number in SPECIALS.items() if number == row.special)
    subnormals = next(value for value, number in SUBNORMALS.items() if number == row.subnormals)
    return Float(
        row.exponent_bits,
        row.fraction_bits,
        bias=row.bias,
        special=special,
        subnormals=subnormals,
        signed=bool(row.is_signed),
    )


@functools.lru_cache(maxsize=1)
def named() -> dict[str, Format]:
    """Every name and alias of the core's table."""
    found: dict[str, Format] = {}
    for name, aliases, row in _core.named_formats():
        for spelling in (name, *aliases):
            found[spelling] = from_row(row)
    return found


def _arguments(
    parts: list[str], names: tuple[str, ...], spelling: str
) -> tuple[list[int], dict[str, Any]]:
    positional, keywords = sort_out(parts, names, spelling)
    return [integer_of(part, spelling) for part in positional], dict(keywords)


def _need(positional: list[int], low: int, high: int, usage: str, spelling: str) -> None:
    if not low <= len(positional) <= high:
        raise FormatError(f"format={spelling!r}: write {usage}")


def _fixed(parts: list[str], spelling: str, signed: bool) -> Format:
    positional, keywords = _arguments(parts, _CARRIED, spelling)
    _need(positional, 2, 2, "fixed<width,fraction_bits> or ufixed<width,fraction_bits>", spelling)
    return Fixed(*positional, signed=signed, **keywords)


def _float(parts: list[str], spelling: str, signed: bool) -> Format:
    names = ("bias", "special", "subnormals", *_CARRIED)
    positional, keywords = _arguments(parts, names, spelling)
    _need(positional, 2, 2, "float<exponent_bits,fraction_bits> or ufloat<...>", spelling)
    if "bias" in keywords:
        keywords["bias"] = integer_of(keywords["bias"], spelling)
    if "subnormals" in keywords:
        keywords["subnormals"] = _SWITCHES.get(keywords["subnormals"], keywords["subnormals"])
    return Float(*positional, signed=signed, **keywords)


def _posit(parts: list[str], spelling: str) -> Format:
    positional, keywords = _arguments(parts, _CARRIED, spelling)
    _need(positional, 1, 2, "posit<width,es>", spelling)
    return Posit(*positional, **keywords)


def _lns(parts: list[str], spelling: str) -> Format:
    positional, keywords = _arguments(parts, _CARRIED, spelling)
    _need(positional, 2, 2, "lns<width,fraction_bits>", spelling)
    return LNS(*positional, **keywords)


def _power_of_two(parts: list[str], spelling: str) -> Format:
    ties = [part for part in parts if part in TIES]
    positional, keywords = _arguments([p for p in parts if p not in TIES], _CARRIED, spelling)
    _need(positional + [0] * len(ties), 1, 2, "pow2<width> or pow2<width,geometric>", spelling)
    _need(positional, 1, 1, "pow2<width> or pow2<width,geometric>", spelling)
    return PowerOfTwo(*positional, tie="".join(ties) or "arithmetic", **keywords)


def _number(part: str, spelling: str) -> float:
    try:
        return float(part)
    except ValueError:
        raise FormatError(f"format={spelling!r}: {part!r} must be a number") from None


def _codebook(parts: list[str], spelling: str) -> Format:
    values = [_number(part, spelling) for part in parts if "=" not in part]
    named_parts = [part for part in parts if "=" in part]
    _, keywords = _arguments(named_parts, ("name", "thresholds", *_CARRIED), spelling)
    turns = keywords.get("thresholds", "middle")
    if turns not in TURNS:
        keywords["thresholds"] = tuple(_number(turn, spelling) for turn in turns.split("|"))
    return Codebook(tuple(values), **keywords)


def _affine(parts: list[str], spelling: str, signed: bool) -> Format:
    names = ("axis", "group", "shape", "divide", *_CARRIED)
    positional, given = sort_out(parts, names, spelling)
    keywords: dict[str, Any] = dict(given)
    if not 2 <= len(positional) <= 3:
        raise FormatError(
            f"format={spelling!r}: write affine<width,scale>, affine<width,scale,zero_point> or "
            f"affine<width,scale|scale|...,zero_point|zero_point|...,axis=...>"
        )
    width, scales, *zeros = positional
    found: dict[str, Any] = {
        "scale": [_number(part, spelling) for part in scales.split("|")],
        "zero_point": [integer_of(part, spelling) for part in (zeros or ["0"])[0].split("|")],
    }
    shape = [integer_of(part, spelling) for part in keywords.pop("shape", "").split("x") if part]
    for name, values in found.items():
        if len(values) == 1 and (name == "zero_point" or "axis" not in keywords):
            found[name] = values[0]
        elif shape:
            if min(shape) < 1 or math.prod(shape) != len(values):
                raise FormatError(
                    f"format={spelling!r}: {len(values)} {name}s do not have the shape "
                    f"{'x'.join(map(str, shape))}"
                )
            found[name] = nested(values, tuple(shape))
    for name, field in (("axis", "channel_axis"), ("group", "group_size")):
        if name in keywords:
            keywords[field] = integer_of(keywords.pop(name), spelling)
    return Affine(integer_of(width, spelling), **found, signed=signed, **keywords)


def _takum(parts: list[str], spelling: str, log: bool) -> Format:
    positional, keywords = _arguments(parts, _CARRIED, spelling)
    name = "takum_log" if log else "takum"
    _need(positional, 1, 1, f"{name}<width> or {name}16", spelling)
    return Takum(*positional, log=log, **keywords)


def _ap_fixed(parts: list[str], spelling: str, signed: bool) -> Format:
    usage = "ap_fixed<width,integer_bits,AP_TRN,AP_WRAP,saturated_bits>"
    if not 2 <= len(parts) <= 5:
        raise FormatError(f"format={spelling!r}: write {usage}, the last three optional")
    width, integer_bits = integer_of(parts[0], spelling), integer_of(parts[1], spelling)
    rounding = parts[2] if len(parts) > 2 else "AP_TRN"
    overflow = parts[3] if len(parts) > 3 else "AP_WRAP"
    if len(parts) > 4:
        overflow += f"({integer_of(parts[4], spelling)})"
    return Fixed(width, width - integer_bits, signed=signed, rounding=rounding, overflow=overflow)


_FAMILIES: dict[str, Callable[[list[str], str], Format]] = {
    "fixed": functools.partial(_fixed, signed=True),
    "ufixed": functools.partial(_fixed, signed=False),
    "float": functools.partial(_float, signed=True),
    "ufloat": functools.partial(_float, signed=False),
    "posit": _posit,
    "lns": _lns,
    "pow2": _power_of_two,
    "codebook": _codebook,
    "affine": functools.partial(_affine, signed=True),
    "uaffine": functools.partial(_affine, signed=False),
    "takum": functools.partial(_takum, log=False),
    "takum_log": functools.partial(_takum, log=True),
    "ap_fixed": functools.partial(_ap_fixed, signed=True),
    "ap_ufixed": functools.partial(_ap_fixed, signed=False),
}


def _minifloat(match: re.Match[str], spelling: str) -> Format:
    unsigned, exponent_bits, fraction_bits, special = match.groups()
    e, m, letter = int(exponent_bits), int(fraction_bits), "ufloat" if unsigned else "float"
    if special is None:
        raise FormatError(
            f"format={spelling!r} is ambiguous: write {letter}<{e},{m}> (top exponent is infinity "
            f"and NaN), {spelling}fn (one NaN, no infinity) or {letter}<{e},{m},special=finite>"
        )
    return Float(e, m, special=special, signed=not unsigned and special != "fnu")


def _p3109(match: re.Match[str]) -> Format:
    width, precision, sign, domain = match.groups()
    signed, extended = sign in "sS", domain in "eE"
    return P3109(int(width), int(precision), signed=signed, extended=extended)


def _bare_name(name: str, spelling: str) -> Format:
    if name in named():
        return named()[name]
    if (match := _Q.match(name)) is not None:
        m, n = int(match[2]), int(match[3])
        letter = "ufixed" if match[1] else "fixed"
        raise FormatError(
            f"format={spelling!r} is ambiguous: write {letter}<{m + n + 1},{n}> (m without the "
            f"sign bit) or {letter}<{m + n},{n}> (m with it)"
        )
    if (match := _MINIFLOAT.match(name)) is not None:
        return _minifloat(match, spelling)
    if (match := _P3109.match(name)) is not None:
        return _p3109(match)
    if (match := _TAKUM.match(name)) is not None:
        return Takum(int(match[2]), log=match[1] is not None)
    usages = [
        "fixed<8,3>",
        "ufixed<8,3>",
        "float<4,3>",
        "posit<8,2>",
        "takum<16>",
        "ap_fixed<8,4>",
        "codebook<-1,0,1>",
        "affine<8,0.1,3>",
    ]
    if name in _FAMILIES:
        raise FormatError(f"format={spelling!r} needs parameters, as in {' '.join(usages)}")
    raise FormatError(unknown("format", spelling, [*named(), *block_names(), *_FAMILIES, *usages]))


@functools.lru_cache(maxsize=1024)
def _parse_spelling(spelling: str) -> Format:
    match = _CALL.match(spelling)
    if match is None:
        raise FormatError(
            unknown("format", spelling, [*named(), "fixed<8,3>", "float<4,3>", "posit<8,2>"])
        )
    name, angled, coloned = match.groups()
    inside = angled if angled is not None else coloned
    if is_block(name):
        return parse_block(name, split(inside) if inside else [], spelling)
    if inside is None:
        return _bare_name(name, spelling)
    parts = split(inside)
    if name in _FAMILIES:
        return _FAMILIES[name](parts, spelling)
    if name in named() or any(pattern.match(name) for pattern in (_MINIFLOAT, _P3109, _TAKUM)):
        positional, keywords = _arguments(parts, _CARRIED, spelling)
        _need(positional, 0, 0, f"{name} or {name}<rounding=...,overflow=...>", spelling)
        return _bare_name(name, spelling).replace(**keywords)
    raise FormatError(unknown("format", spelling, [*_FAMILIES, *named(), *block_names()]))


def parse(format: object) -> Format:
    """A format from its spelling, a NumPy (or ml_dtypes) dtype, a number object of QPyTorch, or a
    format itself.

    Spellings are a name (``e4m3fn``, ``bfloat16``, ``binary8p4se``, ``q15``), or a family with
    parameters, ``fixed<8,3>`` or shell-safe ``fixed:8,3``; ``ap_fixed<8,4,AP_RND,AP_SAT>`` carries
    its modes.
    ``parse(str(f)) == f`` for every format.

    ``qtorch.FixedPoint(wl, fl)`` is ``fixed<wl,fl>``, with ``clamp=False`` of overflow
    ``unbounded``, with ``symmetric=True`` of ``saturate_symmetric``.  ``BlockFloatingPoint(wl)`` is
    ``bfp<wl,None,axis=None>``; with `dim` one block for each of its indices, ``axis=all_but(dim)``.
    ``FloatingPoint(exp, man)`` is ``float<exp,man,special=finite>``, which saturates; of 8 exponent
    bits ``float<8,man>``, with float32's own infinities and NaN.

    Raises:
        FormatError: an unknown or ambiguous spelling; the message lists the nearest known ones.

    >>> parse("fixed:8,3")
    <numfmt format fixed<8,3>: rounding nearest_even, overflow saturate>
    >>> str(parse("ap_fixed<8,4>"))
    'fixed<8,4,rounding=down,overflow=wrap>'
    """
    if isinstance(format, Format):
        return format
    if isinstance(format, str):
        return _parse_spelling(format)
    if is_qtorch(format):
        return from_qtorch(format)
    if isinstance(format, (np.dtype, type)):
        try:
            name = np.dtype(format).name
        except TypeError:
            name = ""
        if name in named():
            return named()[name]
    raise FormatError(
        f"format={format!r} must be a numfmt format, a spelling such as 'fixed<8,3>', or a dtype"
    )
