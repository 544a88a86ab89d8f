"""Operations on Arrays and plain numbers: operands, the result's format, modes, errors."""

import itertools
from fractions import Fraction

import numpy as np
import oracle_arithmetic as arithmetic
import pytest
from oracle_formats import Fixed, Float, Posit
from oracle_numbers import coded, exact, flags, number
from subjects import library

import numfmt as nf
from numfmt._core import OPERATIONS

E4M3FN, E5M2, POSIT6, FIXED6 = Float(4, 3, special="fn"), Float(5, 2), Posit(6, 1), Fixed(6, 3)
TRUTHS = [name for name, row in OPERATIONS.items() if row.gives_truth and hasattr(nf, name)]
ROUNDED = [name for name, row in OPERATIONS.items() if not row.gives_truth]
ARITHMETIC = [name for name in ROUNDED if not name.startswith("next") and name != "power"]
CODES = np.arange(0, 64, 5, dtype=np.uint8)


def expected(name, format, rounding, sources):
    """The codes of one operation on rows of (format, code), by the oracle."""
    overflow = "infinity" if format.__dict__.get("special") == "ieee" else "saturate"
    found = []
    for row in sources:
        operands = [number(source, code) for source, code in row]
        result, _ = arithmetic.operate(name, *operands, rounding=rounding, format=format)
        found.append(coded(format, result, rounding, overflow))
    return found


def rows_of(count, format):
    """All rows of a few codes: operands as arrays, and as (format, code) pairs."""
    codes = CODES if count < 3 else CODES[::3]
    rows = list(itertools.product(codes.tolist(), repeat=count))
    columns = [np.array(column, np.uint8) for column in zip(*rows, strict=True)]
    return columns, [[(format, code) for code in row] for row in rows]


@pytest.mark.parametrize("format", [E4M3FN, E5M2, POSIT6], ids=str)
@pytest.mark.parametrize("name", ARITHMETIC)
def test_operations_round_exact_results(name, format, tally):
    """Of Arrays of one format, to it, by mode; also by another format named."""
    columns, rows = rows_of(OPERATIONS[name].operands, format)
    arrays = [nf.from_codes(column, library(format)) for column in columns]
    for rounding in ("nearest_even", "toward_zero", "up"):
        got = getattr(nf, name)(*arrays, rounding=rounding)
        assert got.format == library(format)
        tally.same(got.codes, np.array(expected(name, format, rounding, rows)), columns[0], name)
    other = getattr(nf, name)(*arrays, "float<5,2>", "down")
    tally.same(other.codes, np.array(expected(name, E5M2, "down", rows)), columns[0], name)
    tally.check()


@pytest.mark.parametrize("name", TRUTHS)
def test_comparisons_and_classes_are_exact(name):
    """Booleans, of mixed formats and plain numbers too."""
    row = OPERATIONS[name]
    if row.operands == 1:
        a = nf.from_codes(np.arange(256, dtype=np.uint8), "e5m2")
        if name in arithmetic.CLASSES:
            truths = [arithmetic.holds(name, number(E5M2, code)) for code in range(256)]
            assert getattr(nf, name)(a).tolist() == truths
        return
    a, b = nf.from_codes(CODES, "posit<6,1>"), nf.from_codes(CODES, "fixed<6,3>")
    got = getattr(nf, name)(a[:, None], b)
    pairs = itertools.product(CODES.tolist(), repeat=2)
    truths = [arithmetic.holds(name, number(POSIT6, p), number(FIXED6, q)) for p, q in pairs]
    assert got.dtype == bool
    assert got.ravel().tolist() == truths
    assert getattr(nf, name)(a, 0.1).tolist() == getattr(np, name)(a.values, 0.1).tolist()


