"""Every narrow format x deterministic rounding x overflow policy, against the oracle."""

import cases
import numpy as np
import oracle
import pytest
from oracle_formats import Fixed, Posit
from oracle_p3109 import every_p3109
from sheet import Sheet, values_of
from subjects import library

import numfmt as nf
from numfmt import _core

STOCHASTIC = ("stochastic", "sr_a8", "sr_b8", "sr_c8", "stochastic_equal")
narrow = pytest.mark.parametrize("format", cases.NARROW, ids=cases.spelled)


def test_every_narrow_named_format_is_gone_through():
    """Names of 8 bits and fewer; P3109's and codebooks have exhaustive tests of their own."""
    gone_through = {library(format) for format in [*cases.NARROW, *every_p3109(range(3, 9))]}
    named = [nf.parse(name) for name, _, _ in _core.named_formats()]
    narrow = [f for f in named if f.width <= 8 and not isinstance(f, nf.Codebook)]
    assert len(narrow) > 18
    assert [str(f) for f in narrow if f not in gone_through] == []


def compare_everywhere(tally, format, x, sheet, mode, overflow):
    """encode and quantize, by every instruction set."""
    codes, raises = sheet.codes(sheet.rounded(mode), overflow, mode)
    kept = x[~raises]
    values = values_of(format, codes[~raises])
    target = library(format)
    for isa in _core.available_isas():
        what = f"{isa} {target} {mode} {overflow}"
        with _core.forced_isa(isa):
            got = nf.encode(kept, target, mode, overflow)
            tally.same(got.astype(np.uint64), codes[~raises], kept, "encode " + what)
            got = nf.quantize(kept, target, mode, overflow)
            tally.same(got, values, kept, "quantize " + what)
    for number in x[raises][::23]:
        tally.raises(
            nf.RangeError,
            lambda number=number: nf.encode(number, target, mode, overflow),
            f"{target} {mode} {overflow} {number!r}",
        )


@narrow
def test_every_rounding_and_overflow_of_double_numbers(format, tally):
    """Values, midpoints, quarter points, their neighbours, the ends and beyond: exact codes."""
    x = cases.interesting(format)
    sheet = Sheet(format, x)
    for mode in oracle.DETERMINISTIC:
        for overflow in oracle.policies(format):
            compare_everywhere(tally, format, x, sheet, mode, overflow)
    tally.check()


@narrow
def test_every_rounding_of_single_numbers(format, tally):
    """The float32 kernels give the same codes and values."""
    x = cases.interesting_single(format)
    sheet, target = Sheet(format, x), library(format)
    for mode in oracle.DETERMINISTIC:
        for overflow in oracle.policies(format):
            codes, raises = sheet.codes(sheet.rounded(mode), overflow, mode)
            kept, codes = x[~raises], codes[~raises]
            for isa in _core.available_isas():
                what = f"{isa} {target} {mode} {overflow}"
                with _core.forced_isa(isa):
                    got = nf.encode(kept, target, mode, overflow).astype(np.uint64)
                    tally.same(got, codes, kept, "encode " + what)
                    if cases.holds_single(format):
                        got = nf.quantize(kept, target, mode, overflow)
                        expected = values_of(format, codes).astype(np.float32)
                        tally.same(got, expected, kept, "quantize " + what)
    tally.check()


@pytest.mark.parametrize("format", cases.FIXED + cases.FLOATS, ids=cases.spelled)
def test_unbounded_limits_precision_alone(format, tally):
    """Under `unbounded` the value keeps its exponent, however large."""
    x = cases.interesting(format)
    x = x[abs(x) < 1e300]
    sheet = Sheet(format, x)
    for mode in oracle.DETERMINISTIC:
        if mode == "jam" and isinstance(format, Fixed):
            continue  # no double holds 2**100 | 1, so the library refuses
        got = nf.quantize(x, library(format), mode, "unbounded")
        tally.same(got, sheet.unbounded(sheet.rounded(mode)), x, f"{library(format)} {mode}")
    tally.check()


@narrow
def test_infinities_under_every_policy(format, tally):
    """Infinite inputs become what the policy says, or are refused."""
    for overflow in oracle.policies(format):
        for negative, x in ((False, np.inf), (True, -np.inf)):
            code = oracle.settle_infinity(format, negative, overflow)
            for mode in (*oracle.DETERMINISTIC, *STOCHASTIC):
                compare_infinity(tally, format, x, mode, overflow, code)
    tally.check()


def compare_infinity(tally, format, x, mode, overflow, code):
    """One infinity under one policy: a code, or a refusal."""
    key = nf.Key(1) if mode in STOCHASTIC else None
    what = f"{library(format)} {mode} {overflow} {x}"

    def call():
        return nf.encode([x], library(format), mode, overflow, key=key)

    if code is oracle.RANGE:
        tally.raises(nf.RangeError, call, what)
    else:
        tally.same(call().astype(np.uint64), [code], [x], what)


@narrow
def test_nan_keeps_its_sign_or_is_refused(format, tally):
    """NaN stays NaN where there is a code; elsewhere it is an error unless a policy is chosen."""
    for sign in (1.0, -1.0):
        x = np.array([np.copysign(np.nan, sign)])
        for mode in (*oracle.DETERMINISTIC, *STOCHASTIC):
            compare_nan(tally, format, x, mode)
    tally.check()


def compare_nan(tally, format, x, mode):
    """One NaN in one mode."""
    target, key = library(format), nf.Key(1) if mode in STOCHASTIC else None
    if target.has_nan:
        code = format.nan if isinstance(format, Posit) else format.nan_code(bool(np.signbit(x[0])))
        got = nf.encode(x, target, mode, key=key).astype(np.uint64)
        tally.same(got, [code], x, f"{target} {mode}")
        return
    tally.raises(nf.NanError, lambda: nf.encode(x, target, mode, key=key), f"{target} NaN")
    mask = (1 << format.width) - 1
    lowest = format.lowest & mask if isinstance(format, Fixed) else oracle.end(format, True)
    for nan, code in (("zero", 0), ("max", format.highest), ("min", lowest)):
        got = nf.encode(x, target, mode, nan=nan, key=key).astype(np.uint64)
        tally.same(got, [code], x, f"{target} {mode} nan={nan}")
