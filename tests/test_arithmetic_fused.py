"""Fused operations on all triples of 6-bit codes, neighbours, mixed operands, wide formats."""

from fractions import Fraction

import numpy as np
import oracle
import oracle_arithmetic as arithmetic
import pytest
from arithmetic_cases import NARROW, Answers, all_tuples, compare_everywhere, operate
from cases import spelled
from oracle_formats import Fixed, Float, Posit
from oracle_numbers import coded, exact, flags, numbers
from oracle_p3109 import named
from oracle_takum import Takum

from numfmt import _core
from numfmt._core import lib

SIX_BITS = [Fixed(6, 2), Float(3, 2), Posit(6, 1), Takum(6)]
WIDE = [
    Fixed(64, 30),
    Fixed(64, 64, signed=False),
    Float(8, 23),
    Float(11, 52),
    Float(5, 58),
    Float(1, 62),
    Posit(64, 2),
    Posit(32, 0),
    Posit(16, 2),
    Takum(64),
    Takum(32),
]
FLAGS = {
    "invalid": lib.NF_INVALID,
    "divide_by_zero": lib.NF_DIVIDE_BY_ZERO,
    "overflow": lib.NF_OVERFLOW,
    "underflow": lib.NF_UNDERFLOW,
    "inexact": lib.NF_INEXACT,
}


@pytest.mark.parametrize("format", SIX_BITS, ids=spelled)
def test_every_triple_is_fused(format, tally):
    """fma on all 262,144 triples, in every deterministic rounding."""
    compare_everywhere(tally, format, "fma", all_tuples(3, 6))
    tally.check()


def test_every_sum_of_three(tally):
    """faa on all triples of a float of 5 bits: cancellation, zeros, specials."""
    compare_everywhere(tally, Float(2, 2), "faa", all_tuples(3, 5))
    tally.check()


@pytest.mark.parametrize("format", NARROW, ids=spelled)
def test_every_neighbour(format, tally):
    """next_up and next_down of all codes."""
    (codes,) = all_tuples(1, 8)
    policy = oracle.default_policy(format)
    for name, step in (("next_up", 1), ("next_down", -1)):
        found = [arithmetic.next_number(format, code, step) for code in codes.tolist()]
        expected = [coded(format, result, "nearest_even", policy) for result in found]
        got = operate(name, format, [(codes, format)])
        tally.same(got.astype(np.uint64), np.array(expected, np.uint64), codes, name)
    tally.check()


def codes_near(format, seed: int, count: int) -> np.ndarray:
    """Codes of a wide format: with few bits, near the ends, random, near each other."""
    rng, width = np.random.default_rng(seed), format.width
    last = (1 << width) - 1
    random = rng.integers(0, last, count, dtype=np.uint64, endpoint=True)
    ends = [0, 1, 2, last, last >> 1, (last >> 1) + 1, (last >> 1) - 1, 3 << (width - 3)]
    few = np.uint64(1) << rng.integers(0, width, count).astype(np.uint64)
    kind = rng.integers(0, 4, count)
    near = np.roll(random, 1) ^ (random & np.uint64(last >> (width // 2)))
    return np.choose(kind, [random, rng.choice(np.array(ends, np.uint64), count), few, near])


@pytest.mark.parametrize("format", WIDE, ids=spelled)
def test_wide_formats_round_once(format, tally):
    """Up to 64 significant bits: sums that cancel, products, quotients and roots, in every mode."""
    dtype = np.dtype(f"u{max(1, 1 << (format.width - 1).bit_length() >> 3)}")
    columns = [codes_near(format, seed, 250).astype(dtype) for seed in range(3)]
    for name in ("add", "multiply", "divide", "fma", "faa", "sqrt", "ieee_remainder"):
        used = columns[: _core.OPERATIONS[name].operands]
        answers = Answers(name, format, [numbers(format, column) for column in used])
        for mode in oracle.DETERMINISTIC:
            expected, _ = answers.codes(mode, oracle.default_policy(format))
            nan = "zero" if isinstance(format, Fixed) else None
            got = operate(name, format, [(column, format) for column in used], (mode, None, nan))
            tally.same(got.astype(np.uint64), expected, used[0], f"{name} {mode}")
    tally.check()


def test_operands_of_any_formats_and_plain_numbers(tally):
    """A posit times a float64, plus an int64, as bfloat16; one number for all."""
    rng = np.random.default_rng(5)
    codes = rng.integers(0, 1 << 16, 2000, dtype=np.uint16)
    plain = rng.standard_normal(2000) * 2.0 ** rng.integers(-40, 40, 2000)
    third, posit, target = np.array([-7]), Posit(16, 1), Float(8, 7)
    operands = [(codes, posit), (plain, None), (third, None)]
    for mode in ("nearest_even", "down", "to_odd"):
        expected = []
        for a, b in zip(numbers(posit, codes), plain.tolist(), strict=True):
            row = a, exact(Fraction(b)), exact(-7)
            found, _ = arithmetic.operate("fma", *row, rounding=mode, format=target)
            expected.append(coded(target, found, mode, "infinity"))
        got = operate("fma", target, operands, (mode, None, None))
        tally.same(got, np.array(expected, np.uint16), codes, mode)
    tally.check()


@pytest.mark.parametrize("tininess", ["after", "before"])
@pytest.mark.parametrize("format", [Float(5, 2), Float(4, 3, special="fn"), named("binary8p3se")])
def test_flags_of_each_element(format, tininess, tally):
    """All pairs of codes under some roundings: IEEE's five flags, both rules of tininess."""
    codes = all_tuples(2, 8)
    keep = np.random.default_rng(1).integers(0, 1 << 16, 4000)
    codes = [column[keep] for column in codes]
    for name in ("add", "multiply", "divide"):
        for mode in ("nearest_even", "up", "toward_zero", "to_odd"):
            expected = []
            for a, b in zip(*[numbers(format, c) for c in codes], strict=True):
                found, raised = arithmetic.operate(name, a, b, rounding=mode, format=format)
                if found.kind == "finite":
                    policy = oracle.default_policy(format)
                    raised = raised | flags(format, found, mode, policy, tininess)
                expected.append(sum(FLAGS[flag] for flag in raised))
            got = np.zeros(len(expected), np.uint8)
            operands = [(column, format) for column in codes]
            operate(name, format, operands, (mode, None, None), flags=got, tiny=tininess)
            tally.same(got, np.array(expected, np.uint8), codes[0], f"{name} {mode} {tininess}")
    tally.check()
