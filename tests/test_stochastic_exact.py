"""Stochastic rounding: the very outcome that the element's random words call for, on every case."""

from fractions import Fraction

import cases
import numpy as np
import oracle
import oracle_random
import pytest
from oracle_formats import Fixed, Float, Posit
from sheet import Sheet, values_of
from subjects import library

import numfmt as nf
from numfmt import _core

narrow = pytest.mark.parametrize("format", cases.NARROW, ids=cases.spelled)
KEY, CALL = 0x0123456789ABCDEF, 77


def words_for(n, draw=0):
    """What the tests' key gives to n elements, by the tests' own Philox."""
    return oracle_random.words(KEY, CALL, n, draw=draw)


def compare(tally, format, x, sheet, rounded, rounding, **source):
    """encode and quantize under every policy, by every instruction set.

    Where the library must raise, code 0 stands instead, so that the elements keep their numbers.
    """
    target, stand_in = library(format), x.dtype.type(format.value(0))
    holds = x.dtype == np.float64 or cases.holds_single(format)
    for overflow in oracle.policies(format):
        codes, raises = sheet.codes(rounded, overflow, "stochastic")
        kept, codes = np.where(raises, stand_in, x), np.where(raises, 0, codes)
        values = values_of(format, codes)
        values = values.astype(x.dtype) if holds else values
        for isa in _core.available_isas():
            what = f"{isa} {x.dtype} {target} {rounding} {overflow}"
            with _core.forced_isa(isa):
                got = nf.encode(kept, target, rounding, overflow, **source)
                tally.same(got.astype(np.uint64), codes, x, "encode " + what)
                if holds:
                    got = nf.quantize(kept, target, rounding, overflow, **source)
                    tally.same(got, values, x, "quantize " + what)


@narrow
@pytest.mark.parametrize("interesting", [cases.interesting, cases.interesting_single])
def test_all_bits_with_a_key(interesting, format, tally):
    """U >= 1 - tail, with U from the words of the element, for float64 and float32 numbers."""
    x = interesting(format)
    sheet, words = Sheet(format, x), words_for(len(x))
    spellings = {"stochastic": ("value", "zero")}
    if isinstance(format, Posit):
        spellings["stochastic(probability=code)"] = ("code", "zero")
        spellings["stochastic(underflow=minpos)"] = ("value", "minpos")
    for rounding, (probability, underflow) in spellings.items():
        rounded = sheet.drawn(decisions(sheet.tails(probability), words), underflow)
        compare(tally, format, x, sheet, rounded, rounding, key=nf.Key(KEY).at(CALL))
    tally.check()


def decisions(tails, words):
    """Which elements go to their upper neighbours."""
    pairs = zip(tails, words.tolist(), strict=True)
    return np.array([decide(tail, word, i) for i, (tail, word) in enumerate(pairs)])


def decide(tail, word, element):
    """The oracle's decision, with further words where one does not decide."""
    return tail != 0 and oracle.takes_upper_all_bits(tail, element_words(word, element))


def element_words(word, element):
    """The first word, and those of the further draws as they are asked for."""
    yield word
    for draw in range(1, 100):
        yield int(oracle_random.words(KEY, CALL, 1, first=element, draw=draw)[0])


@pytest.mark.parametrize(
    "format", [Fixed(8, 0), Float(4, 3), Posit(8, 1), Fixed(40, 0)], ids=cases.spelled
)
def test_an_undecided_word_is_settled_by_the_next_draw(format, tally):
    """Where the first word equals the threshold's first 32 bits, draw 1 decides, and so on."""
    n = 600
    first = words_for(n)
    second = np.random.default_rng(3).integers(0, 1 << 16, n).tolist()
    one = format.cell(Fraction(1)).lower
    ulp = format.value(one + 1) - 1
    x = np.empty(n)
    for i, (word, low) in enumerate(zip(first.tolist(), second, strict=True)):
        tail = 1 - Fraction(word, 1 << 32) - Fraction(low, 1 << 48)
        below = -2 if isinstance(format, Fixed) and i % 3 == 0 else 1
        x[i] = float(below + tail * ulp) * (-1 if i % 3 == 1 and below > 0 else 1)
    sheet = Sheet(format, x)
    up = decisions(sheet.tails(), first)
    compare(tally, format, x, sheet, sheet.drawn(up), "stochastic", key=nf.Key(KEY).at(CALL))
    tally.check()


