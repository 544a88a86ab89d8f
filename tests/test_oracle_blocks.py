"""The oracle of block formats: rules and special blocks by hand, values against gfloat."""

import itertools
from fractions import Fraction
from math import inf, nan

import numpy as np
import oracle
import pytest
from oracle_blocks import E2M1, E4M3, E5M2, NAMED, NAN, Block, bfp, lp_sgld, msfp
from oracle_formats import Fixed, Float, Posit
from oracle_p3109 import Exponents, p3109
from oracle_scales import E8M0, SignedExponent, exponent
from oracle_tables import NF4

TINY = 2.0**-149


def codes(block, numbers, mode="nearest_even", **options):
    """Element codes and the one scale code of one block."""
    found = block.encode(numbers, (len(numbers),), mode, **options)
    assert len(found.scales) == 1
    return found.codes, found.scales[0]


def values(block, numbers, mode="nearest_even", **options):
    """The decoded values of one row."""
    shape = (len(numbers),)
    return block.decode(block.encode(numbers, shape, mode, **options), shape)


RULES = [  # element, largest, exponents by floor, ceil, rceil, even, midmax
    (E4M3, 448, (0, 1, 0, 0, 0)),
    (E4M3, 448.0001, (0, 1, 1, 0, 0)),
    (E4M3, 480, (0, 1, 1, 0, 0)),
    (E4M3, 480.01, (0, 1, 1, 0, 1)),
    (E4M3, 495.99, (0, 1, 1, 0, 1)),
    (E4M3, 496, (0, 1, 1, 1, 1)),
    (E4M3, 256, (0, 0, 0, 0, 0)),
    (E4M3, 255.999, (-1, 0, 0, 0, 0)),
    (E2M1, 6, (0, 1, 0, 0, 0)),
    (E2M1, 7, (0, 1, 1, 1, 0)),
    (E2M1, 7.01, (0, 1, 1, 1, 1)),
    (E2M1, 6.99, (0, 1, 1, 0, 0)),
    (E2M1, 4, (0, 0, 0, 0, 0)),
    (E5M2, 57344, (0, 1, 0, 0, 0)),
    (E5M2, 61440, (0, 1, 1, 1, 0)),
    (Fixed(8, 6), 127 / 64, (0, 1, 0, 0, 0)),
    (Fixed(8, 6), 255 / 128, (0, 1, 1, 1, 0)),
    (Fixed(8, 6), 1, (0, 0, 0, 0, 0)),
    (E4M3, TINY, (-157, -157, -157, -157, -157)),
    (E4M3, 5 * TINY, (-155, -154, -155, -155, -155)),
]


@pytest.mark.parametrize(("element", "largest", "expected"), RULES)
def test_scale_rules_by_hand(element, largest, expected):
    """The exponent before clamping: from the leading one, never from a rounded logarithm."""
    rules = ("floor", "ceil", "rceil", "even", "midmax")
    assert tuple(exponent(element, rule, Fraction(largest)) for rule in rules) == expected


@pytest.mark.parametrize("name", NAMED)
def test_rules_bracket_the_largest_number(name):
    """floor never leaves the top binade unused; rceil is the least scale that never clips."""
    element = NAMED[name].element
    top = element.value(element.highest)
    for power, nudge in itertools.product((-130, -3, 0, 5, 90), (-1, 0, 1)):
        largest = Fraction(2) ** power * (1 + nudge * Fraction(1, 1 << 52))
        e = {rule: exponent(element, rule, largest) for rule in ("floor", "ceil", "rceil")}
        assert largest <= top * Fraction(2) ** e["rceil"]
        assert largest > top * Fraction(2) ** (e["rceil"] - 1)
        assert e["floor"] <= e["rceil"] <= e["ceil"] <= e["floor"] + 1
        assert (e["floor"] == e["ceil"]) == (nudge == 0)


def test_mx_by_hand():
    """957 clips to 896; 2**-6 steps of MXINT8 are symmetric."""
    assert values(NAMED["mxfp8_e4m3"], [957.0, 1.0]) == [896, 1]
    assert codes(NAMED["mxfp8_e4m3"], [957.0])[1] == 128
    assert values(NAMED["mxint8"], [-1.999, 0.5]) == [Fraction(-127, 64), Fraction(1, 2)]
    assert codes(NAMED["mxint8"], [-1.999, 0.5]) == ([0x81, 0x20], 127)
    assert codes(NAMED["mxfp4"], [6.0, -0.25, 0.75, 5.0]) == ([7, 8, 2, 6], 127)


SPECIAL = Block(E4M3)


@pytest.mark.parametrize("bad", [nan, inf, -inf])
def test_a_nan_or_an_infinity_poisons_its_block(bad):
    """The scale is NaN, so are all values, and the element codes are 0."""
    assert codes(SPECIAL, [1.0, bad, 3.0]) == ([0, 0, 0], 255)
    assert values(SPECIAL, [1.0, bad]) == ["nan", "nan"]
    found = Block(E4M3, 2).encode([1.0, bad, 3.0, 4.0], (4,))
    assert [s == 255 for s in found.scales] == [True, False]


