"""Remainders of logarithmic numbers: correctly rounded into their own formats and into others.

The oracle finds the quotient's integer to more bits than it has, and leaves x - q y to the oracle
of sums.
"""

from fractions import Fraction

import mpmath
import numpy as np
import oracle
import pytest
from arithmetic_cases import nan_policy, operate
from log_cases import approximate, log_of, merged, power_code, some_codes
from oracle_formats import Fixed, Float
from oracle_lns import LNS
from oracle_numbers import coded, exact
from oracle_takum import LogTakum
from subjects import library

import numfmt as nf

BITS = 1500  # the quotient's integer has up to 370
LOGS = [LNS(8, 3), LogTakum(8)]
TARGETS = [Float(11, 52), Float(4, 3, special="fn"), Fixed(16, 6)]
NAMES = ("fmod", "remainder", "ieee_remainder")
MODES = ("nearest_even", "toward_zero", "up", "down", "to_odd")
every_log = pytest.mark.parametrize("format", LOGS, ids=["lns", "log_takum"])
every_name = pytest.mark.parametrize("name", NAMES)


def quotient(format, x, y):
    """x / y, rational where it is, and else to as many bits as decide."""
    sign, log = x[0] * y[0], x[1] - y[1]
    base = 2 if isinstance(format, LNS) else mpmath.e
    if log == 0 or (base == 2 and log.denominator == 1):
        return sign * Fraction(2) ** log.numerator
    return sign * mpmath.power(base, mpmath.mpf(log.numerator) / log.denominator)


def whole(name: str, ratio) -> int:
    """How often the divisor is taken off."""
    down = int(mpmath.floor(ratio)) if isinstance(ratio, mpmath.mpf) else ratio.__floor__()
    if name == "remainder" or (name == "fmod" and ratio >= 0):
        return down
    if name == "fmod":
        return down + (ratio != down)
    above = 2 * (ratio - down)
    return down + int(above > 1 or (above == 1 and down % 2))


def expected(format, target, name, a, b, mode):
    """The code of one remainder."""
    x, y = log_of(format, a), log_of(format, b)
    if y is None:
        return target.nan
    groups = {}
    if x is not None:
        q = whole(name, quotient(format, x, y))
        groups = merged(format, [x, (-q * y[0], y[1])])
    if len(groups) == 1 and target == format:
        code = power_code(format, *next(iter(groups.items())))
        if code is not None:
            return code
    follows = y if name == "remainder" else x
    is_negative = follows is not None and follows[0] < 0
    return coded(
        target, exact(approximate(format, groups), is_negative), mode, oracle.default_policy(target)
    )


def compare(tally, format, target, name, a, b, modes):
    """Remainders of codes beside the oracle's, in some modes."""
    with mpmath.workprec(BITS):
        for mode in modes:
            pairs = zip(a.tolist(), b.tolist(), strict=True)
            wanted = [expected(format, target, name, p, q, mode) for p, q in pairs]
            got = operate(
                name, target, [(a, format), (b, format)], (mode, None, nan_policy(target))
            )
            places = np.arange(len(a))
            tally.same(got.astype(np.uint64), np.array(wanted, np.uint64), places, f"{name} {mode}")


@every_name
@every_log
def test_remainders_of_every_pair(format, name, tally):
    """All codes by every 16th one, 0 among them, into their own format."""
    a, b = (g.ravel() for g in np.meshgrid(np.arange(256), np.arange(0, 256, 16), indexing="ij"))
    b += b // 16 % 4 * (b > 64)
    kept = (a != format.nan) & (b != format.nan)
    compare(tally, format, format, name, *(c[kept].astype(np.uint8) for c in (a, b)), MODES[:1])
    tally.check()


@every_name
@every_log
@pytest.mark.parametrize("target", TARGETS, ids=["binary64", "e4m3fn", "fixed16"])
def test_remainders_as_other_formats(format, target, name, tally):
    """In directed modes too; zeros keep their sign."""
    a, b = some_codes(format, 100, 2)
    b = np.where(np.isin(b, (0, 64)), 1, b).astype(np.uint8)  # one of them is 0
    compare(tally, format, target, name, a, b, MODES)
    tally.check()


@every_name
def test_remainders_of_wide_logs(name, tally):
    """Operands of 2**-64..2**64: quotients of up to 128 bits."""
    format = LNS(16, 8)
    rng = np.random.default_rng(5)
    a, b = rng.integers(0, 2**16, (2, 60)).astype(np.uint16)
    with mpmath.workprec(BITS):
        mine = nf.from_codes(a, library(format)), nf.from_codes(b, library(format))
        got = getattr(nf, name)(*mine, format="binary64").values
        for p, q, found in zip(a.tolist(), b.tolist(), got, strict=True):
            (s, x), (t, y) = field(p), field(q)
            ratio = quotient(format, (s, x), (t, y))
            groups = {}
            for sign, log in ((s, x), (-whole(name, ratio) * t, y)):
                groups[log] = groups.get(log, 0) + sign
            terms = [
                c * mpmath.power(2, mpmath.mpf(g.numerator) / 256 * (256 // g.denominator))
                for g, c in groups.items()
            ]
            tally.same([found], [float(mpmath.fsum(terms))], [p], f"{name} {q}")
    tally.check()


def field(code: int) -> tuple[int, Fraction]:
    """(sign, log) of a code of lns<16,8> that is neither zero nor NaN."""
    log = (code & 0x3FFF) - (code & 0x4000)
    return (-1 if code & 0x8000 else 1), Fraction(log, 256)


@every_name
def test_stochastic_remainders_are_their_neighbours_by_their_law(name):
    """10**5 draws of one remainder into 8 bits: z below 5."""
    format = nf.parse("lns<8,3>")
    a, b = nf.from_codes(np.uint8(0x2B), format), nf.from_codes(np.uint8(0x0E), format)
    n = 100_000
    many = nf.from_codes(np.full(n, 0x2B, np.uint8), format)
    got = getattr(nf, name)(many, b, format="fixed<8,3>", rounding="stochastic", key=nf.Key(3))
    true = float(getattr(nf, name)(a, b, format="binary64").values)
    share = (true * 8) % 1
    assert set(np.unique(got.values * 8)) <= {np.floor(true * 8), np.ceil(true * 8)}
    z = (np.mean(got.values) - true) * 8 / np.sqrt(share * (1 - share) / n)
    assert abs(z) < 5


def test_quotients_too_large_for_digits_are_refused():
    """lns<16,4> reaches from 2**-1024 to 2**1024: an error that says so, and how far it goes."""
    a = nf.array([1.5], "lns<16,4>")
    with pytest.raises(nf.FormatError, match=r"remainder.*2\*\*256"):
        nf.remainder(a, a)
    assert nf.remainder(nf.array([5.0], "lns<16,6>"), nf.array([5.0], "lns<16,6>")).values == 0
