"""Operations on logarithmic numbers: products, quotients and roots are exact on the logs."""

from fractions import Fraction

import numpy as np
import pytest
from arithmetic_cases import all_tuples, operate
from oracle_formats import Float
from oracle_lns import LNS
from oracle_takum import LogTakum

import numfmt as nf

FORMAT, WIDTH, UNITS = LNS(8, 3), 8, 8
ZERO, NAN = 0x40, 0xC0


def log_of(code: int) -> int:
    """The log of a code that is neither 0 nor NaN, in units of 2**-3."""
    field = code & 0x7F
    return field - 128 if field & 0x40 else field


def code_of(log: Fraction, negative: bool) -> int:
    """The nearest log of the format, ties to the even code, saturating; below it 0."""
    if log < -63 - Fraction(1, 2) or log == -63 - Fraction(1, 2):
        return ZERO
    down = log.numerator // log.denominator
    rest = log - down
    rounded = down + (rest > Fraction(1, 2) or (rest == Fraction(1, 2) and down % 2 == 1))
    return (min(rounded, 63) & 0x7F) | (0x80 if negative else 0)


def product_code(a: int, b: int, side: int) -> int:
    """a * b, or a / b where side is -1."""
    if NAN in (a, b) or (b == ZERO and side < 0):
        return NAN
    if ZERO in (a, b):
        return ZERO
    return code_of(Fraction(log_of(a) + side * log_of(b)), bool((a ^ b) & 0x80))


@pytest.mark.parametrize(("name", "side"), [("multiply", 1), ("divide", -1)])
def test_products_add_logs(name, side, tally):
    """All pairs of lns<8,3>."""
    a, b = all_tuples(2, WIDTH)
    expected = [product_code(p, q, side) for p, q in zip(a.tolist(), b.tolist(), strict=True)]
    got = operate(name, FORMAT, [(a, FORMAT), (b, FORMAT)])
    tally.same(got, np.array(expected, np.uint8), a, name)
    tally.check()


def test_roots_halve_logs(tally):
    """All codes; an odd log is a tie, which goes to the even one."""
    (codes,) = all_tuples(1, WIDTH)
    expected = []
    for code in codes.tolist():
        is_nan = code & 0x80 != 0
        half = (
            NAN if is_nan else ZERO if code == ZERO else code_of(Fraction(log_of(code), 2), False)
        )
        expected.append(half)
    tally.same(operate("sqrt", FORMAT, [(codes, FORMAT)]), np.array(expected), codes, "sqrt")
    tally.check()


def test_order_is_that_of_logs(tally):
    """less, equal and minimum of all pairs."""
    a, b = all_tuples(2, WIDTH)
    operands = [(a, FORMAT), (b, FORMAT)]
    values = nf.decode(np.arange(256, dtype=np.uint8), "lns<8,3>")
    x, y = values[a], values[b]
    for name in ("less", "equal", "greater_equal"):
        expected = getattr(np, name)(x, y).astype(np.uint8)
        tally.same(operate(name, None, operands), expected, a, name)
    got = nf.decode(operate("minimum", FORMAT, operands), "lns<8,3>")
    tally.same(got, np.minimum(x, y), a, "minimum")
    tally.check()


@pytest.mark.parametrize("format", [FORMAT, LogTakum(8)], ids=["lns", "log_takum"])
def test_products_as_floats(format, tally):
    """All pairs as binary32: the float64 product of values, rounded again, is near enough."""
    a, b = all_tuples(2, WIDTH)
    source = "lns<8,3>" if format is FORMAT else nf.Takum(8, log=True)
    values = nf.decode(np.arange(256, dtype=np.uint8), source)
    got = operate("multiply", Float(8, 23), [(a, format), (b, format)])
    with np.errstate(all="ignore"):
        expected = (values[a] * values[b]).astype(np.float32)
    tally.same(got.view(np.float32) + np.float32(0), expected + np.float32(0), a, "multiply")
    tally.check()


def test_what_logs_do_not_decide_is_refused():
    """Other families beside them, and formats of more than 62 bits."""
    codes = np.array([1, 2], np.uint8)
    one = (codes, FORMAT)
    for name, operands, target in (
        ("remainder", [one, (codes, Float(5, 2))], FORMAT),
        ("add", [one, (np.ones(2), None)], FORMAT),
        ("multiply", [one, (np.ones(2), None)], FORMAT),
        ("multiply", [one, (codes, Float(5, 2))], FORMAT),
        ("multiply", [one, one], Float(1, 62)),
    ):
        with pytest.raises(nf.FormatError):
            operate(name, target, operands)
