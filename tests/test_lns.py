"""Logarithmic numbers in the library: every narrow format against the oracle, wide ones by draws,
conversions, reports, peers, refusals."""

import pickle
from fractions import Fraction

import cases
import numpy as np
import oracle
import oracle_random
import pytest
from oracle_lns import LNS
from oracle_real import power_of_two
from sheet import Sheet, values_of
from subjects import library

import numfmt as nf
from numfmt import _core

EVERY = [LNS(width, r) for width in range(3, 9) for r in range(width - 1)]
WIDE = [LNS(16, 8), LNS(16, 0), LNS(32, 16), LNS(33, 31), LNS(64, 8), LNS(64, 40), LNS(64, 62)]
KEY = 2028
every = pytest.mark.parametrize("format", EVERY, ids=cases.spelled)


def points(format, indices):
    """Doubles next to values, half-way logs and quarters of cells, from each index to the next."""
    found = set()
    for index in indices:
        log = index - (1 << (format.width - 2))
        below, above = format.value(index), format.value(index + 1)
        found |= {below, power_of_two(2 * log + 1, format.fraction_bits + 1)}
        found |= {below + (above - below) * Fraction(k, 4) for k in (1, 2, 3)}
    return {float(point) for point in found if 2.0**-1000 < point < 2.0**1000 or point == 0}


def interesting(format):
    """Every finite float64 case of a narrow format."""
    near = points(format, range(format.highest + 3)) | {float(v) for v in cases.far(format)}
    x = cases.around({Fraction(v) for v in near if v < 1e308})
    return np.concatenate([x[x != 0], [0.0, -0.0]])


def drawn(format, count):
    """Doubles whose logs are spread over the format's range, and past its ends."""
    rng = np.random.default_rng(format.width)
    last = min(1000.0, 1.01 * 2.0 ** (format.width - 2 - format.fraction_bits))
    x = 2.0 ** rng.uniform(-last, last, count) * rng.choice([-1.0, 1.0], count)
    return np.concatenate([x, [1.0, -1.0, 2.0, np.nextafter(1, 2), np.nextafter(1, 0)]])


def random_codes(sheet, overflow, rounding, key):
    """The oracle's codes of a stochastic rounding."""
    words = oracle_random.words(key, 0, len(sheet.cells)).astype(np.int64)
    if rounding == "stochastic":
        up = [
            c.tail != 0 and oracle.takes_upper_all_bits(c.tail, [word, 0, 0])
            for c, word in zip(sheet.cells, words.tolist(), strict=True)
        ]
    elif rounding == "stochastic_equal":
        inexact = np.array([c.tail != 0 for c in sheet.cells])
        up = inexact & (words >> 31 == 1)
    else:
        bits, variant = int(rounding.split("=")[1].split(",")[0]), rounding[-2]
        up = words >> (32 - bits) >= sheet.thresholds(variant, bits)
    return sheet.codes(sheet.drawn(np.array(up)), overflow, "stochastic")


def compare(tally, format, x, coded, rounding, overflow, key=None):
    """encode of those numbers that the policy does not refuse."""
    codes, raises = coded
    target = library(format)
    if key is None:
        x, codes = x[~raises], codes[~raises]
    got = nf.encode(x, target, rounding, overflow, key=key)
    tally.same(got.astype(np.uint64), codes, x, f"{target} {rounding} {overflow}")


@every
def test_every_code_and_its_value(format, tally):
    """Each code is worth what the definition says, and each value goes back to its code."""
    target = library(format)
    codes = np.arange(1 << format.width, dtype=np.uint8)
    values = nf.decode(codes, target)
    tally.same(values, values_of(format, codes), codes, str(target))
    tally.same(nf.encode(values, target), codes, values, str(target))
    assert np.array_equal(nf.unpack(nf.pack(codes, target), target, codes.shape), codes)
    tally.check()


@every
def test_every_rounding_under_every_policy(format, tally):
    """Values, half-way logs, quarters of cells, their neighbours, the ends and beyond."""
    x = interesting(format)
    sheet = Sheet(format, x)
    for overflow in oracle.policies(format):
        for mode in oracle.DETERMINISTIC:
            coded = sheet.codes(sheet.rounded(mode), overflow, mode)
            compare(tally, format, x, coded, mode, overflow)
    few = [f"stochastic(bits={n},variant={v})" for n, v in ((1, "A"), (3, "B"), (32, "C"))]
    for rounding in ("stochastic", "stochastic_equal", *few):
        for overflow in ("saturate", "nan", "saturate_zero", "wrap(0)"):
            coded = random_codes(sheet, overflow, rounding, KEY)
            compare(tally, format, x, coded, rounding, overflow, nf.Key(KEY))
    tally.check()
