"""QPyTorch's block_quantize, bit for bit: float32 sums and integer operations on their bits.

base = 6 * 2**E, E the exponent field of the block's largest magnitude; y = float32(x + base); half
of the last kept place (or random bits) is added to y's bits and the low ones are cleared; the
result less base is cut to the symmetric range.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import isinf, isnan

from oracle_formats import Float, floor_log2
from oracle_tables import single

BINARY32 = Float(8, 23)
TWO = Fraction(2)
LARGEST_EXPONENT = 125  # above it base overflows


def bits_of(y: Fraction) -> int:
    """The bits of a positive float32."""
    cell = BINARY32.cell(y)
    assert cell.tail == 0
    return cell.lower


def quantize(
    numbers: Sequence[float], width: int, words: Sequence[int] | None = None
) -> list[Fraction | float]:
    """The values of one block of float32 numbers, width 2 .. 22; `words` make it stochastic.

    A block that holds a NaN or an infinity is NaN; one of subnormals and zeros stays as it is.
    """
    assert 2 <= width <= 22
    if any(isnan(x) or isinf(x) for x in numbers):
        return [float("nan")] * len(numbers)
    largest = max(abs(Fraction(x)) for x in numbers)
    if largest < TWO**-126:
        return list(numbers)
    e = floor_log2(largest)
    assert e <= LARGEST_EXPONENT
    halves = [1 << (22 - width)] * len(numbers)
    low = (1 << (23 - width)) - 1
    added = halves if words is None else [w & low for w in words]
    return [one(Fraction(x), e, width, add) for x, add in zip(numbers, added, strict=True)]


def one(x: Fraction, e: int, width: int, add: int) -> Fraction:
    """One number of a block whose largest magnitude has the exponent e."""
    base = 6 * TWO**e
    bits = bits_of(single(x + base)) + add
    bits &= -1 << (23 - width)
    z = BINARY32.value(bits) - base
    assert single(z) == z
    if z and floor_log2(abs(z)) > e:
        end = TWO**e * (2 - TWO ** (2 - width))
        return end if z > 0 else -end
    return z
