"""Sums of logarithmic numbers: correctly rounded into their own formats and into others.

The oracle merges equal powers exactly; what is neither rational nor a power is known to 600 bits,
which no turning point of a format lies between.
"""

from collections import Counter
from fractions import Fraction
from itertools import pairwise

import mpmath
import numpy as np
import oracle
import pytest
from arithmetic_cases import nan_policy, operate
from oracle_formats import Float, Posit
from oracle_lns import LNS
from oracle_numbers import coded, exact
from oracle_takum import LogTakum, fields
from subjects import library

import numfmt as nf

mpmath.mp.prec = 600
LOGS = [LNS(8, 3), LogTakum(8)]
TARGETS = [Float(8, 23), Float(4, 3, special="fn"), Posit(8, 1)]
every_log = pytest.mark.parametrize("format", LOGS, ids=["lns", "log_takum"])
MODES = ("nearest_even", "nearest_odd", "toward_zero", "up", "down", "away_from_zero", "to_odd")


def log_of(format, code: int) -> tuple[int, Fraction] | None:
    """(sign, log to the base) of a code; None of 0."""
    if isinstance(format, LNS):
        field = (code & (format.sign_bit - 1)) - (code & format.sign_bit >> 1) * 2
        sign = -1 if code & format.sign_bit else 1
        return None if code == format.sign_bit >> 1 else (sign, Fraction(field, 8))
    if code == 0:
        return None
    s, c, m = fields(format.width, code)
    return (-1 if s else 1), (1 - 2 * s) * (c + m) / 2


def merged(format, terms: list) -> dict[Fraction, Fraction]:
    """Coefficients of powers that are linearly independent."""
    found: Counter = Counter()
    for sign, log in terms:
        whole = log.numerator // log.denominator if isinstance(format, LNS) else 0
        found[log - whole] += sign * Fraction(2) ** whole
    return {log: c for log, c in found.items() if c}


def power_code(format, log: Fraction, c: Fraction) -> int | None:
    """The code of a power that is one of the format; None of a sum that is no power."""
    size = abs(c)
    if size.numerator & (size.numerator - 1) or size.denominator & (size.denominator - 1):
        return None
    if isinstance(format, LogTakum):
        table = {log_of(format, code): code for code in range(256) if code != 128}
        return table[1 if c > 0 else -1, log] if size == 1 else None
    exponent = size.numerator.bit_length() - size.denominator.bit_length()
    log = min(int((log + exponent) * 8), 63)
    return (log & 0x7F if log > -64 else 0x40) | (0x80 if c < 0 and log > -64 else 0)


def approximate(format, groups) -> Fraction:
    """The sum: itself where it is rational, else to 600 bits."""
    if set(groups) <= {Fraction(0)}:
        return sum(groups.values(), Fraction(0))
    power = mpmath.exp if isinstance(format, LogTakum) else (lambda log: mpmath.power(2, log))
    total = sum(
        mpmath.mpf(c.numerator) / c.denominator * power(mpmath.mpf(x.numerator) / x.denominator)
        for x, c in groups.items()
    )
    man, exp = mpmath.mpf(total).man_exp
    return Fraction(int(man)) * Fraction(2) ** int(exp) * (-1 if total < 0 else 1)


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


def terms_of(format, *codes: int) -> list:
    """The terms of a sum of codes."""
    return [term for term in (log_of(format, code) for code in codes) if term]


def some_codes(format, count: int, operands: int) -> list[np.ndarray]:
    """Random codes, many near each other."""
    rng = np.random.default_rng(3)
    nan = format.nan
    first = rng.integers(0, 256, count)
    rest = [
        np.where(rng.random(count) < 0.5, first ^ rng.integers(0, 16, count), first ^ 128)
        if k
        else rng.integers(0, 256, count)
        for k in range(operands - 1)
    ]
    columns = [np.where(c == nan, 1, c).astype(np.uint8) for c in [first, *rest]]
    return columns


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
