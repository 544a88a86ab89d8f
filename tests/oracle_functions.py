"""Elementary functions by MPFR: what the core's number must be, from the exact value.

MPFR rounds correctly to the precision it is asked for, and says whether that was exact.  A result
of 64 bits toward zero, with its last bit set where more follows, rounds to 62 bits or fewer in any
way as the exact value does: such numbers the core must give.  What MPFR has no function for is
bounded from both sides.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

import gmpy2
import numpy as np
from oracle_numbers import NAN, infinity
from oracle_numbers import Number as Exact

BITS = 64
WORKING = 500  # bits of bounds
LARGEST = (1 << 30) - 2  # of an exponent: gmpy2 computes with no larger ones
RESULT = np.dtype(
    [
        ("what", "U6"),
        ("sign", "i1"),
        ("significand", "u8"),
        ("exponent", "i8"),
        ("more", "u8"),
        ("sticky", "i1"),
    ]
)
Number = tuple[int, int, int]  # sign, significand of 64 bits, exponent of its first bit
Result = tuple[str, int, int, int, int, int]  # and 64 bits more, and whether others follow

TOWARD_ZERO = {
    bits: gmpy2.context(precision=bits, round=gmpy2.RoundToZero) for bits in (BITS, 2 * BITS)
}
BOUNDS = [
    gmpy2.context(precision=WORKING, round=rounding)
    for rounding in (gmpy2.RoundDown, gmpy2.RoundUp)
]
MPFR = {
    "exp": gmpy2.exp,
    "exp2": gmpy2.exp2,
    "expm1": gmpy2.expm1,
    "log": gmpy2.log,
    "log2": gmpy2.log2,
    "log1p": gmpy2.log1p,
    "tanh": gmpy2.tanh,
    "erf": gmpy2.erf,
    "sin": gmpy2.sin,
    "cos": gmpy2.cos,
    "rsqrt": gmpy2.rec_sqrt,
    "cbrt": gmpy2.cbrt,
}
NAMES = [*MPFR, "sigmoid", "softplus"]


def within_range(result: Result, largest: int) -> Result:
    """The same; beyond the exponents that count it is infinite, or 0."""
    if result[0] != "finite" or abs(result[3]) < largest:
        return result
    return "inf" if result[3] > 0 else "zero", result[1], 0, 0, 0, 0


def number_result(y, is_exact: bool, bits: int) -> Result:
    """The result for the number `y`, rounded toward zero to so many bits."""
    if gmpy2.is_nan(y):
        return "nan", 0, 0, 0, 0, 0
    if y == 0 or gmpy2.is_infinite(y):
        return "zero" if y == 0 else "inf", int(gmpy2.is_signed(y)), 0, 0, 0, 0
    whole, exponent = y.as_mantissa_exp()
    length = whole.bit_length()
    size = int(abs(whole) << 2 * BITS - length)
    high, low, sticky = size >> BITS, size & (1 << BITS) - 1, not is_exact
    if bits == BITS:
        high, low, sticky = high | (not is_exact), 0, 0
    number = ("finite", int(whole < 0), high, int(exponent) + length - 1, low, int(sticky))
    return within_range(number, LARGEST)


def between(low, high, bits: int) -> Result:
    """The result of a number, not one of 64 bits, between two bounds.

    It does not reach a bound of 64 bits, so the far one may come nearer.
    """
    with BOUNDS[0]:
        if high > 0:
            high = gmpy2.next_below(gmpy2.mpfr(high, WORKING))
        else:
            low = gmpy2.next_above(gmpy2.mpfr(low, WORKING))
    with TOWARD_ZERO[bits]:
        ends = [number_result(gmpy2.mpfr(end, bits), False, bits) for end in (low, high)]
    assert ends[0] == ends[1], "the oracle needs more bits"
    return ends[0]


def _beside(x, direction: int, bits: int) -> Result:
    """Just above a number of 64 bits, or just below: further than they tell."""
    with BOUNDS[0]:
        ends = x, x + direction * abs(x) * gmpy2.exp2(-4 * BITS)
    return between(min(ends), max(ends), bits)


def _sum(name: str, x, bits: int) -> Result:
    """1 / (1 + e**-x), or ln(1 + e**x)."""
    if x < -4 * BITS:  # e**x less a smaller part than bounds tell
        with BOUNDS[0]:
            low = gmpy2.exp(x) * (1 - gmpy2.exp2(-4 * BITS))
        with BOUNDS[1]:
            return between(low, gmpy2.exp(x), bits)
    if name == "softplus" and x > 4 * BITS:
        return _beside(x, 1, bits)
    if name == "sigmoid" and (x > 4 * BITS or abs(x) < 2.0 ** (-3 * BITS)):
        near, side = (1, -1) if x > 1 else (0.5, gmpy2.sign(x))
        return _beside(gmpy2.mpfr(near), side, bits)
    ends = []
    for inner, outer in zip(BOUNDS if name == "softplus" else BOUNDS[::-1], BOUNDS, strict=True):
        with inner:
            part = gmpy2.exp(x) if name == "softplus" else 1 + gmpy2.exp(-x)
        with outer:
            ends.append(gmpy2.log1p(part) if name == "softplus" else 1 / part)
    return between(*ends, bits)


def of(name: str, x, n: int = 0, bits: int = BITS) -> Result:
    """The function of an MPFR number of at most 64 bits."""
    if name == "sigmoid" and x == 0:
        return "finite", 0, 1 << 63, -1, 0, 0
    if name in ("sigmoid", "softplus"):
        return _sum(name, x, bits)
    with TOWARD_ZERO[bits]:
        y = x**n if name == "power" else MPFR[name](x)
        return number_result(y, y.rc == 0, bits)


def operand(number: Number):
    """The number itself as one of MPFR."""
    sign, significand, exponent = number
    x, scale = gmpy2.mpfr(significand, BITS), exponent - (BITS - 1)
    x = gmpy2.mul_2exp(x, scale) if scale >= 0 else gmpy2.div_2exp(x, -scale)
    return -x if sign else x


def results(name: str, numbers: Iterable[Number], n: int = 0, bits: int = BITS) -> np.ndarray:
    """The function of finite numbers other than 0."""
    with gmpy2.context(precision=BITS):
        return np.array([of(name, operand(number), n, bits) for number in numbers], RESULT)


FARTHEST = 2_000  # exponents beyond those of the formats that are gone through
LOGS = ("log", "log2", "log1p")
AT_ENDS = {  # -infinity, -0, 0, infinity: values, "nan" for invalid, "pole" for infinity by zero
    "exp": [0, 1, 1, "inf"],
    "exp2": [0, 1, 1, "inf"],
    "expm1": [-1, "-0", 0, "inf"],
    "log": ["nan", "-pole", "-pole", "inf"],
    "log2": ["nan", "-pole", "-pole", "inf"],
    "log1p": ["nan", "-0", 0, "inf"],
    "tanh": [-1, "-0", 0, 1],
    "sigmoid": [0, 0.5, 0.5, 1],
    "softplus": [0, None, None, "inf"],
    "erf": [-1, "-0", 0, 1],
    "sin": ["nan", "-0", 0, "nan"],
    "cos": ["nan", 1, 1, "nan"],
    "rsqrt": ["nan", "-pole", "pole", 0],
    "cbrt": ["-inf", "-0", 0, "inf"],
}


def power_at_ends(n: int) -> list:
    """The same of x**n."""
    if n == 0:
        return [1, 1, 1, 1]
    minus = "-" * (n % 2)
    if n > 0:
        return [minus + "inf", minus + "0", "0", "inf"]
    return [minus + "0", minus + "pole", "pole", "0"]


def _at_end(what, name: str, pole_is_nan: bool) -> tuple[Exact, frozenset[str]]:
    word, negative = str(what).lstrip("-"), str(what).startswith("-")
    if word == "nan":
        return NAN, frozenset({"invalid"})
    if word == "pole":
        return (NAN if pole_is_nan else infinity(negative)), frozenset({"divide_by_zero"})
    if word == "inf":
        return infinity(negative), frozenset()
    return Exact("finite", negative, Fraction(word)), frozenset()


def operate(name: str, a: Exact, n: int = 0, pole_is_nan: bool = False):
    """The function as an operation: a number that rounds as the exact result does, and flags."""
    if a.is_nan:
        return (NAN if name != "power" or n else Exact("finite", False, Fraction(1))), frozenset()
    if a.is_zero or a.kind == "infinity":
        ends = power_at_ends(n) if name == "power" else AT_ENDS[name]
        end = ends[(1 if a.negative else 2) if a.is_zero else 0 if a.negative else 3]
        if end is not None:
            return _at_end(end, name, pole_is_nan)
        return _number(of("log", gmpy2.mpfr(2), 0, 2 * BITS))
    if name == "log1p" and a.value == -1:
        return _at_end("-pole", name, pole_is_nan)
    if name in (*LOGS, "rsqrt") and a.value < (-1 if name == "log1p" else 0):
        return NAN, frozenset({"invalid"})
    with gmpy2.context(precision=2 * BITS):
        x = gmpy2.mpfr(gmpy2.mpq(a.value.numerator, a.value.denominator))
    if name in ("log", "log2") and x == 1:
        return Exact("finite"), frozenset()
    return _number(of(name, x, n, 2 * BITS))


def _number(result: Result) -> tuple[Exact, frozenset[str]]:
    """128 bits and, where more follows, another one; 0 and infinity for want of exponents."""
    what, sign, high, exponent, low, sticky = result
    if what != "finite":
        high, exponent = 1 << BITS - 1, FARTHEST if what == "inf" else -FARTHEST
    exponent = max(-FARTHEST, min(exponent, FARTHEST))
    bits = (high << BITS | low) << 1 | sticky
    size = Fraction(bits) * Fraction(2) ** (exponent - 2 * BITS)
    return Exact("finite", bool(sign), size), frozenset()


def irrational(name: str, sign: int, base: int, log: Fraction, n: int = 0) -> Result:
    """The function of an irrational power, +-2**log, or e**log for a base of 0; |log| < 32.

    The number's error and all others, below 2**(60 - WORKING) of the result, are widened to more.
    """
    with gmpy2.context(precision=WORKING):
        x = (gmpy2.exp2 if base else gmpy2.exp)(gmpy2.mpq(log.numerator, log.denominator))
        y = _nearest(name, -x if sign else x, n)
        width = abs(y) * gmpy2.exp2(100 - WORKING)
        ends = [y - width, y + width]
        if name in ("tanh", "erf", "sigmoid", "sin", "cos", "expm1"):
            ends[0] = max(ends[0], gmpy2.mpfr(-1))
        if name in ("tanh", "erf", "sigmoid", "sin", "cos"):
            ends[1] = min(ends[1], gmpy2.mpfr(1))
        return between(*ends, BITS)


def _nearest(name: str, x, n: int):
    """The function in the context at hand."""
    if name == "sigmoid":
        return 1 / (1 + gmpy2.exp(-x))
    if name == "softplus":
        return gmpy2.log1p(gmpy2.exp(x))
    return x**n if name == "power" else MPFR[name](x)
