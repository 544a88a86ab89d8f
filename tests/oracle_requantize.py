"""Requantisation in Python's integers and fractions: what the formulas of datapaths.md P7 say.

Shares nothing with the core, and says each rounding as a rounding of an exact quotient, not as
shifts and masks.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

HALF = Fraction(1, 2)
MOST = 2**31 - 1


def half_up(v: Fraction) -> int:
    """Ties toward +infinity."""
    return math.floor(v + HALF)


def half_away(v: Fraction) -> int:
    """Ties away from zero."""
    return math.floor(v + HALF) if v >= 0 else math.ceil(v - HALF)


def half_even(v: Fraction) -> int:
    """Ties to even."""
    return round(v)


def to_bits(v: Fraction, precision: int, least: int) -> Fraction:
    """The nearest multiple of one unit in the last of `precision` places, at least 2**least; ties
    to even; exponents have no upper end."""
    if v == 0:
        return v
    size = abs(v)
    exponent = size.numerator.bit_length() - size.denominator.bit_length()
    if Fraction(2) ** exponent > size:
        exponent -= 1
    unit = Fraction(2) ** max(exponent - precision + 1, least)
    return half_even(v / unit) * unit


def binary32(v: Fraction) -> Fraction:
    """float32, without an upper end."""
    return to_bits(v, 24, -149)


def binary64(v: Fraction) -> Fraction:
    """float64, without an upper end."""
    return to_bits(v, 53, -1074)


def shifted(x: int, left: int) -> int:
    """x << left, wrapped at 32 bits."""
    return ((x << left) + 2**31) % 2**32 - 2**31


def high_half(x: int, q: int, s: int) -> int:
    """(x << max(s, 0)) q / 2**31, ties toward +infinity."""
    return half_up(Fraction(shifted(x, max(s, 0)) * q, 2**31))


def gemmlowp_double(x: int, q: int, s: int) -> int:
    """Two roundings."""
    return half_away(Fraction(min(high_half(x, q, s), MOST), 2 ** max(-s, 0)))


def ruy_avx512(x: int, q: int, s: int) -> int:
    """Two roundings, both ties toward +infinity."""
    return half_up(Fraction(high_half(x, q, s), 2 ** max(-s, 0)))


def single(x: int, q: int, s: int) -> int:
    """One rounding."""
    return half_up(Fraction(x * q, 2 ** (31 - s)))


def ethos_u_truncate(x: int, q: int, s: int) -> int:
    """One, toward zero."""
    return math.trunc(Fraction(x * q, 2 ** (31 - s)))


def int16x8(x: int, q: int, s: int) -> int:
    """A multiplier of 15 bits, rounded with ties toward +infinity."""
    short = min(half_up(Fraction(q, 2**16)), 2**15 - 1)
    return half_up(Fraction(x * short, 2 ** (15 - s)))


SHIFTS: dict[str, Callable[[Fraction], int]] = {
    "shift_rhu": half_up,
    "shift_rha": half_away,
    "shift_rne": half_even,
    "shift_trn": math.floor,
}
FIXED_POINT = {f.__name__: f for f in (gemmlowp_double, single, ruy_avx512, ethos_u_truncate)}
REAL = {
    "f64_half_away": lambda x, m: half_away(binary64(binary64(Fraction(x)) * m)),
    "f32_rne": lambda x, m: half_even(binary32(binary32(Fraction(x)) * m)),
}


def scaled(mode: str, x: int, multiplier: object) -> int:
    """y: of a pair (q, s), of a real number, or of the bits to drop."""
    if mode in SHIFTS:
        return SHIFTS[mode](Fraction(x, 2**multiplier))
    if mode in REAL:
        return REAL[mode](x, Fraction(multiplier))
    return (FIXED_POINT | {"int16x8": int16x8})[mode](x, *multiplier)


def requantized(
    mode: str, x: int, multiplier: object, zero_point: int, ends: tuple[int, int]
) -> int:
    """The clamped integer."""
    return min(max(scaled(mode, x, multiplier) + zero_point, ends[0]), ends[1])


def quantized_multiplier(real: float) -> tuple[int, int]:
    """(q, shift), by the definition."""
    exact = Fraction(real)
    if exact == 0:
        return 0, 0
    shift = exact.numerator.bit_length() - exact.denominator.bit_length()
    shift += exact >= Fraction(2) ** shift
    q = half_away(exact / Fraction(2) ** shift * 2**31)
    if q == 2**31:
        q, shift = q // 2, shift + 1
    return (q, shift) if shift >= -31 else (0, 0)