def test_numbers_are_zero_subnormal_normal_or_none_of_these():
    """Of floats by the smallest normal number; posits and fixed point have no subnormals."""
    for format in ("e5m2", "e4m3fn", "posit<8,1>", "fixed<8,3>"):
        own = nf.parse(format)
        a = nf.from_codes(own.all_codes(), own)
        size, finite = np.abs(a.values), np.isfinite(a.values)
        assert np.array_equal(nf.iszero(a), size == 0)
        assert np.array_equal(nf.issubnormal(a), (size > 0) & (size < own.smallest_normal))
        assert np.array_equal(nf.isnormal(a), finite & (size >= own.smallest_normal))


def test_operators_are_the_operations():
    """Each symbol, on either side, and in place."""
    a, b = nf.array([1.5, -2.0, 7.0], "e4m3fn"), nf.array([3.0, 0.5, -1.25], "e4m3fn")
    pairs = [
        (a + b, nf.add(a, b)),
        (a - b, nf.subtract(a, b)),
        (a * b, nf.multiply(a, b)),
        (a / b, nf.divide(a, b)),
        (a % b, nf.remainder(a, b)),
        (-a, nf.negative(a)),
        (abs(a), nf.absolute(a)),
        (2 + a, nf.add(2, a)),
        (2 - a, nf.subtract(2, a)),
        (np.float64(2) * a, nf.multiply(2, a)),
        (np.array([2.0, 1.0, 4.0]) / a, nf.divide([2, 1, 4], a)),
        ([2, 1, 4] % a, nf.remainder([2, 1, 4], a)),
        (np.add(a, b), nf.add(a, b)),
        (np.fmin(a, b), nf.minimum_number(a, b)),
        (np.sqrt(abs(a)), nf.sqrt(nf.absolute(a))),
    ]
    for got, wanted in pairs:
        assert got.format == wanted.format
        assert np.array_equal(got.codes, wanted.codes)
    for got, wanted in (
        (a == b, nf.equal(a, b)),
        (a != b, nf.not_equal(a, b)),
        (a < b, nf.less(a, b)),
        (a <= b, nf.less_equal(a, b)),
        (a > b, nf.greater(a, b)),
        (a >= 2, nf.greater_equal(a, 2)),
        (a > 0.1, nf.greater(a, 0.1)),
        (np.isnan(a), nf.isnan(a)),
    ):
        assert np.array_equal(got, wanted)
    assert (a == None) is False  # noqa: E711
    assert np.array_equal(a, a)
    assert not np.array_equal(a, b)
    assert a[nf.array(2, "e4m3fn") < a].tolist() == [7.0]
    with pytest.raises(TypeError, match="unsupported operand"):
        a + "1"


def test_in_place_operators_round_into_the_codes():
    """Views see it; fixed point keeps its format."""
    a = nf.array([1.5, 15.0], "fixed<8,3>")
    part, before = a[1:], a.codes
    part += 3
    a *= nf.array(0.1, "e4m3fn")
    assert a.codes is before
    assert a.values.tolist() == [0.125, 1.625]
    a -= 1
    a /= 2
    a %= nf.array(0.5, "fixed<8,3>")
    assert a.values.tolist() == [0.0, 0.25]


def test_the_implied_format_is_the_operands_own():
    """With its modes; those of several that differ in modes alone are left out."""
    up = nf.array([1.0], "float<4,3,special=fn,rounding=up>")
    plain = nf.array([0.01], "e4m3fn")
    assert nf.add(up, up[0]).format.rounding == "up"
    assert nf.add(up, plain).format == nf.parse("e4m3fn")
    assert nf.add(up, 2.0**-9).values == 1.125
    with nf.context(rounding="up"):
        assert nf.add(plain, 1).values == 1.125
        assert nf.add(up, 1, None, "down").values == 2


