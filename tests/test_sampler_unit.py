"""The vector unit: plain float32 where the machine computes so, else one rounding an operation."""

import dataclasses
from fractions import Fraction

import numpy as np
import pytest

import numfmt as nf
from lp_sampler._unit import VectorUnit

KEY = nf.Key(3)
X, Y, Z = np.random.default_rng(5).normal(size=(3, 200)).astype(np.float32)


def unit(**fields):
    """A unit of the machine fixed8 with these fields."""
    machine = dataclasses.replace(nf.machine("fixed8"), vector_unit=nf.VectorUnit(**fields))
    return VectorUnit(machine, KEY)


@pytest.mark.parametrize("name", ["add", "subtract", "multiply", "divide"])
def test_binary32_is_numpy(name):
    """The usual unit is float32 arithmetic, bit for bit, and equals the general way."""
    expected = getattr(np, name)(X, Y)
    assert getattr(unit(), name)(X, Y).tobytes() == expected.tobytes()
    general = unit()
    general.is_binary32 = False
    assert getattr(general, name)(X, Y).tobytes() == expected.tobytes()


def nearest(exact, precision):
    """The normal number of so many significand bits that is nearest to a fraction, ties to even."""
    if exact == 0:
        return Fraction(0)
    size = abs(exact)
    exponent = size.numerator.bit_length() - size.denominator.bit_length()
    exponent -= Fraction(2) ** exponent > size
    ulp = Fraction(2) ** (exponent - precision + 1)
    return round(exact / ulp) * ulp


@pytest.mark.parametrize("fused", [False, True])
@pytest.mark.parametrize(("format", "precision"), [("bfloat16", 8), ("binary32", 24)])
def test_multiply_add_rounds_once_where_the_unit_fuses(format, precision, fused):
    """By fractions: the product is exact in a fused unit, else rounded."""
    a, x, y = (nf.quantize(one, format) for one in (X, Y, Z))
    result = unit(format=format, fused=fused).multiply_add(a, x, y)
    for got, *given in zip(result.tolist(), *(one.tolist() for one in (a, x, y)), strict=True):
        p, q, r = map(Fraction, given)
        product = p * q if fused else nearest(p * q, precision)
        assert Fraction(got) == nearest(product + r, precision)


def test_stochastic_units_draw_anew_for_each_operation():
    """Two equal operations of a step differ, the same operation of the same step does not."""
    one = unit(format="bfloat16", round="stochastic")
    first, second = one.multiply(X, Y), one.multiply(X, Y)
    assert (first != second).any()
    again = unit(format="bfloat16", round="stochastic").multiply(X, Y)
    assert again.tobytes() == first.tobytes()


@pytest.mark.parametrize("how", ["keep_sign", "plus"])
def test_subnormal_numbers_are_flushed(how):
    """Inputs and results, to the zero that the machine names."""
    small = np.float32([-(2.0**-15), 2.0**-15])
    flushing = unit(format="binary16", flush_inputs=how)
    signs = np.signbit(flushing.add(small, np.float32([-0.0, -0.0])))
    assert signs.tolist() == ([True, False] if how == "keep_sign" else [False, False])
    results = unit(format="binary16", flush_results=how)
    product = results.multiply(np.float32([-(2.0**-8), 2.0**-8]), np.float32([2.0**-8] * 2))
    assert product.tolist() == [0, 0]
    assert np.signbit(product).tolist() == [how == "keep_sign", False]


def test_wide_units_are_refused():
    """Numbers that float32 does not hold cannot be computed here."""
    with pytest.raises(ValueError, match="vector unit of binary64 is not supported"):
        unit(format="binary64").add(X, Y)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"format": "binary17"}, "vector_unit.format"),
        ({"fused": 1}, "must be true or false"),
        ({"flush_inputs": "yes"}, "must be one of none, keep_sign, plus"),
    ],
)
def test_wrong_fields_are_named(fields, message):
    """One clear error each."""
    with pytest.raises(nf.MachineError, match=message):
        nf.VectorUnit(**fields)


def test_constants_beyond_their_format_are_refused():
    """A saturated step size or coefficient would make another sampler."""
    narrow = nf.machine("fixed8").replace(step_size="fixed<18,20>")
    assert VectorUnit(narrow, KEY).constant(0.01) == np.round(0.01 * 2**20) / 2**20
    with pytest.raises(ValueError, match=r"step_size format .* constant 0.5488: .* 0.125"):
        VectorUnit(narrow, KEY).constant(0.5488116)
