"""The oracle itself: published tables, and its own promises about cells."""

from fractions import Fraction

import cases
import numpy as np
import oracle
import oracle_random
import pytest
from oracle_formats import Fixed, Float, Posit
from oracle_p3109 import Exponents
from sheet import to_float

AP_INPUTS = (0.25, 0.75, -0.25, -0.75, 3.75, 4, 5, -4, -4.25, -4.5, -5, 7.9, -8)
AP_TABLE = {  # measured with the ap_fixed headers: ap_fixed<4,3>, that is fixed<4,1>
    ("down", "wrap"): (0, 0.5, -0.5, -1, 3.5, -4, -3, -4, 3.5, 3.5, 3, -0.5, 0),
    ("toward_zero", "wrap"): (0, 0.5, 0, -0.5, 3.5, -4, -3, -4, -4, 3.5, 3, -0.5, 0),
    ("nearest_up", "wrap"): (0.5, 1, 0, -0.5, -4, -4, -3, -4, -4, 3.5, 3, 0, 0),
    ("nearest_zero", "wrap"): (0, 0.5, 0, -0.5, 3.5, -4, -3, -4, -4, 3.5, 3, 0, 0),
    ("nearest_away", "wrap"): (0.5, 1, -0.5, -1, -4, -4, -3, -4, 3.5, 3.5, 3, 0, 0),
    ("nearest_down", "wrap"): (0, 0.5, -0.5, -1, 3.5, -4, -3, -4, 3.5, 3.5, 3, 0, 0),
    ("nearest_even", "wrap"): (0, 1, 0, -1, -4, -4, -3, -4, -4, 3.5, 3, 0, 0),
    ("down", "saturate"): (0, 0.5, -0.5, -1, 3.5, 3.5, 3.5, -4, -4, -4, -4, 3.5, -4),
    ("down", "saturate_zero"): (0, 0.5, -0.5, -1, 3.5, 0, 0, -4, 0, 0, 0, 0, 0),
    ("down", "saturate_symmetric"): (
        *(0, 0.5, -0.5, -1, 3.5, 3.5, 3.5),
        *(-3.5, -3.5, -3.5, -3.5, 3.5, -3.5),
    ),
    ("down", "wrap_sign_magnitude"): (0, 0.5, -0.5, -1, 3.5, 3.5, 2.5, -4, -4, -4, -3.5, 0, -0.5),
}


def oracle_value(format, x, mode, overflow):
    """One number through the oracle."""
    cell = format.cell(Fraction(x))
    upper = mode != "jam" and oracle.takes_upper(cell, mode)
    index = cell.jam if mode == "jam" else cell.upper if upper else cell.lower
    return format.decode(oracle.settle(format, cell, index, overflow, mode))


@pytest.mark.parametrize(("mode", "overflow"), list(AP_TABLE))
def test_fixed_point_agrees_with_the_measured_ap_fixed_table(mode, overflow):
    """Every entry of the table measured with the vendor's headers comes out."""
    got = [oracle_value(Fixed(4, 1), x, mode, overflow) for x in AP_INPUTS]
    assert got == [Fraction(v) for v in AP_TABLE[mode, overflow]]


@pytest.mark.parametrize(
    ("overflow", "x", "expected"),
    [
        ("wrap(1)", 5, 1),
        ("wrap(1)", -5, -1),
        ("wrap_sign_magnitude(1)", 5, 2.5),
        ("wrap_sign_magnitude(1)", -5, -3.5),
        ("wrap(4)", 5, 3.5),
        ("wrap(4)", -5, -4),
        ("drop_bits", 5, 1),
    ],
)
def test_saturated_wraps_agree_with_measured_values(overflow, x, expected):
    """The wraps that saturate top bits give what the vendor's headers gave."""
    assert oracle_value(Fixed(4, 1), x, "down", overflow) == expected


