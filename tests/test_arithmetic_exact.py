"""binary16, binary32 and binary64 in the modes that no processor has, against exact_floats.c, and
that against the oracle."""

from fractions import Fraction

import numpy as np
import oracle
import oracle_arithmetic as arithmetic
import oracle_numbers as numbers
import pytest
from arithmetic_cases import operate
from float_cases import COMPILER, FORMATS, OPERANDS, compiled, exactly, operands_for
from oracle_formats import Float

import numfmt as nf

OPERATIONS = ("add", "subtract", "multiply", "divide", "sqrt", "fma")
HARDWARE = ("nearest_even", "toward_zero", "down", "up")
STOCHASTIC = ("stochastic", "stochastic 8A", "stochastic 8B", "stochastic 11C")
FLAGS = {"invalid": 1, "divide_by_zero": 2, "overflow": 4, "underflow": 8, "inexact": 16}
UNDERFLOW, UNDECIDED = 8, 128
CASES = 72_000
SMALL = Float(3, 2)
pytestmark = pytest.mark.skipif(COMPILER is None, reason="no C compiler")


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    """The second opinion."""
    return compiled("exact_floats", tmp_path_factory.mktemp("exact"))


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("kind", FORMATS)
def test_modes_without_hardware_are_exact(program, kind, name, tally):
    """Values and flags in every deterministic mode, tiny before and after rounding."""
    _, format = FORMATS[kind]
    operands = operands_for(name, kind, CASES, 19)
    sources = [(x, format) for x in operands[: OPERANDS.get(name, 2)]]
    words = np.zeros(operands[0].size)
    for mode in oracle.DETERMINISTIC:
        for tiny in ["before"] if mode in HARDWARE else ["after", "before"]:
            expected, raised = exactly(program, format, name, mode, operands, words, tiny)
            flags = np.zeros(words.size, np.uint8)
            got = operate(name, format, sources, (mode, None, None), tiny=tiny, flags=flags)
            what = f"{name} {kind} {mode} {tiny}"
            tally.same(got.astype(np.uint64), expected, operands[0], what)
            tally.same(flags, raised, operands[0], what + " flags")
    tally.check()


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("kind", FORMATS)
def test_stochastic_results_are_those_of_the_words(program, kind, name, tally):
    """Three variants with few bits, and the law of all bits where the first word decides."""
    _, format = FORMATS[kind]
    operands = operands_for(name, kind, CASES, 23)
    sources = [(x, format) for x in operands[: OPERANDS.get(name, 2)]]
    key = nf.Key(41)
    words = nf.random_bits(key, operands[0].shape)
    for mode in STOCHASTIC:
        base, _, bits = mode.partition(" ")
        drawn = words >> np.uint32(32 - int(bits[:-1] or 32))  # of a key's word the first bits
        expected, raised = exactly(program, format, name, mode, operands, drawn)
        spelled = f"{base}(bits={bits[:-1]},variant={bits[-1]})" if bits else base
        flags = np.zeros(words.size, np.uint8)
        got = operate(name, format, sources, (spelled, None, None), key=key, flags=flags)
        told = (raised & UNDECIDED) == 0
        assert told.mean() > 0.99
        what = f"{name} {kind} {mode}"
        tally.same(got[told].astype(np.uint64), expected[told], operands[0][told], what)
        seen = np.uint8(255 - UNDERFLOW)
        tally.same(flags[told] & seen, raised[told] & seen, operands[0][told], what + " flags")
    tally.check()


def judged(format, name, mode, tiny, row):
    """The oracle's code, any NaN as the quiet one, and flags."""
    found, flags = arithmetic.operate(name, *row, rounding=mode, format=format)
    if found.is_nan:
        return format.nan_code(False), sum(FLAGS[flag] for flag in flags)
    if found.kind == "finite":
        flags |= numbers.flags(format, found, mode, "infinity", tiny)
    return numbers.coded(format, found, mode, "infinity"), sum(FLAGS[flag] for flag in flags)


def compare(program, tally, format, name, operands, modes):
    """The second opinion and the oracle on all operands."""
    columns = [numbers.numbers(format, x) for x in operands[: OPERANDS.get(name, 2)]]
    rows, words = list(zip(*columns, strict=True)), np.zeros(operands[0].size)
    for mode, tiny in modes:
        codes, flags = exactly(program, format, name, mode, operands, words, tiny)
        expected = np.array([judged(format, name, mode, tiny, row) for row in rows], np.uint64)
        what = f"{name} {format} {mode} {tiny}"
        tally.same(codes, expected[:, 0], operands[0], what)
        tally.same(flags, expected[:, 1], operands[0], what + " flags")


@pytest.mark.parametrize("name", OPERATIONS)
def test_the_second_opinion_is_the_oracles(program, name, tally):
    """A format of 6 bits in every mode, both kinds of tininess, every fifth pair of codes; the wide
    formats in some modes."""
    grid = np.arange(64, dtype=np.uint64)
    a, b = (part.ravel()[::5] for part in np.meshgrid(grid, grid))
    operands = [grid] * 3 if name == "sqrt" else [a, b, np.roll(a, 77)]
    modes = [(mode, tiny) for mode in oracle.DETERMINISTIC for tiny in ("after", "before")]
    compare(program, tally, SMALL, name, operands, modes)
    for kind, (_, format) in FORMATS.items():
        wide = operands_for(name, kind, 120, 5)
        compare(program, tally, format, name, wide, [("to_odd", "after"), ("up", "before")])
    tally.check()


def upper_code(row, name, mode, word):
    """The code in SMALL that a word gives, by the definition."""
    found, _ = arithmetic.operate(name, *row, rounding=mode, format=SMALL)
    if found.kind != "finite":
        return None
    tail = SMALL.cell(found.value).tail
    bits, variant = int(mode.split()[1][:-1]), mode[-1]
    takes = int(word) % (1 << bits) >= oracle.threshold(Fraction(tail), variant, bits)
    return numbers.coded(SMALL, found, "stochastic", "infinity", takes and tail > 0)


@pytest.mark.parametrize("mode", STOCHASTIC[1:])
def test_the_second_opinion_draws_as_the_oracle(program, mode, tally):
    """Products and quotients in 6 bits, with words near the turning points."""
    rng = np.random.default_rng(2)
    operands = [rng.integers(0, 64, 2000, dtype=np.uint64) for _ in range(3)]
    words = rng.integers(0, 1 << 32, 2000, dtype=np.uint64)
    rows = list(zip(*(numbers.numbers(SMALL, x) for x in operands[:2]), strict=True))
    for name in ("multiply", "divide"):
        codes, _ = exactly(program, SMALL, name, mode, operands, words)
        expected = [
            upper_code(row, name, mode, word) for row, word in zip(rows, words, strict=True)
        ]
        told = np.array([code is not None for code in expected])
        wanted = np.array([code or 0 for code in expected], np.uint64)
        tally.same(codes[told], wanted[told], words[told], f"{name} {mode}")
    tally.check()
