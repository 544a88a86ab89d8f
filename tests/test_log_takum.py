"""Logarithmic takums in the library: narrow ones exhaustively against the oracle, wide ones by
draws, conversions, names."""

import pickle
from fractions import Fraction
from math import floor

import cases
import numpy as np
import oracle
import oracle_random
import pytest
from grids import assert_moments
from oracle_real import exp
from oracle_takum import LogTakum
from sheet import Sheet
from subjects import LOOPS, compare_codes, compare_rounding, library

import numfmt as nf

KEY = 2030
NARROW = [LogTakum(width) for width in range(2, 9)]
WIDE = [LogTakum(width) for width in (11, 12, 13, 16, 32, 47, 64)]
FEW = ["stochastic(bits=1,variant=A)", "stochastic(bits=3,variant=B)"]
FEW += ["stochastic(bits=32,variant=C)", "stochastic(bits=5,variant=A,probability=code)"]
narrow = pytest.mark.parametrize("format", NARROW, ids=cases.spelled)
wide = pytest.mark.parametrize("format", WIDE, ids=cases.spelled)


def interesting(format):
    """Doubles next to values, codes one bit longer and quarters of cells; both signs; zeros."""
    points = {Fraction(v) for v in (5e-324, 1e-300, 1e-60, 1e60, 1.7e308)}
    for index in range(format.highest):
        below, above = format.value(index), format.value(index + 1)
        points |= {Fraction(float(below + (above - below) * Fraction(k, 4))) for k in range(5)}
        if index:
            points.add(Fraction(float(LogTakum(format.width + 1).value(2 * index + 1))))
    x = cases.around(points)
    return np.concatenate([x[x != 0], [0.0, -0.0]])


