"""Operations of the core beside the oracle's: operands, answers for whole arrays, one call of the core."""

from __future__ import annotations

from itertools import product

import numpy as np
import oracle
import oracle_arithmetic as arithmetic
from oracle_formats import Fixed, Float, Format, Posit
from oracle_numbers import coded, every_number
from oracle_p3109 import named
from oracle_takum import Takum
from subjects import library

from numfmt import _core
from numfmt._core import ffi
from numfmt._modes import resolve

NARROW = [
    Fixed(8, 3),
    Float(4, 3, special="fn"),
    Float(5, 2),
    Float(4, 3, special="fnuz"),
    named("binary8p3se"),
    Posit(8, 0),
    Posit(8, 2),
    Takum(8),
]


def operate(name, format, operands, *, modes=(None, None, None), size=None, **settings):
    """One operation of the core on (data, format or None) pairs: codes, or truths."""
    row = _core.OPERATIONS[name]
    target = None if row.gives_truth else library(format)
    options = ffi.NULL if target is None else resolve(target, *modes).options()
    sources = [
        _core.Operand(data, *([] if source is None else [library(source)._descriptor()]))
        for data, source in operands
    ]
    dtype = np.uint8 if target is None else target._code_dtype
    out = np.zeros(size or max(source.data.size for source in sources), dtype)
    descriptor = ffi.NULL if target is None else target._descriptor()
    refused = _core.operate(name, descriptor, options, sources, out, **settings)
    return out if refused is None else refused
