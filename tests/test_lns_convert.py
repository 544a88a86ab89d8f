"""Conversions from logarithmic numbers: one rounding of the irrational value, or of the log."""

from fractions import Fraction
from math import floor

import cases
import numpy as np
import oracle
import pytest
from oracle_formats import Cell, Fixed, Float, Posit, compare
from oracle_lns import LNS
from oracle_real import Real
from subjects import library

import numfmt as nf

TARGETS = [Fixed(12, 5), Float(4, 3, special="fn"), Float(5, 20), Float(8, 23), Posit(16, 1)]


@pytest.mark.parametrize("target", TARGETS, ids=cases.spelled)
def test_convert_to_other_families_rounds_the_irrational_value_once(target, tally):
    """From lns<10,5>: each code by every mode, as the exact value would."""
    format, codes = LNS(10, 5), np.arange(1 << 10, dtype=np.uint16)
    codes = codes[codes != format.nan]
    values = [format.decode(code) for code in codes.tolist()]
    for mode in oracle.DETERMINISTIC:
        expected = [rounded(target, value, mode) for value in values]
        got = nf.convert(codes, library(format), library(target), mode, "saturate")
        tally.same(got.astype(np.uint64), np.array(expected, np.uint64), codes, f"{target} {mode}")
    tally.check()


def rounded(format, value, mode):
    """The code of an exact or irrational value: bounds of 300 bits lie in one cell."""
    bounds = value.at(300) if isinstance(value, Real) else [value]
    (code,) = {settled(format, format.cell(bound), mode) for bound in bounds}
    return code


def settled(format, cell, mode):
    """The code that a saturating mode gives a cell."""
    upper = mode != "jam" and oracle.takes_upper(cell, mode)
    index = cell.jam if mode == "jam" else cell.upper if upper else cell.lower
    return oracle.settle(format, cell, index, "saturate", mode)


def log_cell(format, negative, log):
    """The cell of 2**log, by exact arithmetic on the log."""
    steps, bottom = log * 2**format.fraction_bits, -(1 << (format.width - 2))
    lower = max(floor(steps), bottom)
    tail = steps - lower if lower > bottom else Fraction(1, 2)
    half = compare(steps, lower + Fraction(1, 2))
    index = lower - bottom
    return Cell(negative, index, index + 1, tail, half, index % 2 == 0, index | 1)


@pytest.mark.parametrize("target", [LNS(8, 2), LNS(9, 4), LNS(12, 9), LNS(6, 0)], ids=cases.spelled)
def test_convert_between_logs_is_exact_on_logs(target, tally):
    """From lns<10,5>: a finer log is kept, ties of coarser ones go by the mode, tails by value."""
    source = LNS(10, 5)
    codes = np.arange(1 << 10, dtype=np.uint16)
    codes = codes[(codes != source.nan) & (codes != 256)]
    logs = ((codes.astype(np.int64) + 256) % 512 - 256).tolist()
    cells = [
        log_cell(target, c >= 512, Fraction(log, 32)) for c, log in zip(codes, logs, strict=True)
    ]
    for mode in oracle.DETERMINISTIC:
        expected = [settled(target, cell, mode) for cell in cells]
        got = nf.convert(codes, library(source), library(target), mode)
        tally.same(got.astype(np.uint64), np.array(expected, np.uint64), codes, f"{target} {mode}")
    tally.check()


@pytest.mark.parametrize(
    ("source", "code", "target", "share"),
    [("lns<10,5>", 1, "lns<6,0>", 2 ** (1 / 32) - 1), ("lns<8,4>", 128 - 63, "lns<6,4>", 1 / 8)],
)
def test_convert_between_logs_is_unbiased_in_value(source, code, target, share):
    """2**(1/32) between 1 and 2, and an eighth of the smallest number between it and 0."""
    n = 1 << 18
    codes = np.full(n, code, f"u{1 + (code == 1)}")
    drawn = nf.convert(codes, source, target, "stochastic", key=nf.Key(6))
    values = nf.decode(drawn, target)
    z = (np.mean(values == values.max()) - share) / (share * (1 - share) / n) ** 0.5
    assert len(np.unique(values)) == 2
    assert abs(z) < 4
    few = nf.convert(codes, source, target, "stochastic(bits=3,variant=A)", key=nf.Key(6))
    assert np.mean(few != few.min()) == pytest.approx(share // 0.125 * 0.125, abs=0.01)


def test_convert_refuses_what_63_bits_do_not_decide():
    """More than 62 significant bits, those of the random words included; logs take any."""
    codes = np.array([1], np.uint16)
    for target in ("fixed<64,32>", "float<1,62,special=finite>"):
        with pytest.raises(nf.FormatError, match="62"):
            nf.convert(codes, "lns<16,8>", target)
    with pytest.raises(nf.FormatError, match="62"):
        nf.convert(codes, "lns<16,8>", "binary64", "stochastic", key=nf.Key(1))
    with pytest.raises(nf.FormatError, match="geometric means"):
        nf.convert(codes, "lns<16,8>", nf.Codebook([1, 2, 4], thresholds="geometric"))
    assert nf.convert(codes, "lns<16,8>", "fixed<63,32>").item() > 1 << 32
    assert nf.convert(codes, "lns<16,8>", "lns<64,60>").item() == 1 << 52
