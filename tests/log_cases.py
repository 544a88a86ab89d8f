"""Sums of logarithmic numbers as coefficients of powers, exactly, and to as many bits as mpmath
works with."""

from collections import Counter
from fractions import Fraction

import mpmath
import numpy as np
from oracle_lns import LNS
from oracle_takum import LogTakum, fields


def log_of(format, code: int) -> tuple[int, Fraction] | None:
    """(sign, log to the base) of a code; None of 0."""
    if isinstance(format, LNS):
        field = (code & (format.sign_bit - 1)) - (code & format.sign_bit >> 1) * 2
        sign = -1 if code & format.sign_bit else 1
        return None if code == format.sign_bit >> 1 else (sign, Fraction(field, 8))
    if code == 0:
        return None
    s, c, m = fields(format.width, code)
    return (-1 if s else 1), (1 - 2 * s) * (c + m) / 2


def merged(format, terms: list) -> dict[Fraction, Fraction]:
    """Coefficients of powers that are linearly independent."""
    found: Counter = Counter()
    for sign, log in terms:
        whole = log.numerator // log.denominator if isinstance(format, LNS) else 0
        found[log - whole] += sign * Fraction(2) ** whole
    return {log: c for log, c in found.items() if c}


def power_code(format, log: Fraction, c: Fraction) -> int | None:
    """The code of a power that is one of the format; None of a sum that is no power."""
    size = abs(c)
    if size.numerator & (size.numerator - 1) or size.denominator & (size.denominator - 1):
        return None
    if isinstance(format, LogTakum):
        table = {log_of(format, code): code for code in range(256) if code != 128}
        return table[1 if c > 0 else -1, log] if size == 1 else None
    exponent = size.numerator.bit_length() - size.denominator.bit_length()
    log = min(int((log + exponent) * 8), 63)
    return (log & 0x7F if log > -64 else 0x40) | (0x80 if c < 0 and log > -64 else 0)


def approximate(format, groups) -> Fraction:
    """The sum: itself where it is rational, else to 600 bits."""
    if set(groups) <= {Fraction(0)}:
        return sum(groups.values(), Fraction(0))
    power = mpmath.exp if isinstance(format, LogTakum) else (lambda log: mpmath.power(2, log))
    total = sum(
        mpmath.mpf(c.numerator) / c.denominator * power(mpmath.mpf(x.numerator) / x.denominator)
        for x, c in groups.items()
    )
    man, exp = mpmath.mpf(total).man_exp
    return Fraction(int(man)) * Fraction(2) ** int(exp) * (-1 if total < 0 else 1)


def terms_of(format, *codes: int) -> list:
    """The terms of a sum of codes."""
    return [term for term in (log_of(format, code) for code in codes) if term]


def some_codes(format, count: int, operands: int) -> list[np.ndarray]:
    """Random codes, many near each other."""
    rng = np.random.default_rng(3)
    nan = format.nan
    first = rng.integers(0, 256, count)
    rest = [
        np.where(rng.random(count) < 0.5, first ^ rng.integers(0, 16, count), first ^ 128)
        if k
        else rng.integers(0, 256, count)
        for k in range(operands - 1)
    ]
    columns = [np.where(c == nan, 1, c).astype(np.uint8) for c in [first, *rest]]
    return columns
