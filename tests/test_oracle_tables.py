"""The oracle of codebooks and affine integers: by hand, by search, and against other packages."""

from fractions import Fraction
from statistics import NormalDist

import cases
import numpy as np
import oracle
import pytest
from oracle_formats import Fixed, Float
from oracle_lns import pow2
from oracle_tables import (
    BINARY,
    NF4,
    TERNARY,
    affine,
    codebook,
    groups,
    reciprocal_quotient,
    single,
)
from sheet import Sheet

UNEVEN = codebook([-7, -2.5, -1, 0.5, 0.75, 4, 9])
TABLES = {"binary": BINARY, "ternary": TERNARY, "nf4": NF4, "uneven": UNEVEN}
tables = pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)


def code(format, x, mode="nearest_even", overflow="saturate"):
    """One number through the oracle."""
    cell = format.cell(Fraction(x))
    upper = mode != "jam" and oracle.takes_upper(cell, mode)
    index = cell.jam if mode == "jam" else cell.upper if upper else cell.lower
    return oracle.settle(format, cell, index, overflow, mode)


def places(table):
    """Values, middles, their neighbours and some outside, as fractions."""
    points = set(table.values)
    pairs = list(zip(table.values, table.values[1:], strict=False))
    points |= {(a + b) / 2 for a, b in pairs} | {(3 * a + b) / 4 for a, b in pairs} | {Fraction(0)}
    low, high = table.values[0], table.values[-1]
    inside = {p + d for p in points for d in (Fraction(1, 10**9), Fraction(-1, 10**9), Fraction(0))}
    return sorted({x for x in inside if low <= x <= high}), [low - 1, high + 3]


@tables
def test_nearest_in_a_table_is_the_nearest(table):
    """By search over all values; ties to the even index."""
    inside, outside = places(table)
    for x in inside + outside:
        distances = [abs(v - x) for v in table.values]
        closest = [i for i, d in enumerate(distances) if d == min(distances)]
        expected = closest[0] if len(closest) == 1 else next(i for i in closest if i % 2 == 0)
        assert code(table, x) == expected, x


@tables
def test_directed_modes_of_a_table_are_their_definitions(table):
    """down and up by order; toward zero by magnitude, keeping the sign."""
    for x in places(table)[0]:
        at_most = max(v for v in table.values if v <= x)
        at_least = min(v for v in table.values if v >= x)
        assert table.decode(code(table, x, "down")) == at_most
        assert table.decode(code(table, x, "up")) == at_least
        if x == 0:
            assert code(table, x, "toward_zero") == code(table, x)
            continue
        inner, outer = (at_most, at_least) if x > 0 else (at_least, at_most)
        keeps = inner if inner * x >= 0 else outer
        assert table.decode(code(table, x, "toward_zero")) == keeps
        assert table.decode(code(table, x, "away_from_zero")) == outer


@tables
def test_stochastic_rounding_in_a_table_is_unbiased(table):
    """The tail makes the mean of the two neighbours the number itself."""
    for x in places(table)[0]:
        cell = table.cell(x)
        below, above = table.value(cell.lower), table.value(cell.upper)
        assert below + cell.tail * (above - below) == x
        assert 0 <= cell.tail < 1


def test_a_table_of_two_signs_without_zero():
    """{-3, 1}: 0 and the modes by magnitude."""
    table = codebook([-3, 1])
    assert [table.decode(code(table, x, "toward_zero")) for x in (0.5, -0.5, 0)] == [1, -3, 1]
    assert [table.decode(code(table, x, "nearest_away")) for x in (-1, 0, -1.5)] == [-3, 1, -3]
    assert [table.decode(code(table, x, "nearest_zero")) for x in (-1, 0, -1.5)] == [1, 1, -3]
    assert [code(BINARY, 0, mode) for mode in oracle.TIES] == [0, 1, 0, 0, 1, 0]
    assert [code(BINARY, 0, mode) for mode in ("toward_zero", "up", "down")] == [0, 1, 0]


def test_thresholds_of_a_table():
    """Geometric means within one sign, and thresholds of one's own; on one: the even index."""
    table = codebook([-8, -2, 0, 1, 4], turns="geometric")
    found = [code(table, x) for x in (-4.1, -4, -3.9, -1.1, 0.5, 0.51, 1.99, 2, 2.01)]
    assert found == [0, 0, 1, 1, 2, 3, 3, 4, 4]
    own = codebook([0, 1, 2], turns=[Fraction(1, 10), Fraction(19, 10)])
    assert [code(own, x) for x in (Fraction(1, 10), 0.11, 1.5, 1.95)] == [0, 1, 1, 2]
    assert code(own, Fraction(19, 10)) == 2


def test_outside_a_table_are_its_ends():
    """Every policy that a table has, on both sides."""
    assert [code(NF4, x, "down") for x in (-9, 9)] == [0, 15]
    assert [code(NF4, x, overflow="saturate_zero") for x in (-9, 9, 1)] == [7, 7, 15]
    assert code(NF4, 1.0001, overflow="error") is oracle.RANGE
    assert code(NF4, 1, overflow="error") == 15
    assert oracle.settle_infinity(NF4, True, "saturate") == 0
    assert "saturate_zero" not in oracle.policies(BINARY)


