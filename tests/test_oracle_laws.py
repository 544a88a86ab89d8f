"""The variance-corrected laws themselves: moments as fractions, on any grid and in blocks."""

import itertools
from fractions import Fraction
from math import floor

import block_laws
import laws
import numpy as np
import pytest
from oracle_blocks import E2M1, E4M3
from oracle_formats import Float
from oracle_lns import LNS, pow2
from oracle_p3109 import p3109
from oracle_scales import E8M0
from oracle_tables import BINARY, NF4, TERNARY
from oracle_takum import LogTakum, Takum


def grid_of(format):
    """All finite values of a format in order."""
    values = {format.decode(c) for c in range(1 << format.width)} - {"nan", "inf", "-inf", "-0"}
    return sorted(values)


GRIDS = {
    "e2m1": grid_of(E2M1),
    "e4m3fn": grid_of(E4M3),
    "flush": grid_of(Float(3, 2, subnormals="round")),
    "binary6p3": grid_of(p3109(6, 3)),
    "pow2<5>": grid_of(pow2(5)),
    "takum8": grid_of(Takum(8)),
    "nf4": list(NF4.values),
    "ternary": list(TERNARY.values),
    "binary": list(BINARY.values),
    "e8m0": [v for v in grid_of(E8M0) if Fraction(1, 64) <= v <= 64],
}
grids = pytest.mark.parametrize("values", GRIDS.values(), ids=GRIDS)


