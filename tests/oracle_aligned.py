"""Fused dot products by aligned integers: codes in, codes out, in NumPy's 64-bit integers.

Shares nothing with the core.  A block adds n exact products and c: each term is shifted to
2**(E-F), E the largest exponent of a term that is not 0, cut toward zero and added as an integer;
the sum is rounded once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

NONE = -(1 << 20)  # the exponent of no term


@dataclass(frozen=True)
class Coding:
    """A binary float's fields above `padding` unused bits; special: ieee, or fn (no infinity)."""

    exponent: int
    fraction: int
    special: str = "ieee"
    padding: int = 0

    @property
    def bias(self) -> int:
        """Of the exponent."""
        return (1 << (self.exponent - 1)) - 1

    @property
    def bits(self) -> int:
        """What a stored code takes."""
        return 1 + self.exponent + self.fraction + self.padding


CODINGS = {
    "f16": Coding(5, 10),
    "bf16": Coding(8, 7),
    "tf32": Coding(8, 10, padding=13),
    "f32": Coding(8, 23),
    "e4m3": Coding(4, 3, "fn"),
    "e5m2": Coding(5, 2),
}


@dataclass(frozen=True)
class Numbers:
    """(-1)**sign significand 2**(exponent - fraction); subnormals have the least exponent."""

    sign: np.ndarray
    significand: np.ndarray
    exponent: np.ndarray
    nan: np.ndarray
    infinite: np.ndarray


def decoded(codes: np.ndarray, coding: Coding) -> Numbers:
    """Fields to numbers."""
    code = codes.astype(np.int64) >> coding.padding
    fraction = code & ((1 << coding.fraction) - 1)
    top = (1 << coding.exponent) - 1
    field = code >> coding.fraction & top
    sign = code >> (coding.fraction + coding.exponent) & 1
    if coding.special == "fn":
        nan = (field == top) & (fraction == (1 << coding.fraction) - 1)
        infinite = np.zeros_like(nan)
    else:
        nan, infinite = (field == top) & (fraction != 0), (field == top) & (fraction == 0)
    significand = np.where(field > 0, fraction | 1 << coding.fraction, fraction)
    exponent = np.maximum(field, 1) - coding.bias
    return Numbers(sign, np.where(nan | infinite, 0, significand), exponent, nan, infinite)


@dataclass(frozen=True)
class Aligned:
    """The parameters of a block: datapaths.md, P3 and P4."""

    fraction_bits: int
    floor: int | None = None
    out_fraction: int = 23
    nearest: bool = False
    zeros_in_max: bool = False
    zero_sign: str = "plus"
    early: bool = True


def shifted(value: np.ndarray, left: np.ndarray) -> np.ndarray:
    """value 2**left cut toward zero, value >= 0."""
    up, down = np.clip(left, 0, 62), np.clip(-left, 0, 62)
    return np.where(left >= 0, value << up, value >> down)


def block(a: Numbers, b: Numbers, c: Numbers, unit: int, out: Coding, how: Aligned) -> np.ndarray:
    """Codes of the block of products along the last axis; `unit`: fraction bits of a product."""
    product, exponent = a.significand * b.significand, a.exponent + b.exponent
    counts = np.ones_like(product, bool) if how.zeros_in_max else product != 0
    most = np.where(counts, exponent, NONE).max(axis=-1)
    own = np.where((c.significand != 0) | how.zeros_in_max, c.exponent, NONE)
    most = np.maximum(most, own) if how.early else most
    most = most if how.floor is None else np.maximum(most, how.floor)
    terms = shifted(product, exponent - unit - most[..., None] + how.fraction_bits)
    total = np.where((a.sign ^ b.sign) != 0, -terms, terms).sum(axis=-1)
    if how.early:
        term = shifted(c.significand, c.exponent - out.fraction - most + how.fraction_bits)
        total = total + np.where(c.sign != 0, -term, term)
    finite = rounded(total, most - how.fraction_bits, out, how)
    return specials(finite, a, b, c, out)


def rounded(total: np.ndarray, power: np.ndarray, out: Coding, how: Aligned) -> np.ndarray:
    """The code of total 2**power: toward zero or nearest even, infinity beyond the largest."""
    size = np.abs(total)
    width = np.frexp(size.astype(np.longdouble))[1].astype(np.int64)
    binade = np.maximum(power + width - 1, 1 - out.bias)
    drop = binade - how.out_fraction - power
    kept = shifted(size, -drop)
    if how.nearest:
        rest = size - np.where(drop > 0, kept << np.clip(drop, 0, 62), size)
        half = np.where(drop > 0, np.left_shift(1, np.clip(drop - 1, 0, 62)), 1)
        kept = kept + ((rest > half) | (rest == half) & (kept & 1 == 1))
    fraction = kept << (out.fraction - how.out_fraction)
    code = ((binade + out.bias - 1) << out.fraction) + fraction
    code = np.minimum(code, ((1 << out.exponent) - 1) << out.fraction)
    code = np.where(size == 0, 0, code)
    sign = (total < 0) & ((code != 0) | (how.zero_sign != "plus"))
    return code | sign.astype(np.int64) << (out.bits - 1)


def specials(finite: np.ndarray, a: Numbers, b: Numbers, c: Numbers, out: Coding) -> np.ndarray:
    """NaN of all ones and infinities where the real sum has them."""
    zero = (a.infinite & (b.significand == 0) & ~b.infinite) | (
        b.infinite & (a.significand == 0) & ~a.infinite
    )
    infinite, sign = a.infinite | b.infinite, (a.sign ^ b.sign) != 0
    plus = (infinite & ~sign).any(axis=-1) | (c.infinite & (c.sign == 0))
    minus = (infinite & sign).any(axis=-1) | (c.infinite & (c.sign != 0))
    nan = (a.nan | b.nan | zero).any(axis=-1) | c.nan | (plus & minus)
    most = ((1 << out.exponent) - 1) << out.fraction
    result = np.where(plus, most, np.where(minus, most | 1 << (out.bits - 1), finite))
    return np.where(nan, (1 << (out.bits - 1)) - 1, result)


def part(x: Numbers, index) -> Numbers:
    """An index of all fields."""
    return Numbers(
        *(
            getattr(x, name)[index]
            for name in ("sign", "significand", "exponent", "nan", "infinite")
        )
    )


def chain(
    a: np.ndarray, b: np.ndarray, c: np.ndarray, types: tuple[str, str, str], n: int, how: Aligned
) -> np.ndarray:
    """d = a b + c in blocks of n products: codes of a, b (..., k) and c (...), broadcast."""
    first, second, out = (CODINGS[x] for x in types)
    left, right = decoded(a, first), decoded(b, second)
    for start in range(0, a.shape[-1], n):
        piece = (..., slice(start, start + n))
        unit = first.fraction + second.fraction
        c = block(part(left, piece), part(right, piece), decoded(c, out), unit, out, how)
    return c
