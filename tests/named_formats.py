"""The oracle's formats for those that the core names: a new one is gone through by itself."""

from __future__ import annotations

from fractions import Fraction

from oracle_formats import Fixed, Float, Format, Posit
from oracle_p3109 import Exponents, named
from oracle_tables import Codebook
from oracle_takum import Takum
from subjects import library

import numfmt as nf
from numfmt import _core


def oracle_format(name: str) -> Format:
    """The oracle's format of a name."""
    own = nf.parse(name)
    if isinstance(own, nf.Fixed):
        return Fixed(own.width, own.fraction_bits, signed=own.signed)
    if isinstance(own, nf.P3109):
        return named(name)
    if isinstance(own, nf.Float) and own.special == "fnu":
        return Exponents(own.width)
    if isinstance(own, nf.Float):
        return Float(
            own.exponent_bits,
            own.fraction_bits,
            bias=own.bias,
            special=own.special,
            signed=own.signed,
        )
    if isinstance(own, nf.Posit):
        return Posit(own.width, own.es)
    if isinstance(own, nf.Takum):
        return Takum(own.width)
    return Codebook(tuple(map(Fraction, own.values)), own.thresholds or "middle")


def of_at_most(bits: int) -> dict[str, Format]:
    """Every named format of so many bits."""
    found = {}
    for name, _, row in _core.named_formats():
        if row.width <= bits:
            found[name] = oracle_format(name)
            assert library(found[name]) == nf.parse(name), name
    return found
