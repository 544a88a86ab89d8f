"""Soft errors: bits of codes that flip at random."""

from __future__ import annotations

import numbers
import operator
from collections.abc import Iterator
from typing import Any

import numpy as np

from ._arrays import Array, Output, read_codes
from ._errors import FormatError, RandomError
from ._parse import parse
from ._random import Generator, Key, random_bits, take_key
from .formats import Format
from .formats._base import code_dtype

_PIECE = 1 << 14  # elements whose words stay in the caches


def flip_bits(
    codes: Any,
    format: object,
    rate: float,
    key: Key | Generator,
    *,
    bits: int | None = None,
    out: Array | None = None,
) -> Any:
    """Flip each bit of each code with probability `rate`, independently: soft errors of a memory.

    Args:
        codes: unsigned integers, each a code of the format.
        format: a format or a spelling; only its width counts.
        rate: 0 .. 1; the double's own value is the probability, exactly.
        key: a `Key` or `Generator`; its call number and first element count.
        bits: the bits that may flip, as a mask: ``0x80`` for the sign of an 8-bit code; default
            all of the format's.
        out: an array for the result, of the dtype of a code; may be `codes` itself.

    Returns:
        Codes of the format, shaped like `codes`.  Where a format does not use all of its codes, a
        flip may lead to one that it does not use.

    Raises:
        FormatError: an integer that is no code of the format, or a mask beyond its width.
        RandomError, DtypeError, ShapeError: a wrong argument.

    Bit b flips where the number 0.d0 d1 d2 ... in base 2 is below the rate.  Its digits come from
    the element's words (`random_bits`), read until they decide.  Codes of 8 bits take digits 4t to
    4t + 3 from draw t: digit 4t + j of bit b is bit 8j + b of the word.  Codes of 16 bits take two
    digits from a draw in the same way, of 32 bits one; of 64 bits digit t of the low 32 bits is in
    draw 2t, of the high ones in draw 2t + 1.

    >>> import numfmt as nf
    >>> nf.flip_bits(nf.encode([1.0, 1.0, 1.0, 1.0], "e4m3fn"), "e4m3fn", 0.05, nf.Key(7))
    array([56, 56, 56, 48], dtype=uint8)
    """
    parsed, chance = parse(format), _rate(rate)
    mask = _mask(bits, parsed)
    source = read_codes(codes, parsed)
    result = Output(source, out, code_dtype(parsed))
    taken = take_key(key)
    old, new = source.plain.reshape(-1), result.plain.reshape(-1)
    for start in range(0, old.size, _PIECE):
        piece = old[start : start + _PIECE]
        at = taken.at(taken.call, (taken.first + start) % (1 << 64))
        new[start : start + _PIECE] = piece ^ _flips(at, chance, mask, piece)
    return result.finish()


def _rate(rate: object) -> tuple[int, int]:
    """The rate as an integer of at most 2**count, and count: its binary digits, exactly."""
    number = float(rate) if isinstance(rate, numbers.Real) else -1.0
    if not 0 <= number <= 1:
        raise RandomError(f"rate={rate!r} must be a number from 0 to 1")
    numerator, denominator = number.as_integer_ratio()
    return numerator, denominator.bit_length() - 1


def _mask(bits: object, format: Format) -> int:
    top = (1 << format.width) - 1
    if bits is None:
        return top
    try:
        mask = operator.index(bits)  # type: ignore[arg-type]
    except TypeError:
        mask = -1
    if not 0 <= mask <= top:
        raise FormatError(f"bits={bits!r} must be a mask of bits of {format}: 0 .. {top:#x}")
    return mask


def _flips(key: Key, chance: tuple[int, int], mask: int, like: Array) -> Array:
    """Which bits flip: one pass a binary digit of the rate, while some bit is undecided."""
    numerator, count = chance
    flips = np.zeros_like(like)
    undecided = np.full_like(like, mask)
    if count == 0:
        return undecided if numerator else flips
    for place, digits in zip(range(count - 1, -1, -1), _digits(key, like), strict=False):
        if numerator >> place & 1:
            flips |= undecided & ~digits
            undecided &= digits
        else:
            undecided &= ~digits
        if not undecided.any():
            break
    return flips


def _digits(key: Key, like: Array) -> Iterator[Array]:
    """Digit 0, 1, ... of every bit of every element, as arrays of the codes' dtype."""
    draw, bits = 0, like.itemsize * 8
    while bits == 64:
        low, high = (random_bits(key, like.size, draw=draw + i).astype(like.dtype) for i in (0, 1))
        yield low | high << np.uint64(32)
        draw += 2
    while True:
        words = random_bits(key, like.size, draw=draw)
        for shift in range(0, 32, bits):
            yield (words >> np.uint32(shift)).astype(like.dtype)
        draw += 1
