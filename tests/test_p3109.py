"""P3109 and E8M0 in the library: every narrow format against the oracle, names, peers, refusals."""

import pickle

import cases
import numpy as np
import oracle
import oracle_random
import pytest
from grids import assert_moments
from oracle_p3109 import Exponents, every_p3109
from sheet import Sheet
from subjects import compare_codes, compare_rounding, library

import numfmt as nf

EVERY = every_p3109(range(3, 9))
every = pytest.mark.parametrize("format", EVERY, ids=cases.spelled)
KEY = 2027


@every
def test_every_code_and_its_value(format, tally):
    """Each code is worth what the standard says, and each value goes back to its code."""
    compare_codes(tally, format, library(format), "up", "saturate_propagate")
    tally.check()


@every
def test_every_deterministic_rounding_under_every_policy(format, tally):
    """Values, midpoints, quarter points, their neighbours, the ends and beyond: exact codes."""
    for x in (cases.interesting(format), cases.interesting_single(format)):
        sheet = Sheet(format, x)
        for mode in oracle.DETERMINISTIC:
            for overflow in oracle.policies(format):
                coded = sheet.codes(sheet.rounded(mode), overflow, mode)
                compare_rounding(tally, format, x, coded, mode, overflow)
    tally.check()


@every
def test_every_stochastic_rounding_under_every_policy(format, tally):
    """All bits, few bits and either neighbour: what the words of a known key call for."""
    x = cases.interesting_single(format)
    sheet, words = Sheet(format, x), oracle_random.words(KEY, 0, len(x))
    few = [f"stochastic(bits=3,variant={variant})" for variant in "ABC"]
    for rounding in ("stochastic", "stochastic_equal", *few):
        rounded = sheet.drawn(sheet.goes_up(rounding, words))
        for overflow in [p for p in oracle.policies(format) if p != "error"]:
            coded = sheet.codes(rounded, overflow, "stochastic")
            compare_rounding(tally, format, x, coded, rounding, overflow, key=nf.Key(KEY))
    tally.check()


@every
def test_infinities_and_nan_under_every_policy(format, tally):
    """Both infinities by the table of saturations in every mode; the one NaN has no sign."""
    target = library(format)
    for mode in oracle.DETERMINISTIC:
        for overflow in [p for p in oracle.policies(format) if p != "error"]:
            codes = [oracle.settle_infinity(format, sign, overflow) for sign in (False, True)]
            x = np.array([np.inf, -np.inf, np.nan, -np.nan])
            got = nf.encode(x, target, mode, overflow).astype(np.uint64)
            tally.same(got, [*codes, format.nan, format.nan], x, f"{target} {mode} {overflow}")
    tally.check()


@every
def test_the_names_of_the_standard_are_the_spellings(format):
    """Binary8p4se in either case, with carried modes, pickled; facts follow from the name."""
    target = library(format)
    name = cases.spelled(format)
    assert str(target) == name
    assert (
        nf.parse(name.replace("binary", "Binary")) == target == pickle.loads(pickle.dumps(target))
    )
    carried = nf.parse(f"{name}<rounding=up,overflow=SatPropagate>")
    assert carried == target.replace(rounding="up", overflow="saturate_propagate")
    assert nf.parse(str(carried)) == carried
    assert (target.precision, target.has_nan) == (format.fraction_bits + 1, True)
    assert target.has_infinity == format.extended


def test_sat_none_is_infinity_and_the_switch_a_policy_of_its_own():
    """A finite domain overflows to its end as v4.0 is printed, and to NaN by infinity_or_nan."""
    x = [1e9, -1e9, np.inf]
    assert nf.quantize(x, "binary8p4sf", overflow="SatNone").tolist() == [240, -240, 240]
    assert np.isnan(nf.quantize(x, "binary8p4sf", overflow="infinity_or_nan")).all()
    expected = [np.inf, -np.inf, np.inf]
    assert nf.quantize(x, "binary8p4se", overflow="infinity_or_nan").tolist() == expected
    with pytest.raises(nf.RoundingError, match="no meaning"):
        nf.quantize(x, "e4m3fn", overflow="infinity_or_nan")