def test_nf4_is_made_of_normal_quantiles():
    """Quantiles of N(0, 1) at evenly spaced probabilities, a side at a time, divided by the end."""
    quantile, offset = NormalDist().inv_cdf, 0.9677083
    above = [quantile(p) for p in np.linspace(offset, 0.5, 9)[:-1]]
    below = [-quantile(p) for p in np.linspace(offset, 0.5, 8)[:-1]]
    values = np.sort([*above, *below, 0.0]) / above[0]
    np.testing.assert_allclose(values, [float(v) for v in NF4.values], atol=2e-7)


@pytest.mark.parametrize(
    "format",
    [Float(2, 1, special="finite"), Float(3, 2, special="finite"), Fixed(5, 2), pow2(4)],
    ids=str,
)
def test_a_float_written_as_a_table_rounds_alike(format):
    """Where no parity of codes matters, a table of a format's values is the format."""
    values = {format.decode(c) for c in range(1 << format.width)} - {"-0"}
    table = codebook(values)
    x = cases.interesting(format)
    x = x[x != 0]
    ours, theirs = Sheet(table, x), Sheet(format, x)
    for mode in set(oracle.DETERMINISTIC) - {"nearest_even", "nearest_odd", "to_odd", "jam"}:
        mine = ours.codes(ours.rounded(mode), "saturate", mode)[0]
        yours = theirs.codes(theirs.rounded(mode), "saturate", mode)[0]
        for a, b in zip(mine.tolist(), yours.tolist(), strict=True):
            other = format.decode(b)
            assert table.decode(a) == (0 if other == "-0" else other)


@pytest.mark.parametrize(
    ("x", "mode", "expected"),
    [
        (2.5, "nearest_even", 12),
        (2.5, "nearest_away", 13),
        (3.5, "nearest_even", 14),
        (-2.5, "nearest_even", 8),
        (-2.5, "nearest_away", 7),
        (-2.5, "nearest_zero", 8),
        (-2.5, "nearest_up", 8),
        (0, "nearest_even", 10),
        (-0.3, "toward_zero", 10),
        (-0.3, "away_from_zero", 9),
        (-0.3, "to_odd", 9),
        (2, "jam", 13),
        (1000, "nearest_even", 127),
        (-1000, "nearest_even", -128),
    ],
)
def test_affine_codes_by_hand(x, mode, expected):
    """Ties go by q - zero_point: scale 1/2, zero point 10."""
    format = affine(8, 0.5, 10)
    assert code(format, Fraction(x) / 2, mode) == expected % 256
    assert format.decode(expected % 256) == Fraction(expected - 10, 2)


def test_affine_overflow_is_of_the_code():
    """Wraps count from the code, the symmetric end needs zero point 0; saturate_zero is worth 0."""
    format = affine(8, 1, 100)
    assert code(format, 100, overflow="wrap(0)") == 200
    assert code(format, 100, overflow="saturate_zero") == 100
    assert code(format, 27, overflow="error") == 127
    assert code(format, 28, overflow="error") is oracle.RANGE
    assert "saturate_symmetric" not in oracle.policies(format)
    weights = affine(8, 0.25)
    assert code(weights, -32, overflow="saturate_symmetric") == -127 % 256
    unsigned = affine(8, 0.1, 128, signed=False)
    assert [code(unsigned, x) for x in (-99, 0, 99)] == [0, 128, 255]


def test_affine_zero_is_exact():
    """The zero point decodes to 0, and 0 encodes to it, in every mode but jam."""
    for zero_point in (-128, -1, 0, 77, 127):
        format = affine(8, 0.3, zero_point)
        assert format.decode(zero_point % 256) == 0
        for mode in (*oracle.TIES, *oracle.DIRECTED):
            assert code(format, 0, mode) == zero_point % 256


@pytest.mark.parametrize("zero_point", [0, 3, -20])
def test_affine_nearest_even_agrees_with_float64(zero_point):
    """Where scale is a power of two, numpy's rint is exact."""
    format, x = affine(8, 2.0**-4, zero_point), np.arange(-900, 900) / 64
    ours = [code(format, v) for v in x.tolist()]
    theirs = np.clip(np.rint(x * 16) + zero_point, -128, 127).astype(np.int8).view(np.uint8)
    assert ours == theirs.tolist()


def test_a_single_reciprocal_is_that_of_the_hardware():
    """x times the float32 reciprocal of the scale, as numpy's float32 computes it."""
    random = np.random.default_rng(5)
    x = random.normal(size=2000).astype(np.float32)
    scales = random.uniform(1e-3, 10, 2000).astype(np.float32)
    theirs = x * (np.float32(1) / scales)
    for a, s, t in zip(x.tolist(), scales.tolist(), theirs.tolist(), strict=True):
        assert reciprocal_quotient(Fraction(a), Fraction(s)) == Fraction(t)
    tiny = [1e-45, 3e-40, 2.0**-150, 2.0**-149 * 1.5]
    assert [single(Fraction(v)) for v in tiny] == [Fraction(float(np.float32(v))) for v in tiny]


def test_affine_scales_are_numbered_by_tensor_axis_and_group():
    """Element i of the C order takes scale groups(...)[i]."""
    assert groups((2, 3), None) == [0] * 6
    assert groups((2, 3), 0) == [0, 0, 0, 1, 1, 1]
    assert groups((2, 3), 1) == [0, 1, 2, 0, 1, 2]
    assert groups((2, 5), 1, 2) == [0, 0, 1, 1, 2, 3, 3, 4, 4, 5]
    assert groups((3, 2), 0, 2) == [0, 1, 0, 1, 2, 3]
