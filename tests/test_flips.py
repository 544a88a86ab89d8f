"""Bit flips: the law of each bit, its definition by words, and what a call must not change."""

import itertools
from fractions import Fraction

import numpy as np
import oracle_random
import pytest

import numfmt as nf
from numfmt import _flips

FORMATS = ["e2m1", "e4m3fn", "fixed<11,3>", "bfloat16", "tf32", "binary32", "fixed<33,0>", "int64"]
RATES = [0.0, 2.0**-1074, 1e-3, 0.1, 0.25, 0.5, 0.7, 1 - 2.0**-53, 1.0]


def codes_of(format, n):
    """Codes of all kinds."""
    width = nf.parse(format).width
    codes = np.random.default_rng(width).integers(0, 2**64, n, np.uint64) >> np.uint64(64 - width)
    return codes.astype(nf.encode(0.0, format).dtype)


def digits(element, bit, size, key):
    """The binary digits of a bit's number, by the definition in the docstring."""
    for draw in itertools.count():
        if size == 64 and draw % 2 != bit // 32:
            continue
        word = int(oracle_random.words(key.philox, key.call, 1, first=element, draw=draw)[0])
        if size == 64:
            yield word >> bit % 32 & 1
        else:
            yield from (word >> (size * j + bit) & 1 for j in range(32 // size))


def flips_by_definition(element, format, rate, key):
    """The mask that flips an element's code: each bit's number against the rate."""
    f = nf.parse(format)
    size = 8 * nf.encode(0.0, f).dtype.itemsize
    mask, exact = 0, Fraction(rate)
    for bit in range(f.width):
        number, scale = 0, 1
        for digit in digits(element, bit, size, key):
            number, scale = 2 * number + digit, 2 * scale
            if number + 1 <= exact * scale or number >= exact * scale:
                break
        mask |= (number + 1 <= exact * scale) << bit
    return mask


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("rate", RATES)
def test_each_bit_flips_as_its_number_says(format, rate):
    """A bit flips where its number, made of the digits that the docstring names, is below."""
    codes, key = codes_of(format, 8), nf.Key(3).at(5, first=61)
    flipped = nf.flip_bits(codes, format, rate, key) ^ codes
    expected = [flips_by_definition(61 + i, format, rate, key) for i in range(8)]
    assert flipped.tolist() == expected


@pytest.mark.parametrize("rate", [1e-3, 0.1, 1 / 3, 0.5, 0.9])
@pytest.mark.parametrize("format", ["e2m1", "e4m3fn", "bfloat16", "binary32", "int64"])
def test_every_bit_flips_at_the_rate_and_alone(format, rate):
    """z-scores of each bit's count, and of each pair of neighbours flipping together."""
    n, width = 60_000, nf.parse(format).width
    codes = codes_of(format, n)
    flipped = nf.flip_bits(codes, format, rate, nf.Key(11).at(2)) ^ codes
    bits = np.array([flipped >> np.uint64(bit) & np.uint64(1) for bit in range(width)], float)
    pairs = bits * np.roll(bits, 1, axis=0)
    for counts, chance in ((bits.sum(axis=1), rate), (pairs.sum(axis=1), rate * rate)):
        z = (counts - n * chance) / np.sqrt(n * chance * (1 - chance))
        assert np.max(np.abs(z)) < 5
        assert abs(z.sum() / np.sqrt(3 * width)) < 4


@pytest.mark.parametrize("format", ["e4m3fn", "tf32", "int64"])
def test_pieces_equal_the_whole(format, monkeypatch):
    """Neither a split by key.at(first=) nor the size of the inner pieces changes a bit."""
    codes, key = codes_of(format, 1000), nf.Key(1).fold_in("memory")
    whole = nf.flip_bits(codes, format, 0.3, key.at(4, first=7))
    pieces = [
        nf.flip_bits(codes[at : at + 130], format, 0.3, key.at(4, first=7 + at))
        for at in range(0, 1000, 130)
    ]
    assert np.array_equal(np.concatenate(pieces), whole)
    monkeypatch.setattr(_flips, "_PIECE", 37)
    assert np.array_equal(nf.flip_bits(codes, format, 0.3, key.at(4, first=7)), whole)
    assert np.array_equal(
        nf.flip_bits(codes.reshape(8, 125), format, 0.3, key.at(4, 7)).ravel(), whole
    )


def test_a_mask_keeps_the_other_bits_and_changes_no_flip():
    """bits= only hides flips of other bits; the format's width hides the bits above it."""
    codes, key = codes_of("fixed<11,3>", 4000), nf.Key(2)
    free = nf.flip_bits(codes, "fixed<11,3>", 0.2, key)
    assert free.max() < 1 << 11
    masked = nf.flip_bits(codes, "fixed<11,3>", 0.2, key, bits=0x301)
    assert np.array_equal(masked ^ codes, (free ^ codes) & 0x301)
    assert np.array_equal(nf.flip_bits(codes, "fixed<11,3>", 0.2, key, bits=0), codes)


def test_shape_dtype_and_out_are_those_of_encode():
    """Any layout of codes; a scalar for a scalar; `out` may be the codes; a Generator goes on."""
    codes = codes_of("e4m3fn", 24).reshape(4, 6)
    flipped = nf.flip_bits(codes, "e4m3fn", 0.5, nf.Key(9))
    assert flipped.dtype == np.uint8
    assert np.array_equal(nf.flip_bits(codes.T.copy().T, "e4m3fn", 0.5, nf.Key(9)), flipped)
    assert np.array_equal(nf.flip_bits(codes.astype(">i8"), "e4m3fn", 0.5, nf.Key(9)), flipped)
    assert nf.flip_bits(codes, "e4m3fn", 0.5, nf.Key(9), out=codes) is codes
    assert np.array_equal(codes, flipped)
    assert isinstance(nf.flip_bits(3, "e4m3fn", 0.5, nf.Key(9)), np.uint8)
    assert nf.flip_bits(codes[:0], "e4m3fn", 0.5, nf.Key(9)).shape == (0, 6)
    generator = nf.Generator(9)
    first, second = (nf.flip_bits(codes, "e4m3fn", 0.5, generator) for _ in range(2))
    assert np.array_equal(second, nf.flip_bits(codes, "e4m3fn", 0.5, nf.Key(9).at(1)))
    assert not np.array_equal(first, second)


WRONG = {
    "rate below 0": ({"rate": -0.1}, nf.RandomError, "rate=-0.1"),
    "rate above 1": ({"rate": 1.1}, nf.RandomError, "0 to 1"),
    "rate NaN": ({"rate": float("nan")}, nf.RandomError, "rate=nan"),
    "rate a string": ({"rate": "0.1"}, nf.RandomError, "rate='0.1'"),
    "an int as key": ({"key": 3}, nf.RandomError, "numfmt.Key"),
    "mask too wide": ({"bits": 0x100}, nf.FormatError, "0xff"),
    "mask negative": ({"bits": -1}, nf.FormatError, "bits=-1"),
    "mask no integer": ({"bits": 1.0}, nf.FormatError, "mask"),
    "no code": ({"codes": [256]}, nf.FormatError, "256"),
    "values": ({"codes": [1.0]}, nf.DtypeError, "codes"),
    "out of another dtype": ({"out": np.zeros(2, np.uint16)}, nf.DtypeError, "uint16"),
    "out of another shape": ({"out": np.zeros(3, np.uint8)}, nf.ShapeError, "shape"),
}


@pytest.mark.parametrize(("change", "error", "named"), WRONG.values(), ids=WRONG)
def test_wrong_arguments_are_named(change, error, named):
    """Each wrong argument is an error that says what it was and what is allowed."""
    good = {"codes": np.array([1, 2], np.uint8), "format": "e4m3fn", "rate": 0.1, "key": nf.Key(1)}
    with pytest.raises(error, match=named):
        nf.flip_bits(**{**good, **change})
