"""Which bits of a random word the elements of a conversion instruction take."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ._errors import RandomError, ShapeError, unknown

Array = np.ndarray[Any, Any]

# The bits of a word that an element takes, lowest first; elements as they lie in the packed result,
# from its low end.  NVIDIA's 8, 6 and 4-bit conversions give two elements the same 16 bits, the one
# above in reverse: PTX 9.0 names the bits, their order is what others read on a B200.
_HIGH, _LOW = tuple(range(16, 32)), tuple(range(16))
_OUTER, _INNER = (*range(8), *range(16, 24)), (*range(8, 16), *range(24, 32))
WORD_LAYOUTS: dict[str, tuple[tuple[int, ...], ...]] = {
    "cvt.rs.f16x2": (_LOW[:13], _HIGH[:13]),
    "cvt.rs.bf16x2": (_LOW, _HIGH),
    "cvt.rs.f8x4": (_LOW, _LOW[::-1], _HIGH, _HIGH[::-1]),
    "cvt.rs.f6x4": (_LOW, _LOW[::-1], _HIGH, _HIGH[::-1]),
    "cvt.rs.f4x4": (_OUTER, _OUTER[::-1], _INNER, _INNER[::-1]),
    "cvt_sr.fp8": (tuple(range(12, 32)),),
    "cvt_sr.bf8": (tuple(range(11, 32)),),
    "cvfpu.rsr": (tuple(range(12)),),
    "tenstorrent.fp16": (tuple(range(10, 23)),),
    "tenstorrent.bf16": (tuple(range(7, 23)),),
    "tenstorrent.integer": (tuple(range(23)),),
}


def lane_words(words: Any, layout: str) -> Array:
    """The random bits of elements from the words of a generator, as a machine's conversion
    instruction deals them out.

    Args:
        words: unsigned integers of 32 or 64 bits, of any shape.
        layout: see below; N is the ``bits=`` of the rounding that takes them.

    ====================== ======== ==== ==========================================================
    layout                 elements N    bits of a word
    ====================== ======== ==== ==========================================================
    cvt.rs.f16x2           2        13   lowest of the low half, of the high half
    cvt.rs.bf16x2          2        16   low half, high half
    cvt.rs.f8x4            4        16   low half, reversed low half, high half, reversed high half
    cvt.rs.f6x4            4        16   the same
    cvt.rs.f4x4            4        16   bytes 0 and 2, reversed, bytes 1 and 3, reversed
    cvt_sr.fp8             1        20   12 to 31
    cvt_sr.bf8             1        21   11 to 31
    cvfpu.rsr              1        12   0 to 11
    tenstorrent.fp16       1        13   10 to 22
    tenstorrent.bf16       1        16   7 to 22
    tenstorrent.integer    1        23   0 to 22
    ====================== ======== ==== ==========================================================

    Elements are those of a word's packed result from its low end: of PTX's ``cvt.rs d, {a, b, e,
    f}, rbits`` f, e, b, a; of ``cvt.rs d, a, b, rbits`` b, a.  ``cvt_sr`` is AMD's V_CVT_SR_FP8_F32
    and V_CVT_SR_BF8_F32; CVFPU and Tenstorrent compare: ``variant=lt`` and ``variant=ge``.

    Returns:
        uint32, the last axis longer by the number of elements: ``random_bits=`` of an array with
        this many elements.

    Raises:
        RandomError: an unknown layout; words of another dtype.

    >>> import numfmt as nf
    >>> import numpy as np
    >>> [hex(bits) for bits in nf.lane_words(np.array([0x12345678], np.uint32), "cvt.rs.f8x4")]
    ['0x5678', '0x1e6a', '0x1234', '0x2c48']
    """
    if layout not in WORD_LAYOUTS:
        raise RandomError(unknown("layout", layout, WORD_LAYOUTS))
    given = np.asarray(words)
    if given.dtype not in (np.uint32, np.uint64):
        raise RandomError(f"words has dtype {given.dtype}; it must be uint32 or uint64")
    if not given.ndim:
        raise ShapeError("words is a scalar; it must be an array")
    fields = WORD_LAYOUTS[layout]
    out = np.zeros((*given.shape, len(fields)), np.uint32)
    for element, places in enumerate(fields):
        for bit, place in enumerate(places):
            taken = (given >> given.dtype.type(place)) & given.dtype.type(1)
            out[..., element] |= taken.astype(np.uint32) << np.uint32(bit)
    shape = (*given.shape[:-1], math.prod(given.shape[-1:]) * len(fields))
    return out.reshape(shape)
