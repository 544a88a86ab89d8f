"""Block formats and blocks of numbers that tests go through, and what the oracle says of them."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from oracle_blocks import NAN, Block, BlockCodes
from oracle_formats import Float
from oracle_scales import SignedExponent, largest_value
from subjects import library

import numfmt as nf

RULES = ("floor", "ceil", "rceil", "even", "midmax")


def library_block(block: Block) -> nf.Block:
    """The library's format for an oracle's."""
    scale, element = block.scale_format, block.element
    if isinstance(scale, SignedExponent):
        scale_format: object = f"exponent<{scale.width}>"
    else:
        scale_format = None if scale is None else library(scale)
    if isinstance(element, Float) and element.exponent_bits == 0:  # sign and magnitude
        bias = 1 + (element.bias or 0)
        target = nf.Float(1, element.fraction_bits - 1, bias=bias, special="finite")
    else:
        target = library(element)
    return nf.Block(
        target,
        block.size,
        scale_format=scale_format,
        scale_rule=block.scale_rule,
        axis=block.axis,
        zero_scale=block.zero_scale,
        nan=block.nan,
        inf=block.inf,
        too_large=block.too_large,
        overflow=block.overflow,
    )


def to_floats(values: list) -> np.ndarray:
    """Exact values as the float64 nearest to each."""
    return np.array([float(str(v)) if isinstance(v, str) else _near(v) for v in values])


def _near(value: Fraction) -> float:
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


@dataclass
class Expected:
    """What the oracle gives of one array."""

    codes: np.ndarray
    scales: np.ndarray
    values: np.ndarray


def expected(block: Block, x: np.ndarray, mode="nearest_even", pick=None, scales=None) -> Expected:
    """Codes and values; where the library must raise, codes are object arrays that hold NAN."""
    numbers = [float(v) if x.dtype.kind == "f" else Fraction(int(v)) for v in x.ravel()]
    given = None if scales is None else scales.ravel().tolist()
    found = block.encode(numbers, x.shape, mode, pick, given)
    codes = np.array(found.codes, dtype=object).reshape(x.shape)
    stored = np.array(found.scales, dtype=object).reshape(found.scale_shape)
    if NAN in found.codes or NAN in found.scales:
        return Expected(codes, stored, np.empty(0))
    values = to_floats(block.decode(BlockCodes(found.codes, found.scales, ()), x.shape))
    return Expected(codes.astype(np.uint64), stored.astype(np.uint64), values.reshape(x.shape))


def rows(block: Block, width: int = 8) -> np.ndarray:
    """Blocks: all equal, one-hot, powers of two and their neighbours, subnormal, zero, ends."""
    top = float(largest_value(block.element))
    found = []
    for power in (-1074, -150, -127, -126, -20, 0, 5, 127, 300):
        for nudge in (-1, 0, 1):
            largest = np.ldexp(1.0, power) * (1 + nudge * 2.0**-52)
            found.append(np.full(width, largest))
            one_hot = np.zeros(width)
            one_hot[3] = -largest
            found.append(one_hot)
            found.append(largest * np.linspace(-1, 0.97, width))
    for scale in (1.0, 2.0**-9, 3.0):
        for end in (top, np.nextafter(top, 0), np.nextafter(top, 2 * top), 1.5 * top, 1.97 * top):
            found.append(scale * end * np.array([1, -0.5, 0.25, 0.1, -1, 0.77, 0.031, 1e-3]))
    found += [np.zeros(width), np.array([0.0, -0.0] * (width // 2))]
    return np.array(found)


def special_rows() -> np.ndarray:
    """Blocks with NaN and infinities."""
    nan, inf = np.nan, np.inf
    return np.array(
        [
            [1.0, nan, 3.0, -2.0],
            [inf, 1.0, 0.5, -0.25],
            [1.0, -inf, 1e-3, 0.0],
            [-nan, inf, -inf, 0.0],
            [nan, nan, nan, nan],
            [inf, -inf, inf, inf],
            [0.0, nan, 0.0, -0.0],
            [0.0, inf, 0.0, 0.0],
            [1.0, 2.0, -3.0, 0.1],
        ]
    )