def test_mixed_formats_need_a_named_result():
    """As a plain number that the Array's format has not."""
    a, b = nf.array([1.0], "e4m3fn"), nf.array([1.5], "e5m2")
    with pytest.raises(nf.FormatError, match="add: formats e4m3fn and e5m2 are mixed"):
        a + b
    assert nf.add(a, b, "e5m2").values == 2.5
    with pytest.raises(nf.FormatError, match=r"b\[1\] = 0.1 is no value of e4m3fn"):
        nf.add(a, [1, 0.1])
    with pytest.raises(nf.FormatError, match=r"a = 500 is no value of e4m3fn"):
        500 * a
    with pytest.raises(nf.FormatError, match="is no value of fixed"):
        nf.array([1.0], "fixed<8,3>") * np.nan
    with nf.context(nan="zero"), pytest.raises(nf.FormatError, match="nan is no value"):
        nf.array([1.0], "fixed<8,3>") * np.nan
    assert nf.add(a, 0.1, "e4m3fn").values == 1.125
    with pytest.raises(nf.FormatError, match="format=None, and no operand is an Array"):
        nf.add(1, 2)
    with pytest.raises(nf.FormatError, match="posit<6,1> and e4m3fn are mixed"):
        nf.array(1, "posit<6,1>") * a


def test_a_check_of_plain_numbers_counts_in_no_report():
    """The operation alone does."""
    a = nf.array([1.0, 2.0], "e4m3fn")
    with nf.Report() as report:
        a + 1
    assert report.count == 2


def test_operands_are_broadcast():
    """Arrays, plain numbers and single ones; what does not fit is named."""
    a = nf.array(np.arange(6.0).reshape(2, 3), "e4m3fn")
    assert (a + a[:, :1]).values.tolist() == [[0, 1, 2], [6, 7, 8]]
    assert (a.T * [1, 2]).values.tolist() == [[0, 6], [1, 8], [2, 10]]
    assert nf.fma(a, 2, a[0]).shape == (2, 3)
    assert nf.add(a[0, 0], 1).shape == ()
    assert nf.add(a[:0], a[0]).shape == (0, 3)
    assert nf.less(a[0, 0], 1) is np.True_
    with pytest.raises(nf.ShapeError, match=r"add: operands of shapes \(2, 3\) and \(2,\)"):
        a + a[:, 0]


