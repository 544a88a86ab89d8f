"""Comparisons, extremes, neighbours and signs of all codes of 8-bit formats, against the oracle."""

import numpy as np
import oracle_arithmetic as arithmetic
import pytest
from arithmetic_cases import NARROW, all_tuples, compare_everywhere, numbers_of, operate
from cases import spelled
from oracle_numbers import numbers

from numfmt import _core
from numfmt._core import lib

narrow = pytest.mark.parametrize("format", NARROW, ids=spelled)
EXTREMES = [
    f"{side}{variant}"
    for side in ("minimum", "maximum")
    for variant in ("", "_number", "_magnitude", "_magnitude_number", "_finite")
]


@narrow
@pytest.mark.parametrize("name", ["negative", "absolute", "reciprocal", "sqrt", *EXTREMES])
def test_every_operand_in_every_mode(format, name, tally):
    """All codes, or all pairs."""
    compare_everywhere(tally, format, name, all_tuples(_core.OPERATIONS[name].operands, 8))
    tally.check()


@narrow
def test_every_comparison(format, tally):
    """All pairs; what is unordered raises `invalid` where the order was asked for."""
    codes = all_tuples(2, 8)
    rows = zip(*[numbers_of(format, column) for column in codes], strict=True)
    found = [arithmetic.order(a, b) for a, b in rows]
    loose = np.array([order is None for order in found])
    for name, holds in arithmetic.COMPARISONS.items():
        flags = np.full(len(found), 255, np.uint8)
        got = operate(name, None, [(column, format) for column in codes], flags=flags)
        tally.same(got, np.array([holds(order) for order in found], np.uint8), codes[0], name)
        signals = name not in ("equal", "not_equal")
        tally.same(flags, np.where(loose & signals, lib.NF_INVALID, 0), codes[0], name)
    got = operate("unordered", None, [(column, format) for column in codes])
    tally.same(got, loose.astype(np.uint8), codes[0], "unordered")
    tally.check()


@narrow
def test_every_class(format, tally):
    """isnan and its kin."""
    (codes,) = all_tuples(1, 8)
    operands = numbers(format, codes)
    for name, holds in arithmetic.CLASSES.items():
        expected = np.array([holds(operand) for operand in operands], np.uint8)
        tally.same(operate(name, None, [(codes, format)]), expected, codes, name)
    tally.check()
