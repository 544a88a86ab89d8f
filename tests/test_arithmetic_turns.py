"""Results that lie next to where a rounding turns, nearer than 64 bits or 128 tell, rounded into
every family whose turning points are more than cut bits: logarithms, tables, scaled integers."""

from fractions import Fraction
from math import isqrt

import numpy as np
import oracle
import oracle_arithmetic as arithmetic
import pytest
from arithmetic_cases import operate
from cases import spelled as named
from oracle_lns import LNS, pow2
from oracle_numbers import coded, exact
from oracle_random import words
from oracle_real import power_of_two
from oracle_tables import Codebook, affine, codebook, single
from oracle_takum import LogTakum, log_takum_value
from oracle_turns import cut, in_doubles, products, quotients, sums
from subjects import library

import numfmt as nf
from numfmt import _core


def spelled(format) -> str:
    """A short name for test ids."""
    return f"codebook{format.highest + 1}" if isinstance(format, Codebook) else named(format)


ROOT = isqrt(3 << 300)  # of 3, as the middle of two doubles far apart
MIDDLE = in_doubles(Fraction(2 * ROOT, 1 << 150) - Fraction(2 * ROOT % (1 << 46), 1 << 150), 2)
THIRD = in_doubles(Fraction((2 << 105) // 3, 1 << 105), 2)
BOOKS = {
    "middle": codebook([-3.3, -0.1, 0, 0.7, 5.1]),
    "root": codebook([*MIDDLE, 9]),
    "third": codebook([*THIRD, 9]),
    "geometric": codebook([-8.1, -3, 0, 1, 5.3, 6, 7.7], "geometric"),
    "own": codebook([-1, 0.3, 2, 5], (0.1, 0.9, 2.2)),
}
LOGS = [LNS(8, 3), LNS(8, 0), LNS(16, 10), LogTakum(8), LogTakum(12)]
SCALED = [affine(8, Fraction(0.3)), affine(8, Fraction(1.1e-3), 7), affine(33, Fraction(0.7))]
GEOMETRIC = [pow2(6, True)]
FORMATS = [*LOGS, *SCALED, *GEOMETRIC, *BOOKS.values()]
LISTED = [*LOGS, *SCALED, *GEOMETRIC]
NAMES = [*map(spelled, LISTED), *BOOKS]


def turns_of(format) -> list:
    """Some points where nearest modes turn, and some values, where the others do."""
    if isinstance(format, LNS):
        half = [power_of_two(n, format.fraction_bits + 1) for n in (-7, -5, -1, 1, 3, 6, 10)]
        return [*half, Fraction(1), Fraction(4)]
    if isinstance(format, LogTakum):
        one = 1 << (format.width - 2)
        places = [2 * one + d for d in (-9, -3, -1, 1, 2, 5, 11)]
        return [*(log_takum_value(format.width + 1, place) for place in places), Fraction(1)]
    if isinstance(format, Codebook):
        return table_turns(format)
    if format in GEOMETRIC:
        return [power_of_two(n, 1) for n in (-3, 1, 3)]
    places = [*range(-3, 4), format.lowest // 3, format.highest // 2]
    return [(n + Fraction(half, 2)) * format.scale for n in places for half in (0, 1) if n or half]


def table_turns(format: Codebook) -> list:
    """The turns and the values of a table, those that are rational."""
    pairs = list(zip(format.values, format.values[1:], strict=False))
    if isinstance(format.turns, tuple):
        return list(format.turns)
    values = [v for v in format.values if v]
    if format.turns == "middle":
        return [(a + b) / 2 for a, b in pairs] + values
    means = [arithmetic.square_root(a * b) * (1 if a > 0 else -1) for a, b in pairs if a * b > 0]
    return [mean for mean in means if mean.denominator < 1 << 60] + values


def rows_of(format, name: str) -> list[tuple]:
    """Operands whose results lie next to a turn."""
    make = {"faa": sums, "fma": products, "divide": quotients}[name]
    return [row for turn in turns_of(format) for row in make(turn)]


def compare(tally, format, name, rows):
    """Every deterministic mode."""
    numbers = [[exact(Fraction(x)) for x in row] for row in rows]
    operands = [(np.array(column), None) for column in zip(*rows, strict=True)]
    for mode in oracle.DETERMINISTIC:
        found = [arithmetic.operate(name, *row, rounding=mode, format=format)[0] for row in numbers]
        expected = [coded(format, result, mode, "saturate") for result in found]
        got = operate(name, format, operands, (mode, "saturate", None))
        what = f"{name} {mode}"
        tally.same(got.astype(np.uint64), np.array(expected, np.uint64), np.arange(len(got)), what)


@pytest.mark.parametrize("name", ["faa", "fma", "divide"])
@pytest.mark.parametrize("format", FORMATS, ids=NAMES)
def test_the_exact_result_decides(format, name, tally):
    """Sums, fused products and quotients, 2**-70 to 2**-400 beside turns and values."""
    compare(tally, format, name, rows_of(format, name))
    tally.check()


def test_roots_beside_the_middle_of_two_values(tally):
    """Square roots 2**-106 beside a turn, and on a geometric mean: a tie."""
    root = BOOKS["root"]
    compare(tally, root, "sqrt", [(3.0,), (np.nextafter(3.0, 4),), (np.nextafter(3.0, 2),)])
    means = codebook([2, 3, 5, 7], "geometric")
    rows = [(float(n),) for n in (6, 15, 35, np.nextafter(6, 7), np.nextafter(15, 0))]
    expected = {"nearest_even": [0, 2, 2, 1, 1], "nearest_odd": [1, 1, 3, 1, 1]}
    for mode, codes in expected.items():
        got = operate("sqrt", means, [(np.array(rows)[:, 0], None)], (mode, None, None))
        assert got.tolist() == codes


@pytest.mark.parametrize("mode", ["nearest_even", "nearest_odd", "toward_zero", "up"])
def test_roots_of_two_are_values_and_ties(mode):
    """2**(1/2) is a value of lns<8,1> and half-way in lns<8,0>, takes either side in pow2<6>."""
    two = [(np.array([2.0, 8.0, 0.5]), None)]
    logs = np.array([1, 3, -1])
    got = operate("sqrt", LNS(8, 1), two, (mode, None, None))
    assert got.tolist() == (logs & 0x7F).tolist()
    down = np.array([0, 1, -1])
    odd = (down & 1 == 1) == (mode == "nearest_even")
    up = odd if mode.startswith("nearest") else mode == "up"
    got = operate("sqrt", LNS(8, 0), two, (mode, None, None))
    assert got.tolist() == ((down + up) & 0x7F).tolist()


WRAPPED = [affine(8, Fraction(0.3)), affine(64, Fraction(1.1e-3), 7), affine(16, 3, 9, False)]


@pytest.mark.parametrize("format", WRAPPED, ids=spelled)
def test_scaled_integers_wrap_however_large(format, tally):
    """The integer nearest to the exact quotient, modulo 2**width."""
    rng = np.random.default_rng(5)
    columns = rng.standard_normal((3, 100)) * 2.0 ** rng.choice(
        [-80, 0, 30, 64, 130, 500], (3, 100)
    )
    for name in ("faa", "fma", "divide", "sqrt", "remainder", "add"):
        used = np.abs(columns) if name == "sqrt" else columns
        used = used[: _core.OPERATIONS[name].operands]
        rows = [[exact(Fraction(x)) for x in row] for row in used.T.tolist()]
        for mode in ("nearest_even", "up", "jam"):
            for overflow in ("wrap", "wrap(3)"):
                found = [
                    arithmetic.operate(name, *row, rounding=mode, format=format)[0] for row in rows
                ]
                expected = [coded(format, result, mode, overflow) for result in found]
                got = operate(name, format, [(x, None) for x in used], (mode, overflow, None))
                expected = np.array(expected, np.uint64)
                tally.same(got.astype(np.uint64), expected, used[0], f"{name} {mode} {overflow}")
    tally.check()


KEY, CALL, N = 0x0123456789ABCDEF, 77, 150


@pytest.mark.parametrize(
    ("format", "lower"),
    [
        (LNS(8, 3), 70),
        (LNS(8, 0), 64),
        (LNS(8, 3), 0),
        (LogTakum(8), 66),
        (LogTakum(8), 0),
        (affine(8, Fraction(0.3)), 5),
        (affine(8, Fraction(0.3)), -5),
        (affine(40, Fraction(0.3)), 1 << 37),
        (BOOKS["middle"], 3),
        (BOOKS["middle"], 0),
        (BOOKS["third"], 0),
    ],
    ids=str,
)
def test_words_are_read_until_they_decide(format, lower, tally):
    """Sums of 150 bits, which four words leave open: the law goes by the exact sum."""
    low, high = format.value(lower), format.value(lower + 1)
    drawn = [words(KEY, CALL, N, draw=draw).tolist() for draw in range(8)]
    is_mirrored = isinstance(format, Codebook) and high <= 0
    sums, expected = [], []
    for i in range(N):
        own = [row[i] for row in drawn]
        uniform = sum(word << (128 - 32 * k) for k, word in enumerate(own[:5])) >> 10
        tail = 1 - Fraction(uniform + (i % 3 - 1), 1 << 150)
        wanted = high - tail * (high - low) if is_mirrored else low + tail * (high - low)
        size = cut(wanted if wanted > 0 else -wanted, 155)
        x = size if wanted > 0 else -size
        sums.append(in_doubles(x))
        cell = format.cell(x)
        goes_up = oracle.takes_upper_all_bits(cell.tail, own)
        below = cell.lower if cell.random_lower is None else cell.random_lower
        expected.append(cell.upper if goes_up else below)
    columns = [(column, None) for column in np.array(sums).T.copy()]
    key = nf.Key(KEY).at(CALL)
    codes = operate("faa", format, columns, ("stochastic", None, None), key=key)
    wanted = nf.decode(np.array([code_of(format, index) for index in expected]), library(format))
    tally.same(nf.decode(codes, library(format)), wanted, columns[0][0], "faa")
    tally.check()


def code_of(format, index: int) -> int:
    """The code of a positive number, or of a signed integer."""
    return format.encode(False, index) if isinstance(format, LNS) else index % (1 << format.width)


def test_float32_reciprocals_of_exact_results(tally):
    """The float32 product of the exact result and the reciprocal: ties of float32, and beside."""
    scale = float(np.float32(0.1))
    factor = single(1 / Fraction(scale))
    turns = [Fraction((1 << 25) + n, 1 << 12) / factor for n in (1, 3, 777)]
    made = nf.Affine(33, scale, divide="fl32_reciprocal")
    rows = [row for turn in turns for row in sums(turn)]
    got = nf.faa(*np.array(rows).T.copy(), format=made, rounding="toward_zero")
    halves = [single(sum(map(Fraction, row)) * factor) for row in rows]
    tally.same(got.codes, np.array([int(x) for x in halves]), np.array(rows)[:, 0], "faa")
    tally.check()


@pytest.mark.parametrize("format", [LNS(8, 3), LogTakum(8), *SCALED, BOOKS["third"]], ids=spelled)
def test_exact_sums_decide(format, tally):
    """numfmt.sum and quires, 2**-70 to 2**-400 beside turns."""
    rows = rows_of(format, "faa")
    quire = nf.Quire("binary64", shape=len(rows))
    for column in np.array(rows).T.copy():
        quire.add(nf.array(column, "binary64"))
    numbers = [exact(sum(map(Fraction, row))) for row in rows]
    for mode in ("nearest_even", "up", "toward_zero"):
        expected = np.array([coded(format, n, mode, "saturate") for n in numbers], np.uint64)
        got = nf.sum(
            nf.array(np.array(rows), "binary64"), library(format), mode, "saturate", axis=1
        )
        tally.same(got.codes.astype(np.uint64), expected, np.arange(len(rows)), f"sum {mode}")
        got = quire.round(library(format), mode, "saturate")
        tally.same(got.codes.astype(np.uint64), expected, np.arange(len(rows)), f"quire {mode}")
    tally.check()
