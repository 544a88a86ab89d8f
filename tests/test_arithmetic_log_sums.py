"""Sums of logarithmic numbers: correctly rounded into their own formats and into others.

The oracle merges equal powers exactly; what is neither rational nor a power is known to 600 bits,
which no turning point of a format lies between.
"""

from itertools import pairwise

import mpmath
import numpy as np
import oracle
import pytest
from arithmetic_cases import nan_policy, operate
from log_cases import approximate, log_of, merged, power_code, some_codes, terms_of
from oracle_formats import Float, Posit
from oracle_lns import LNS
from oracle_numbers import coded, exact
from oracle_takum import LogTakum
from subjects import library

import numfmt as nf

mpmath.mp.prec = 600
LOGS = [LNS(8, 3), LogTakum(8)]
TARGETS = [Float(8, 23), Float(4, 3, special="fn"), Posit(8, 1)]
every_log = pytest.mark.parametrize("format", LOGS, ids=["lns", "log_takum"])
MODES = ("nearest_even", "nearest_odd", "toward_zero", "up", "down", "away_from_zero", "to_odd")


def expected_codes(format, target, rows, mode) -> np.ndarray:
    """What sums of terms round to."""
    found = []
    for terms in rows:
        groups = merged(format, terms)
        code = None
        if len(groups) == 1 and target == format:
            code = power_code(format, *next(iter(groups.items())))
        if code is None:
            value = exact(approximate(format, groups), mode == "down")
            code = coded(target, value, mode, oracle.default_policy(target))
        found.append(code)
    return np.array(found, np.uint64)


def compare(tally, name, format, target, operands, rows, modes):
    """An operation on codes beside the sums that its rows of terms are."""
    codes = [(column, format) for column in operands]
    for mode in modes:
        expected = expected_codes(format, target, rows, mode)
        got = operate(name, target, codes, (mode, None, nan_policy(target)))
        tally.same(got.astype(np.uint64), expected, np.arange(len(got)), f"{name} {mode}")


@every_log
def test_sums_of_every_pair(format, tally):
    """add and subtract of all codes with every 23rd one, into their own format."""
    a, b = (g.ravel() for g in np.meshgrid(np.arange(256), np.arange(3, 256, 23), indexing="ij"))
    kept = (a != format.nan) & (b != format.nan)
    a, b = a[kept].astype(np.uint8), b[kept].astype(np.uint8)
    rows = [terms_of(format, p, q) for p, q in zip(a.tolist(), b.tolist(), strict=True)]
    compare(tally, "add", format, format, [a, b], rows, ("nearest_even", "to_odd", "down"))
    minus = [
        terms_of(format, p) + [(-s, log) for s, log in terms_of(format, q)]
        for p, q in zip(a.tolist(), b.tolist(), strict=True)
    ]
    compare(tally, "subtract", format, format, [a, b], minus, ("nearest_even",))
    tally.check()


@every_log
@pytest.mark.parametrize("target", TARGETS, ids=["binary32", "e4m3fn", "posit8"])
def test_sums_as_other_formats(format, target, tally):
    """In every mode."""
    a, b = some_codes(format, 200, 2)
    rows = [terms_of(format, p, q) for p, q in zip(a.tolist(), b.tolist(), strict=True)]
    compare(tally, "add", format, target, [a, b], rows, MODES)
    tally.check()


@every_log
def test_fused_sums(format, tally):
    """fma and faa into their own format, in every mode."""
    a, b, c = some_codes(format, 200, 3)
    triples = list(zip(a.tolist(), b.tolist(), c.tolist(), strict=True))
    compare(tally, "faa", format, format, [a, b, c], [terms_of(format, *t) for t in triples], MODES)
    rows = []
    for p, q, r in triples:
        factors = terms_of(format, p, q)
        product = [(s * t, x + y) for (s, x), (t, y) in pairwise(factors)]
        rows.append(product + terms_of(format, r))
    wide = Float(11, 52)
    compare(tally, "fma", format, wide, [a, b, c], rows, MODES)
    tally.check()


def test_terms_too_far_apart_for_digits():
    """2**4000.5 and 2**-4000 in lns<16,1>: a rounding that is directed sees the lesser."""
    format = library(LNS(16, 1))
    large, small = 8001, 0x8000 - 8000
    for sign, mode, expected in ((0, "up", 8002), (0, "down", 8001), (1, "down", 8000)):
        a = nf.from_codes(np.uint16(large), format)
        b = nf.from_codes(np.uint16(small | sign << 15), format)
        assert int(nf.add(a, b, rounding=mode).codes) == expected


def test_terms_far_below_a_sum_keep_their_digits():
    """1 + 2**-x in binary64, x of 30..60: the smaller term's own digits decide."""
    format = nf.parse("lns<24,10>")
    logs = np.arange(-60 << 10, -30 << 10, 7)
    small = nf.from_codes((logs & ((1 << 23) - 1)).astype(np.uint32), format)
    got = nf.add(nf.array(1.0, format), small, "binary64").values
    with mpmath.workprec(200):
        wanted = [float(1 + mpmath.mpf(2) ** (mpmath.mpf(int(x)) / 1024)) for x in logs]
    assert np.array_equal(got, wanted)


@pytest.mark.parametrize("spelling", ["lns<8,3>", "takum_log8"])
def test_sums_that_are_one_power_have_64_bits_too(spelling, tally):
    """x + 0 and x + x into 64 bits, of which 62 do not decide."""
    format, wide = nf.parse(spelling), nf.parse("ufixed<64,56>")
    base = 2 if "lns" in spelling else mpmath.e
    codes = np.arange(1, 64, dtype=np.uint8)
    x = nf.from_codes(codes, format)
    reference = LNS(8, 3) if base == 2 else LogTakum(8)
    powers = [mpmath.power(base, log_of(reference, int(c))[1]) for c in codes]
    kept = np.array([p < 100 for p in powers])  # twice as much ufixed<64,56> holds
    for factor, other in ((1, nf.array(0.0, format)), (2, x)):
        got = nf.add(x, other, wide).codes[kept]
        wanted = [int(mpmath.nint(factor * p * 2**56)) for p in powers if p < 100]
        tally.same(got, np.array(wanted, np.uint64), codes[kept], f"{factor} x")
    tally.check()
