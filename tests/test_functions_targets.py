"""Elementary functions into formats whose values or thresholds are no binary numbers: logarithmic
numbers, powers of two, codebooks, affine integers."""

from fractions import Fraction

import numpy as np
import oracle
import pytest
from arithmetic_cases import Answers, operate
from oracle_functions import NAMES
from oracle_lns import LNS, pow2
from oracle_numbers import exact
from oracle_tables import Codebook, affine
from oracle_takum import LogTakum
from subjects import library

import numfmt as nf

TABLE = tuple(Fraction(value) for value in (-7, -2, -1, "-0.25", 0, "0.3125", 1, 3, 40))
TURNS = tuple(Fraction(turn) for turn in (-3, "-1.5", "-0.75", "-0.125", "0.25", "0.5", 2, 17))
TARGETS = {
    "lns": LNS(8, 3),
    "lns, fine": LNS(16, 9),
    "log takum": LogTakum(8),
    "log takum, 16 bits": LogTakum(16),
    "powers of two": pow2(5),
    "powers of two, geometric": pow2(5, geometric=True),
    "table": Codebook(TABLE),
    "table, geometric": Codebook(TABLE, "geometric"),
    "table, own": Codebook(TABLE, TURNS),
    "affine": affine(8, Fraction(0.3), 5),
}
every_name = pytest.mark.parametrize("name", [*NAMES, "power"])
every_target = pytest.mark.parametrize("format", TARGETS.values(), ids=TARGETS)
N = -3  # of powers


def operands(name):
    """Numbers of 24 bits: no results are values or turns of logarithmic formats, which the oracle
    could not tell; those are in a test of their own."""
    rng = np.random.default_rng(len(name))
    x = rng.standard_normal(90) * 2.0 ** rng.choice([-9, -3, 0, 1, 3], 90)
    x = (np.abs(x) if name in ("log", "log2", "rsqrt") else x).astype(np.float32)
    return np.nextafter(x, np.float32(9)) if name == "exp2" else x


@every_name
@every_target
def test_every_mode(format, name, tally):
    """Deterministic ones, and random ones by words beside those that decide."""
    x = operands(name)
    exponent = [(np.full(1, N, np.int64), None)] if name == "power" else []
    rows = [[exact(Fraction(float(a))) for a in x], *[[exact(N)] * len(x) for _ in exponent]]
    answers = Answers(name, format, rows)
    nan = None if library(format).has_nan else "max"
    policy = "saturate" if nan else oracle.default_policy(format)
    for mode in (*oracle.DETERMINISTIC, "stochastic(bits=32,variant=A)", "stochastic_equal"):
        words = answers.words(1) if mode.startswith("stochastic") else None
        if words is None:
            expected = answers.codes(mode, policy)[0]
        else:
            expected = answers.drawn(mode, words, policy)
        expected[answers.no_number] = oracle.end(format, False) if nan else answers.nan_code
        got = operate(name, format, [(x, None), *exponent], (mode, policy, nan), words=words)
        tally.same(got.astype(np.uint64), expected, x, f"{name} {mode}")
    tally.check()


@pytest.mark.parametrize("rounding", ["nearest_even", "toward_zero", "up", "down"])
def test_powers_whose_logs_are_codes_are_exact(rounding):
    """2**x and e**x of the logs of the format's own values, and rsqrt of powers of 2."""
    x = np.arange(-24, 25) / 8
    flags = np.empty(len(x), np.uint8)
    got = nf.exp2(x, "lns<8,3>", rounding, element_flags=flags)
    assert not flags.any()
    assert np.array_equal(got.codes, (np.arange(-24, 25) % 128).astype(np.uint8))
    got = nf.rsqrt(2.0 ** np.arange(-9, 10), "lns<8,3>", rounding, element_flags=flags[:19].copy())
    assert np.array_equal(got.codes, (4 * np.arange(9, -10, -1) % 128).astype(np.uint8))
    own = nf.parse("takum_log16")
    log = nf.log(nf.from_codes(own.all_codes()[1:0x8000:5], own), "binary64")
    flags = np.empty(log.shape, np.uint8)
    again = nf.exp(log, own, rounding, element_flags=flags)
    assert not flags.any()
    assert np.array_equal(again.codes, own.all_codes()[1:0x8000:5])


def test_ties_of_geometric_powers_of_two():
    """2**(k + 1/2) lies on the turn: to even, and a hair beside it to either side."""
    own = nf.PowerOfTwo(5, tie="geometric")
    for k in range(-5, 6):
        low, high = nf.array(2.0**k, own), nf.array(2.0 ** (k + 1), own)
        even = low if low.codes % 2 == 0 else high
        assert nf.exp2(k + 0.5, own).codes == even.codes
        assert nf.rsqrt(2.0 ** (-2 * k - 1), own).codes == even.codes
        assert nf.exp2(k + 0.5 - 2.0**-40, own).codes == low.codes
        assert nf.exp2(k + 0.5 + 2.0**-40, own).codes == high.codes
        assert nf.exp2(nf.array(k + 0.5, "lns<16,8>"), own).values != 0
