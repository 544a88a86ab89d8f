"""SoftPosit: one posit at a time, from a Python loop."""

from __future__ import annotations

import functools

import numpy as np

from ..row import Row
from . import peer_row, quantize

PACKAGE = MODULE = "softposit"
LIMIT = 1 << 11
WIDTHS = {"posit<8,2>": 8, "posit<16,2>": 16, "posit<32,2>": 32}


def rows() -> list[Row]:
    """Posits with two exponent bits, there and back."""
    return [
        peer_row(
            PACKAGE,
            quantize("nearest_even", format),
            functools.partial(there_and_back, width),
            prepare=lambda x: x.tolist(),
            read=np.array,
            limit=LIMIT,
            note="a Python loop",
        )
        for format, width in WIDTHS.items()
    ]


def there_and_back(width: int, x: list[float]) -> list[float]:
    """Doubles to posits and back, one after the other."""
    from softposit import convertDoubleToPX2, convertPX2ToDouble

    return [convertPX2ToDouble(convertDoubleToPX2(value, width)) for value in x]
