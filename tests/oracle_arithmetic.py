"""What every operation gives, in exact rationals: numbers in, one exact number and its flags out.

Slow and obvious on purpose, and sharing nothing with the library.  oracle_numbers.py decodes the
operands and rounds the result once.  Where a result depends on the rounding (the sign of an exact
zero sum) or on the format that it is for (floats alone, P3109's not, divide by zero to an
infinity), `operate` is told.

A square root is cut behind so many bits that the last of them, made odd, tells the rest: no value
and no turning point of a format lies between it and the root (but for roots of powers of 2 in the
formats that turn at geometric means).
"""

from __future__ import annotations

from fractions import Fraction
from math import floor, isqrt

import oracle
import oracle_functions
from oracle_formats import Float, Format
from oracle_numbers import NAN, ZERO, Number, every_number, exact, infinity, number
from oracle_p3109 import P3109, Exponents
from oracle_real import Real

ROOT_BITS = 2200  # more than any format has between its turning points
INVALID, DIVIDE_BY_ZERO = frozenset({"invalid"}), frozenset({"divide_by_zero"})
QUIET: frozenset[str] = frozenset()
Result = tuple[Number, frozenset[str]]


def total(terms: list[Number], rounding: str) -> Result:
    """The exact sum of any number of terms.  A sum of 0 keeps a sign that all terms have, else it
    is +0, rounding down -0."""
    if any(term.is_nan for term in terms):
        return NAN, QUIET
    signs = {term.negative for term in terms if term.kind == "infinity"}
    if signs:
        return (NAN, INVALID) if len(signs) == 2 else (infinity(signs.pop()), QUIET)
    value = sum((term.value for term in terms), ZERO)
    all_negative = bool(terms) and all(term.negative for term in terms)
    mixed = len({term.negative for term in terms}) == 2
    return exact(value, all_negative or (mixed and rounding == "down")), QUIET


def product(a: Number, b: Number) -> Result:
    """a * b."""
    negative = a.negative != b.negative
    if a.is_nan or b.is_nan:
        return NAN, QUIET
    if "infinity" in (a.kind, b.kind):
        return (NAN, INVALID) if a.is_zero or b.is_zero else (infinity(negative), QUIET)
    if a.is_zero or b.is_zero:
        return Number("finite", negative), QUIET
    return Number("finite", negative, a.size * b.size), QUIET


def quotient(a: Number, b: Number, by_zero_is_nan: bool) -> Result:
    """a / b."""
    negative = a.negative != b.negative
    if a.is_nan or b.is_nan:
        return NAN, QUIET
    if a.kind == b.kind == "infinity" or (a.is_zero and b.is_zero):
        return NAN, INVALID
    if b.is_zero and a.kind == "finite":
        return (NAN if by_zero_is_nan else infinity(negative)), DIVIDE_BY_ZERO
    if a.kind == "infinity":
        return (
            (NAN, DIVIDE_BY_ZERO) if b.is_zero and by_zero_is_nan else (infinity(negative), QUIET)
        )
    if b.kind == "infinity" or a.is_zero:
        return Number("finite", negative), QUIET
    return Number("finite", negative, a.size / b.size), QUIET


def fused(a: Number, b: Number, c: Number, rounding: str) -> Result:
    """a * b + c; a NaN in c goes before 0 * infinity."""
    if c.is_nan:
        return NAN, QUIET
    part, flags = product(a, b)
    return (part, flags) if part.is_nan else total([part, c], rounding)


def root(a: Number) -> Result:
    """The square root; of -0 it is -0."""
    if a.is_nan or a.is_zero:
        return (NAN if a.is_nan else a), QUIET
    if a.negative:
        return NAN, INVALID
    return (a if a.kind == "infinity" else exact(square_root(a.size))), QUIET


def square_root(x: Fraction | Real) -> Fraction | Real:
    """The root where it is rational, else cut, with the last bit odd."""
    if isinstance(x, Real):
        return Real(lambda bits: tuple(_root_cut(end, 2 * bits)[0] for end in x.at(bits)))
    top, is_top = _exact_root(x.numerator)
    bottom, is_bottom = _exact_root(x.denominator)
    if is_top and is_bottom:
        return Fraction(top, bottom)
    cut, scale = _root_cut(x, ROOT_BITS)
    return cut + 1 / (2 * scale)


def _exact_root(n: int) -> tuple[int, bool]:
    return isqrt(n), isqrt(n) ** 2 == n


