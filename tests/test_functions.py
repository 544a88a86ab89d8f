"""Elementary functions of the core, as exact numbers, against MPFR and mpmath.

What is compared is the number itself, 63 bits cut and a bit for what follows: it decides every
rounding to 62 bits or fewer, so no mode has to be gone through.
"""

import random
from fractions import Fraction

import cases
import mpmath
import numpy as np
import oracle_functions as oracle
import pytest
from function_cases import FAR, core, function, irrational_numbers
from subjects import library

import numfmt as nf
from numfmt._core import check, ffi, lib

SIXTEEN = ["binary16", "bfloat16", "posit<16,2>", "takum16", "fixed<16,8>"]
POWERS = [-1000, -7, -3, -2, -1, 1, 2, 3, 4, 5, 40, 41, 63, 12345]
every = pytest.mark.parametrize("name", oracle.NAMES)


def compare(tally, name, numbers, n=0, digits=63):
    """The core against MPFR."""
    got = core(name, numbers, n, oracle.LARGEST, digits)
    expected = oracle.results(name, numbers, n, 64 if digits == 63 else digits)
    tally.same(got, expected, numbers, f"{name} n={n}")


def numbers_of(format):
    """The finite numbers other than 0 of a format's codes."""
    found, y = set(), ffi.new("nf_unpacked *")
    for code in format.all_codes():
        check(lib.nf_unpack(format._descriptor(), int(code), y))
        if y.kind == lib.NF_FINITE_NUMBER and y.base == lib.NF_RATIONAL:
            found.add((y.sign, y.significand, y.exponent))
    return found


@pytest.fixture(scope="module")
def narrow():
    """Every number of every narrow format."""
    return sorted(set().union(*(numbers_of(library(format)) for format in cases.NARROW)))


@pytest.fixture(scope="module")
def wide():
    """Every number of five formats of 16 bits."""
    return sorted(set().union(*(numbers_of(nf.parse(spelling)) for spelling in SIXTEEN)))


@every
def test_every_number_of_narrow_formats(name, narrow, tally):
    """All codes of all formats of up to 8 bits."""
    compare(tally, name, narrow)
    tally.check()


@every
def test_every_number_of_16_bits(name, wide, tally):
    """All 65,536 codes of five formats."""
    compare(tally, name, wide)
    tally.check()


@pytest.mark.parametrize("n", POWERS)
def test_powers_of_every_number_of_narrow_formats(n, narrow, tally):
    """Integer powers: exact where they fit 64 bits, cut where not."""
    compare(tally, "power", narrow, n)
    tally.check()


@pytest.mark.parametrize("n", [-3, 2, 5])
def test_powers_of_every_number_of_16_bits(n, wide, tally):
    """The same for all 65,536 codes of five formats."""
    compare(tally, "power", wide, n)
    tally.check()


def float64s(count, seed):
    """Numbers of up to 64 bits: few bits, all bits, all but the last ones; any exponent."""
    rng = random.Random(seed)
    for _ in range(count):
        bits = rng.choice([1, 2, 5, 11, 24, 53, 53, 64])
        significand = (rng.getrandbits(bits) | 1 << bits - 1) << 64 - bits
        if rng.random() < 0.2:
            significand = rng.choice([1 << 63, (1 << 64) - 8]) + rng.getrandbits(3)
        most = rng.choice([6, 6, 6, 80, 1100])
        yield rng.getrandbits(1), significand, rng.randint(-most, most)


@every
def test_structured_numbers(name, tally):
    """Up to 64 bits, near powers of two, tiny and huge."""
    compare(tally, name, list(float64s(20_000, name)))
    tally.check()


@pytest.mark.parametrize("name", [*oracle.NAMES, "power"])
def test_results_of_128_bits(name, narrow, tally):
    """What formats of 63 and 64 bits, and random bits, need: 128 bits and whether more follows."""
    numbers = narrow + list(float64s(2_000, name + " long")) + list(turning_points())[::5]
    n = 3 if name == "power" else 0
    compare(tally, name, numbers, n, 128)
    tally.check()


def near(value, count=3):
    """The 64-bit numbers next to a real number."""
    part, exponent = mpmath.frexp(value)
    whole = int(mpmath.floor(mpmath.ldexp(abs(part), 64)))
    for step in range(1 - count, count + 1):
        size = whole + step
        length = size.bit_length()
        yield int(value < 0), size << 64 >> length, int(exponent) - 1 + (length - 64)


def turning_points():
    """Where functions are hardest: near their zeros, ends, thresholds, and multiples of pi / 2."""
    with mpmath.workprec(2400):
        logs = [k * mpmath.log(2) for k in (1, -1, 2, 10, 1000, -1074, 123456)]
        turns = [k * mpmath.pi / 2 for k in (1, 2, 3, 7, 1 << 30, 6381956970095103)]
        turns += [mpmath.ldexp(turn, power) for turn in turns for power in (40, 900)]
        ends = [23, 45, 64, 8, 7, 5.2, 128, -1, 1, 2, 0.5, -23, -45, -64, 709, -745]
        small = [mpmath.ldexp(s, e) for e in range(-140, -25) for s in (1, -1, 1.5, -1.999)]
        around = [1 + number for number in small]
        for value in [*logs, *turns, *ends, *small, *around, *(-turn for turn in turns)]:
            yield from near(mpmath.mpf(value))


