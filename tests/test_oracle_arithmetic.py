"""The oracle of operations against hardware's float32 and float64, and published results."""

import itertools
import math
from fractions import Fraction

import numpy as np
import oracle_arithmetic as arithmetic
import pytest
from oracle_formats import Fixed, Float, Posit
from oracle_numbers import NAN, coded, exact, flags, infinity, number, numbers
from oracle_p3109 import named
from oracle_takum import Takum

BINARY32, BINARY64, BFLOAT16 = Float(8, 23), Float(11, 52), Float(8, 7)
HARDWARE = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "divide": np.divide,
    "fmod": np.fmod,
    "remainder": np.remainder,
    "sqrt": np.sqrt,
    "negative": np.negative,
    "absolute": np.absolute,
    "copysign": np.copysign,
    "reciprocal": np.reciprocal,
}
UNARY = ("sqrt", "negative", "absolute", "reciprocal")


def structured():
    """float32 of every kind: ends, subnormals, neighbours of powers of two, both signs."""
    sizes = [0, 2**-149, 3 * 2**-149, 2**-126, 2**-126 - 2**-149, 1, 1 + 2**-23, 1 - 2**-24]
    sizes += [1 / 3, 0.1, 3, 2**24 + 2, 2.0**127, float(np.finfo("f4").max), np.inf, np.nan]
    return np.array([sign * size for size in sizes for sign in (1, -1)], np.float32)


def operated(format, name, *codes):
    """The code of one operation, rounded to nearest even, by the oracle."""
    operands = [number(format, int(code)) for code in codes]
    found, _ = arithmetic.operate(name, *operands, rounding="nearest_even", format=format)
    return coded(format, found, "nearest_even", "infinity")


@pytest.mark.parametrize("name", HARDWARE)
def test_operations_agree_with_the_processor(name, tally):
    """Every pair of float32 of every kind: the value, the sign of zero, where there is NaN."""
    x = structured()
    operands = (x,) if name in UNARY else [part.ravel() for part in np.meshgrid(x, x)]
    with np.errstate(all="ignore"):
        expected = HARDWARE[name](*operands)
    codes = [operand.view(np.uint32) for operand in operands]
    got = [operated(BINARY32, name, *row) for row in zip(*codes, strict=True)]
    tally.same(np.array(got, np.uint32).view(np.float32), expected, codes[0], name)
    tally.check()


def test_ieee_remainder_agrees_with_the_c_library():
    """math.remainder on finite float64, zeros with their sign."""
    x = structured().astype(np.float64)
    x = x[np.isfinite(x)]
    for a, b in itertools.product(x.tolist(), x[x != 0].tolist()):
        codes = np.array([a, b]).view(np.uint64)
        got = np.array(operated(BINARY64, "ieee_remainder", *codes), np.uint64).view(np.float64)
        assert str(got) == str(np.float64(math.remainder(a, b)))


def test_comparisons_agree_with_the_processor():
    """Every pair, NaN and zeros of both signs too; posits and takums have NaR below all."""
    x = structured()
    operands = numbers(BINARY32, x.view(np.uint32))
    for name in arithmetic.COMPARISONS:
        expected = getattr(np, name)(x[:, None], x).tolist()
        assert [[arithmetic.holds(name, a, b) for b in operands] for a in operands] == expected
    for format in (Posit(6, 1), Takum(6)):
        signed = [(code ^ 32) - 32 for code in range(64)]
        for (p, a), (q, b) in itertools.product(enumerate(signed), repeat=2):
            assert arithmetic.holds("less", number(format, p), number(format, q)) == (a < b)
            assert arithmetic.holds("equal", number(format, p), number(format, q)) == (a == b)


def test_classes_agree_with_the_processor():
    """isnan, isinf, isfinite, signbit."""
    x = structured()
    for name in arithmetic.CLASSES:
        got = [arithmetic.holds(name, a) for a in numbers(BINARY32, x.view(np.uint32))]
        assert got == getattr(np, name)(x).tolist()


@pytest.mark.parametrize(
    ("name", "a", "b", "expected"),
    [
        ("minimum", -0.0, 0.0, -0.0),
        ("maximum", -0.0, 0.0, 0.0),
        ("minimum", 1.0, np.nan, np.nan),
        ("minimum_number", 1.0, np.nan, 1.0),
        ("maximum_number", np.nan, np.nan, np.nan),
        ("minimum_magnitude", -3.0, 2.0, 2.0),
        ("maximum_magnitude", -3.0, 2.0, -3.0),
        ("minimum_magnitude", 2.0, -2.0, -2.0),
        ("maximum_magnitude_number", np.nan, -2.0, -2.0),
        ("maximum_finite", np.inf, -2.0, -2.0),
        ("minimum_finite", np.nan, np.inf, np.inf),
    ],
)
def test_extremes_are_those_of_the_standards(name, a, b, expected):
    """IEEE 754-2019, 9.6, and P3109's finite variants, in either order."""
    codes = np.array([a, b], np.float32).view(np.uint32)
    for row in (codes, codes[::-1]):
        got = np.array(operated(BINARY32, name, *row), np.uint32).view(np.float32)
        assert str(got) == str(np.float32(expected))