@pytest.mark.parametrize("format", cases.NARROW, ids=cases.spelled)
def test_cells_bracket_the_number(format):
    """lower <= |x| < upper, and the tail says how far between them it is."""
    for x in cases.interesting(format)[::7]:
        number = Fraction(float(x))
        cell = format.cell(number)
        a = number if isinstance(format, Fixed) else abs(number)
        if cell.upper == cell.lower or getattr(format, "subnormals", "on").startswith("ftz"):
            continue
        is_below_range = isinstance(format, Exponents) and cell.lower < 0
        below = Fraction(0) if is_below_range else format.value(cell.lower)
        above = below + a - below if cell.tail == 0 else format.value(cell.upper)
        assert below + cell.tail * (above - below) == a
        assert 0 <= cell.tail < 1


@pytest.mark.parametrize("format", [f for f in cases.POSITS if f.width > 2], ids=cases.spelled)
def test_the_tail_of_a_posit_code_agrees_with_longer_posits(format):
    """Cutting the endless string is the same as looking among posits with 8 more bits."""
    finer = Posit(format.width + 8, format.es)
    for index in range(1, finer.highest, 5):
        value = finer.value(index)
        cell = format.cell(value)
        if format.value(1) <= value <= format.value(format.highest):
            assert cell.lower + cell.code_tail == Fraction(index, 256)


@pytest.mark.parametrize(
    ("format", "facts"),
    [
        (Float(5, 10), (65504, 2**-14, 2**-24)),
        (Float(4, 3, special="fn"), (448, 2**-6, 2**-9)),
        (Float(5, 2), (57344, 2**-14, 2**-16)),
        (Float(4, 3, special="fnuz"), (240, 2**-7, 2**-10)),
        (Float(5, 2, special="fnuz"), (57344, 2**-15, 2**-17)),
        (Float(4, 3, bias=11, special="fnuz"), (30, 2**-10, 2**-13)),
        (Float(3, 2, special="finite"), (28, 2**-2, 2**-4)),
        (Float(2, 3, special="finite"), (7.5, 1, 2**-3)),
        (Float(2, 1, special="finite"), (6, 1, 0.5)),
        (Float(4, 3), (240, 2**-6, 2**-9)),
        (Float(3, 4), (15.5, 2**-2, 2**-6)),
    ],
    ids=lambda v: cases.spelled(v) if isinstance(v, Float) else "",
)
def test_float_ends_are_the_published_ones(format, facts):
    """Largest, smallest normal and smallest number of the standard formats."""
    got = (format.highest, format.normal, 1)
    assert tuple(format.value(i) for i in got) == tuple(Fraction(v) for v in facts)


@pytest.mark.parametrize("width", [8, 16, 32])
def test_standard_posit_ends(width):
    """posit<n,2> runs from 2**(8-4n) to 2**(4n-8)."""
    format = Posit(width, 2)
    assert format.value(1) == Fraction(2) ** (8 - 4 * width)
    assert format.value(format.highest) == Fraction(2) ** (4 * width - 8)


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_float_codes_are_those_of_ieee_hardware(dtype):
    """decode() of a code equals the hardware's reading of the same bits."""
    bits = np.dtype(dtype).itemsize * 8
    format = Float(5, 10) if bits == 16 else Float(8, 23)
    codes = np.arange(0, 1 << bits, 1 if bits == 16 else 65521, dtype=f"u{bits // 8}")
    for code, value in zip(codes.tolist(), codes.view(dtype).tolist(), strict=True):
        assert np.array_equal(to_float(format.decode(code)), value, equal_nan=True)


@pytest.mark.parametrize(
    ("tail", "variant", "ups"), [("5/8", "A", 2), ("5/8", "B", 3), ("5/8", "C", 2)]
)
def test_few_bit_variants_by_hand(tail, variant, ups):
    """2 random bits, tail 5/8: A cuts to 2/4; B adds half a step; C rounds 2.5 to even."""
    assert 4 - oracle.threshold(Fraction(tail), variant, 2) == ups


def test_philox_gives_the_published_words():
    """The known-answer vectors of the Random123 library."""
    ones = 0xFFFFFFFF
    pi = (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344)
    vectors = [
        ((0,) * 4, (0,) * 2, (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
        ((ones,) * 4, (ones,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
        (pi, (0xA4093822, 0x299F31D0), (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1)),
    ]
    for counter, key, expected in vectors:
        words = oracle_random.philox([np.array([c], dtype=np.uint64) for c in counter], key)
        assert tuple(int(w[0]) for w in words) == expected
