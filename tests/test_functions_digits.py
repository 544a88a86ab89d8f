"""Functions whose roundings ask for more than 128 bits: wraps, and random words that tie."""

from fractions import Fraction

import gmpy2
import numpy as np
import oracle
import pytest
from arithmetic_cases import operate
from cases import spelled
from oracle_formats import Fixed
from oracle_functions import MPFR
from oracle_numbers import coded, exact
from subjects import library

import numfmt as nf

WRAPPED = [Fixed(8, 3), Fixed(8, 40), Fixed(64, 30), Fixed(16, 0, signed=False), Fixed(9, -5)]
FARTHEST = 896 - 65  # exponent of results above the format's step, up to which they are known
LONG = gmpy2.context(precision=2400, round=gmpy2.RoundToZero)
SIZES = {"exp": 570, "exp2": 820, "expm1": 570, "log": 1e300, "tanh": 60, "erf": 9, "sin": 1e300}


def long_result(name, x, n=0):
    """The exact result, or 2,400 bits of it and another one."""
    if name == "power" and n > 0:
        return Fraction(x) ** n
    with LONG:
        y = gmpy2.mpfr(x) ** n if name == "power" else MPFR[name](gmpy2.mpfr(x))
        value = gmpy2.mpq(y)
    found = Fraction(int(value.numerator), int(value.denominator))
    return found if y.rc == 0 else found * (1 + Fraction(1, 1 << 2399))


def operands(name, count):
    """Numbers up to where results are known; some have few bits."""
    rng = np.random.default_rng(len(name))
    x = rng.uniform(-1, 1, count) * rng.choice([1, 0.5, 0.1, 1e-3, 1e-30], count) * SIZES[name]
    x[::4] = np.round(x[::4] * 8) / 8
    x[x == 0] = 1
    return np.abs(x) if name == "log" else x


def compare(tally, format, name, x, results, n=None):
    """Every way to wrap, in every mode."""
    exponent = [] if n is None else [(np.full(1, n, np.int64), None)]
    for mode in oracle.DETERMINISTIC:
        for overflow in (
            "wrap",
            "wrap(2)",
            "wrap_sign_magnitude" if format.signed else "drop_bits",
        ):
            expected = [coded(format, exact(result), mode, overflow) for result in results]
            got = operate(name, format, [(x, None), *exponent], (mode, overflow, "zero"))
            what = f"{name} {mode} {overflow}"
            tally.same(got.astype(np.uint64), np.array(expected, np.uint64), x, what)


@pytest.mark.parametrize("name", SIZES)
@pytest.mark.parametrize("format", WRAPPED, ids=spelled)
def test_results_are_wrapped_however_large(format, name, tally):
    """Bits up to 900 behind the first one, in every way to wrap."""
    x = operands(name, 40)
    compare(tally, format, name, x, [long_result(name, a) for a in x.tolist()])
    tally.check()


@pytest.mark.parametrize("n", [2, 3, 7, 15, 100, -1, -3, -15])
@pytest.mark.parametrize("format", WRAPPED, ids=spelled)
def test_powers_are_wrapped_however_large(format, n, tally):
    """Exact integers of up to 800 bits, and quotients."""
    rng = np.random.default_rng(abs(n))
    x = rng.uniform(1, 2, 40) * 2.0 ** rng.uniform(-700 / abs(n) - 1, 700 / abs(n), 40).round()
    x[::4] = np.round(x[::4] * 8) / 8
    x[1::4] = x[1::4].astype(np.float16) if abs(n) > 60 else x[1::4]
    x[x == 0] = 3
    compare(tally, format, "power", x, [long_result("power", a, n) for a in x.tolist()], n)
    tally.check()


def test_the_last_bit_of_a_power_tells_it_from_a_tie(tally):
    """(2**63 + 1)**4 = 2**252 + ... + 2**65 + 1 in steps of 2**66."""
    x, n = np.array([(1 << 63) + 1] * 2, np.uint64), 4
    compare(tally, Fixed(8, -66), "power", x, [Fraction(int(a)) ** n for a in x], n)
    tally.check()


def test_what_lies_further_is_out_of_range():
    """A wrap has no bits to go by; other policies need none."""
    for format in WRAPPED:
        own = library(format)
        last = FARTHEST - format.fraction_bits
        known = nf.exp2([last + 0.5, last + 64.0], own, overflow="wrap")
        assert known.shape == (2,)
        with pytest.raises(nf.RangeError, match="out of range"):
            nf.exp2(last + 1.5, own, overflow="wrap")
        assert nf.exp2(last + 1.5, own, overflow="saturate").item() == own.max