def drawn(count):
    """Doubles of all magnitudes up to the ends, most of them near 1, where fractions are long."""
    rng = np.random.default_rng(9)
    logs = np.concatenate([rng.uniform(-130, 130, count // 2), rng.normal(0, 2, count // 2)])
    return np.concatenate([np.exp(logs) * rng.choice([-1.0, 1.0], len(logs)), [1.0, -1.0]])


def compare(tally, format, x, coded, rounding, overflow="saturate", **source):
    """encode by the only loops that there are."""
    compare_rounding(tally, format, x, coded, rounding, overflow, LOOPS[:1], **source)


def compare_all(tally, format, x, policies, step=1):
    """Every mode under the policies; random ones on each `step`-th number."""
    sheet = Sheet(format, x)
    for mode in oracle.DETERMINISTIC:
        for overflow in policies:
            coded = sheet.codes(sheet.rounded(mode), overflow, mode)
            compare(tally, format, x, coded, mode, overflow)
    sheet, x = Sheet(format, x[::step]), x[::step]
    words = oracle_random.words(KEY, 0, len(x))
    for rounding in ("stochastic", "stochastic(probability=code)", "stochastic_equal", *FEW):
        coded = sheet.codes(sheet.drawn(sheet.goes_up(rounding, words)), "saturate", "stochastic")
        compare(tally, format, x, coded, rounding, key=nf.Key(KEY))
    kept = sheet.drawn(sheet.goes_up("stochastic", words), "minpos")
    coded = sheet.codes(kept, "saturate", "stochastic")
    compare(tally, format, x, coded, "stochastic(underflow=minpos)", key=nf.Key(KEY))


@narrow
def test_every_code_and_its_value(format, tally):
    """Each code is worth what the definition says, and each value goes back to its code."""
    compare_codes(tally, format, library(format))
    tally.check()


@narrow
def test_every_rounding_under_every_policy(format, tally):
    """Values, half codes, quarters of cells, their neighbours, the ends and beyond."""
    compare_all(tally, format, interesting(format), oracle.policies(format), step=7)
    tally.check()


@wide
def test_wide_formats_by_draws(format, tally):
    """Encoded by every mode, and decoded to the nearest float64."""
    x = drawn(120)
    compare_all(tally, format, x, ["saturate"])
    codes = nf.encode(x, library(format))
    values = np.array([float(format.decode(code)) for code in codes.tolist()])
    tally.same(nf.quantize(x, library(format)), values, x, str(format))
    tally.check()


def test_a_word_that_does_not_decide_is_followed_by_others(tally):
    """The digits of the tail by value go on as long as the words equal them."""
    format, words = LogTakum(12), oracle_random.words(KEY, 0, 300)
    below, above = format.value(1 << 10), format.value((1 << 10) + 1)
    tails = [Fraction(2**32 - 1 - word, 2**32) + Fraction(1, 2**33) for word in words.tolist()]
    x = np.array([float(below + (above - below) * tail) for tail in tails])
    sheet = Sheet(format, x)
    further = np.array([oracle_random.words(KEY, 0, 300, draw=d) for d in range(3)]).T.tolist()
    up = [
        oracle.takes_upper_all_bits(cell.tail, drawn_words)
        for cell, drawn_words in zip(sheet.cells, further, strict=True)
    ]
    first = [floor(cell.tail * 2**32) for cell in sheet.cells]
    assert sum(f == 2**32 - 1 - w for f, w in zip(first, words.tolist(), strict=True)) > 200
    coded = sheet.codes(sheet.drawn(np.array(up)), "saturate", "stochastic")
    compare(tally, format, x, coded, "stochastic", key=nf.Key(KEY))
    tally.check()


def test_wider_and_narrower_takums_convert_exactly():
    """The codes of a wider one end in zeros; ties of a narrower one go to the even code."""
    codes = np.arange(256, dtype=np.uint8)
    wider = nf.convert(codes, "takum_log8", "takum_log16", "up")
    assert np.array_equal(wider, codes.astype(np.uint16) << 8)
    assert np.array_equal(
        nf.convert(wider, "takum_log16", "takum_log8", "error"[:0] or "up"), codes
    )
    ties = np.arange(0x4080, 0x6080, 0x100, dtype=np.uint16)
    evens = ((ties >> 8) + 1) & 0xFE
    for mode, expected in (("nearest_even", evens), ("toward_zero", ties >> 8)):
        got = nf.convert(ties, "takum_log16", "takum_log8", mode)
        assert np.array_equal(got, expected)


def test_convert_to_and_from_logs_of_the_other_base():
    """e**(3/2) is 2**(553.995/256), and back."""
    code = np.uint8([0x50])
    assert nf.decode(code, "takum_log8").item() == float(exp(Fraction(3, 2)))
    assert nf.convert(code, "takum_log8", "lns<16,8>", "down").item() == 553
    assert nf.convert(code, "takum_log8", "lns<16,8>").item() == 554
    assert nf.convert(np.uint16([554]), "lns<16,8>", "takum_log8").item() == 0x50


def test_names_and_facts():
    """takum_log16 and takum_log<16>; carried modes; ends; exact values alone are fractions."""
    f, format = nf.Takum(16, log=True), LogTakum(16)
    assert str(f) == "takum_log16"
    assert (
        f == nf.parse("takum_log<16>") == nf.parse("takum_log:16") == pickle.loads(pickle.dumps(f))
    )
    assert f != nf.Takum(16)
    carried = nf.parse("takum_log16<rounding=up>")
    assert nf.parse(str(carried)) == carried == f.replace(rounding="up")
    assert (f.max, f.smallest_positive) == (float(format.value(32767)), float(format.value(1)))
    assert f.eps == pytest.approx(float(format.value(0x4001) - 1), rel=1e-14)
    assert (f.precision, f.has_nan, f.has_infinity, f.has_irrational) == (12, True, False, True)
    assert nf.decode(np.uint16([0x4000, 0, 0xC000]), f, dtype=object).tolist() == [1, 0, -1]
    with pytest.raises(nf.DtypeError, match=r"e\*\*\(1/4096\)"):
        nf.decode(np.uint16([0x4001]), f, dtype=object)
    assert np.isnan(nf.quantize([np.inf, np.nan], f)).all()
    with pytest.raises(nf.DtypeError, match="float64"):
        nf.quantize(np.float32(1), f)


def test_a_report_and_variance_corrected_draws():
    """Underflow is below the smallest value; Q^vc has mean and variance asked for."""
    report = nf.Report()
    nf.quantize([1e-60, 1.1, 1.0, 1e60], "takum_log12", report=report)
    assert (report.inexact, report.underflowed, report.overflowed) == (3, 1, 1)
    n, variance = 1 << 16, 0.02
    got = nf.variance_corrected(np.full(n, 1.3), variance, "takum_log8", key=nf.Key(4))
    assert_moments(got, 1.3, variance)
    assert set(np.unique(got)) <= set(nf.parse("takum_log8").all_values())
