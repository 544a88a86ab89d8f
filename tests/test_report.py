"""Report: what rounding did, counted and measured."""

import math
from fractions import Fraction

import cases
import numpy as np
import oracle
import pytest
from oracle_formats import Fixed, Float, Posit
from oracle_numbers import is_tiny
from sheet import Sheet, values_of
from subjects import library

import numfmt as nf
from numfmt import _core

FORMATS = [
    *cases.FIXED[::3],
    *cases.FLOATS[::2],
    Float(4, 3, subnormals="ftz_after"),
    Float(4, 0, special="finite", subnormals="round"),
    *cases.EXPONENTS,
    *cases.POSITS[::3],
    *cases.TAKUMS[2:],
]


def expected_counts(format, x, sheet, mode, overflow):
    """The counters by the oracle, for finite numbers."""
    rounded = sheet.rounded(mode)
    codes, _ = sheet.codes(rounded, overflow, mode)
    values = values_of(format, codes)
    facts = [sheet.target(number) for number in rounded.tolist()]
    beyond = np.array([format.overflows(cell, index) for cell, index in facts])
    inexact = values != x
    tiny = np.array([is_tiny(format, Fraction(v), mode) for v in x.tolist()])
    return {
        "count": len(x),
        "inexact": int(inexact.sum()),
        "overflowed": int(beyond.sum()),
        "underflowed": int((inexact & tiny).sum()),
        "saturated": int((beyond & np.isfinite(values)).sum()) if overflow != "wrap(0)" else 0,
        "nan": int(np.isnan(values).sum()),
    }


@pytest.mark.parametrize("format", FORMATS, ids=cases.spelled)
def test_counters_agree_with_the_oracle(format, tally):
    """All counters, by every deterministic mode and every instruction set."""
    x = cases.interesting(format)[::5]
    sheet = Sheet(format, x)
    policies = ["saturate", "wrap(0)" if isinstance(format, Fixed) else oracle.policies(format)[-1]]
    for mode in oracle.DETERMINISTIC:
        for overflow in policies:
            if overflow == "error":
                continue
            expected = expected_counts(format, x, sheet, mode, overflow)
            for isa in _core.available_isas():
                report = nf.Report()
                with _core.forced_isa(isa):
                    nf.encode(x, library(format), mode, overflow, report=report)
                got = [getattr(report, name) for name in expected]
                what = f"{isa} {library(format)} {mode} {overflow} {list(expected)}"
                tally.same(got, list(expected.values()), list(expected), what)
    tally.check()


def test_errors_are_measured_exactly():
    """Errors in ulps and absolute, on numbers whose sums are exact in double."""
    x = np.arange(-64, 64) / 64
    y = nf.quantize(x, "fixed<8,3>", "down", report=(report := nf.Report()))
    error = np.abs(y - x)
    assert report.max_error == error.max() == 7 / 64
    assert report.rms_error == math.sqrt((error**2).sum() / 128)
    assert report.max_ulp == 7 / 8
    assert report.rms_ulp == math.sqrt(((8 * error) ** 2).sum() / 128)
    assert report.sqnr_db == 10 * math.log10((x**2).sum() / (error**2).sum())


@pytest.mark.parametrize(
    ("format", "x", "ulps"),
    [
        (Fixed(8, 0), 3.25, Fraction(1, 4)),
        (Float(4, 3), 1.0625 + 2**-8, Fraction(15, 32)),
        (Float(4, 3), 2**-12, Fraction(1, 8)),
        (Float(4, 3, subnormals="round"), 2**-8, Fraction(1, 4)),
        (Posit(8, 0), 40.0, Fraction(1, 4)),
    ],
)
def test_an_ulp_is_the_gap_around_the_number(format, x, ulps):
    """The distance between the two neighbours of the exact input."""
    nf.quantize(x, library(format), report=(report := nf.Report()))
    assert report.max_ulp == ulps


def test_nothing_changed_is_no_error():
    """Exact numbers leave every error at 0 and the ratio infinite."""
    nf.quantize([0.5, -1.0, 0.0], "e4m3fn", report=(report := nf.Report()))
    assert (report.count, report.inexact, report.max_ulp, report.rms_error) == (3, 0, 0.0, 0.0)
    assert report.sqnr_db == math.inf
    assert report.flags == frozenset()


def test_calls_add_up():
    """One report for several calls, as report= or in a with block, nested ones too."""
    x = np.linspace(-100, 100, 1001)
    parts = nf.Report()
    for piece in np.array_split(x, 7):
        nf.encode(piece, "fixed<8,3>", report=parts)
    with nf.Report() as whole, nf.Report() as inner:
        nf.encode(x, "fixed<8,3>")
    with nf.Report() as both:
        nf.encode(x, "fixed<8,3>", report=both)
    for report in (whole, inner, both):
        for name in ("count", "inexact", "overflowed", "saturated", "max_ulp", "max_error"):
            assert getattr(report, name) == getattr(parts, name)
    nf.encode(x, "fixed<8,3>")
    assert whole.count == 1001


def test_every_function_reports():
    """quantize, encode and convert count alike."""
    x = np.linspace(-100, 100, 1001)
    reports = [nf.Report() for _ in range(3)]
    nf.quantize(x, "fixed<8,3>", "up", report=reports[0])
    nf.encode(x, "fixed<8,3>", "up", report=reports[1])
    nf.convert(nf.encode(x, "binary64"), "binary64", "fixed<8,3>", "up", report=reports[2])
    facts = [(r.count, r.inexact, r.saturated, r.max_error, r.rms_error) for r in reports]
    assert facts[0] == facts[1] == facts[2]


@pytest.mark.parametrize(
    ("x", "format", "flags"),
    [
        (1.0, "e5m2", set()),
        (1.1, "e5m2", {"inexact"}),
        (1e9, "e5m2", {"inexact", "overflow"}),
        (2**-17 * 1.1, "e5m2", {"inexact", "underflow"}),
        (2**-16, "e5m2", set()),
        (np.inf, "e5m2", set()),
        (np.inf, "posit<8,2>", {"invalid"}),
        (np.nan, "e5m2", set()),
    ],
)
def test_flags_are_those_of_ieee_754(x, format, flags):
    """Overflow and underflow come with inexact; subnormals that are exact do not underflow."""
    nf.quantize(x, format, report=(report := nf.Report()))
    assert report.flags == flags


def test_nan_in_and_out_is_counted():
    """A NaN input, and an infinity that became NaR."""
    nf.quantize([np.nan, 1.0], "e5m2", report=(report := nf.Report()))
    nf.quantize([np.inf, 1.0], "posit<8,2>", report=report)
    assert (report.count, report.nan) == (4, 2)


def test_a_refused_call_adds_nothing():
    """An error leaves the report as it was."""
    report = nf.Report()
    with pytest.raises(nf.NanError):
        nf.encode([1.1, np.nan], "fixed<8,3>", report=report)
    assert (report.count, report.inexact) == (0, 0)


def test_stochastic_rounding_is_counted():
    """inexact counts elements that changed, for random modes as well."""
    x = np.random.default_rng(0).normal(size=500)
    y = nf.quantize(x, "fixed<8,3>", "sr", key=nf.Key(1), report=(report := nf.Report()))
    assert report.inexact == (x != y).sum()
    assert report.max_error == np.abs(x - y).max()


def test_a_report_must_be_a_report():
    """Anything else is refused by name."""
    with pytest.raises(nf.NumfmtError, match="report"):
        nf.encode([1.0], "e4m3fn", report={})
