"""Formats in which fixed point is exact: those of ap_fixed (AMD UG1399, "Arbitrary Precision
Fixed-Point Data Types")."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ._errors import FormatError
from .formats import Fixed

WIDEST = 64


def whole_bits(f: Fixed) -> int:
    """Bits in front of the point, the sign bit among them."""
    return f.width - f.fraction_bits


def _fixed(whole: int, fraction: int, signed: bool, what: str) -> Fixed:
    width = whole + fraction
    if width > WIDEST:
        raise FormatError(
            f"{what} of exact results takes {width} bits, and fixed point has {WIDEST}; name a "
            f"result format, or use numfmt.context(growth='same')"
        )
    return Fixed(max(width, 1), fraction, signed=signed)


def _sum(a: Fixed, b: Fixed, what: str, signed: bool) -> Fixed:
    """One bit more than the longer whole part, which a sign lengthens beside an unsigned one."""
    parts = [whole_bits(f) + (other.signed and not f.signed) for f, other in ((a, b), (b, a))]
    return _fixed(max(parts) + 1, max(a.fraction_bits, b.fraction_bits), signed, what)


def add(a: Fixed, b: Fixed, what: str = "a + b") -> Fixed:
    """Of sums.

    >>> str(add(Fixed(8, 4), Fixed(6, 1, signed=False)))
    'fixed<11,4>'
    """
    return _sum(a, b, what, a.signed or b.signed)


def subtract(a: Fixed, b: Fixed) -> Fixed:
    """Of differences, signed always."""
    return _sum(a, b, "a - b", True)


def multiply(a: Fixed, b: Fixed, what: str = "a * b") -> Fixed:
    """Of products.

    >>> str(multiply(Fixed(8, 4), Fixed(6, 1)))
    'fixed<14,5>'
    """
    whole = whole_bits(a) + whole_bits(b)
    return _fixed(whole, a.fraction_bits + b.fraction_bits, a.signed or b.signed, what)


def divide(a: Fixed, b: Fixed) -> Fixed:
    """Of quotients, which are not exact: as many fraction bits as ap_fixed gives.

    >>> str(divide(Fixed(8, 4), Fixed(8, 4)))
    'fixed<13,4>'
    """
    width = a.width + max(b.fraction_bits, 0) + b.signed
    whole = whole_bits(a) + b.fraction_bits + b.signed
    return _fixed(whole, width - whole, a.signed or b.signed, "a / b")


def negative(a: Fixed) -> Fixed:
    """Of -a, signed always."""
    return _fixed(whole_bits(a) + 1, a.fraction_bits, True, "-a")


def total(a: Fixed, count: int) -> Fixed:
    """Of the sum of `count` numbers."""
    more = max(count - 1, 0).bit_length()
    return _fixed(whole_bits(a) + more, a.fraction_bits, a.signed, f"the sum of {count} numbers")


def fma(a: Fixed, b: Fixed, c: Fixed) -> Fixed:
    """Of a * b + c."""
    return add(multiply(a, b), c, "a * b + c")


def faa(a: Fixed, b: Fixed, c: Fixed) -> Fixed:
    """Of a + b + c."""
    return add(add(a, b), c, "a + b + c")


GROWN: dict[str, Callable[..., Fixed]] = {
    "add": add,
    "subtract": subtract,
    "multiply": multiply,
    "divide": divide,
    "negative": negative,
    "fma": fma,
    "faa": faa,
}


def grown(name: str, formats: Sequence[Fixed]) -> Fixed:
    """The format in which an operation on these is exact (of quotients: ap_fixed's)."""
    return GROWN[name](*formats)
