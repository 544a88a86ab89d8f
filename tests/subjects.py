"""The two things that peers are compared with: the oracle and the library, behind one signature."""

from __future__ import annotations

import numpy as np
import oracle
from oracle_formats import Fixed, Float, Format
from oracle_lns import LNS, PowerOfTwo
from oracle_p3109 import P3109, Exponents
from oracle_tables import Affine, Codebook
from oracle_takum import LogTakum, Takum
from sheet import Sheet, values_of

import numfmt as nf
from numfmt import _core

LOOPS = [*dict.fromkeys((_core.available_isas()[0], "scalar"))]  # the best, and the definition
SUBNORMALS = {"on": True, "round": False}


def library(format: Format) -> nf.Format:
    """The library's format for an oracle's format."""
    if isinstance(format, Affine):
        return nf.Affine(format.width, format.scale, format.zero_point, signed=format.signed)
    if isinstance(format, Fixed):
        return nf.Fixed(format.width, format.fraction_bits, signed=format.signed)
    if isinstance(format, LNS):
        return nf.LNS(format.width, format.fraction_bits)
    if isinstance(format, P3109):
        precision = format.fraction_bits + 1
        return nf.P3109(format.width, precision, signed=format.signed, extended=format.extended)
    if isinstance(format, Exponents):
        return nf.Float(format.width, 0, special="fnu", signed=False)
    if isinstance(format, PowerOfTwo):
        tie = "geometric" if format.geometric else "arithmetic"
        return nf.PowerOfTwo(format.width, tie=tie)
    if isinstance(format, Float):
        return nf.Float(
            format.exponent_bits,
            format.fraction_bits,
            bias=format.bias,
            special=format.special,
            subnormals=SUBNORMALS.get(format.subnormals, format.subnormals),
            signed=format.signed,
        )
    if isinstance(format, Takum):
        return nf.Takum(format.width, log=isinstance(format, LogTakum))
    if isinstance(format, Codebook):
        own = isinstance(format.turns, tuple)
        turns = tuple(map(float, format.turns)) if own else format.turns
        return nf.Codebook(tuple(map(float, format.values)), thresholds=turns)
    return nf.Posit(format.width, format.es)


def oracle_codes(format: Format, x: np.ndarray, rounding: str, overflow: str) -> np.ndarray:
    """Codes of finite float64 numbers by the oracle."""
    sheet = Sheet(format, x)
    return sheet.codes(sheet.rounded(rounding), overflow, rounding)[0]


def library_codes(format: Format, x: np.ndarray, rounding: str, overflow: str) -> np.ndarray:
    """Codes of finite float64 numbers by the library."""
    return nf.encode(x, library(format), rounding, overflow).astype(np.uint64)


SUBJECTS = [oracle_codes, library_codes]


def compare_codes(tally, format, target, *modes, **options):
    """Every code is worth what the oracle says, and every value goes back to it, packed too."""
    codes = target.all_codes()
    values = nf.decode(codes, target)
    tally.same(values, values_of(format, codes), codes, str(target))
    tally.same(nf.encode(values, target, *modes, **options), codes, values, f"{target} {modes}")
    assert np.array_equal(nf.unpack(nf.pack(codes, target), target, codes.shape), codes)


def compare_rounding(tally, format, x, coded, rounding, overflow, isas=LOOPS, **source):
    """encode of those numbers that the policy does not refuse (of all where each has its random
    word), by the loops of instruction sets."""
    codes, raises = coded
    kept = np.ones(len(x), bool) if source else ~raises
    for isa in isas:
        with _core.forced_isa(isa):
            got = nf.encode(x[kept], library(format), rounding, overflow, **source)
        what = f"{isa} {library(format)} {rounding} {overflow}"
        tally.same(got.astype(np.uint64), codes[kept], x[kept], what)


def with_neighbours(points, dtype) -> np.ndarray:
    """The finite numbers of a dtype next to points and their negatives, no -0 among them."""
    with np.errstate(over="ignore"):
        x = np.array([float(point) for point in points]).astype(dtype)
        x = np.concatenate([x, np.nextafter(x, dtype(np.inf)), np.nextafter(x, dtype(-np.inf))])
    x = np.unique(np.concatenate([x, -x]))
    return x[np.isfinite(x)] + dtype(0)


def compare_every_policy(tally, format, places):
    """Every deterministic mode under every policy, of `places(format, dtype)`, by every loop."""
    for dtype in (np.float64, np.float32):
        x = places(format, dtype)
        sheet = Sheet(format, x)
        for mode in oracle.DETERMINISTIC:
            for overflow in oracle.policies(format):
                coded = sheet.codes(sheet.rounded(mode), overflow, mode)
                compare_rounding(tally, format, x, coded, mode, overflow, _core.available_isas())
    tally.check()