def test_other_treatments_of_nan_and_infinity():
    """NaN in its element alone, infinities to the element's end; the scale comes from the rest."""
    block = Block(E4M3, nan="element", inf="sat")
    assert codes(block, [1.0, nan, -inf, -nan]) == ([0x78, 0x7F, 0xFE, 0xFF], 127 - 8)
    assert codes(block, [0.0, inf]) == ([0, 0x7E], 0)
    assert codes(Block(E4M3, nan="element"), [1.0, inf])[0] == [0x78, 0x7F]
    assert codes(Block(E4M3, inf="sat"), [1.0, inf, nan])[1] == 255
    assert codes(Block(E2M1, nan="element"), [1.0, nan])[0] == [6, NAN]
    assert codes(lp_sgld(8, 4), [1.0, nan]) == ([NAN, NAN], NAN)
    assert codes(Block(Fixed(8, 6), inf="sat"), [1.0, -inf])[0] == [64, 0x81]


def test_a_block_of_zeros():
    """Zero codes under the smallest scale, or another; the sign of a zero stays."""
    assert codes(SPECIAL, [0.0, -0.0, 0.0]) == ([0, 0x80, 0], 0)
    assert codes(Block(E4M3, zero_scale="one"), [0.0]) == ([0], 127)
    assert codes(Block(E2M1, 16, E4M3, "absmax"), [0.0]) == ([0], 0)
    assert codes(Block(E2M1, 16, E4M3, "absmax", zero_scale="one"), [0.0]) == ([0], 0x38)
    assert codes(lp_sgld(8, 4), [0.0]) == ([0], 128)


def test_exponents_are_clamped_and_elements_use_the_clamped_one():
    """Below 2**-127 elements run into subnormals and zero; above 2**127 the scale is NaN."""
    block = NAMED["mxfp8_e4m3"]
    assert codes(block, [2.0**-130]) == ([0x20], 0)
    assert values(block, [2.0**-130]) == [Fraction(2) ** -130]
    assert codes(block, [TINY]) == ([0], 0)
    assert codes(block, [2.0**140]) == ([0], 255)
    clamped = Block(E4M3, too_large="clamp")
    assert codes(clamped, [2.0**140, 2.0**136]) == ([0x7E, 0x7E], 254)
    narrow = Block(E4M3, scale_format=Exponents(5))
    assert codes(narrow, [2.0**23])[1] == 30
    assert codes(narrow, [2.0**24])[1] == 31
    assert codes(narrow, [2.0**-40])[1] == 0
    assert codes(lp_sgld(8, 4, exponent_bits=3), [100.0, -5.0]) == ([127, 216], 3)
    assert codes(lp_sgld(8, 4, exponent_bits=3), [1 / 64, 1 / 4096]) == ([16, 0], 4)


def test_scales_by_value():
    """absmax: the float nearest to largest / (element's largest); underflow gives the smallest."""
    block = Block(E2M1, 4, E4M3, "absmax")
    assert codes(block, [6.0, 3.0, -1.0]) == ([7, 5, 10], 0x38)
    assert codes(block, [6.3]) == ([7], 0x38)
    assert codes(block, [6.4])[1] == 0x39
    assert codes(block, [1e9]) == ([7], 0x7E)
    assert codes(block, [1e-9]) == ([0], 1)
    assert codes(Block(E2M1, 4, E4M3, "absmax", zero_scale="zero"), [1e-9]) == ([0], 0)
    assert codes(Block(E2M1, 4, E8M0, "absmax"), [9.0])[1] == 128
    assert codes(Block(E2M1, 4, E8M0, "absmax"), [18.0])[1] == 128
    by_powers = Block(E2M1, 4, E4M3, "floor")
    assert codes(by_powers, [6.0, 1.0]) == ([7, 2], 0x38)
    assert codes(by_powers, [2.0**-30]) == ([0], 1)


def test_scales_of_the_caller():
    """Given scales are used as they are, and a NaN still replaces its own."""
    found = Block(E2M1, 2).encode([6.0, 1.0, nan, 1.0], (4,), scales=[128, 127])
    assert (found.codes, found.scales) == ([5, 1, 0, 0], [128, 255])


def test_blocks_without_scale_are_their_elements():
    """scale_format None: each number by itself, NaN and infinity as the element has them."""
    block = Block(E4M3, 32, None)
    assert codes(block, [1.0, -1e9, nan, inf]) == ([0x38, 0xFE, 0x7F, 0x7E], 0)
    assert values(block, [1.0, -1e9]) == [1, -448]


