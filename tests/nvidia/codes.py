"""Instructions, codes made of bit fields, and draws that never change: NumPy alone is needed."""

from __future__ import annotations

import re
import zlib
from typing import NamedTuple

import numpy as np

Codes = np.ndarray
Operands = tuple[Codes, Codes, Codes]


class Coding(NamedTuple):
    """A binary float: its fields and the unused bits below them."""

    exponent: int
    fraction: int
    bias: int
    padding: int = 0
    largest: int = 0  # the largest finite exponent field

    @property
    def bits(self) -> int:
        """What a stored code takes."""
        return 1 + self.exponent + self.fraction + self.padding

    @property
    def sign(self) -> int:
        """The sign bit's mask, in int64."""
        return int(np.array(1 << (self.bits - 1), np.uint64).astype(np.int64))


CODINGS = {
    "f16": Coding(5, 10, 15, 0, 30),
    "bf16": Coding(8, 7, 127, 0, 254),
    "tf32": Coding(8, 10, 127, 13, 254),
    "f32": Coding(8, 23, 127, 0, 254),
    "f64": Coding(11, 52, 1023, 0, 2046),
    "e4m3": Coding(4, 3, 7, 0, 14),
    "e5m2": Coding(5, 2, 15, 0, 30),
}
DEPTH = {"f16": 16, "bf16": 16, "tf32": 8, "e4m3": 32, "e5m2": 32, "s8": 32, "u8": 32, "f64": 4}


class Instruction(NamedTuple):
    """What the name of one says: mma_k8_f16_f32, wgmma_e4m3_e5m2_f32, mma_s8_s32_satfinite."""

    name: str
    rows: int
    k: int
    a: str
    b: str
    d: str


def instruction(name: str) -> Instruction:
    """The shape and the types in an instruction's name."""
    unit, *rest = name.removesuffix("_satfinite").split("_")
    short = re.fullmatch(r"k(\d+)", rest[0])
    types = rest[1:] if short else rest
    k = int(short[1]) if short else DEPTH[types[0]]
    rows = 8 if types[0] == "f64" else 64 if unit == "wgmma" else 16
    return Instruction(name, rows, k, types[0], types[-2], types[-1])


class Draws:
    """Integers from a name: the words of Philox keyed by it."""

    def __init__(self, name: str) -> None:
        self.words = np.random.Philox(key=zlib.crc32(name.encode()))

    def __call__(self, low: int, high: int, *shape: int) -> np.ndarray:
        """Integers of low..high-1; the bias of the remainder does not matter here."""
        raw = self.words.random_raw(int(np.prod(shape)))
        return (low + (raw >> np.uint64(11)).astype(np.int64) % (high - low)).reshape(shape)


def code(coding: Coding, sign, exponent, fraction) -> np.ndarray:
    """The code of +-2**exponent (1 + fraction / 2**fraction_bits), fields cut at their ends."""
    field = np.clip(np.asarray(exponent) + coding.bias, 0, coding.largest)
    body = field << coding.fraction | np.asarray(fraction) & ((1 << coding.fraction) - 1)
    top = coding.exponent + coding.fraction
    return ((np.asarray(sign) & 1) << top | body) << coding.padding


def scaled(coding: Coding, whole: np.ndarray, exponent: np.ndarray) -> np.ndarray:
    """The code of whole * 2**exponent: whole >= 0 fits a significand; cut below the subnormals."""
    whole, exponent = np.broadcast_arrays(whole, exponent)
    bits = np.frexp(whole.astype(float))[1]
    power = bits - 1 + exponent
    shift = np.maximum(coding.fraction + 1 - bits, coding.fraction + 1 - bits - 63)
    normal = code(coding, 0, power, np.left_shift(whole, np.clip(shift, 0, 62)))
    low = coding.bias - 1 + coding.fraction + exponent
    subnormal = (
        np.where(low >= 0, whole << np.clip(low, 0, 40), whole >> np.clip(-low, 0, 62))
        << coding.padding
    )
    return np.where(whole == 0, 0, np.where(power >= 1 - coding.bias, normal, subnormal))


def uniform(draw: Draws, coding: Coding, *shape: int) -> np.ndarray:
    """Any bits at all, padding too."""
    return draw(0, 1 << min(coding.bits, 52), *shape) << max(0, coding.bits - 52)


def packed(codes: np.ndarray, bits: int) -> np.ndarray:
    """Words of 32 bits, the first code in the low bits of the first."""
    dtype = {8: np.uint8, 16: np.uint16, 32: np.uint32, 64: np.uint64}[bits]
    return np.ascontiguousarray(codes.astype(np.uint64).astype(dtype)).view(np.uint32)


def words(name: str, operands: Operands) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """a, b and c as the recorder takes them: results of 16 bits in words of their own."""
    which = instruction(name)
    bits = [CODINGS[x].bits if x in CODINGS else 8 for x in (which.a, which.b)]
    of_c = 64 if which.d == "f64" else 32
    return packed(operands[0], bits[0]), packed(operands[1], bits[1]), packed(operands[2], of_c)
