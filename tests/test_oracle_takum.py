"""The oracle of takums against the definition for both signs, universal_dtypes and mpmath."""

import warnings
from fractions import Fraction
from math import floor

import cases
import numpy as np
import oracle
import pytest
from oracle_real import Real, exp, power_of_two
from oracle_takum import LogTakum, Takum, log_takum_value, takum_value
from sheet import Sheet, to_float

WIDTHS = [2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 16]
UNIVERSAL = {"takum8": 8, "takum16": 16, "takum32": 32, "takum64": 64}


def sample(format, count=120):
    """Indices near both ends and the middle, and some between."""
    last = format.highest
    if last < 300:
        return range(last)
    random = np.random.default_rng(4)
    middle = (last + 1) // 2
    found = {*range(40), *range(last - 40, last), *range(middle - 20, middle + 20)}
    return sorted(found | set(random.integers(0, last, count).tolist()))


def numbers(format):
    """Values, both kinds of midpoints and their neighbours as doubles, and some beyond."""
    points = set()
    for i in sample(format):
        below, above = format.value(i), format.value(i + 1)
        points |= {below, above, (below + above) / 2, format._middle(i)}
    x = cases.around({Fraction(float(p)) for p in points} | {Fraction(2) ** 300})
    return x[np.isfinite(x) & (x != 0)]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("value", [takum_value, log_takum_value])
def test_codes_are_in_order_and_negate_as_integers(width, value):
    """Larger two's complement integers are larger numbers; minus is two's complement."""
    positive = [value(width, code) for code in range(1 << (width - 1))]
    step = 1 if width < 12 else 97
    assert all(a < b for a, b in zip(positive[::step], positive[step::step], strict=False))
    for code in range(1, 1 << (width - 1), step):
        opposite = value(width, (1 << width) - code)
        assert float(opposite) == -float(positive[code])
        assert value is log_takum_value or opposite == -positive[code]


def test_takum16_ends_are_the_published_ones():
    """Linear takum16 reaches from 1.835e-77 to 5.609e76."""
    format = Takum(16)
    assert f"{float(format.value(1)):.3e}" == "1.835e-77"
    assert f"{float(format.value(format.highest)):.3e}" == "5.609e+76"


def test_a_takum_by_hand():
    """12 bits, 0 1 010 01 00000: r = 2, c = 3 + 1 = 4, m = 0."""
    assert takum_value(12, 0b010100100000) == 16
    assert takum_value(12, 0b010100110000) == 24
    assert takum_value(12, 0b001100000000) == Fraction(1, 8)
    assert takum_value(12, 0b001110000000) == Fraction(1, 2)
    assert abs(float(log_takum_value(12, 0b010100110000)) - np.exp(2.25)) < 1e-12


