"""Quires as the standard describes them, in Python's integers and fractions: shares nothing with
the library."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import oracle_arithmetic as arithmetic
from oracle_formats import Fixed, Float, Posit
from oracle_numbers import number
from oracle_takum import Takum
from subjects import library

import numfmt as nf

FORMATS = [
    Posit(8, 2),
    Posit(16, 1),
    Posit(32, 2),
    Float(4, 3, special="fn"),
    Float(5, 2),
    Float(5, 10),
    Float(8, 7),
    Fixed(8, 3),
    Takum(8),
]
POSITS = FORMATS[:3]


def size_of(format):
    """(width, units' exponent) as semantics has them: 31 guard bits and a sign besides."""
    if isinstance(format, Takum):
        return None
    if isinstance(format, Posit):
        step = 2**format.es * (format.width - 2)
        return 32 + 4 * step, -2 * step
    if isinstance(format, Fixed):
        whole = format.width - format.signed - format.fraction_bits
        return 2 * (format.fraction_bits + whole) + 32, -2 * format.fraction_bits
    if isinstance(format, Float):
        bias = 2 ** (format.exponent_bits - 1) - 1
        emax = bias + (format.special == "fn")
        behind = 2 * (bias + format.fraction_bits - 1)
        return behind + 2 * (emax + 1) + 32, -behind
    return None


def pattern(format, total):
    """The bits of a posit's quire that holds a sum: None is NaR, and so is what it cannot hold."""
    width, lowest = size_of(format)
    nar = 1 << (width - 1)
    if total is None:
        return nar
    units = total / Fraction(2) ** lowest
    assert units.denominator == 1
    return int(units) % (1 << width) if abs(units) < nar else nar


def corners(format):
    """Codes of 0, the ends, the smallest, 1 and -1, specials and neighbours of all these."""
    top = 1 << format.width
    ones = nf.encode([1.0, -1.0, 0.0], library(format)).tolist()
    marks = {0, top // 2, top - 1, *ones}
    near = {(mark + step) % top for mark in marks for step in (-2, -1, 0, 1, 2)}
    return sorted(near)


def some_codes(format, count, seed, special=False):
    """Random codes and corners; finite ones unless `special`."""
    random = np.random.default_rng(seed)
    codes = random.integers(0, 1 << format.width, 2 * count).tolist()
    codes += random.choice(corners(format), count).tolist()
    random.shuffle(codes)
    if not special:
        codes = [code for code in codes if number(format, code).kind == "finite"]
    return codes[:count]


def array(format, codes):
    """The library's Array of an oracle's codes."""
    own = library(format)
    return nf.from_codes(np.array(codes, own._code_dtype), own)


def values(format, codes):
    """Exact values of finite codes."""
    return [number(format, code).value for code in codes]


def model(format, steps):
    """The exact result of steps (sign, codes) or (sign, codes, codes): an oracle's number, and the
    flags of the products."""
    terms, raised = [], set()
    for sign, *factors in steps:
        operands = [[number(format, code) for code in codes] for codes in factors]
        if len(operands) == 1:
            found = operands[0]
        else:
            pairs = [arithmetic.product(a, b) for a, b in zip(*operands, strict=True)]
            found = [part for part, _ in pairs]
            raised |= {flag for _, flags in pairs for flag in flags}
        terms += [term if sign > 0 else term.with_sign(not term.negative) for term in found]
    return terms, raised
