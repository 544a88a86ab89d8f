"""Results of more than 128 bits: wrapped integers, and random words that the first ones leave
undecided."""

from fractions import Fraction

import numpy as np
import oracle
import oracle_arithmetic as arithmetic
import pytest
from arithmetic_cases import nan_policy, operate
from cases import spelled
from oracle_formats import Fixed, Float, Posit
from oracle_numbers import coded, exact
from oracle_random import words
from oracle_takum import Takum
from subjects import library

import numfmt as nf
from numfmt import _core

WRAPPED = [Fixed(8, 3), Fixed(8, 40), Fixed(64, 30), Fixed(16, 0, signed=False)]


def doubles(count: int, seed: int) -> np.ndarray:
    """Numbers of all sizes, many with few bits."""
    rng = np.random.default_rng(seed)
    x = np.where(rng.random(count) < 0.5, rng.standard_normal(count), rng.integers(-9, 10, count))
    return x * 2.0 ** rng.choice([-300, -70, -30, 0, 0, 20, 64, 100, 130, 200, 400], count)


@pytest.mark.parametrize("format", WRAPPED, ids=spelled)
def test_the_exact_integer_is_wrapped(format, tally):
    """However large: sums of far terms, products, quotients, roots, in every rounding."""
    x = [doubles(150, seed) for seed in range(3)]
    x[1][x[1] == 0] = 3
    for name in ("add", "fma", "faa", "divide", "sqrt", "remainder", "ieee_remainder"):
        used = [np.abs(a) if name == "sqrt" else a for a in x[: _core.OPERATIONS[name].operands]]
        rows = [
            [exact(Fraction(a)) for a in row]
            for row in zip(*[a.tolist() for a in used], strict=True)
        ]
        for mode in oracle.DETERMINISTIC:
            found = [
                arithmetic.operate(name, *row, rounding=mode, format=format)[0] for row in rows
            ]
            for overflow in (
                "wrap",
                "wrap(2)",
                "wrap_sign_magnitude" if format.signed else "drop_bits",
            ):
                expected = [coded(format, result, mode, overflow) for result in found]
                got = operate(name, format, [(a, None) for a in used], (mode, overflow, "zero"))
                what = f"{name} {mode} {overflow}"
                tally.same(got.astype(np.uint64), np.array(expected, np.uint64), used[0], what)
    tally.check()


KEY, CALL, N = 0x0123456789ABCDEF, 77, 200


def in_doubles(x: Fraction, count: int = 3) -> list[float]:
    """A number as an exact sum of doubles."""
    parts = []
    for _ in range(count):
        part = float(x)
        part = part if abs(part) <= abs(x) else float(np.nextafter(part, 0.0))
        parts.append(part)
        x -= Fraction(part)
    assert x == 0
    return parts


@pytest.mark.parametrize(
    ("format", "lower"),
    [
        (Float(4, 3), 56),
        (Fixed(8, 0), 3),
        (Fixed(8, 0), -4),
        (Posit(8, 1), 64),
        (Posit(8, 2), 124),
        (Posit(8, 2), 0),
        (Takum(8), 100),
    ],
    ids=str,
)
def test_words_are_read_until_they_decide(format, lower, tally):
    """Sums of 150 bits, which four words leave open: the law goes by the exact sum."""
    low, high = format.value(lower), format.value(lower + 1)
    drawn = [words(KEY, CALL, N, draw=draw).tolist() for draw in range(8)]
    sums, expected = [], []
    for i in range(N):
        own = [row[i] for row in drawn]
        uniform = sum(word << (128 - 32 * k) for k, word in enumerate(own[:5])) >> 10
        tail = 1 - Fraction(uniform + (i % 3 - 1), 1 << 150)
        sums.append(in_doubles(low + tail * (high - low)))
        expected.append(high if oracle.takes_upper_all_bits(tail, own) else low)
    a, b, c = np.array(sums).T.copy()
    key, operands = nf.Key(KEY).at(CALL), [(a, None), (b, None), (c, None)]
    codes = operate("faa", format, operands, ("stochastic", None, nan_policy(format)), key=key)
    got = nf.decode(codes, library(format))
    tally.same(got, np.array([float(x) for x in expected]), a, "faa")
    tally.check()