def inner_cells(values):
    """Up to 9 cells away from the ends, near 0 and near 1 among them."""
    near = [i for i, v in enumerate(values) if abs(v) <= 2]
    return near[:: max(1, len(near) // 9)][:-1] or [0]


@grids
def test_nested_pairs_have_the_mean_and_variance_asked_for(values):
    """E3's 7 x 7 means and variances in each cell: exact, or the least that the mean allows."""
    grid = laws.Nested(values)
    low, high = grid.values[0], grid.values[-1]
    for i in inner_cells(values):
        gap = grid.values[i + 1] - grid.values[i]
        for a, b in itertools.product(range(7), range(7)):
            mean, variance = grid.values[i] + gap * a / 7, gap**2 * Fraction(b, 14)
            law = grid.law(mean, variance)
            kind, _, _ = grid.pairs(mean, variance)
            got_mean, got = laws.moments(law)
            least = laws.moments(grid.law(mean, 0))[1]
            assert all(0 <= p <= 1 for p in law.values())
            assert got_mean == mean
            assert set(law) <= set(grid.values)
            if kind == "saturated":
                assert got <= variance
                assert variance > least
                assert {low, high} & set(law)
            else:
                assert got == max(variance, least)
                assert (kind == "infeasible") == (variance < least)


def three_points(mean, variance, below, middle, above):
    """The closed form of the first steps: (down, stay, up) around the nearer end of the cell."""
    m, down, up = mean - middle, middle - below, above - middle
    p_up = (variance + m * m + m * down) / (up * (down + up))
    p_down = (variance + m * m - m * up) / (down * (down + up))
    return {below: p_down, middle: 1 - p_up - p_down, above: p_up}


@grids
def test_the_first_steps_are_the_three_point_law(values):
    """Where it is feasible: max(m(D+ - m), -m(D- + m)) <= v <= (D+ - m)(D- + m)."""
    grid = laws.Nested(values)
    for i in [i for i in inner_cells(values) if 0 < i < len(values) - 1]:
        below, middle, above = grid.values[i - 1 : i + 2]
        up, down = above - middle, middle - below
        for k, b in itertools.product(range(-7, 8), range(1, 8)):
            m = (up if k > 0 else down) * Fraction(k, 15)
            least, most = max(m * (up - m), -m * (down + m)), (up - m) * (down + m)
            variance = least + (most - least) * Fraction(b, 7)
            expected = three_points(middle + m, variance, below, middle, above)
            expected = {v: p for v, p in expected.items() if p}
            assert grid.law(middle + m, variance) == expected


def test_on_a_uniform_grid_the_nested_pairs_are_one_shot():
    """Cat(|m|, v) around the nearest point (of two the lower), -D / 2 < m <= D / 2.

    That is while |m|(D - |m|) <= v <= D**2 - m**2.
    """
    grid, gap = laws.Nested([Fraction(k, 8) for k in range(-20, 21)]), Fraction(1, 8)
    for k, b in itertools.product(range(-7, 9), range(9)):
        m = gap * Fraction(k, 16)
        least, most = abs(m) * (gap - abs(m)), gap**2 - m**2
        v = least + (most - least) * Fraction(b, 8)
        mean = Fraction(1, 4) + m
        away = (v + m * m + abs(m) * gap) / (2 * gap**2)
        back = (v + m * m - abs(m) * gap) / (2 * gap**2)
        sign = gap if m >= 0 else -gap
        near = Fraction(1, 4)
        expected = {near: 1 - away - back, near + sign: away, near - sign: back}
        assert grid.law(mean, v) == {x: p for x, p in expected.items() if p}


def test_beyond_the_ends_and_at_them():
    """Outside: the end, counted; on the last value: nothing to balance it, so it stays."""
    grid = laws.Nested([-4, -1, 0, 2])
    assert grid.law(5, 1) == {2: 1}
    assert grid.pairs(5, 1)[0] == "saturated"
    assert grid.law(2, 1) == {2: 1}
    assert grid.pairs(2, 1)[0] == "saturated"
    assert grid.law(-4, 0) == {-4: 1}
    assert grid.pairs(-4, 0)[0] == ""


@pytest.mark.parametrize("format", [LNS(7, 2), LogTakum(7)], ids=str)
def test_nested_pairs_on_irrational_values(format):
    """Mean and variance, enclosed to 100 bits."""
    positive = [format.value(i) for i in range(format.highest + 1)]
    grid = laws.Nested([-v if v else v for v in reversed(positive[1:])] + positive)
    for mean, variance in itertools.product((Fraction(9, 8), Fraction(-1, 3)), (1, 5, 20)):
        variance = Fraction(variance, 100)
        if grid.pairs(mean, variance)[0]:
            continue
        law = list(grid.law(mean, variance).items())
        got = sum(v * p for v, p in law)
        second = sum((v - mean) * (v - mean) * p for v, p in law)
        for number, expected in ((got, mean), (second, variance), (sum(p for _, p in law), 1)):
            low, high = number.at(256)
            assert low <= expected <= high
            assert high - low < Fraction(1, 1 << 100)
        assert all(floor(p * 1000) >= 0 for _, p in law)


def test_a_gaussian_comes_first_where_no_gap_is_wide():
    """The widest gap within 8 standard deviations, ends included, decides."""
    grid = laws.Nested([-100, -1, -0.5, 0, 0.5, 1, 100])
    assert grid.widest_gap(0, Fraction(1, 1024)) == Fraction(1, 2)
    assert grid.widest_gap(0, Fraction(1, 64)) == 99
    assert grid.widest_gap(0, Fraction(1, 65)) == Fraction(1, 2)
    assert not grid.takes_a_gaussian(0, Fraction(1, 64))
    wide = laws.Nested(range(-100, 101))
    assert not wide.takes_a_gaussian(0, Fraction(1, 4))
    assert wide.takes_a_gaussian(0, Fraction(1, 4) + Fraction(1, 1 << 60))


def blocks():
    """Means and one variance each: near powers of two, tiny, equal, and normal."""
    random = np.random.default_rng(13)
    for v in (0, 1e-12, 1e-6, 1e-3, 0.05, 3.0):
        for top in (0.999, 1.0, 1.001, 1e-6, 300.0):
            yield [top, *(random.normal(size=5) * top / 3).tolist(), 0.0], v


@pytest.mark.parametrize("width", [3, 4, 8, 11])
@pytest.mark.parametrize("symmetric", [True, False])
def test_the_exponent_of_a_block_is_the_smallest_that_leaves_room(width, symmetric):
    """t = 2**(E+1) - 3 D - max|mu| >= 0 and t**2 >= 36 v, and E - 1 fails."""
    law = block_laws.bfp(width, symmetric)
    for means, v in blocks():
        e = law.exponent(means, [v] * len(means))

        def has_room(e, means=means, v=v):
            gap = Fraction(2) ** (e + 2 - width)
            t = Fraction(2) ** (e + 1) - 3 * gap - max(abs(Fraction(m)) for m in means)
            return t >= 0 and t * t >= 36 * Fraction(v)

        assert has_room(e)
        assert not has_room(e - 1)
        grid = law.of(means, [v] * len(means))
        assert grid.gap == Fraction(2) ** (e + 2 - width)
        assert grid.high == Fraction(2) ** (e + 1) - grid.gap
        assert grid.low == -grid.high - (0 if symmetric else grid.gap)


def test_exponents_are_clamped_and_zero_blocks_have_none():
    """Narrow exponents saturate; no variance around 0 is a block of zeros."""
    law = block_laws.bfp(8, low=-4, high=3)
    assert law.exponent([1e9], [0]) == 3
    assert law.exponent([1e-9], [1e-30]) == -4
    assert law.exponent([0, 0], [0, 0]) is None
    assert law.of([0], [0]) is None
    assert law.exponent([0], [1.0]) == 2
    assert block_laws.bfp(3).exponent([1.0], [0]) == 1


@pytest.mark.parametrize("width", [4, 8])
def test_every_element_of_a_block_has_its_mean_and_variance(width):
    """Branch B as fractions; branch A's law around every Gaussian point within 6 deviations."""
    law = block_laws.bfp(width)
    for means, v in blocks():
        grid = law.of(means, [v] * len(means))
        for mean in map(Fraction, means):
            if Fraction(v) <= grid.own:
                got = laws.moments(grid.law(mean, v))
                assert got == (mean, max(Fraction(v), grid.least(mean)))
                continue
            reach = 6 * Fraction(float(np.sqrt(v))) * (1 - Fraction(1, 1 << 40))
            for k in range(-6, 7):
                x = mean + reach * k / 6
                around = dict(grid.around(x))
                assert laws.moments(around) == (x, grid.own)
                assert all(0 <= p <= 1 and grid.low <= q <= grid.high for q, p in around.items())


@pytest.mark.parametrize("element", [E2M1, E4M3], ids=str)
def test_blocks_of_floats_follow_the_nested_pairs(element):
    """One exponent, and then every element's moments, in the grid times 2**e."""
    law = block_laws.BlockLaw(tuple(grid_of(element)), -127, 127)
    for means, v in blocks():
        grid = law.of(means, [v] * len(means))
        e = law.exponent(means, [v] * len(means))
        assert grid.values == [x * Fraction(2) ** e for x in law.grid]
        for mean in map(Fraction, means):
            kind, _, _ = grid.pairs(mean, v)
            got_mean, got = laws.moments(grid.law(mean, v))
            assert got_mean == mean
            assert kind != "saturated"
            assert got == max(Fraction(v), laws.moments(grid.law(mean, 0))[1])


def test_published_faults_do_not_exist_here():
    """The top-up survives an infeasible neighbour; one gap serves a block that crosses 1."""
    law, v = block_laws.bfp(8), Fraction(1, 10**6)
    grid = law.of([1.5, 0.0], [v, v])
    assert grid.least(grid.gap / 2) > v
    assert laws.moments(grid.law(0, v)) == (0, v)
    v = 4 * Fraction(1, 64) ** 2 / 4
    for top in (0.999, 1.001):
        grid = law.of([top], [v])
        for x in (Fraction(99, 100), Fraction(101, 100)):
            assert {(q / grid.gap).denominator for q, _ in grid.around(x)} == {1}
            assert laws.moments(dict(grid.around(x))) == (x, grid.own)


def test_a_drawn_block_may_be_stored_with_its_own_exponent():
    """Lowering the exponent to that of the largest value loses nothing."""
    law = block_laws.bfp(8)
    means = [0.7, -0.3, 0.02]
    grid = law.of(means, [1e-3] * 3)
    drawn = [min(grid.law(mean, 1e-6)) for mean in means]
    e = block_laws.stored_exponent(drawn)
    assert e <= law.exponent(means, [1e-3] * 3)
    integers = [v / Fraction(2) ** (e + 2 - 8) for v in drawn]
    assert all(i.denominator == 1 and abs(i) <= 127 for i in integers)
    assert block_laws.stored_exponent([Fraction(0)]) is None
