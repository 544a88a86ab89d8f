"""NVFP4: E2M1 elements, an E4M3 scale for 16 neighbours, a float32 for the whole tensor.

`exact` rounds each stored number once, from the exact quotient.  `fp32_te` and `fp32_torchao`
follow two programs, every float32 rounding in their order, and say which number is stored.
Numbers are finite and, in the float32 forms, float32.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from oracle_blocks import E2M1, E4M3, Block, Pick, is_finite
from oracle_scales import largest_value
from oracle_tables import single

SIZE = 16
LARGEST = largest_value(E2M1) * largest_value(E4M3)  # 2688
FLOAT32_MAX = (2 - Fraction(1, 1 << 23)) * Fraction(2) ** 127
FLOAT32_MIN = Fraction(1, 1 << 149)
TORCHAO_LEAST = Fraction(1, 64)
ROWS = Block(E2M1, SIZE, E4M3, "absmax", zero_scale="smallest")


@dataclass(frozen=True)
class Nvfp4Codes:
    """Codes of elements and block scales, and the number stored for the tensor.

    The value of an element is q s g, or q s / g where `divides`.
    """

    codes: list[int]
    scales: list[int]
    scale_shape: tuple[int, ...]
    tensor_scale: Fraction
    divides: bool = False

    def value(self, code: int, scale: int) -> Fraction | str:
        """What an element's code is worth under a scale's code."""
        s, q = E4M3.decode(scale), E2M1.decode(code)
        if s == "nan":
            return "nan"
        if isinstance(q, str):
            return q
        return q * s / self.tensor_scale if self.divides else q * s * self.tensor_scale


def capped(x: Fraction) -> Fraction:
    """The nearest float32, infinity standing for the largest."""
    return min(single(x), FLOAT32_MAX)


def tensor_largest(numbers: Sequence[float]) -> Fraction:
    """The largest finite magnitude of the tensor."""
    return max((abs(Fraction(x)) for x in numbers if is_finite(x)), default=Fraction(0))


def nearest(format, x: Fraction) -> int:
    """The code nearest to x, ties to even, saturating."""
    return Block(format, 1, None).element_code(x, Fraction(1), "nearest_even")


def split(numbers: Sequence[float], shape: tuple[int, ...]):
    """The shape of the scales, each element's block, and the blocks' numbers."""
    counts, places = ROWS.places(shape)
    blocks: list[list[float]] = [[] for _ in range(max(places, default=-1) + 1)]
    for x, place in zip(numbers, places, strict=True):
        blocks[place].append(x)
    return counts, places, blocks


def exact(
    numbers: Sequence[float],
    shape: tuple[int, ...],
    mode: str = "nearest_even",
    pick: Pick | None = None,
    tensor_scale: Fraction | None = None,
    zero_scale: str = "smallest",
) -> Nvfp4Codes:
    """compute="exact": a block that holds a NaN or an infinity has a NaN scale."""
    largest = tensor_largest(numbers)
    g = tensor_scale
    if g is None:
        g = max(capped(largest / LARGEST), FLOAT32_MIN) if largest else Fraction(1)
    rows = Block(E2M1, SIZE, E4M3, "absmax", zero_scale=zero_scale)
    scaled = [Fraction(x) / g if is_finite(x) and x else x for x in numbers]
    found = rows.encode(scaled, shape, mode, pick)
    return Nvfp4Codes(found.codes, found.scales, found.scale_shape, g)


def fp32_te(numbers: Sequence[float], shape: tuple[int, ...]) -> Nvfp4Codes:
    """TransformerEngine's kernels: the encoding scale is stored, and values divide by it."""
    largest = tensor_largest(numbers)
    g = capped(single(LARGEST / largest)) if largest else Fraction(1)
    sixth = single(g * single(Fraction(1, 6)))
    back = single(1 / g)
    counts, places, blocks = split(numbers, shape)
    scales, factors = [], []
    for block in blocks:
        scales.append(nearest(E4M3, capped(tensor_largest(block) * sixth)))
        s = single(E4M3.decode(scales[-1]) * back)
        factors.append(capped(1 / s) if s else FLOAT32_MAX)
    codes = [scaled_code(x, factors[place]) for x, place in zip(numbers, places, strict=True)]
    return Nvfp4Codes(codes, scales, counts, g, divides=True)


def scaled_code(x: float, factor: Fraction) -> int:
    """The element of a float32 product; the sign of a zero stays."""
    product = single(Fraction(x) * factor) if x else x
    return nearest(E2M1, product) | (8 if str(x).startswith("-") else 0)


def fp32_torchao(numbers: Sequence[float], shape: tuple[int, ...]) -> Nvfp4Codes:
    """torchao's quantiser with a tensor scale: block scales are at least 2**-6, zero blocks too."""
    largest = tensor_largest(numbers)
    g = max(single(largest / LARGEST), FLOAT32_MIN) if largest else Fraction(1)
    counts, places, blocks = split(numbers, shape)
    scales, totals = [], []
    for block in blocks:
        ratio = single(single(tensor_largest(block) / 6) / g)
        scales.append(nearest(E4M3, max(TORCHAO_LEAST, min(ratio, largest_value(E4M3)))))
        totals.append(single(g * E4M3.decode(scales[-1])))
    codes = []
    for x, place in zip(numbers, places, strict=True):
        quotient = single(Fraction(x) / totals[place]) if x else x
        codes.append(nearest(E2M1, quotient) | (8 if str(x).startswith("-") else 0))
    return Nvfp4Codes(codes, scales, counts, g)