@pytest.mark.parametrize(
    ("make", "argument"),
    [
        (lambda: nf.P3109(2, 1), "width=2"),
        (lambda: nf.P3109(65, 1), "width=65"),
        (lambda: nf.P3109(8, 8), "precision=8 must be an integer from 1 to 7"),
        (lambda: nf.P3109(8, 9, signed=False), "from 1 to 8"),
        (lambda: nf.P3109(64, 1, signed=False), "from 2 to 63"),
        (lambda: nf.P3109(8, 4, extended=1), "extended=1"),
        (lambda: nf.P3109(8, 4, signed="u"), "signed='u'"),
        (lambda: nf.parse("binary8p0se"), "precision=0"),
        (lambda: nf.parse("binary8p4"), "binary8p4se"),
        (lambda: nf.Float(8, 0, special="fnu"), "signed=True"),
        (lambda: nf.Float(8, 1, special="fnu", signed=False), "fraction_bits=1"),
        (lambda: nf.Float(8, 0, special="fnu", signed=False, subnormals=False), "subnormals=False"),
        (lambda: nf.parse("e4m3fnu"), "fraction_bits=3"),
    ],
)
def test_what_is_no_such_format_is_refused(make, argument):
    """The error names the argument, its value and the range."""
    with pytest.raises(nf.FormatError) as caught:
        make()
    assert argument in str(caught.value)


def test_the_widest_formats_hold_one():
    """The ends of what fits 64 bits: 1.0 is in the middle of the positive codes."""
    for width, precision, signed in (
        (64, 63, True),
        (64, 1, True),
        (64, 2, False),
        (64, 63, False),
    ):
        target = nf.P3109(width, precision, signed=signed)
        assert nf.encode(1.0, target).item() == 1 << (62 if signed else 63)
        assert nf.parse(str(target)) == target


def test_e8m0_rounds_as_ml_dtypes_but_for_its_ties():
    """ml_dtypes is nearest_away, above its lowest binade; its dtype is a format."""
    ml_dtypes = pytest.importorskip("ml_dtypes")
    dtype = np.dtype(ml_dtypes.float8_e8m0fnu)
    assert str(nf.parse(dtype)) == "e8m0"
    codes = np.arange(256, dtype=np.uint8)
    theirs = codes.view(dtype).astype(np.float64)
    assert np.array_equal(nf.decode(codes, "e8m0"), theirs, equal_nan=True)
    assert np.array_equal(nf.encode(theirs[:255], dtype, "up", "error"), codes[:255])
    x = cases.around(cases.landmarks(Exponents(), range(254)))
    x = np.unique(x[x >= 2.0**-126].astype(np.float32))
    assert np.array_equal(nf.encode(x, "e8m0", "nearest_away"), x.astype(dtype).view(np.uint8))


@pytest.mark.parametrize("width", [2, 3, 5, 8])
def test_a_format_without_zero_has_no_other_neighbour_below(width, tally):
    """Zero, negative and tiny numbers leave the range below, in every mode and policy."""
    format = Exponents(width)
    target, tiny = library(format), float(format.value(0)) * 2.0**-40
    x = np.array([0.0, -0.0, -1.0, -tiny, tiny, float(format.value(0)) / 2])
    sheet = Sheet(format, x)
    for mode in oracle.DETERMINISTIC:
        for overflow in ("saturate", "nan"):
            codes = sheet.codes(sheet.rounded(mode), overflow, mode)[0]
            got = nf.encode(x, target, mode, overflow).astype(np.uint64)
            tally.same(got, codes, x, f"{target} {mode} {overflow}")
    for overflow in ("saturate_zero", "infinity", "unbounded"):
        with pytest.raises(nf.RoundingError, match="no meaning"):
            nf.quantize(x, target, overflow=overflow)
    tally.check()


def test_variance_corrected_draws_have_their_mean_where_there_is_no_zero():
    """Q^vc on powers of two alone: mean and variance of many draws within four standard errors."""
    n = 1 << 17
    drawn = nf.variance_corrected(np.full(n, 2.7), 1.5, "e8m0", key=nf.Key(4))
    assert_moments(drawn, 2.7, 1.5)
