"""Formats of 9 to 64 bits: derived cases from every input type, conversions, and decoding."""

from fractions import Fraction

import cases
import numpy as np
import oracle
import oracle_random
import pytest
from oracle_formats import Fixed, Float, Posit
from oracle_p3109 import Exponents, named
from sheet import Sheet
from subjects import library

import numfmt as nf
from numfmt import _core

wide = pytest.mark.parametrize("format", cases.WIDE, ids=cases.spelled)
KEY = 2024


def indices(format):
    """Small, large, around powers of two, and random ones."""
    top = format.highest
    near = {2**k + d for k in range(1, top.bit_length()) for d in (-1, 0)}
    random = np.random.default_rng(format.width).integers(0, min(top, 2**63 - 1), 40).tolist()
    found = {*range(4), *near, *random, *range(top - 4, top)}
    return sorted(i for i in found if 0 <= i < top)


def doubles(format):
    """Doubles at or near the landmarks of the format, and far from it."""
    points = cases.landmarks(format, indices(format)) | cases.far(format)
    limit = Fraction(2) ** 1023
    x = cases.around({p for p in points if p < limit and (p == 0 or p > 1 / limit)})
    x = x[np.isfinite(x)]
    return np.concatenate([x[x != 0], [0.0, -0.0]])[:: max(1, len(x) // 2500)]


def integers(kind):
    """Integers of a 64-bit type around powers of two and at its ends."""
    info = np.iinfo(kind)
    near = {s * (2**k) + d for k in range(64) for d in (-1, 0, 1) for s in (1, -1)}
    near |= {info.min, info.max, 2**53 + 1, 2**62 + 2**8 + 1, 16842753, -(2**62) - 1}
    return np.array(sorted(v for v in near if info.min <= v <= info.max), dtype=kind)


def compare(tally, format, x, sheet, rounding, rounded, overflow, **source):
    """encode by every instruction set."""
    codes, raises = sheet.codes(rounded, overflow, rounding)
    if source:
        assert not raises.any()
    kept = x[~raises]
    for isa in _core.available_isas():
        with _core.forced_isa(isa):
            got = nf.encode(kept, library(format), rounding, overflow, **source)
            what = f"{isa} {x.dtype} {library(format)} {rounding} {overflow}"
            tally.same(got.astype(np.uint64), codes[~raises], kept, what)


def compare_all(tally, format, x):
    """Every deterministic mode and policy."""
    sheet = Sheet(format, x.astype(float) if x.dtype == np.float16 else x)
    policies = oracle.policies(format)
    if isinstance(format, Fixed):
        kept = {0, 1, 2, 7, format.width - 1, format.width}
        policies = [p for p in policies if "(" not in p or int(p[:-1].split("(")[1]) in kept]
    for mode in oracle.DETERMINISTIC:
        for overflow in policies:
            compare(tally, format, x, sheet, mode, sheet.rounded(mode), overflow)
    return sheet


@wide
def test_every_rounding_and_overflow_of_doubles(format, tally):
    """Derived float64 cases: exact codes, by every instruction set."""
    compare_all(tally, format, doubles(format))
    tally.check()


@wide
def test_singles_and_halves(format, tally):
    """float32 and float16 inputs are read exactly."""
    with np.errstate(over="ignore"):
        for kind in (np.float32, np.float16):
            x = np.unique(doubles(format).astype(kind))
            compare_all(tally, format, x[np.isfinite(x)])
    tally.check()


@pytest.mark.parametrize("format", cases.WIDE + cases.NARROW[::4], ids=cases.spelled)
@pytest.mark.parametrize("kind", [np.int64, np.uint64])
def test_integers(format, kind, tally):
    """64-bit integers are rounded once, never through a double."""
    compare_all(tally, format, integers(kind))
    tally.check()


@wide
def test_stochastic_outcomes(format, tally):
    """The words of the key decide as the oracle says, for all bits and for few."""
    x = doubles(format)
    sheet = Sheet(format, x)
    words = oracle_random.words(KEY, 5, len(x)).astype(np.int64)
    key = nf.Key(KEY).at(5)
    edge = sheet.thresholds("A", 32)
    clear = words != edge - 1  # such a word may ask for a second one
    up = words >= edge
    codes, _ = sheet.codes(sheet.drawn(up), "saturate", "stochastic")
    for isa in _core.available_isas():
        with _core.forced_isa(isa):
            got = nf.encode(x, library(format), "stochastic", "saturate", key=key)
            tally.same(got.astype(np.uint64)[clear], codes[clear], x[clear], f"{isa} sr")
    for bits, variant in ((8, "A"), (23, "B"), (32, "C")):
        up = words >> (32 - bits) >= sheet.thresholds(variant, bits)
        rounding = f"stochastic(bits={bits},variant={variant})"
        compare(tally, format, x, sheet, rounding, sheet.drawn(up), "saturate", key=key)
    tally.check()


def sample_codes(format):
    """Codes all over a format: ends, powers of two, random."""
    top = (1 << format.width) - 1
    near = {(1 << k) + d for k in range(format.width + 1) for d in (-2, -1, 0, 1)}
    random = np.random.default_rng(9).integers(0, 1 << min(format.width, 63), 60).tolist()
    random += [top - r for r in random]
    return sorted(c for c in near | set(random) if 0 <= c <= top)


@pytest.mark.parametrize("format", cases.WIDE + cases.NARROW, ids=cases.spelled)
def test_decoding_is_exact(format, tally):
    """decode(dtype=object) gives the exact fraction of every code asked for."""
    codes = range(1 << format.width) if format.width <= 8 else sample_codes(format)
    values = nf.decode(np.array(codes, dtype=np.uint64), library(format), dtype=object)
    for code, value in zip(codes, values, strict=True):
        expected = format.decode(code)
        if isinstance(expected, Fraction):
            tally.same([value == expected and isinstance(value, Fraction)], [True], [code], "")
        else:
            number = float(expected.replace("-0", "-0.0"))
            tally.same(np.array([value], dtype=float), [number], [code], str(library(format)))
    tally.check()


PAIRS = [
    (Posit(64, 2), Fixed(64, 32)),
    (Posit(64, 5), Float(8, 7)),
    (Float(15, 40, bias=900), Posit(32, 2)),
    (Fixed(64, 0), Float(8, 7)),
    (Fixed(64, 63, signed=True), Posit(64, 0)),
    (Float(11, 52), Posit(64, 2)),
    (Float(3, 60), Fixed(24, 30)),
    (Posit(33, 0), Posit(16, 1)),
    (Float(8, 23), Float(5, 10)),
    (Float(5, 10), Float(4, 3, special="fn")),
    (Fixed(63, 62), Fixed(16, 15)),
    (Fixed(8, 3), Posit(8, 1)),
    (Exponents(), named("Binary8p1se")),
    (named("Binary16p8se"), named("Binary8p3ue")),
    (named("Binary64p53se"), Float(5, 10)),
]


@pytest.mark.parametrize(("source", "target"), PAIRS, ids=cases.spelled)
def test_conversion_rounds_once(source, target, tally):
    """Codes to codes: the exact value, one rounding, whatever the widths."""
    kept, numbers = [], []
    for code in sample_codes(source):
        value = source.decode(code)
        if isinstance(value, Fraction):
            kept.append(code)
            numbers.append(value)
    codes, sheet = np.array(kept, dtype=np.uint64), Sheet(target, numbers)
    for mode in oracle.DETERMINISTIC:
        for overflow in ("saturate", "saturate_zero"):
            expected = sheet.codes(sheet.rounded(mode), overflow, mode)[0]
            got = nf.convert(codes, library(source), library(target), mode, overflow)
            tally.same(got.astype(np.uint64), expected, numbers, f"{mode} {overflow}")
    tally.check()
