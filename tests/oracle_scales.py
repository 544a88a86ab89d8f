"""Scales of blocks: the formats they are stored in, and the rules that choose their exponents."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from oracle_formats import Fixed, Float, Format, floor_log2
from oracle_p3109 import Exponents

TWO = Fraction(2)
E8M0 = Exponents()


@dataclass(frozen=True)
class SignedExponent:
    """A scale 2**e, e a two's complement integer of `width` bits; no zero, no NaN."""

    width: int

    has_nan = False

    @property
    def lowest(self) -> int:
        return -(1 << (self.width - 1))

    @property
    def highest(self) -> int:
        return (1 << (self.width - 1)) - 1

    def decode(self, code: int) -> Fraction:
        return TWO ** (code - ((code >> (self.width - 1)) << self.width))


Scale = Exponents | SignedExponent | Float


def largest_value(element: Format) -> Fraction:
    """The largest number of the element format."""
    return element.value(element.highest)


def precision(element: Float | Fixed) -> int:
    """Significand bits of the element's largest numbers, the hidden one included."""
    if isinstance(element, Fixed):
        return element.width - element.signed
    return element.fraction_bits + (element.exponent_bits > 0)


def exponent(element: Format, rule: str, largest: Fraction) -> int:
    """The exponent of a power-of-two scale, before it is clamped."""
    top = largest_value(element)
    emax, e = floor_log2(top), floor_log2(largest)
    if rule == "floor":
        return e - emax
    if rule == "ceil":
        return e + (largest > TWO**e) - emax
    if rule == "even":  # half up, at the element's precision
        return floor_log2(largest + TWO ** (e - precision(element))) - emax
    if rule == "rceil":
        return least_exponent(largest, top)
    assert rule == "midmax", rule
    return least_exponent(largest, (top + TWO ** (emax + 1)) / 2)


def least_exponent(largest: Fraction, limit: Fraction) -> int:
    """The smallest e with largest <= limit * 2**e."""
    e = floor_log2(largest / limit)
    return e + (largest > limit * TWO**e)


def exponent_range(scale: Scale) -> tuple[int, int]:
    """The exponents of the smallest and the largest power of two that the scale has."""
    if isinstance(scale, SignedExponent):
        return scale.lowest, scale.highest
    smallest = scale.value(0) or scale.value(1)
    return floor_log2(smallest), floor_log2(scale.value(scale.highest))


def power_code(scale: Scale, e: int) -> int:
    """The code of 2**e."""
    if isinstance(scale, SignedExponent):
        return e % (1 << scale.width)
    cell = scale.cell(TWO**e)
    assert cell.tail == 0
    return cell.lower
