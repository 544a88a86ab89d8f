"""The formats and the numbers that tests go through."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from oracle_formats import Fixed, Float, Format, Posit
from oracle_lns import LNS, PowerOfTwo
from oracle_p3109 import P3109, Exponents, named
from oracle_takum import LogTakum, Takum

FIXED = [
    Fixed(1, 0),
    Fixed(1, 2, signed=False),
    Fixed(2, 1),
    Fixed(3, -2),
    Fixed(4, 1),
    Fixed(4, 0),
    Fixed(4, 0, signed=False),
    Fixed(4, 2, signed=False),
    Fixed(5, 7),
    Fixed(6, 3),
    Fixed(7, -3, signed=False),
    Fixed(8, 0),
    Fixed(8, 3),
    Fixed(8, 7),
    Fixed(8, 0, signed=False),
    Fixed(8, 3, signed=False),
    Fixed(8, 20),
]
FLOATS = [
    Float(5, 2),
    Float(4, 3),
    Float(3, 4),
    Float(4, 3, special="fn"),
    Float(4, 3, special="fnuz"),
    Float(5, 2, special="fnuz"),
    Float(4, 3, bias=11, special="fnuz"),
    Float(3, 2, special="finite"),
    Float(2, 3, special="finite"),
    Float(2, 1, special="finite"),
    Float(7, 0),
    Float(4, 0, special="finite"),
    Float(3, 0, special="fn"),
    Float(1, 2),
    Float(1, 5, special="finite"),
    Float(2, 5, special="fn"),
    Float(3, 3, bias=-3),
    Float(4, 2, bias=40),
    Float(4, 4, signed=False),
    Float(5, 3, special="fn", signed=False),
    Float(3, 3, special="finite", signed=False),
    Float(4, 0, signed=False),
    Float(4, 3, subnormals="round"),
    Float(4, 3, special="fn", subnormals="round"),
    Float(3, 2, special="finite", subnormals="round", signed=False),
    Float(4, 0, special="finite", subnormals="round"),
    Float(4, 3, special="fnuz", subnormals="round"),
    Float(4, 3, subnormals="ftz_before"),
    Float(4, 3, subnormals="ftz_after"),
    Float(4, 0, special="finite", subnormals="ftz_after"),
    named("Binary8p4se"),
    named("Binary8p3ue"),
    named("Binary8p1se"),
    named("Binary7p1uf"),
    named("Binary6p3sf"),
    named("Binary5p5ue"),
    named("Binary3p1se"),
]
EXPONENTS = [Exponents(8), Exponents(4)]
POSITS = [
    Posit(2, 0),
    Posit(2, 2),
    Posit(3, 1),
    Posit(4, 0),
    Posit(5, 1),
    Posit(6, 0),
    Posit(6, 2),
    Posit(7, 1),
    Posit(8, 0),
    Posit(8, 1),
    Posit(8, 2),
    Posit(8, 3),
    Posit(8, 5),
]
TAKUMS = [Takum(width) for width in (2, 3, 4, 5, 8)]
NARROW: list[Format] = [*FIXED, *FLOATS, *EXPONENTS, *POSITS, *TAKUMS]

WIDE: list[Format] = [
    Fixed(9, 4),
    Fixed(16, 15),
    Fixed(16, 0, signed=False),
    Fixed(24, 30),
    Fixed(31, -5),
    Fixed(32, 16),
    Fixed(33, 1, signed=False),
    Fixed(48, 20),
    Fixed(63, 62),
    Fixed(64, 0),
    Fixed(64, 32, signed=False),
    Fixed(64, 63),
    Fixed(64, -20),
    Float(5, 10),
    Float(8, 7),
    Float(8, 10),
    Float(8, 23),
    Float(11, 52),
    Float(6, 9, special="fn"),
    Float(5, 10, special="fnuz"),
    Float(6, 5, special="finite"),
    Float(8, 7, subnormals="round"),
    Float(8, 23, subnormals="round"),
    Float(11, 52, subnormals="round"),
    Float(3, 60),
    Float(10, 53),
    Float(15, 40, bias=900),
    Float(9, 20, bias=1100, signed=False),
    Float(8, 24, bias=127, special="finite", signed=False),
    named("Binary9p8ue"),
    named("Binary11p2sf"),
    named("Binary16p8se"),
    named("Binary16p1se"),
    named("Binary16p11uf"),
    named("Binary32p24se"),
    named("Binary48p40uf"),
    named("Binary64p53se"),
    named("Binary64p63ue"),
    Exponents(10),
    Posit(9, 2),
    Posit(12, 0),
    Posit(16, 1),
    Posit(16, 2),
    Posit(16, 5),
    Posit(24, 2),
    Posit(31, 3),
    Posit(32, 2),
    Posit(33, 0),
    Posit(48, 2),
    Posit(63, 4),
    Posit(64, 0),
    Posit(64, 2),
    Posit(64, 5),
    *(Takum(width) for width in (10, 12, 13, 16, 32, 47, 64)),
]


def spelled(format: Format) -> str:
    """A short name for test ids."""
    if isinstance(format, Fixed):
        return f"{'' if format.signed else 'u'}fixed{format.width}_{format.fraction_bits}"
    if isinstance(format, Takum):
        return f"takum{'_log' * isinstance(format, LogTakum)}{format.width}"
    if isinstance(format, Posit):
        return f"posit{format.width}_{format.es}"
    if isinstance(format, PowerOfTwo):
        return f"pow{format.width}_{'geometric' if format.geometric else 'arithmetic'}"
    if isinstance(format, LNS):
        return f"lns{format.width}_{format.fraction_bits}"
    if isinstance(format, P3109):
        domain = f"{'s' if format.signed else 'u'}{'e' if format.extended else 'f'}"
        return f"binary{format.width}p{format.fraction_bits + 1}{domain}"
    if isinstance(format, Exponents):
        return f"e{format.width}m0fnu"
    sign = "" if format.signed else "u"
    bias = "" if format.bias is None else f"_bias{format.bias}"
    flush = "" if format.subnormals == "on" else f"_{format.subnormals}"
    return f"{sign}e{format.exponent_bits}m{format.fraction_bits}_{format.special}{bias}{flush}"


def landmarks(format: Format, indices: range | list[int]) -> set[Fraction]:
    """Values, midpoints (of values and of codes) and quarter points from each index to the next."""
    points: set[Fraction] = set()
    for i in indices:
        below, above = format.value(i), format.value(i + 1)
        points |= {below + (above - below) * Fraction(k, 4) for k in range(5)}
        if isinstance(format, Posit):
            points.add(format._middle(i))
    return points


def index_range(format: Format) -> range:
    """Every magnitude of a narrow format and some beyond, as far as `value` goes."""
    if isinstance(format, Posit):
        return range(format.highest)
    if isinstance(format, Fixed):
        return range((2 << format.width) + 3 if format.width < 7 else (1 << format.width) + 40)
    return range(format.highest + 5)


def around(points: set[Fraction]) -> np.ndarray:
    """Both signs of the points, and the float64 numbers next to each."""
    x = np.array(sorted({float(p) for p in points}))
    with np.errstate(over="ignore"):
        x = np.concatenate([x, np.nextafter(x, np.inf), np.nextafter(x, -np.inf)])
    return np.unique(np.concatenate([x, -x]))


def far(format: Format) -> set[Fraction]:
    """Numbers far above and far below the range."""
    largest = format.value(format.highest)
    powers = [largest * Fraction(2) ** k for k in (1, 2, 3, 8, 30, 64, 65, 100)]
    odd = [largest + format.value(1) * Fraction(2 * k + 1, 2) for k in (1, 7, 1000, 10**6 + 1)]
    limits = [Fraction(v) for v in (5e-324, 2.2e-308, 1e-30, 3.7e18, 1e19, 1e300, 1.7e308)]
    inside = [v for v in (*powers, *odd) if v < Fraction(2) ** 1023]
    return {*inside, *limits, Fraction(np.finfo(float).max)}


def interesting(format: Format) -> np.ndarray:
    """Every finite float64 case of a narrow format, both zeros among them."""
    x = around(landmarks(format, index_range(format)) | far(format))
    x = x[np.isfinite(x) & (x != 0)]
    return np.concatenate([x, [0.0, -0.0]])


def interesting_single(format: Format) -> np.ndarray:
    """Every finite float32 case of a narrow format: those of double precision, rounded."""
    with np.errstate(over="ignore"):
        x = np.unique(interesting(format).astype(np.float32))
    return np.concatenate([x[np.isfinite(x) & (x != 0)], np.float32([0.0, -0.0])])


def holds_single(format: Format) -> bool:
    """Do float32 numbers hold every value of the format?"""
    ends = {format.value(1), format.value(format.highest)}
    return all(Fraction(2) ** -149 <= v < Fraction(2) ** 128 for v in ends)
