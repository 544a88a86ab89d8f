"""Properties of any format and mode, on generated cases."""

import sys
from fractions import Fraction
from itertools import pairwise

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from oracle import DETERMINISTIC
from oracle_formats import Fixed, Float, Posit
from oracle_takum import Takum
from subjects import library

import numfmt as nf

MODES = [mode for mode in DETERMINISTIC if mode != "jam"]
MIRROR = {"up": "down", "down": "up", "nearest_up": "nearest_down", "nearest_down": "nearest_up"}
STOCHASTIC = ["stochastic", "stochastic(bits=5,variant=B)", "stochastic_equal"]

doubles = st.floats(allow_nan=False, allow_infinity=False, width=64)
halves = st.floats(min_value=-70000, max_value=70000, width=32)
lists = st.lists(doubles | halves, min_size=1, max_size=40)
modes = st.sampled_from(MODES)


@st.composite
def fixed(draw):
    """Any fixed-point format whose ulp is a double."""
    width = draw(st.integers(1, 64))
    return Fixed(width, draw(st.integers(-100, 200)), signed=draw(st.booleans()))


@st.composite
def floats(draw):
    """Any binary float up to 64 bits, with exponents that a double can follow."""
    exponent_bits = draw(st.integers(1, 12))
    fraction_bits = draw(st.integers(0, 50))
    special = draw(st.sampled_from(["ieee", "fn", "fnuz", "finite"]))
    assume(exponent_bits > 1 or (special != "ieee" and fraction_bits) or special == "finite")
    assume(exponent_bits + fraction_bits > 1)
    return Float(
        exponent_bits,
        fraction_bits,
        bias=draw(st.none() | st.integers(-20, 1100)),
        special=special,
        subnormals=draw(st.sampled_from(["on", "on", "round", "ftz_before", "ftz_after"])),
        signed=True if special == "fnuz" else draw(st.booleans()),
    )


posits = st.builds(Posit, st.integers(2, 64), st.integers(0, 5))
tapered = posits | st.builds(Takum, st.integers(2, 64))
formats = fixed() | floats() | tapered


def exact(codes, format):
    """The values of codes, as Fractions or special floats."""
    return nf.decode(codes, library(format), dtype=object)


@given(formats, lists, modes)
def test_rounding_twice_is_rounding_once(format, x, mode):
    """Every value of a format rounds to itself, by every mode but jam and every conversion."""
    target = library(format)
    codes = nf.encode(x, target, mode, "saturate")
    again = nf.convert(codes, target, target, mode, "saturate")
    assert np.array_equal(codes, again)


@given(formats, lists, modes)
def test_rounding_keeps_the_order(format, x, mode):
    """x <= y gives Q(x) <= Q(y) where overflow saturates."""
    values = exact(nf.encode(sorted(x), library(format), mode, "saturate"), format)
    assert all(a <= b for a, b in pairwise(values))


@given(formats, lists, st.sampled_from([*MODES, *STOCHASTIC]))
def test_results_are_neighbours(format, x, mode):
    """Nothing of the format lies strictly between a number and its rounded value."""
    target = library(format)
    key = nf.Key(1) if mode in STOCHASTIC else None
    values = exact(nf.encode(x, target, mode, "saturate", key=key), format)
    below = exact(nf.encode(x, target, "down", "saturate"), format)
    above = exact(nf.encode(x, target, "up", "saturate"), format)
    for number, value, low, high in zip(x, values, below, above, strict=True):
        if is_below_minpos(format, number):  # only chance rounds such a number to 0
            low, high = min(low, 0), max(high, 0)
        assert low <= value <= high


def is_below_minpos(format, number):
    """Is it between 0 and the smallest posit or takum?"""
    return isinstance(format, Posit) and abs(Fraction(number)) < format.value(1)


@given(floats() | tapered, lists, st.sampled_from([*MODES, *STOCHASTIC]))
def test_negation_mirrors(format, x, mode):
    """Q(-x) = -Q(x) by the mirrored mode, and with the same random bits."""
    assume(not (isinstance(format, Float) and not format.signed))
    target = library(format)
    key = nf.Key(1) if mode in STOCHASTIC else None
    there = exact(nf.encode(x, target, mode, "saturate", key=key), format)
    mirrored = [-v for v in x]
    back = exact(nf.encode(mirrored, target, MIRROR.get(mode, mode), "saturate", key=key), format)
    assert all(a == -b for a, b in zip(there, back, strict=True))


def fits_float64(value: Fraction) -> bool:
    """The value is a double."""
    return abs(value) <= sys.float_info.max and Fraction(float(value)) == value


@given(formats, st.data())
def test_every_code_survives_decoding(format, data):
    """encode(decode(code)) is the code, but for NaNs of other payloads."""
    codes = data.draw(st.lists(st.integers(0, (1 << format.width) - 1), min_size=1, max_size=20))
    target = library(format)
    for code, value in zip(codes, exact(np.array(codes, np.uint64), format), strict=True):
        if isinstance(value, Fraction) and fits_float64(value):
            assert format.decode(int(nf.encode(float(value), target))) == value
            if value or isinstance(format, Fixed | Posit):
                assert int(nf.encode(float(value), target)) == code
        elif isinstance(value, float) and value == value:
            assert int(nf.encode(value, target)) == code


@given(formats)
def test_spellings_parse_back(format):
    """parse(str(f)) == f for every format."""
    target = library(format)
    assert nf.parse(str(target)) == target
    assert hash(nf.parse(str(target))) == hash(target)


@given(formats, lists, st.integers(0, 2**64 - 1), st.integers(0, 2**48 - 1), st.data())
@settings(max_examples=50)
def test_splitting_changes_no_bit(format, x, seed, call, data):
    """Two pieces with their own first element are the whole."""
    cut = data.draw(st.integers(0, len(x)))
    target, key = library(format), nf.Key(seed).at(call)
    whole = nf.encode(x, target, "sr", "saturate", key=key)
    parts = [
        nf.encode(np.array(x[:cut]), target, "sr", "saturate", key=key),
        nf.encode(np.array(x[cut:]), target, "sr", "saturate", key=key.at(call, first=cut)),
    ]
    assert np.array_equal(np.concatenate(parts), whole)
