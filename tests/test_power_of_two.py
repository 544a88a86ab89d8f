"""Powers of two in the library: both tie points against the oracle, the law, names, refusals."""

import pickle
from fractions import Fraction

import cases
import numpy as np
import oracle
import oracle_random
import pytest
from grids import assert_moments
from oracle_lns import pow2
from oracle_real import power_of_two
from sheet import Sheet, values_of
from subjects import compare_rounding, library

import numfmt as nf

EVERY = [pow2(width, geometric) for width in range(2, 9) for geometric in (False, True)]
KEY = 2029
every = pytest.mark.parametrize("format", EVERY, ids=cases.spelled)


def interesting(format):
    """The cases of any float, and those next to the geometric means, inside the float64 range."""
    first = 1 - format.b
    exponents = (*range(first - 3, first + 8), *range(-3, 4), format.b + 1)
    means = {Fraction(float(power_of_two(2 * k + 1, 1))) for k in exponents if abs(k) < 1000}
    return np.concatenate([cases.interesting(format), cases.around(means)])


@every
def test_every_rounding_under_every_policy(format, tally):
    """Codes, values and unbounded values: midpoints of both kinds, their neighbours, the ends."""
    double = interesting(format)
    with np.errstate(over="ignore"):
        single = double.astype(np.float32)
    for x in (double, single[np.isfinite(single)]):
        sheet = Sheet(format, x)
        for mode in oracle.DETERMINISTIC:
            rounded = sheet.rounded(mode)
            for overflow in oracle.policies(format):
                compare_rounding(
                    tally, format, x, sheet.codes(rounded, overflow, mode), mode, overflow
                )
            codes = sheet.codes(rounded, "saturate", mode)[0]
            got = nf.quantize(x, library(format), mode, dtype=np.float64)
            tally.same(got, values_of(format, codes), x, mode)
        up = sheet.goes_up("stochastic", oracle_random.words(KEY, 0, len(x)))
        coded = sheet.codes(sheet.drawn(up), "saturate", "stochastic")
        compare_rounding(tally, format, x, coded, "stochastic", "saturate", key=nf.Key(KEY))
    tally.check()


@every
def test_names_and_facts(format):
    """Ends, the smallest value, precision 1; spelled, pickled, carrying modes."""
    target = library(format)
    word = ",geometric" if format.geometric else ""
    assert str(target) == f"pow2<{format.width}{word}>"
    assert nf.parse(str(target)) == target == pickle.loads(pickle.dumps(target))
    assert target.max == format.value(format.highest) == -target.min
    assert target.smallest_positive == format.value(1)
    assert (target.precision, target.eps) == (1, 1)
    assert not any((target.has_nan, target.has_infinity, target.has_irrational))
    carried = nf.parse(f"pow2<{format.width}{word},rounding=up>")
    assert carried == target.replace(rounding="up")
    assert nf.parse(str(carried)) == carried


def test_unbounded_range_turns_at_the_same_points():
    """Past the largest value the turning points go on."""
    x = [23.0, 22.0, 1e9 * 1.42, 0.17]
    geometric = nf.quantize(x, "pow2<4,geometric>", overflow="unbounded")
    assert geometric.tolist() == [32, 16, 2.0**30, 0]
    assert nf.quantize(x, "pow2<4>", overflow="unbounded").tolist() == [16, 16, 2.0**30, 0.25]


def test_the_square_root_of_two_is_a_tie():
    """lns<8,1> holds it: nearest roundings go by their tie rules, to the even code or away."""
    codes = np.array([1, 3], np.uint8)
    assert nf.decode(codes, "lns<8,1>").tolist() == [2**0.5, 2**1.5]
    for mode, expected in (("nearest_even", [2, 2]), ("nearest_away", [2, 4])):
        got = nf.convert(codes, "lns<8,1>", "pow2<4,geometric>", mode)
        assert nf.decode(got, "pow2<4>").tolist() == expected
    got = nf.convert(codes, "lns<8,1>", "pow2<4,geometric>", "nearest_zero")
    assert nf.decode(got, "pow2<4>").tolist() == [1, 2]


@pytest.mark.parametrize("tie", ["arithmetic", "geometric"])
def test_variance_corrected_draws_have_mean_and_variance(tie):
    """Q^vc goes by the values: both moments within four standard errors, whatever the tie point."""
    n, variance = 1 << 17, 1.0
    target = nf.PowerOfTwo(4, tie=tie)
    for mean in (0.6, -2.7):
        got = nf.variance_corrected(np.full(n, mean), variance, target, key=nf.Key(5))
        assert set(np.unique(got)) <= set(target.all_values())
        assert_moments(got, mean, variance)


@pytest.mark.parametrize(
    ("make", "argument"),
    [
        (lambda: nf.PowerOfTwo(1), "width=1"),
        (lambda: nf.PowerOfTwo(65), "width=65"),
        (lambda: nf.PowerOfTwo(4, tie="harmonic"), "harmonic"),
        (lambda: nf.parse("pow2<4,geometric,geometric>"), "pow2<width,geometric>"),
        (lambda: nf.parse("pow2<geometric>"), "pow2<width,geometric>"),
        (lambda: nf.PowerOfTwo(4, overflow="nan"), "no meaning"),
    ],
)
def test_what_is_no_such_format_is_refused(make, argument):
    """The error names the argument, its value and the range."""
    with pytest.raises(nf.NumfmtError) as caught:
        make()
    assert argument in str(caught.value)


def test_what_turns_up_to_the_smallest_value_does_not_underflow():
    """With the geometric tie 0.72 of the smallest value rounds to it, at any exponent range."""
    format, report = nf.PowerOfTwo(4, tie="geometric"), nf.Report()
    x = format.smallest_positive * np.array([0.70, 0.72])
    assert np.array_equal(nf.quantize(x, format, report=report) > 0, [False, True])
    assert report.underflowed == 1
