"""Functions of exact numbers through the core's interface, and the numbers of formats."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import oracle_functions as oracle

from numfmt._core import check, ffi, lib

FAR = 1 << 62


def unpacked(sign, significand, exponent):
    """A finite number as the core takes it."""
    return ffi.new(
        "nf_unpacked *", {"kind": 1, "sign": sign, "significand": significand, "exponent": exponent}
    )


def function(name, x, n=0, digits=63):
    """(result as the oracle has it, flags) of one nf_unpacked."""
    y, flags = ffi.new("nf_unpacked *"), ffi.new("uint32_t *")
    check(lib.nf_function_number(getattr(lib, f"NF_FUNCTION_{name}"), x, n, digits, y, flags))
    what = ("zero", "finite", "inf", "nan")[y.kind]
    if what != "finite":
        return (what, 0 if what == "nan" else y.sign, 0, 0, 0, 0), flags[0]
    number = (what, y.sign, y.significand, y.exponent, y.more, y.sticky)
    if digits == 63 and y.more:  # the core may know more of an exact one
        number = (*number[:2], y.significand | 1, y.exponent, 0, 0)
    return number, flags[0]


def core(name, numbers, n=0, largest=FAR, digits=63):
    """The core's results for (sign, significand, exponent), as far as exponents count."""
    found = [function(name, unpacked(*number), n, digits)[0] for number in numbers]
    return np.array([oracle.within_range(y, largest) for y in found], oracle.RESULT)


def irrational_numbers(format, step):
    """Irrational numbers of a format, and what they are: (nf_unpacked, sign, base, log)."""
    for code in format.all_codes()[::step]:
        y = ffi.new("nf_unpacked *")
        check(lib.nf_unpack(format._descriptor(), int(code), y))
        if y.kind == lib.NF_FINITE_NUMBER and y.base != lib.NF_RATIONAL:
            base = 2 if y.base == lib.NF_BASE_2 else 0
            yield y, y.sign, base, Fraction(y.log, 1 << y.root_bits)