@narrow
@pytest.mark.parametrize("interesting", [cases.interesting, cases.interesting_single])
@pytest.mark.parametrize("variant", "ABC")
def test_few_bits_with_a_key(variant, interesting, format, tally):
    """bits=N takes the top N bits of the element's first word."""
    x = interesting(format)
    sheet, words = Sheet(format, x), words_for(len(x))
    for bits in (1, 7, 31, 32):
        up = words.astype(np.int64) >> (32 - bits) >= sheet.thresholds(variant, bits)
        rounding = f"stochastic(bits={bits},variant={variant})"
        compare(tally, format, x, sheet, sheet.drawn(up), rounding, key=nf.Key(KEY).at(CALL))
    tally.check()


@narrow
def test_the_callers_bits(format, tally):
    """random_bits= are used by their low N bits; without N, all 32, by variant A."""
    x = cases.interesting(format)
    sheet = Sheet(format, x)
    bits = np.random.default_rng(5).integers(0, 1 << 32, len(x), dtype=np.uint32)
    edge = sheet.thresholds("A", 32)
    bits = np.where(np.arange(len(x)) % 3 == 0, edge - np.arange(len(x)) // 3 % 2, bits)
    bits = np.clip(bits, 0, (1 << 32) - 1).astype(np.uint32)
    up = bits >= edge
    compare(tally, format, x, sheet, sheet.drawn(up), "stochastic", random_bits=bits)
    for variant in "ABC":
        up = bits % 256 >= sheet.thresholds(variant, 8)
        rounding = f"stochastic(bits=8,variant={variant})"
        compare(tally, format, x, sheet, sheet.drawn(up), rounding, random_bits=bits)
    tally.check()


@narrow
@pytest.mark.parametrize("interesting", [cases.interesting, cases.interesting_single])
def test_equal_probability(interesting, format, tally):
    """Either neighbour by the top bit of the word; exact values stay."""
    x = interesting(format)
    sheet, words = Sheet(format, x), words_for(len(x))
    inexact = np.array([c.tail != 0 for c in sheet.cells])
    up = inexact & (words >> 31 == 1)
    compare(tally, format, x, sheet, sheet.drawn(up), "sr_eq", key=nf.Key(KEY).at(CALL))
    tally.check()


@narrow
@pytest.mark.parametrize("variant", "ABC")
def test_the_law_of_few_bits_by_enumeration(format, variant, tally):
    """All 2**N words of an element go where the law says: N = 4, and 8 and 12 on samples."""
    for bits, step in ((4, 1), (8, 31), (12, 997)):
        x = cases.interesting(format)[::step]
        sheet, n = Sheet(format, x), 1 << bits
        up = np.arange(n)[:, None] >= sheet.thresholds(variant, bits)
        every = np.broadcast_to(np.arange(n, dtype=np.uint32)[:, None], (n, len(x)))
        rounding = f"stochastic(bits={bits},variant={variant})"
        got = nf.encode(
            np.broadcast_to(x, every.shape),
            library(format),
            rounding,
            "saturate",
            random_bits=every,
        )
        codes, _ = sheet.codes(np.array([sheet.drawn(row) for row in up]), "saturate", "sr")
        tally.same(got.astype(np.uint64), codes, np.broadcast_to(x, every.shape).ravel(), rounding)
    tally.check()


@pytest.mark.parametrize(
    "format", [Fixed(8, 3), Float(4, 3, special="fn"), Posit(8, 1), Float(2, 1, special="finite")]
)
def test_all_bits_are_unbiased_in_value(format):
    """The mean of many draws is the number itself: |z| < 4 with the exact variance."""
    draws = 1 << 20
    for i, x in enumerate((0.1, 0.7, 1.3, -2.9, 3.3)):
        below, above = neighbours(format, x)
        if not below < x < above:
            continue
        got = nf.quantize(np.full(draws, x), library(format), "sr", key=nf.Key(11).at(i))
        variance = (x - below) * (above - x) / draws
        assert set(np.unique(got)) == {below, above}
        assert abs(got.mean() - x) < 4 * variance**0.5


def neighbours(format, x):
    """The two values around a number, in ascending order."""
    cell = format.cell(Fraction(x))
    ends = [format.value(cell.lower), format.value(cell.upper)]
    if cell.negative and not isinstance(format, Fixed):
        ends = [-end for end in reversed(ends)]
    return tuple(map(float, ends))