@pytest.mark.parametrize("name", UNIVERSAL)
def test_every_takum_code_is_worth_what_universal_dtypes_says(name):
    """All codes of takum8 and takum16, some of the longer ones."""
    universal = pytest.importorskip("universal_dtypes")
    width = UNIVERSAL[name]
    codes = np.arange(1 << 16, dtype=np.uint64)
    if width > 16:
        codes = np.random.default_rng(1).integers(0, 1 << width, 2000, dtype=np.uint64)
    codes = codes[: 1 << width].astype(f"u{width // 8}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        theirs = codes.view(getattr(universal, name)).astype(np.float64)
    for code, value in zip(codes.tolist(), theirs.tolist(), strict=True):
        ours = Takum(width).decode(code)
        assert np.isnan(value) if ours == "nan" else float(ours) == value


def nearly_a_tie(format, x):
    """Is x next to a midpoint of two codes, but not on it?"""
    cell = format.cell(Fraction(x))
    if cell.half == 0 or cell.lower == cell.upper:
        return False
    return abs(abs(Fraction(x)) / format._middle(cell.lower) - 1) < Fraction(1, 1 << 45)


@pytest.mark.parametrize("name", UNIVERSAL)
def test_nearest_takum_is_the_one_of_universal_dtypes(name):
    """Values, arithmetic and encoding midpoints, numbers beyond the ends, and their neighbours.

    Left out: takum8 nearer than 2**-45 (relative) to a midpoint but not on it, which
    universal_dtypes takes for a tie.
    """
    universal = pytest.importorskip("universal_dtypes")
    format = Takum(UNIVERSAL[name])
    x = numbers(format)
    if format.width == 8:
        x = np.array([v for v in x.tolist() if not nearly_a_tie(format, v)])
    sheet = Sheet(format, x)
    ours = sheet.codes(sheet.rounded("nearest_even"), "saturate", "nearest_even")[0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        theirs = x.astype(getattr(universal, name)).view(f"u{format.width // 8}")
    assert np.array_equal(ours, theirs)


@pytest.mark.parametrize("format", [Takum(8), Takum(12), Takum(20), LogTakum(8), LogTakum(12)])
def test_cells_of_takums_bracket_the_number(format):
    """The lower neighbour, plus the tail of the way to the upper one, is the number."""
    for x in numbers(format)[::11].tolist():
        a, cell = Fraction(abs(x)), format.cell(Fraction(x))
        if cell.upper == cell.lower:
            assert a > format.value(format.highest) or a < format.value(1)
            continue
        below, above = format.value(cell.lower), format.value(cell.upper)
        assert below <= a < above
        assert cell.tail == 0 or 0 < cell.tail < 1
        again = below + (above - below) * cell.tail
        assert abs(float(again) - abs(x)) <= 2**-52 * abs(x)


@pytest.mark.parametrize("format", [Takum(8), Takum(13), LogTakum(8)])
def test_the_tail_of_a_takum_code_agrees_with_longer_takums(format):
    """Cutting the endless string is the same as looking among takums with 8 more bits."""
    finer = type(format)(format.width + 8)
    for index in range(256, finer.highest, 601):
        a = Fraction(float(finer.value(index))) * (1 + Fraction(1, 1 << 40))
        cell = format.cell(a)
        if cell.code_tail is None:
            assert not format.value(1) <= a <= format.value(format.highest)
            continue
        assert floor((cell.lower + cell.code_tail) * 256) == finer._index_at(a)


@pytest.mark.parametrize("width", [6, 8, 10, 12, 16])
def test_logarithmic_takums_agree_with_mpmath(width):
    """Cells and halves of cells, by logarithms to 60 digits."""
    mpmath = pytest.importorskip("mpmath")
    format, finer = LogTakum(width), LogTakum(width + 1)
    with mpmath.workdps(60):
        for index in sample(format, 40)[1:]:
            exact = mpmath.exp(mpmath.mpf(_log(width + 1, 2 * index + 1)) / 2)
            assert mpmath.almosteq(mpmath.mpf(float(finer.value(2 * index + 1))), exact, 1e-15)
            x = float(exact)
            cell = format.cell(Fraction(x))
            assert (cell.lower, cell.half) == (index, 1 if mpmath.mpf(x) > exact else -1)


def _log(width, code):
    """2 ln of a positive logarithmic takum, exactly, from its fields."""
    from oracle_takum import fields

    _, c, m = fields(width, code)
    return float(c + m)


def test_takums_never_round_to_zero_or_nar_but_by_chance():
    """Tiny numbers give the smallest, huge ones the largest; stochastic modes may give 0."""
    for format in (Takum(8), LogTakum(8), Takum(32)):
        for mode in oracle.DETERMINISTIC:
            assert _index(format, Fraction(1, 2**400), mode) == 1
        cell = format.cell(Fraction(1, 2**400))
        assert cell.random_lower == 0
        assert 0 < cell.tail < 1
        beyond = format.cell(Fraction(-(2**400)))
        assert oracle.settle(format, beyond, beyond.lower, "saturate", "up") == format.nan + 1
        assert oracle.settle(format, beyond, beyond.lower, "nan", "nearest_even") == format.nan


def _index(format, x, mode):
    cell = format.cell(x)
    if mode == "jam":
        return cell.jam
    return cell.upper if oracle.takes_upper(cell, mode) else cell.lower


def test_stochastic_takums_split_by_value():
    """The thresholds of a logarithmic cell follow its irrational tail."""
    format = LogTakum(8)
    x = Fraction(13, 8)
    cell = format.cell(x)
    below, above = (float(format.value(i)) for i in (cell.lower, cell.upper))
    expected = 256 - np.floor((1.625 - below) / (above - below) * 256)
    assert oracle.threshold(cell.tail, "A", 8) == expected
    words = [int((1 - float(cell.tail)) * 2**32) + 2]
    assert oracle.takes_upper_all_bits(cell.tail, words)
    assert not oracle.takes_upper_all_bits(cell.tail, [words[0] - 4])


@pytest.mark.parametrize("q", ["1/2", "-1/2", "255/2", "-127", "1/1099511627776", "7/3"])
def test_powers_of_e_agree_with_mpmath(q):
    """400 bits of e**q lie between the bounds."""
    mpmath = pytest.importorskip("mpmath")
    low, high = exp(Fraction(q)).at(400)
    assert 0 < high - low < high / 2**399
    with mpmath.workprec(1200):
        e = mpmath.exp(mpmath.mpf(Fraction(q).numerator) / Fraction(q).denominator)
        assert mpmath.mpf(low.numerator) / low.denominator < e
        assert e < mpmath.mpf(high.numerator) / high.denominator


def test_powers_of_two_are_their_own_roots():
    """2**(k / 2**r), squared r times, is 2**k; whole exponents are exact."""
    for k, r in ((1, 1), (-5, 3), (1000, 7), (-77, 12)):
        low, high = power_of_two(k, r).at(200)
        assert low ** (1 << r) < Fraction(2) ** k < high ** (1 << r)
    assert power_of_two(-24, 3) == Fraction(1, 8)


def test_a_real_is_ordered_among_rationals():
    """Comparisons, floors and differences of an irrational number are decided, never rounded."""
    e = exp(Fraction(1))
    near = Fraction(6121026514868073, 2251799813685248)
    assert e > near - Fraction(1, 1 << 50)
    assert e < near + Fraction(1, 1 << 50)
    assert floor(e * (1 << 200)) == floor(e * (1 << 201)) >> 1
    assert isinstance(e - near, Real)
    assert floor(1 - e) == -2
    assert to_float(2) == 2
