"""The oracle of logarithmic numbers and powers of two against universal_dtypes and by hand."""

import warnings
from fractions import Fraction
from math import floor

import cases
import numpy as np
import oracle
import pytest
from oracle_formats import Float
from oracle_lns import LNS, pow2
from sheet import Sheet, value_table

UNIVERSAL = {"lns16": LNS(16, 8), "lns32": LNS(32, 16)}
SMALL = [LNS(3, 0), LNS(4, 1), LNS(5, 0), LNS(6, 3), LNS(8, 4), LNS(8, 6)]


def code(format, x, mode="nearest_even", overflow="saturate"):
    """One number through the oracle."""
    cell = format.cell(Fraction(x))
    upper = mode != "jam" and oracle.takes_upper(cell, mode)
    index = cell.jam if mode == "jam" else cell.upper if upper else cell.lower
    return oracle.settle(format, cell, index, overflow, mode)


def universal_codes(name, x):
    """What universal_dtypes encodes doubles as."""
    universal = pytest.importorskip("universal_dtypes")
    format = UNIVERSAL[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return x.astype(getattr(universal, name)).view(f"u{format.width // 8}")


def log_points(format):
    """Doubles at six places within log steps, inside the range of doubles, both signs."""
    last = format.highest - (1 << (format.width - 2))
    last = min(last, 1000 << format.fraction_bits)
    logs = np.random.default_rng(2).integers(-last, last, 400)
    logs = np.concatenate([logs, np.arange(-last - 4, -last + 8), np.arange(last - 8, last + 4)])
    steps = np.add.outer(logs, [0.1, 0.3, 0.48, 0.52, 0.7, 0.9]).ravel()
    x = 2.0 ** (steps / (1 << format.fraction_bits))
    return np.concatenate([x, -x])


@pytest.mark.parametrize("name", UNIVERSAL)
def test_nearest_logs_are_those_of_universal_dtypes(name):
    """Rounding is of the log; half a step below the smallest number everything is zero."""
    format, x = UNIVERSAL[name], log_points(UNIVERSAL[name])
    sheet = Sheet(format, x)
    ours = sheet.codes(sheet.rounded("nearest_even"), "saturate", "nearest_even")[0]
    assert np.array_equal(ours, universal_codes(name, x))


def test_every_lns16_code_is_worth_what_universal_dtypes_says():
    """All 65,536 codes, zero and NaN among them, to the last bits of its double arithmetic."""
    universal = pytest.importorskip("universal_dtypes")
    codes = np.arange(1 << 16, dtype=np.uint16)
    theirs = codes.view(universal.lns16).astype(np.float64)
    np.testing.assert_allclose(value_table(LNS(16, 8)), theirs, rtol=4e-16, atol=0)


@pytest.mark.parametrize("format", SMALL, ids=str)
def test_lns_codes_are_the_definition(format):
    """Sign, and two's complement log: 10..0 is zero or NaN."""
    values, log_bits = value_table(format), format.width - 1
    for c in range(1 << format.width):
        log = c % (1 << log_bits)
        log -= (1 << log_bits) * (log >> (log_bits - 1))
        size = 2.0 ** (log / 2**format.fraction_bits)
        if log == -(1 << (log_bits - 1)):
            assert np.isnan(values[c]) if c >> log_bits else values[c] == 0
        else:
            assert values[c] == pytest.approx(-size if c >> log_bits else size, rel=1e-15)


@pytest.mark.parametrize("format", SMALL, ids=str)
def test_every_lns_value_and_its_neighbours_stay_themselves(format):
    """A double next to a value lies in the cell on its side of the value."""
    for index in range(1, format.highest + 1):
        value = float(format.value(index))
        for x in (np.nextafter(value, 0), value, np.nextafter(value, 9e99)):
            cell = format.cell(Fraction(x))
            above = Fraction(x) >= format.value(index)
            assert cell.lower == (index if above else index - 1)
            for mode in oracle.TIES:
                assert code(format, x, mode) == format.encode(False, index)
                assert code(format, -x, mode) == format.encode(True, index)


def test_modes_of_lns_by_hand():
    """LNS<8,4>: 3 lies between 2**(25/16) and 2**(26/16); 2**-3.96875 is the last to round up."""
    format = LNS(8, 4)
    assert [code(format, 3, m) for m in ("down", "up", "nearest_even")] == [25, 26, 25]
    assert [code(format, -3, m) for m in ("down", "up", "to_odd", "jam")] == [154, 153, 153, 153]
    assert [code(format, 8, m) for m in ("to_odd", "jam")] == [48, 49]
    smallest = -63 % 128
    assert code(format, 2.0**-3.96) == smallest
    assert code(format, 2.0**-3.97) == 64
    assert code(format, -(2.0**-3.97)) == 64
    assert code(format, -(2.0**-9), "away_from_zero") == smallest + 128
    assert code(format, 0) == code(format, 0, "jam") == 64


def test_overflow_of_lns():
    """Ends, NaN, zero, an error, or the log modulo its field."""
    format = LNS(8, 4)
    assert code(format, -1000) == 63 + 128
    assert code(format, -1000, overflow="nan") == 192
    assert code(format, -1000, "toward_zero", "nan") == 63 + 128
    assert code(format, 1000, overflow="saturate_zero") == 64
    assert code(format, 1000, overflow="error") is oracle.RANGE
    assert code(format, 2**9, overflow="wrap(0)") == (9 * 16) % 128
    assert code(format, 2**5, overflow="wrap(0)") == 80
    assert code(format, 2**4, overflow="wrap(0)") == 64, "the log 10..0 is zero"
    assert code(format, -(2**4), overflow="wrap(0)") == 192, "and NaN with a sign"
    assert oracle.settle_infinity(format, True, "saturate") == 63 + 128
    assert oracle.settle_infinity(format, True, "wrap(0)") is oracle.RANGE


def test_stochastic_lns_splits_by_value():
    """The tail is the distance ratio of values; below the smallest number it is |x| over it."""
    format = LNS(8, 4)
    cell = format.cell(Fraction(3))
    ratio = (3 - 2 ** (25 / 16)) / (2 ** (26 / 16) - 2 ** (25 / 16))
    assert floor(cell.tail * 10**9) == floor(ratio * 10**9)
    tiny = format.cell(Fraction(1, 64))
    assert float(tiny.tail) == pytest.approx(2.0**-6 / 2 ** (-63 / 16))


@pytest.mark.parametrize("width", [3, 4, 5, 6])
def test_arithmetic_powers_of_two_are_the_finite_floats(width):
    """pow2<k> is the finite float of k-1 exponent bits and precision 1, in every mode."""
    format, same = pow2(width), Float(width - 1, 0, special="finite")
    x = cases.interesting(same)
    ours, theirs = Sheet(format, x), Sheet(same, x)
    for mode in oracle.DETERMINISTIC:
        codes = [s.codes(s.rounded(mode), "saturate", mode)[0] for s in (ours, theirs)]
        assert np.array_equal(*codes)


@pytest.mark.parametrize("width", [3, 4, 5, 6])
def test_geometric_powers_of_two_round_as_lns_without_fraction(width):
    """Nearest turns at the square root of 2, and at the square root of 1/2 of the smallest."""
    format, logs = pow2(width, geometric=True), LNS(width + 3, 0)
    lowest, highest = format.value(1), format.value(format.highest)
    x = np.geomspace(float(lowest) * 0.3, float(highest) * 0.99, 999)
    for v in x.tolist():
        log = format.decode(code(format, -v))
        expected = logs.decode(code(logs, -v))
        if expected > -lowest:
            assert log == "-0"
        else:
            assert log == max(expected, -highest)


def test_powers_of_two_by_hand():
    """pow2<4>: -2**4 .. 2**4 in steps of one binade, and 0."""
    format = pow2(4)
    assert [format.value(i) for i in range(8)] == [0, *(Fraction(2) ** k for k in range(-2, 5))]
    assert [format.decode(code(format, x)) for x in (1.4, 1.5, 3, 6, 0.125)] == [1, 2, 2, 8, 0]
    geometric = pow2(4, geometric=True)
    assert [geometric.decode(code(geometric, x)) for x in (1.4, 1.42, 2.9, 0.17, 0.18)] == [
        *(1, 2, 4),
        *(0, 0.25),
    ]
