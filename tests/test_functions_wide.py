"""Elementary functions above 16 bits are correctly rounded too: hard cases and others, by MPFR.

Operands lie next to the inverses of values and of ties, so that results do next to those: as near
as their own last bit is small, 2**-29 of a unit of binary32 and 2**-8 of one of binary64.
"""

import random
from fractions import Fraction

import mpmath
import numpy as np
import oracle
import oracle_functions
import pytest
from arithmetic_cases import Answers, nan_policy, operate
from cases import spelled
from oracle_formats import Fixed, Float, Posit
from oracle_numbers import coded, exact, number
from oracle_takum import Takum

FORMATS = [
    Float(8, 23),
    Float(11, 52),
    Float(3, 60),
    Posit(32, 2),
    Posit(64, 2),
    Takum(32),
    Takum(64),
    Fixed(32, 16),
    Fixed(64, 60),
]
SOURCE = Float(3, 60)  # of operands: more bits than float64 has
INVERSES = {
    "exp": mpmath.log,
    "exp2": lambda y: mpmath.log(y, 2),
    "expm1": mpmath.log1p,
    "log": mpmath.exp,
    "log2": lambda y: mpmath.mpf(2) ** y,
    "log1p": mpmath.expm1,
    "tanh": mpmath.atanh,
    "erf": mpmath.erfinv,
    "sin": mpmath.asin,
    "cos": mpmath.acos,
    "rsqrt": lambda y: 1 / y**2,
    "cbrt": lambda y: y**3,
    "sigmoid": lambda y: mpmath.log(y / (1 - y)),
    "softplus": lambda y: mpmath.log(mpmath.expm1(y)),
    "power": mpmath.cbrt,
}
every_name = pytest.mark.parametrize("name", INVERSES)
every_format = pytest.mark.parametrize("format", FORMATS, ids=spelled)
CUBE = 3


def turning_points(format, rng):
    """A value of the format between 1/8 and 7/8, and a tie above it."""
    value = Fraction(rng.randint(1 << 60, 7 << 60), 1 << 63)
    index = format.cell(value).lower
    low, high = format.value(index), format.value(index + 1)
    return low, (low + high) / 2


def inverses(name, format, count):
    """Codes of SOURCE next to the inverses of turning points."""
    rng, found = random.Random(f"{name} {format}"), set()
    with mpmath.workprec(200):
        for _ in range(count):
            for turn in turning_points(format, rng):
                x = INVERSES[name](mpmath.mpf(turn.numerator) / turn.denominator)
                part, exponent = mpmath.frexp(x)
                whole = Fraction(int(mpmath.ldexp(part, 150))) * Fraction(2) ** (
                    int(exponent) - 150
                )
                code = coded(SOURCE, exact(whole), "nearest_even", "saturate")
                found |= {code + step for step in (-1, 0, 1)}
    return np.array(sorted(code % (1 << SOURCE.width) for code in found), np.uint64)


def structured(name, count):
    """Numbers of all sizes, some with few bits, both signs where the function takes them."""
    rng = np.random.default_rng(len(name) + count)
    x = rng.standard_normal(count) * 2.0 ** rng.choice([-60, -12, -2, 0, 0, 1, 3, 6, 9, 300], count)
    x[::3] = np.round(x[::3] * 8) / 8
    x[1::5] = 1 + x[1::5] * 2.0**-40
    return np.abs(x) if name in ("log", "log2", "rsqrt") else x


def of_float(x):
    """The number, with the sign of a 0."""
    return exact(Fraction(x), bool(np.signbit(x)))


def compare(tally, format, name, operand, numbers):
    """In every mode."""
    exponents = [[exact(CUBE)] * len(numbers)] if name == "power" else []
    answers = Answers(name, format, [numbers, *exponents])
    operands = [operand, *[(np.full(1, CUBE, np.int64), None) for _ in exponents]]
    policy, nan = oracle.default_policy(format), nan_policy(format)
    for mode in oracle.DETERMINISTIC:
        got = operate(name, format, operands, (mode, policy, nan))
        tally.same(got, answers.codes(mode, policy)[0].astype(got.dtype), operand[0], mode)
    words, mode = answers.words(1), "stochastic(bits=32,variant=A)"
    got = operate(name, format, operands, (mode, policy, nan), words=words)
    wanted = answers.drawn(mode, words, policy)
    wanted[answers.no_number] = answers.nan_code
    tally.same(got, wanted.astype(got.dtype), operand[0], mode)


@every_name
@every_format
def test_results_next_to_turning_points(format, name, tally):
    """The hardest operands that 60 bits hold, by inversion."""
    codes = inverses(name, format, 40)
    numbers = [number(SOURCE, code) for code in codes.tolist()]
    compare(tally, format, name, (codes, SOURCE), numbers)
    tally.check()


@every_name
@every_format
def test_numbers_of_all_sizes(format, name, tally):
    """float64 operands."""
    x = structured(name, 120)
    compare(tally, format, name, (x, None), [of_float(a) for a in x.tolist()])
    tally.check()


def test_functions_are_all_inverted():
    """None is left out."""
    assert set(INVERSES) == {*oracle_functions.NAMES, "power"}