def test_plain_numbers_are_exact_operands():
    """float64, integers of 64 bits, float32: none is rounded before."""
    assert nf.add(2**53, np.int64(1), "fixed<60,0>").values.tolist() == 2**53 + 1
    assert nf.multiply(np.float32(0.1), 10, "binary64").values == float(np.float32(0.1)) * 10
    third = nf.divide(1, 3, "float<11,40>", "toward_zero")
    assert Fraction(third.item()) == Fraction(2**42 // 3, 2**42)
    with pytest.raises(nf.DtypeError, match="b has dtype"):
        nf.add(1, "x", "e4m3fn")


def test_flags_of_each_element_and_of_the_report():
    """IEEE's five; tininess before or after rounding."""
    format, raised = library(E5M2), np.empty(6, np.uint8)
    a = [1.0, 0.0, 57344.0, 2.0**-14 * 0.99, 1.0, 2.0]
    b = [0.0, 0.0, 57344.0, 2.0**-14, 3.0, 1.0]
    report = nf.Report()
    nf.divide(a, b, format, report=report, element_flags=raised)
    assert raised.tolist() == [2, 1, 0, 16, 16, 0]
    assert report.flags == {"invalid", "divide_by_zero", "inexact"}
    x = (2.0**-14) * (1 - 2.0**-6)
    for tininess, wanted in (("after", 16), ("before", 24)):
        one = np.empty(1, np.uint8)
        nf.multiply(x, [1.0], format, element_flags=one, tininess=tininess)
        assert one[0] == wanted
        by_oracle = flags(E5M2, exact(x), "nearest_even", "infinity", tininess)
        assert ("underflow" in by_oracle) == bool(wanted & 8)
    for wrong in (np.empty(5, np.uint8), np.empty(6, np.int8), [0] * 6, np.empty(12, "u1")[::2]):
        with pytest.raises(nf.ShapeError, match="element_flags"):
            nf.divide(a, b, format, element_flags=wrong)
    with pytest.raises(nf.NumfmtError, match="after"):
        nf.divide(a, b, format, tininess="afterwards")


def test_refused_elements_are_named_with_their_operands():
    """NaN in a format without, a value out of range; a generator stays where it was."""
    a, generator = nf.array([[1.0, 2.0], [3.0, 15.0]], "fixed<8,3>"), nf.Generator(1)
    with pytest.raises(nf.NanError, match=r"divide\(2, 0.0\), element \[0, 1\], is NaN"):
        nf.divide(a, [1.0, 0.0], "fixed<8,3>")
    with pytest.raises(nf.RangeError, match=r"add\(15, 15\), element \[1, 1\], is out of range"):
        nf.add(a, a, "fixed<8,3>", "stochastic", "error", key=generator)
    assert generator.state["call"] == 0
    with pytest.raises(nf.RangeError, match="unbounded"):
        nf.add(a, a, "fixed<8,3>", None, "unbounded")
    assert nf.divide(a, 0, "fixed<8,3>", nan="max").values.max() == 15.875


def test_stochastic_results_take_keys_bits_and_the_contexts_calls():
    """As quantize of the exact results does."""
    a, b = nf.array(np.arange(64) / 8, "fixed<12,6>"), nf.array([0.171875], "fixed<12,6>")
    products, key = a.values * b.values, nf.Key(3)
    words = nf.random_bits(nf.Key(9), 64)
    for way in ({"key": key.at(4)}, {"random_bits": words}):
        got = nf.multiply(a, b, "fixed<8,3>", "stochastic", **way)
        assert np.array_equal(got.values, nf.quantize(products, "fixed<8,3>", "stochastic", **way))
    small = nf.array(a, "fixed<8,3>", "up"), nf.array([0.125], "fixed<8,3>")
    with nf.context(rounding="stochastic", key=key, growth="same"):
        found = [small[0] * small[1] for _ in range(2)]
    for call, one in enumerate(found):
        exactly = small[0].values * small[1].values
        wanted = nf.quantize(exactly, "fixed<8,3>", "stochastic", key=key.at(call))
        assert np.array_equal(one.values, wanted)
    with pytest.raises(nf.RandomError):
        nf.multiply(a, b, "fixed<8,3>", key=key)
    with pytest.raises(nf.ShapeError, match="random_bits"):
        nf.multiply(a, b, "fixed<8,3>", "stochastic", random_bits=words[:3])


def test_neighbours_follow_the_format():
    """Past the ends by the overflow policy; plain numbers have none."""
    a = nf.array([1, 448, -0.0], "e4m3fn")
    assert nf.next_up(a).values.tolist() == [1.125, 448, 2.0**-9]
    assert nf.next_down(a).values.tolist() == [0.9375, 416, -(2.0**-9)]
    assert nf.next_up(nf.array([57344], "e5m2")).values == np.inf
    with pytest.raises(nf.FormatError, match="next_up: a must be an Array"):
        nf.next_up(1.0)


def test_blocks_are_operands_and_never_results():
    """Their exact values; the result is of single numbers."""
    x = np.random.default_rng(0).normal(size=64)
    a = nf.array(x, "mxfp8_e4m3")
    found = nf.add(a, a, "binary32")
    assert np.array_equal(found.values, 2 * a.values)
    with pytest.raises(nf.FormatError, match="name a format of single numbers"):
        a + a
    with pytest.raises(nf.FormatError, match="is of blocks"):
        nf.add(x, x, "mxfp4")
    assert np.array_equal(a == a, np.ones(64, bool))


def test_affine_scales_along_an_axis():
    """Arrays of the result's shape; others are refused."""
    format = nf.Affine(8, [0.5, 0.25], channel_axis=0)
    a = nf.array([[1.0, 2.0, 3.0], [1.0, 2.0, 3.0]], format)
    assert np.array_equal((a + a).values, 2 * a.values)
    assert np.array_equal(nf.multiply(a, [1, 2, 3], "binary32").values, a.values * [1, 2, 3])
    with pytest.raises(nf.ShapeError, match="scales of"):
        nf.add(a, np.ones((4, 2, 3)), "binary32")
