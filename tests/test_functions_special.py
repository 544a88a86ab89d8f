"""Functions at special operands, results found by algebra, flags, and what is refused."""

import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import oracle_functions as oracle
import pytest
from function_cases import FAR, function, irrational_numbers, unpacked

import numfmt as nf
from numfmt._core import check, ffi, lib

CORE = Path(__file__).parents[1] / "c_src"
every = pytest.mark.parametrize("name", oracle.NAMES)


def test_powers_and_logs_of_logarithmic_numbers_are_exact():
    """log2, roots and powers of 2**l are numbers, or powers of which the code is known."""
    for x, sign, _, log in irrational_numbers(nf.LNS(8, 3), 1):
        y, flags = ffi.new("nf_unpacked *"), ffi.new("uint32_t *")
        for name, n, factor in [("power", 3, 3), ("power", 8, 8), ("rsqrt", 0, Fraction(-1, 2))]:
            if name == "rsqrt" and sign:
                continue
            which = getattr(lib, f"NF_FUNCTION_{name}")
            check(lib.nf_function_number(which, x, n, 63, y, flags))
            rational = y.base == lib.NF_RATIONAL
            assert rational == ((log * factor).denominator == 1)
            got = Fraction(y.exponent) if rational else Fraction(y.log, 1 << y.root_bits)
            assert got == log * factor
            assert not rational or y.significand == 1 << 63
        if not sign:
            got = function("log2", x)[0]
            assert (-1) ** got[1] * Fraction(got[2]) * Fraction(2) ** (got[3] - 63) == log


SPECIAL = {  # at +0, -0, +infinity, -infinity: (what, sign), flags
    "exp": ["one", "one", "+inf", "+zero"],
    "exp2": ["one", "one", "+inf", "+zero"],
    "expm1": ["+zero", "-zero", "+inf", "-one"],
    "log": ["-inf/", "-inf/", "+inf", "nan!"],
    "log2": ["-inf/", "-inf/", "+inf", "nan!"],
    "log1p": ["+zero", "-zero", "+inf", "nan!"],
    "tanh": ["+zero", "-zero", "one", "-one"],
    "sigmoid": ["half", "half", "one", "+zero"],
    "softplus": ["ln 2", "ln 2", "+inf", "+zero"],
    "erf": ["+zero", "-zero", "one", "-one"],
    "sin": ["+zero", "-zero", "nan!", "nan!"],
    "cos": ["one", "one", "nan!", "nan!"],
    "rsqrt": ["+inf/", "-inf/", "+zero", "nan!"],
    "cbrt": ["+zero", "-zero", "+inf", "-inf"],
}
MEANT = {
    "one": ("finite", 0, 1 << 63, 0, 0, 0),
    "-one": ("finite", 1, 1 << 63, 0, 0, 0),
    "half": ("finite", 0, 1 << 63, -1, 0, 0),
    "ln 2": ("finite", 0, 0xB17217F7D1CF79AB, -1, 0, 0),
    "nan": ("nan", 0, 0, 0, 0, 0),
    **{
        sign + what: (what, int(sign == "-"), 0, 0, 0, 0)
        for sign in "+-"
        for what in ("zero", "inf")
    },
}
FLAGS = {"/": lib.NF_DIVIDE_BY_ZERO, "!": lib.NF_INVALID}


@every
def test_special_operands(name):
    """IEEE 754-2019, 9.2.1: zeros, infinities and NaN, with their flags."""
    operands = [(0, 0), (0, 1), (2, 0), (2, 1)]
    for (kind, sign), expected in zip(operands, SPECIAL[name], strict=True):
        x = ffi.new("nf_unpacked *", {"kind": kind, "sign": sign})
        flags = FLAGS.get(expected[-1], 0)
        assert function(name, x) == (MEANT[expected.rstrip("/!")], flags), (name, kind, sign)
    nan = ffi.new("nf_unpacked *", {"kind": lib.NF_NAN})
    assert function(name, nan) == (MEANT["nan"], 0)


