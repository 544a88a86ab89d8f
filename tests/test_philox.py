"""Philox4x32-10: the published known answers, and where an element finds its word."""

from __future__ import annotations

import numpy as np
import pytest

import numfmt as nf
from numfmt import _core
from numfmt._core import ffi, lib

# The known-answer vectors of Salmon, Moraes, Dror and Shaw's own library (Random123, kat_vectors):
# counter, key, result.
KNOWN_ANSWERS = [
    (
        (0, 0, 0, 0),
        (0, 0),
        (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8),
    ),
    (
        (0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF),
        (0xFFFFFFFF, 0xFFFFFFFF),
        (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD),
    ),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


def philox(counter, key):
    """Ten rounds in Python integers."""
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c0, 0xCD9E8D57 * c2
        c0, c1 = (p1 >> 32) ^ c1 ^ k0, p1 & 0xFFFFFFFF
        c2, c3 = (p0 >> 32) ^ c3 ^ k1, p0 & 0xFFFFFFFF
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return c0, c1, c2, c3


def word_of(key, call, draw, element):
    """The word that the layout gives to one element."""
    block = (element >> 6) * 16 + (element & 15)
    high = call + (draw << 48)
    words = [part >> shift & 0xFFFFFFFF for part in (block, high) for shift in (0, 32)]
    return philox(words, (key & 0xFFFFFFFF, key >> 32))[(element >> 4) & 3]


@pytest.mark.parametrize(("counter", "key", "expected"), KNOWN_ANSWERS)
def test_known_answers(counter, key, expected):
    """One block gives the published result, in C and in the tests' own Python."""
    out = ffi.new("uint32_t[4]")
    lib.nf_philox(ffi.new("uint32_t[4]", counter), ffi.new("uint32_t[2]", key), out)
    assert tuple(out) == expected
    assert philox(counter, key) == expected


@pytest.mark.parametrize("isa", _core.available_isas())
@pytest.mark.parametrize("first", [0, 1, 63, 64, 100, 2**38 - 70, 2**63 + 5])
def test_every_element_finds_its_word(isa, first):
    """Element i has word (i >> 4) & 3 of block (i >> 6) * 16 + (i & 15), from any first element."""
    key, call, n = 0xFEDCBA9876543210, 2**48 - 2, 300
    with _core.forced_isa(isa):
        for draw in (0, 1, 65535):
            bits = nf.random_bits(nf.Key(key).at(call, first=first), n, draw=draw)
            expected = [word_of(key, call, draw, first + i) for i in range(n)]
            assert bits.tolist() == expected


@pytest.mark.parametrize("isa", _core.available_isas())
@pytest.mark.parametrize("n", [0, 1, 15, 64, 127, 128, 129, 1000])
def test_pieces_equal_the_whole(isa, n):
    """Any number of words from any first element is a piece of the whole."""
    whole = nf.random_bits(nf.Key(3), 2000)
    with _core.forced_isa(isa):
        for first in (0, 1, 50, 64, 700):
            piece = nf.random_bits(nf.Key(3).at(0, first=first), n)
            assert np.array_equal(piece, whole[first : first + n])
