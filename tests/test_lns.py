"""Logarithmic numbers in the library: every narrow format against the oracle, wide ones by draws,
facts, reports, peers, refusals."""

import pickle
from fractions import Fraction
from math import floor

import cases
import numpy as np
import oracle
import oracle_random
import pytest
from grids import assert_moments
from oracle_lns import LNS
from oracle_real import power_of_two
from sheet import Sheet, values_of
from subjects import LOOPS, compare_codes, compare_rounding, library

import numfmt as nf
from numfmt import _core

EVERY = [LNS(width, r) for width in range(3, 9) for r in range(width - 1)]
WIDE = [LNS(16, 8), LNS(11, 0), LNS(32, 16), LNS(33, 31), LNS(64, 8), LNS(64, 40), LNS(64, 62)]
KEY = 2028
every = pytest.mark.parametrize("format", EVERY, ids=cases.spelled)


def points(format, indices):
    """Doubles next to values, half-way logs and quarters of cells, from each index to the next."""
    found = set()
    for index in indices:
        log = index - (1 << (format.width - 2))
        below, above = format.value(index), format.value(index + 1)
        found |= {below, power_of_two(2 * log + 1, format.fraction_bits + 1)}
        found |= {below + (above - below) * Fraction(k, 4) for k in (1, 2, 3)}
    return {float(point) for point in found if 2.0**-1000 < point < 2.0**1000 or point == 0}


def interesting(format):
    """Every finite float64 case of a narrow format."""
    near = points(format, range(format.highest + 3)) | {float(v) for v in cases.far(format)}
    x = cases.around({Fraction(v) for v in near if v < 1e308})
    return np.concatenate([x[x != 0], [0.0, -0.0]])


def drawn(format, count):
    """Doubles whose logs are spread over the format's range, and past its ends."""
    rng = np.random.default_rng(format.width)
    last = min(1000.0, 1.01 * 2.0 ** (format.width - 2 - format.fraction_bits))
    x = 2.0 ** rng.uniform(-last, last, count) * rng.choice([-1.0, 1.0], count)
    return np.concatenate([x, [1.0, -1.0, 2.0, np.nextafter(1, 2), np.nextafter(1, 0)]])


def random_codes(sheet, overflow, rounding, key):
    """The oracle's codes of a stochastic rounding."""
    words = oracle_random.words(key, 0, len(sheet.cells))
    return sheet.codes(sheet.drawn(sheet.goes_up(rounding, words)), overflow, "stochastic")


def compare(tally, format, x, coded, rounding, overflow, **source):
    """encode by the only loops that there are."""
    compare_rounding(tally, format, x, coded, rounding, overflow, LOOPS[:1], **source)


@every
def test_every_code_and_its_value(format, tally):
    """Each code is worth what the definition says, and each value goes back to its code."""
    compare_codes(tally, format, library(format))
    tally.check()


@every
def test_every_rounding_under_every_policy(format, tally):
    """Values, half-way logs, quarters of cells, their neighbours, the ends and beyond."""
    x = interesting(format)
    sheet = Sheet(format, x)
    for overflow in oracle.policies(format):
        for mode in oracle.DETERMINISTIC:
            coded = sheet.codes(sheet.rounded(mode), overflow, mode)
            compare(tally, format, x, coded, mode, overflow)
    few = [f"stochastic(bits={n},variant={v})" for n, v in ((1, "A"), (3, "B"), (32, "C"))]
    sheet, x = Sheet(format, x[::3]), x[::3]
    for rounding in ("stochastic", "stochastic_equal", *few):
        for overflow in ("saturate", "nan", "wrap(0)"):
            coded = random_codes(sheet, overflow, rounding, KEY)
            compare(tally, format, x, coded, rounding, overflow, key=nf.Key(KEY))
    tally.check()