@pytest.mark.parametrize(
    ("size", "axis", "shape", "counts", "places"),
    [
        (3, -1, (7,), (3,), [0, 0, 0, 1, 1, 1, 2]),
        (2, 0, (3, 2), (2, 2), [0, 1, 0, 1, 2, 3]),
        (2, 1, (2, 3), (2, 2), [0, 0, 1, 2, 2, 3]),
        (None, 1, (2, 3), (2, 1), [0, 0, 0, 1, 1, 1]),
        (None, 0, (2, 3), (1, 3), [0, 1, 2, 0, 1, 2]),
        (None, None, (2, 2), (1, 1), [0, 0, 0, 0]),
        ((2, 2), (0, 1), (3, 3), (2, 2), [0, 0, 1, 0, 0, 1, 2, 2, 3]),
        ((2, None), (-2, -1), (2, 3), (1, 1), [0] * 6),
        (4, -1, (0,), (0,), []),
        (4, -1, (2, 0), (2, 0), []),
    ],
)
def test_blocks_lie_along_their_axes(size, axis, shape, counts, places):
    """Ragged ends, any axis, whole axes, tiles, and empty arrays."""
    assert Block(E2M1, size, axis=axis).places(shape) == (counts, places)


def test_msfp_and_bfp_have_the_same_grid():
    """Sign-magnitude or two's complement, steps of 2**(E + 2 - W) and a symmetric range."""
    random = np.random.default_rng(6)
    for width in range(11, 17):
        rows = random.normal(size=(20, 16)).ravel().tolist()
        a, b = msfp(width), bfp(width - 8, 16)
        shape = (20, 16)
        for mode in set(oracle.DETERMINISTIC) - {"jam"}:
            ours = a.decode(a.encode(rows, shape, mode), shape)
            other = b.decode(b.encode(rows, shape, mode), shape)
            assert [0 if v == "-0" else v for v in ours] == other
    assert codes(msfp(12), [1.0, -0.3, 3.99]) == ([2, 9, 7], 128)


def test_lp_sgld_form_by_hand():
    """i = x 2**(bits - 2 - E), half to even, clamped to all two's complement integers."""
    block = lp_sgld(4, None)
    assert codes(block, [1.0, -1.9, 0.125, 0.375, -0.125]) == ([4, 8, 0, 2, 0], 0)
    assert values(block, [1.99]) == [Fraction(7, 4)]
    assert values(block, [1.0, -1.99]) == [1, -2]
    words = iter([True, False])
    picked = codes(block, [1.1, -1.1], pick=lambda cell, i: next(words))
    assert picked == ([5, 11], 0), "the random bits go toward +infinity"


@pytest.mark.parametrize(
    "element",
    [E2M1, E5M2, Fixed(6, 4), Posit(8, 1), p3109(6, 3), NF4, Float(0, 3, 0, "finite")],
    ids=str,
)
@pytest.mark.parametrize("scale", [E8M0, SignedExponent(6), E4M3], ids=str)
def test_any_element_under_any_scale_is_near(element, scale):
    """Values decode to near the numbers; encoding them under their scales gives them back.

    The gaps of a posit are wide at its end, those of the others at most a third of it.
    """
    block = Block(element, 8, scale, "rceil")
    row = np.random.default_rng(8).normal(size=8).tolist()
    first = block.encode(row, (8,))
    found = [Fraction(0) if v == "-0" else v for v in block.decode(first, (8,))]
    bound = max(abs(x) for x in row) * (1 if isinstance(element, Posit) else 1 / 3)
    assert all(abs(float(v) - x) <= bound for v, x in zip(found, row, strict=True))
    again = block.encode(found, (8,), scales=first.scales)
    assert [0 if v == "-0" else v for v in block.decode(again, (8,))] == found


def gfloat_block(name):
    """gfloat's block format of the same name."""
    from gfloat import formats

    suffix = {"mxfp4": "mxfp4_e2m1"}.get(name, name)
    return getattr(formats, f"format_info_{suffix}")


@pytest.mark.parametrize("name", NAMED)
def test_mx_blocks_agree_with_gfloat(name):
    """Random blocks of many sizes of numbers, scales and elements, bit for bit.

    Left out: largest magnitudes just below a power of two, whose exponent gfloat takes from a
    rounded logarithm, and -2 of MXINT8, which gfloat has and the symmetric range has not.
    """
    gfloat = pytest.importorskip("gfloat")
    random = np.random.default_rng(9)
    block, info = NAMED[name], gfloat_block(name)
    for _ in range(60):
        x = (
            random.normal(size=32)
            * 2.0 ** random.integers(-20, 20)
            * 2.0 ** random.integers(-6, 3, 32)
        )
        theirs = gfloat.quantize_block(info, x, gfloat.compute_scale_amax)
        ours = values(block, x.tolist())
        ours = np.array([0.0 if v == "-0" else float(v) for v in ours])
        clipped = (name == "mxint8") & (theirs == -2 * gfloat.compute_scale_amax(0, x))
        assert np.array_equal(ours[~clipped], theirs[~clipped])


def test_stochastic_elements_take_the_bits_of_their_positions():
    """`pick` sees each element's cell and its number in C order; scales take none."""
    block = Block(E2M1, 2, axis=0)
    seen = []

    def pick(cell, position):
        seen.append(position)
        return position % 2 == 1

    found = block.encode([1.2, 1.2, 4.7, 4.7], (2, 2), pick=pick)
    assert seen == [0, 1, 2, 3]
    assert block.decode(found, (2, 2)) == [1, Fraction(3, 2), 4, 6]
