"""Which bits of a word an element takes: measured words, and the layouts as text has them."""

import numpy as np
import pytest

import numfmt as nf
from numfmt._word_layouts import WORD_LAYOUTS

WORD = 0x12345678


def reversed_bits(number: int) -> int:
    """Of 16."""
    return int(f"{number:016b}"[::-1], 2)


def test_conversions_of_a_b200():
    """rbits 0x12345678 as read on a B200 by others: a, b, e, f from the result's high end."""
    expected = {
        "cvt.rs.f8x4": [0x2C48, 0x1234, 0x1E6A, 0x5678],
        "cvt.rs.f6x4": [0x2C48, 0x1234, 0x1E6A, 0x5678],
        "cvt.rs.f4x4": [0x6A48, 0x1256, 0x1E2C, 0x3478],
    }
    for layout, words in expected.items():
        assert nf.lane_words(np.uint32([WORD]), layout).tolist() == words[::-1]


def by_arithmetic(layout: str, word: int) -> list[int]:
    """The same fields by shifts and masks."""
    low, high = word & 0xFFFF, word >> 16 & 0xFFFF
    outer, inner = word & 0xFF | (word >> 8 & 0xFF00), word >> 8 & 0xFF | (word >> 16 & 0xFF00)
    return {
        "cvt.rs.f16x2": [low % 2**13, high % 2**13],
        "cvt.rs.bf16x2": [low, high],
        "cvt.rs.f8x4": [low, reversed_bits(low), high, reversed_bits(high)],
        "cvt.rs.f6x4": [low, reversed_bits(low), high, reversed_bits(high)],
        "cvt.rs.f4x4": [outer, reversed_bits(outer), inner, reversed_bits(inner)],
        "cvt_sr.fp8": [word >> 12 & 0xFFFFF],
        "cvt_sr.bf8": [word >> 11 & 0x1FFFFF],
        "cvfpu.rsr": [word & 0xFFF],
        "tenstorrent.fp16": [(word & 0x7FFFFF) >> 10],
        "tenstorrent.bf16": [(word & 0x7FFFFF) >> 7],
        "tenstorrent.integer": [word & 0x7FFFFF],
    }[layout]


@pytest.mark.parametrize("layout", WORD_LAYOUTS)
def test_fields(layout):
    """Words of 32 and of 64 bits, in rows that become longer."""
    words = nf.Generator(1, kind="xoroshiro128aox", seed_rule="splitmix").words(60)
    expected = [field for word in words.tolist() for field in by_arithmetic(layout, word)]
    got = nf.lane_words(words.reshape(5, 12), layout)
    assert got.shape == (5, len(expected) // 5)
    assert got.dtype == np.uint32
    assert got.ravel().tolist() == expected
    assert nf.lane_words(words.astype(np.uint32), layout).tolist() == expected
    assert nf.lane_words(words[:0], layout).shape == (0,)


def test_wrong_words_are_refused():
    """Another dtype, no axis, an unknown layout."""
    with pytest.raises(nf.RandomError, match=r"layout='cvt\.rs' is not known"):
        nf.lane_words(np.uint32([1]), "cvt.rs")
    with pytest.raises(nf.RandomError, match="dtype int64"):
        nf.lane_words(np.array([1]), "cvfpu.rsr")
    with pytest.raises(nf.ShapeError, match="scalar"):
        nf.lane_words(np.uint32(1), "cvfpu.rsr")