@pytest.mark.parametrize("format", WIDE, ids=cases.spelled)
def test_wide_formats_by_draws(format, tally):
    """Encoded by every mode, decoded to the nearest float64, in the best and the scalar loops."""
    x = drawn(format, 150)
    sheet = Sheet(format, x)
    modes = {mode: sheet.rounded(mode) for mode in oracle.DETERMINISTIC}
    for isa in (_core.available_isas()[0], "scalar"):
        with _core.forced_isa(isa):
            for mode, rounded in modes.items():
                for overflow in ("saturate", "wrap(2)"):
                    coded = sheet.codes(rounded, overflow, mode)
                    compare(tally, format, x, coded, mode, overflow)
            for rounding in ("stochastic", "stochastic(bits=32,variant=B)"):
                coded = random_codes(sheet, "saturate", rounding, KEY)
                compare(tally, format, x, coded, rounding, "saturate", key=nf.Key(KEY))
    codes = sheet.codes(modes["down"], "saturate", "down")[0]
    got = nf.quantize(x, library(format), "down")
    tally.same(got, values_of(format, codes), x, "quantize")
    tally.check()


def test_a_word_that_does_not_decide_is_followed_by_others(tally):
    """The digits of the tail go on as long as the words equal them: 32, 64 and 96 bits."""
    format = LNS(32, 4)
    words = oracle_random.words(KEY, 0, 400)
    below, above = format.value(1 << 30), format.value((1 << 30) + 1)
    x = []
    for word in words.tolist():
        tail = Fraction(2**32 - 1 - word, 2**32) + Fraction(word % 7 + 1, 2**35)
        x.append(float(below + (above - below) * tail))
    x = np.array(x)
    sheet = Sheet(format, x)
    further = np.array([oracle_random.words(KEY, 0, 400, draw=d) for d in range(3)]).T.tolist()
    up = [
        oracle.takes_upper_all_bits(cell.tail, drawn_words)
        for cell, drawn_words in zip(sheet.cells, further, strict=True)
    ]
    coded = sheet.codes(sheet.drawn(np.array(up)), "saturate", "stochastic")
    compare(tally, format, x, coded, "stochastic", "saturate", key=nf.Key(KEY))
    first = [floor(cell.tail * 2**32) for cell in sheet.cells]
    assert sum(f == 2**32 - 1 - w for f, w in zip(first, words.tolist(), strict=True)) > 300
    tally.check()


@pytest.mark.parametrize("format", [LNS(5, 1), LNS(8, 4), LNS(8, 0)], ids=cases.spelled)
def test_facts_follow_from_the_definition(format):
    """Ends, the smallest number, the gap above 1, precision, NaN; spelled, pickled, hashed."""
    target = library(format)
    assert target.max == float(format.value(format.highest)) == -target.min
    assert target.smallest_positive == target.smallest_normal == float(format.value(1))
    assert target.eps == float(format.decode(1) - 1)
    assert (target.precision, target.default_overflow) == (format.fraction_bits + 1, "saturate")
    assert (target.has_nan, target.has_infinity) == (True, False)
    for spelling in (str(target), f"lns:{format.width},{format.fraction_bits}"):
        assert nf.parse(spelling) == target == pickle.loads(pickle.dumps(target))
    carried = nf.parse(f"lns<{format.width},{format.fraction_bits},rounding=up,overflow=wrap(2)>")
    assert nf.parse(str(carried)) == carried != target


def test_exact_values_are_fractions_and_others_refused():
    """dtype=object holds powers of 2, zero and NaN; the error spells an irrational value."""
    exact = nf.decode(np.array([0, 16, 64, 192], np.uint8), "lns<8,4>", dtype=object)
    assert exact[:3].tolist() == [1, 2, 0]
    assert np.isnan(exact[3])
    with pytest.raises(nf.DtypeError, match=r"2\*\*\(1/16\).*float64"):
        nf.decode(np.array([1], np.uint8), "lns<8,4>", dtype=object)
    assert nf.decode(np.array([1 << 29], np.uint32), "lns<32,16>", dtype=object)[0] == 2**8192


def test_dtypes_hold_the_range_and_float64_takes_the_nearest():
    """float32 holds lns<16,8>, not lns<32,16>, of which float64 gives infinities and zeros."""
    codes = np.array([0x3FFFFFFF, 0x40000001, 0x00010000], np.uint32)
    assert nf.decode(codes, "lns<32,16>").tolist() == [np.inf, 0, 2]
    with pytest.raises(nf.DtypeError, match="float64"):
        nf.decode(codes, "lns<32,16>", dtype=np.float32)
    x = np.float32([3.0, 1e-30, -1e30])
    assert nf.quantize(x, "lns<16,8>").dtype == np.float32
    with pytest.raises(nf.DtypeError, match="float32"):
        nf.quantize(x, "lns<16,8>", dtype=np.float16)
    half = nf.quantize(x, "lns<8,4>", dtype=np.float16)
    assert np.array_equal(half, nf.quantize(x, "lns<8,4>").astype(np.float16))


