"""Elementary functions, roots and reciprocals as operations: every code of every named format of up
to 16 bits, in every mode, against MPFR and exact rounding.

Formats of 16 bits are gone through in steps; all of their codes with ``pytest --whole``, which
takes about an hour.
"""

import numpy as np
import oracle
import oracle_arithmetic as arithmetic
import oracle_functions
import pytest
from arithmetic_cases import Answers, operate
from named_formats import of_at_most
from oracle_numbers import exact, flags, number
from subjects import library

FUNCTIONS = [*oracle_functions.NAMES, "sqrt", "reciprocal"]
POWERS = (-2, 3)
STEP = 61  # codes of 16 bits: one in so many, and those about 0 and the ends
STOCHASTIC = {  # by words of one's own, and the low bits of them that count
    "stochastic(bits=32,variant=A)": 32,
    "stochastic(bits=5,variant=B)": 5,
    "stochastic_equal": 32,
}
NAMED = of_at_most(16)
every_format = pytest.mark.parametrize("format", NAMED.values(), ids=NAMED)


@pytest.fixture
def step(request):
    """Codes of 16 bits are so far apart."""
    return 1 if request.config.getoption("whole") else STEP


def codes_of(format, step):
    """All codes of a format, or some of 16 bits."""
    codes = library(format).all_codes()
    if format.width <= 8 or step == 1:
        return codes
    half, top = len(codes) // 2, len(codes)
    about = [end + k for end in (0, half, top) for k in range(-4, 5)]
    return codes[np.unique([*range(0, top, step), *(place % top for place in about)])]


def compare(tally, format, name, n, codes):
    """One function in every mode, under the format's default policy; a NaN that the format has not
    is its largest value."""
    numbers = [number(format, int(code)) for code in codes]
    exponents = [[exact(n)] * len(codes)] if name == "power" else []
    answers = Answers(name, format, [numbers, *exponents])
    operands = [(codes, format), *[(np.full(1, n, np.int64), None) for _ in exponents]]
    policy, nan = oracle.default_policy(format), None if library(format).has_nan else "max"

    def check(mode, expected, **random):
        expected[answers.no_number] = oracle.end(format, False) if nan else answers.nan_code
        got = operate(name, format, operands, (mode, policy, nan), **random)
        tally.same(got.astype(np.uint64), expected, codes, f"{name} {n} {mode}")

    for mode in oracle.DETERMINISTIC:
        check(mode, answers.codes(mode, policy)[0])
    for mode, bits in STOCHASTIC.items():
        words = answers.words(len(codes))
        check(mode, answers.drawn(mode, words, policy), words=words >> (32 - bits))


@pytest.mark.parametrize("name", FUNCTIONS)
@every_format
def test_every_code_in_every_mode(format, name, step, tally):
    """Random modes by words beside those that decide."""
    compare(tally, format, name, 0, codes_of(format, step))
    tally.check()


@pytest.mark.parametrize("n", POWERS)
@every_format
def test_powers_of_every_code_in_every_mode(format, n, step, tally):
    """The same of powers, one negative."""
    compare(tally, format, "power", n, codes_of(format, step))
    tally.check()


BITS = {"invalid": 1, "divide_by_zero": 2, "overflow": 4, "underflow": 8, "inexact": 16}


def flags_of(format, name, operands):
    """IEEE's flags of one result, to nearest."""
    mode, policy = "nearest_even", oracle.default_policy(format)
    result, raised = arithmetic.operate(name, *operands, rounding=mode, format=format)
    more = flags(format, result, mode, policy) if result.kind == "finite" else frozenset()
    return sum(BITS[flag] for flag in raised | more)


@pytest.mark.parametrize("name", [*oracle_functions.NAMES, "power"])
@pytest.mark.parametrize("format", ["e4m3fn", "e5m2", "binary8p3se", "q7"])
def test_flags_of_every_code(format, name, tally):
    """All five; a NaN that the format has not is told by them."""
    format = NAMED[format]
    codes = codes_of(format, 1)
    exponent = [exact(-3)] if name == "power" else []
    expected = [flags_of(format, name, [number(format, int(c)), *exponent]) for c in codes]
    got = np.empty(len(codes), np.uint8)
    source = [(codes, format), *[(np.full(1, -3, np.int64), None) for _ in exponent]]
    nan = None if library(format).has_nan else "max"
    operate(name, format, source, ("nearest_even", None, nan), flags=got)
    tally.same(got, np.array(expected, np.uint8), codes, name)
    tally.check()