@every
def test_turning_points(name, tally):
    """Arguments whose results lie next to numbers of 63 bits, or next to 0."""
    compare(tally, name, sorted(set(turning_points())))
    tally.check()


@pytest.mark.parametrize("n", [*POWERS, 1 << 20, -(1 << 40), (1 << 62) - 1])
def test_powers_of_structured_numbers(n, tally):
    """Numbers near 1 have powers near numbers; large powers are far away."""
    numbers = [number for number in float64s(3_000, n) if abs(n * number[2]) < 1 << 29]
    numbers += [x for x in turning_points() if abs(x[2]) <= 1 and abs(n) < 1 << 20]
    compare(tally, "power", numbers, n)
    tally.check()


MPMATH = {
    "rsqrt": lambda x: 1 / mpmath.sqrt(x),
    "cbrt": lambda x: mpmath.sign(x) * mpmath.cbrt(abs(x)),
    "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
    "softplus": lambda x: mpmath.log(1 + mpmath.exp(x)),
    "exp2": lambda x: mpmath.mpf(2) ** x,
    "log2": lambda x: mpmath.log(x) / mpmath.log(2),
}


def by_mpmath(name, number, bits):
    """The 64 bits of a result that has more, by mpmath with so many bits."""
    with mpmath.workprec(bits):
        x = mpmath.ldexp(mpmath.mpf(number[1]), number[2] - 63) * (-1) ** number[0]
        y = MPMATH[name](x) if name in MPMATH else getattr(mpmath, name)(x)
        part, exponent = mpmath.frexp(y)
        significand = int(mpmath.floor(mpmath.ldexp(abs(part), 64)))
        return "finite", int(y < 0), significand | 1, int(exponent) - 1, 0, 0


@every
def test_mpmath_agrees(name, tally):
    """A second oracle; only numbers of odd digits, whose results are irrational."""
    drawn = float64s(300, name + " again")
    takes_any = name not in ("log", "log2", "log1p", "rsqrt")
    numbers = [(x[0] * takes_any, x[1] | 1, x[2]) for x in drawn if -40 < x[2] < 3]
    expected = np.array([by_mpmath(name, x, 400) for x in numbers], oracle.RESULT)
    tally.same(core(name, numbers), expected, numbers, f"{name} by mpmath")
    tally.check()


@pytest.mark.parametrize("name", ["exp", "exp2", "expm1", "sin", "cos"])
def test_arguments_beyond_mpfr(name, tally):
    """Results up to 2**+-(2**62), and sines of arguments up to 2**16384."""
    trigonometric = name in ("sin", "cos")
    exponents = (2000, 9000, 16383) if trigonometric else (31, 40, 55, 60, 61)
    rng = random.Random(name)
    numbers = [(0, rng.getrandbits(64) | 1 << 63 | 1, e) for e in exponents for _ in range(10)]
    if not trigonometric:
        numbers += [(1, s, e) for _, s, e in numbers if name != "expm1"]
    expected = [by_mpmath(name, x, 17000 if trigonometric else 400) for x in numbers]
    expected = [oracle.within_range(y, FAR) for y in expected]
    got = core(name, numbers)
    tally.same(got, np.array(expected, oracle.RESULT), numbers, name)
    tally.check()


LOGARITHMIC = {nf.LNS(8, 3): "log2", nf.LNS(16, 8): "log2", nf.Takum(16, log=True): "log"}
IRRATIONAL = [
    (format, name)
    for format, exact in LOGARITHMIC.items()
    for name in [*oracle.NAMES, "power"]
    if name != exact
]


@pytest.mark.parametrize(("format", "name"), IRRATIONAL, ids=str)
def test_irrational_numbers(name, format, tally):
    """Logarithmic formats: the function of the value itself, not of its digits."""
    n = 3 if name == "power" else 0
    got, expected, what = [], [], []
    for x, sign, base, log in irrational_numbers(format, 1 if format.width == 8 else 37):
        below = name in ("log", "log2", "rsqrt") or (name == "log1p" and log > 0)
        is_rational = is_rational_result(name, base, log, n)
        if (sign and below) or is_rational or not -24 < log < 20:
            continue
        got.append(function(name, x, n)[0])
        expected.append(oracle.irrational(name, sign, base, log, n))
        what.append((sign, base, log))
    tally.same(
        np.array(got, oracle.RESULT), np.array(expected, oracle.RESULT), what, f"{name} {format}"
    )
    tally.check()


def is_rational_result(name, base, log, n):
    """Results that are found by algebra, which a test of their own compares."""
    if name in ("log", "log2"):
        return (name == "log") == (base == 0)
    factor = {"rsqrt": Fraction(-1, 2), "cbrt": Fraction(1, 3), "power": n}.get(name)
    return factor is not None and base == 2 and (log * factor).denominator == 1