def test_a_report_counts_and_measures():
    """Counters of a saturating call, and the largest error in units of the gap."""
    format = LNS(8, 4)
    x = interesting(format)
    report = nf.Report()
    values = nf.quantize(x, library(format), report=report)
    assert report.count == len(x)
    exact = np.isin(np.abs(x), [0, *(2.0**k for k in range(-3, 4))])
    assert report.inexact == (~exact).sum()
    beyond = np.abs(x) > 2.0 ** (63.5 / 16)
    assert report.overflowed == report.saturated == beyond.sum()
    assert report.underflowed == sum(0 < abs(Fraction(v)) < format.value(1) for v in x.tolist())
    assert report.max_error == np.abs(values - x).max()


def test_variance_corrected_draws_have_mean_and_variance():
    """Q^vc on the nearest float64 of each value: within four standard errors."""
    n = 1 << 16
    for mean, variance in ((1.3, 0.01), (-0.07, 1e-4), (0.01, 1e-3)):
        got = nf.variance_corrected(np.full(n, mean), variance, "lns<8,4>", key=nf.Key(4))
        assert set(np.unique(got)) <= set(nf.LNS(8, 4).all_values())
        assert_moments(got, mean, variance)
    with pytest.raises(nf.DtypeError):
        nf.variance_corrected([1.0], 0.1, "lns<32,16>", key=nf.Key(4))


@pytest.mark.parametrize("name", ["lns16", "lns32"])
def test_nearest_logs_are_those_of_universal_dtypes(name):
    """Every step within half a log: Universal rounds log2 in double, so ties are left out."""
    universal = pytest.importorskip("universal_dtypes")
    format = {"lns16": LNS(16, 8), "lns32": LNS(32, 16)}[name]
    last = min((1 << (format.width - 2)) - 1, 1000 << format.fraction_bits)
    logs = np.random.default_rng(2).integers(-last, last, 20_000)
    steps = np.add.outer(logs, [0.1, 0.48, 0.52, 0.9]).ravel()
    x = 2.0 ** (steps / (1 << format.fraction_bits))
    with np.errstate(all="ignore"):
        theirs = x.astype(getattr(universal, name)).view(f"u{format.width // 8}")
    assert np.array_equal(nf.encode(x, library(format)), theirs)


@pytest.mark.parametrize(
    ("make", "argument"),
    [
        (lambda: nf.LNS(2, 0), "width=2"),
        (lambda: nf.LNS(65, 8), "width=65"),
        (lambda: nf.LNS(8, 7), "fraction_bits=7 must be an integer from 0 to 6"),
        (lambda: nf.LNS(8, -1), "fraction_bits=-1"),
        (lambda: nf.parse("lns<8>"), "lns<width,fraction_bits>"),
        (lambda: nf.LNS(8, 4, overflow="infinity"), "no meaning"),
        (lambda: nf.LNS(8, 4, overflow="wrap(8)"), "from 0 to 7"),
        (lambda: nf.LNS(8, 4, rounding="stochastic(probability=code)"), "posits"),
    ],
)
def test_what_is_no_such_format_is_refused(make, argument):
    """The error names the argument, its value and the range."""
    with pytest.raises(nf.NumfmtError) as caught:
        make()
    assert argument in str(caught.value)


@pytest.mark.parametrize(("format", "dtype"), [("lns<18,12>", "f2"), ("lns<34,25>", "f4")])
def test_a_dtype_whose_range_the_largest_value_rounds_out_of_is_refused(format, dtype):
    """The largest value is nearer to 2**16 or 2**128 than to the dtype's largest number."""
    with pytest.raises(nf.DtypeError, match="cannot hold"):
        nf.quantize(np.ones(1, dtype), format)
    assert np.isfinite(nf.decode(nf.encode([1e300], format), format)).all()