def _root_cut(x: Fraction, bits: int) -> tuple[Fraction, Fraction]:
    """(the root cut to a multiple of 1 / scale, scale)."""
    shift = max(bits - (x.numerator.bit_length() - x.denominator.bit_length()) // 2, 0)
    scale = Fraction(1 << shift)
    return isqrt(floor(x * scale * scale)) / scale, scale


def remainder_by(a: Number, b: Number, kind: str) -> Result:
    """a - n b: n is a / b to the floor ("remainder", sign of b), cut ("fmod", sign of a), or the
    nearest integer, ties to even ("ieee_remainder", a 0 with the sign of a)."""
    if a.is_nan or b.is_nan:
        return NAN, QUIET
    if a.kind == "infinity" or b.is_zero:
        return NAN, INVALID
    floors = kind == "remainder"
    if b.kind == "infinity":
        moves = floors and not a.is_zero and a.negative != b.negative
        return (b if moves else a.with_sign(b.negative) if floors and a.is_zero else a), QUIET
    ratio = a.value / b.value
    if kind == "ieee_remainder":
        n = oracle.nearest_integer(ratio)
    else:
        n = floor(ratio) if floors or ratio > 0 else -floor(-ratio)
    return exact(a.value - n * b.value, (b if floors else a).negative), QUIET


def order(a: Number, b: Number) -> int | None:
    """-1, 0 or 1 as a is below, equal to or above b; None where a NaN makes them unordered."""
    if a.is_nan or b.is_nan:
        if "nan" in (a.kind, b.kind):
            return None
        return (b.kind == "nar") - (a.kind == "nar")
    key_a, key_b = _height(a), _height(b)
    return (key_a > key_b) - (key_a < key_b)


def _height(a: Number) -> tuple:
    if a.kind == "infinity":
        return (a.sign, ZERO)
    return (0, a.value)


COMPARISONS = {
    "equal": lambda found: found == 0,
    "not_equal": lambda found: found != 0,
    "less": lambda found: found == -1,
    "less_equal": lambda found: found in (-1, 0),
    "greater": lambda found: found == 1,
    "greater_equal": lambda found: found in (0, 1),
}
CLASSES = {
    "isnan": lambda a: a.is_nan,
    "isinf": lambda a: a.kind == "infinity",
    "isfinite": lambda a: a.kind == "finite",
    "signbit": lambda a: a.negative,
}


def holds(name: str, *operands: Number) -> bool:
    """A comparison or a classification."""
    if name in CLASSES:
        return CLASSES[name](*operands)
    return COMPARISONS[name](order(*operands))


def extreme(a: Number, b: Number, name: str) -> Number:
    """minimum, maximum and their variants (IEEE 754-2019, 9.6; P3109): -0 is below +0."""
    side, _, variant = name.partition("_")
    wanted = -1 if side == "minimum" else 1
    if variant == "finite":
        return _finite_extreme(a, b, side)
    if a.is_nan or b.is_nan:
        if "number" not in variant or (a.is_nan and b.is_nan):
            return NAN
        return b if a.is_nan else a
    if "magnitude" in variant:
        found = order(a.with_sign(False), b.with_sign(False))
        if found:
            return a if found == wanted else b
    found = order(a, b) or b.negative - a.negative
    return b if found == -wanted else a


def _finite_extreme(a: Number, b: Number, side: str) -> Number:
    """The lesser or greater of finite numbers; where one alone is finite, that one; of two that are
    not, as the variant that prefers numbers."""
    if (a.kind == "finite") != (b.kind == "finite"):
        return a if a.kind == "finite" else b
    return extreme(a, b, f"{side}_number")


def next_number(format: Format, code: int, step: int) -> Number:
    """The neighbour above (step 1) or below (-1): the end's is an infinity, as rounding takes it;
    below the smallest positive value is 0, above the largest negative one -0."""
    here = number(format, code)
    if here.is_nan:
        return here
    finite = sorted({c.value for c in every_number(format) if c.kind == "finite"})
    if here.kind == "infinity":
        if here.sign == step:
            return NAN if isinstance(format, P3109) else here
        return exact(finite[0] if here.negative else finite[-1])
    at = finite.index(here.value) + step
    if not 0 <= at < len(finite):
        return infinity(step < 0)
    return exact(finite[at], here.negative)


def function(name: str, a: Number, n: int, format: Format) -> Result:
    """An elementary function; poles are as x / 0, but the logarithms' in P3109's formats."""
    if isinstance(format, P3109):
        return oracle_functions.operate(name, a, n, name not in oracle_functions.LOGS)
    return oracle_functions.operate(name, a, n, not isinstance(format, (Float, Exponents)))


def operate(name: str, *operands: Number, rounding: str, format: Format) -> Result:
    """The exact result, to be rounded to a format, and the flags that it raises before that."""
    a, *rest = operands
    by_zero_is_nan = isinstance(format, P3109) or not isinstance(format, (Float, Exponents))
    simple = {
        "add": lambda: total([a, *rest], rounding),
        "faa": lambda: total([a, *rest], rounding),
        "subtract": lambda: total([a, rest[0].with_sign(not rest[0].negative)], rounding),
        "multiply": lambda: product(a, *rest),
        "divide": lambda: quotient(a, *rest, by_zero_is_nan),
        "reciprocal": lambda: quotient(exact(1), a, by_zero_is_nan),
        "fma": lambda: fused(a, *rest, rounding),
        "sqrt": lambda: root(a),
        "negative": lambda: (a.with_sign(not a.negative), QUIET),
        "absolute": lambda: (a.with_sign(False), QUIET),
        "copysign": lambda: (a.with_sign(rest[0].negative), QUIET),
    }
    if name in simple:
        return simple[name]()
    if name in oracle_functions.AT_ENDS or name == "power":
        return function(name, a, int(rest[0].value) if rest else 0, format)
    if name.startswith(("minimum", "maximum")):
        return extreme(a, *rest, name), QUIET
    return remainder_by(a, *rest, name)


def dot(a: list[Number], b: list[Number], rounding: str) -> Result:
    """The exact sum of products."""
    parts = [product(p, q) for p, q in zip(a, b, strict=True)]
    found, flags = total([part for part, _ in parts], rounding)
    return found, flags.union(*(raised for _, raised in parts))