def test_fused_operations_round_once():
    """bfloat16 7 * 37/256 - 2**-60 is above a tie; two roundings would meet it."""
    terms = exact(7), exact(Fraction(37, 256)), exact(Fraction(-1, 2**60))
    found, _ = arithmetic.operate("fma", *terms, rounding="nearest_even", format=BFLOAT16)
    assert BFLOAT16.decode(coded(BFLOAT16, found, "nearest_even", "infinity")) == Fraction(129, 128)
    terms = exact(2**60), exact(1), exact(-(2**60))
    found, _ = arithmetic.operate("faa", *terms, rounding="up", format=BFLOAT16)
    assert found == exact(1)


@pytest.mark.parametrize("rounding", ["nearest_even", "down"])
def test_an_exact_zero_sum_is_negative_only_when_rounding_down(rounding):
    """x - x; zeros of one sign keep it."""
    negative = rounding == "down"
    for terms, is_negative in (
        ([exact(3), exact(-3)], negative),
        ([exact(0), exact(0, True)], negative),
        ([exact(0, True), exact(0, True)], True),
        ([exact(0), exact(0)], False),
        ([], False),
    ):
        assert arithmetic.total(terms, rounding)[0] == exact(0, is_negative)


def test_specials_of_posits_p3109_and_fixed_point():
    """x / 0 is NaR, NaN, or the float's end; inf - inf is invalid, 1 / 0 a division by zero."""
    one, zero = exact(1), exact(0)
    nans = ((Posit(8, 2), 0x80), (named("binary8p3se"), 0x80), (Fixed(8, 3), "nan"))
    for format, expected in (*nans, (Float(4, 3, special="fn"), 0x7E)):
        found, raised = arithmetic.operate("divide", one, zero, rounding="up", format=format)
        assert coded(format, found, "up", "saturate") == expected
        assert raised == {"divide_by_zero"}
    assert arithmetic.total([infinity(), infinity(True)], "up") == (NAN, {"invalid"})
    assert coded(Fixed(8, 3), NAN, "up", "saturate") == "nan"
    assert operated(Posit(8, 2), "divide", 0x58, 0x40) == 0x58


def test_neighbours_run_through_the_values_in_order():
    """next_up of each value is the next code's, past zero too, and the end's an infinity."""
    format = Float(3, 2)
    values = [x for x in range(1 << 6) if number(format, x).kind == "finite"]
    values.sort(key=lambda code: (number(format, code).value, -code))
    assert arithmetic.next_number(format, values[-1], 1) == infinity()
    assert arithmetic.next_number(format, values[0], -1) == infinity(True)
    for low, high in itertools.pairwise(values):
        if number(format, low).is_zero and number(format, high).is_zero:
            continue
        assert arithmetic.next_number(format, low, 1).value == number(format, high).value
        assert arithmetic.next_number(format, high, -1).value == number(format, low).value
    assert arithmetic.next_number(named("binary8p3se"), 0x7F, 1) == NAN


@pytest.mark.parametrize(
    ("x", "expected"),
    [
        (2.0**-149, set()),
        (2.0**-150, {"inexact", "underflow"}),
        (2.0**-126 - 2.0**-150, {"inexact", "underflow"}),
        (2.0**-126 - 2.0**-152, {"inexact"}),
        (2.0**128, {"inexact", "overflow"}),
        (1.0, set()),
        (1 / 3, {"inexact"}),
    ],
)
def test_flags_of_binary32(x, expected):
    """Tiny after rounding: what the endless exponent's rounding takes to 2**-126 is not; before
    rounding it is."""
    assert flags(BINARY32, exact(x), "nearest_even", "infinity") == expected
    if x == 2.0**-126 - 2.0**-152:
        before = flags(BINARY32, exact(x), "nearest_even", "infinity", "before")
        assert before == {"inexact", "underflow"}


def test_roots_are_told_apart_from_their_neighbours():
    """The cut root lies strictly between the numbers whose squares are on both sides."""
    for n in (2, 3, 5, Fraction(1, 3), Fraction(2) ** -301, 2**64 - 1):
        cut = arithmetic.square_root(Fraction(n))
        ulp = cut / (1 << 2000)
        assert (cut - ulp) ** 2 < n < (cut + ulp) ** 2
    assert arithmetic.square_root(Fraction(9, 4)) == Fraction(3, 2)


def test_dot_products_are_exact():
    """2**60 + 1 - 2**60 keeps the 1; an infinity times 0 is invalid."""
    a, b = [exact(2**30), exact(1), exact(-(2**30))], [exact(2**30), exact(1), exact(2**30)]
    assert arithmetic.dot(a, b, "up") == (exact(1), frozenset())
    assert arithmetic.dot([infinity()], [exact(0)], "up") == (NAN, {"invalid"})