@pytest.mark.parametrize(
    ("n", "expected"),
    [
        (0, ["one"] * 4),
        (3, ["+zero", "-zero", "+inf", "-inf"]),
        (2, ["+zero", "+zero", "+inf", "+inf"]),
        (-3, ["+inf/", "-inf/", "+zero", "-zero"]),
        (-2, ["+inf/", "+inf/", "+zero", "+zero"]),
    ],
)
def test_special_operands_of_powers(n, expected):
    """IEEE 754-2019, 9.2.1: pown; NaN**0 is 1."""
    for (kind, sign), meant in zip([(0, 0), (0, 1), (2, 0), (2, 1)], expected, strict=True):
        x = ffi.new("nf_unpacked *", {"kind": kind, "sign": sign})
        assert function("power", x, n) == (MEANT[meant.rstrip("/")], FLAGS.get(meant[-1], 0))
    nan = ffi.new("nf_unpacked *", {"kind": lib.NF_NAN})
    assert function("power", nan, n) == (MEANT["one" if n == 0 else "nan"], 0)


def test_flags_of_finite_operands():
    """Below a domain is invalid, its end a pole."""
    one, minus_one, minus_two = (0, 1 << 63, 0), (1, 1 << 63, 0), (1, 1 << 63, 1)
    for name in ("log", "log2", "rsqrt"):
        assert function(name, unpacked(*minus_two)) == (MEANT["nan"], lib.NF_INVALID)
        assert function(name, unpacked(*one))[1] == 0
    assert function("log1p", unpacked(*minus_two)) == (MEANT["nan"], lib.NF_INVALID)
    assert function("log1p", unpacked(*minus_one)) == (MEANT["-inf"], lib.NF_DIVIDE_BY_ZERO)


def refusal(which, x, n, y, flags):
    """The status of a call."""
    return lib.nf_function_number(which, x, n, 63, y, flags)


def test_refusals():
    """What is no number, no function, or too large an angle is refused, and nothing is written."""
    x, y, flags = unpacked(0, 1 << 63, 0), ffi.new("nf_unpacked *"), ffi.new("uint32_t *")
    bad = lib.NF_BAD_ARGUMENT
    assert refusal(lib.NF_FUNCTION_COUNT, x, 0, y, flags) == bad
    assert refusal(lib.NF_FUNCTION_exp, x, 1, y, flags) == bad
    assert refusal(lib.NF_FUNCTION_exp, ffi.NULL, 0, y, flags) == bad
    assert refusal(lib.NF_FUNCTION_exp, x, 0, ffi.NULL, flags) == bad
    assert refusal(lib.NF_FUNCTION_exp, x, 0, y, ffi.NULL) == bad
    assert lib.nf_function_number(lib.NF_FUNCTION_exp, x, 0, 64, y, flags) == bad
    for field, value in [("kind", 4), ("significand", 1), ("exponent", FAR + 1), ("base", 3)]:
        broken = unpacked(0, 1 << 63, 0)
        setattr(broken, field, value)
        assert refusal(lib.NF_FUNCTION_exp, broken, 0, y, flags) == bad
    for kind in (lib.NF_ZERO, lib.NF_FINITE_NUMBER, lib.NF_NAN):
        broken = unpacked(0, 1 << 63, 0)
        broken.kind, broken.sign = kind, 2
        assert refusal(lib.NF_FUNCTION_exp, broken, 0, y, flags) == bad
    assert refusal(lib.NF_FUNCTION_sin, unpacked(0, 1 << 63, 16384), 0, y, flags) == bad
    assert (y.kind, y.significand, flags[0]) == (0, 0, 0)


def test_the_constants_are_what_their_generator_prints(tmp_path):
    """constants.c is not written by hand."""
    path = tmp_path / "constants.c"
    subprocess.run([sys.executable, CORE / "generate_constants.py", path], check=True)
    assert path.read_text() == (CORE / "constants.c").read_text()
