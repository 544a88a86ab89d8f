"""Which dtypes can hold what `quantize` gives: the rule against brute force."""

import cases
import numpy as np
import oracle
import pytest
from oracle_formats import Fixed, Float, Posit
from oracle_takum import Takum
from sheet import Sheet
from subjects import library

import numfmt as nf

FORMATS = [
    *cases.NARROW[::3],
    *(Fixed(20, -6), Fixed(11, 0), Fixed(12, 0), Fixed(16, 14), Fixed(17, 24), Fixed(24, 0)),
    *(Float(8, 7), Float(6, 9), Float(5, 10), Float(5, 11), Float(6, 10, special="fn")),
    *(Float(5, 9, bias=14), Float(5, 9, bias=16), Float(4, 10), Float(6, 3, bias=40)),
    *(Posit(16, 1), Posit(16, 2), Posit(12, 3), Posit(16, 5), Posit(13, 0)),
    *(Posit(3, 5), Posit(4, 3), Posit(5, 3), Takum(3), Takum(6), Takum(12), Takum(16)),
]


def halves():
    """Finite float16 numbers of every binade, the largest and the smallest among them."""
    x = np.arange(1 << 15, dtype=np.uint16).view(np.float16)
    x = x[np.isfinite(x)]
    x = np.concatenate([x[:40], x[40:-40:29], x[-40:]])
    return np.concatenate([x, -x])


def is_too_large(format, code):
    """Is the value of a code, which a finite number gave, beyond float16's range?"""
    value = format.decode(code)
    return not isinstance(value, str) and abs(value) >= 1 << 16


def held_by_half(format, sheet, mode, overflow):
    """Does float16 hold every result of rounding every float16 number, and what infinities give?
    Results of finite numbers that are too large for it do not count: they are errors of their own.
    """
    rounded = np.unique(sheet.rounded(mode))
    codes, raises = sheet.codes(rounded, overflow, mode)
    results = {code for code in codes[~raises].tolist() if not is_too_large(format, code)}
    for negative in (False, True):
        code = oracle.settle_infinity(format, negative, overflow)
        results |= {code} - {oracle.RANGE}
    for code in results:
        value = format.decode(code)
        if isinstance(value, str):
            continue
        with np.errstate(over="ignore"):
            if not np.isfinite(np.float16(float(value))) or np.float16(float(value)) != value:
                return False
    return True


@pytest.mark.parametrize("format", FORMATS, ids=cases.spelled)
def test_half_precision_is_accepted_only_where_it_holds_every_result(format, tally):
    """Accepted: every result is right.  Refused: some result needs a wider type."""
    x = halves()
    sheet = Sheet(format, x.astype(np.float64))
    for mode in ("nearest_even", "toward_zero", "up", "to_odd", "jam"):
        meaningful = oracle.policies(format)
        for overflow in {"saturate", "saturate_zero", meaningful[-1]} & set(meaningful):
            held = held_by_half(format, sheet, mode, overflow)
            try:
                nf.quantize(x[:1], library(format), mode, overflow)
                accepted = True
            except nf.RangeError:
                accepted = True
            except nf.DtypeError:
                accepted = False
            what = f"{library(format)} {mode} {overflow}: held {held}"
            tally.same([accepted <= held], [True], [format], what + ", but accepted")
            if not held or overflow.startswith("saturate"):
                tally.same([accepted], [held], [format], what)
    tally.check()
