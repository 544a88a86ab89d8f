"""QPyTorch's rounding to nearest, bit for bit: float32 sums and integer operations on their bits.

Blocks: base = 6 * 2**E, E the exponent field of the block's largest magnitude; y =
float32(x + base); half of the last kept place (or random bits) is added to y's bits and the low
ones are cleared; the result less base is cut to the symmetric range.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import copysign, isinf, isnan

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


def half_up(x: Fraction) -> int:
    """The nearest integer of a positive number, ties up."""
    return (x + Fraction(1, 2)).__floor__()


def fixed(x: float, wl: int, fl: int, clamp: bool = True, symmetric: bool = False) -> Fraction:
    """fixed_point_quantize: 1/2 is added in float32, taken off exactly, ties go to even."""
    step, end = TWO**-fl, TWO ** (wl - fl - 1)
    found = single(Fraction(x) / step + Fraction(1, 2)) - Fraction(1, 2)
    value = single(Fraction(round(found))) * step
    return min(max(value, -end + step * symmetric), end - step) if clamp else value


def floating(x: float, exp: int, man: int) -> Fraction:
    """float_quantize, exp < 8 or x far below the end: ties away from zero; a small number is added
    to the smallest normal one in float32 first; the top exponent is one of numbers."""
    size, lowest = abs(Fraction(x)), TWO ** (2 - (1 << (exp - 1)))
    end = TWO ** (1 << (exp - 1)) * (2 - TWO**-man)
    if man == 23:  # the half that is added is the sign bit
        value = -(single(size + lowest) + lowest) if size < lowest else -size
        value = end if size > end else value
    elif size < lowest:
        step = lowest / 2**man
        value = half_up(single(size + lowest) / step) * step - lowest
    else:
        step = TWO ** floor_log2(size) / 2**man
        value = min(half_up(size / step) * step, end)
    return -value if copysign(1, x) < 0 else value
