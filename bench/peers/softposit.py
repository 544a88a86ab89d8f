"""SoftPosit: one posit at a time, from a Python loop."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from ..row import Row
from . import operation_row, peer_row, quantize

PACKAGE = MODULE = "softposit"
LIMIT = 1 << 11
FUNCTIONS = {"add": "pX2_add", "multiply": "pX2_mul", "divide": "pX2_div"}
WIDTHS = {"posit<8,2>": 8, "posit<16,2>": 16, "posit<32,2>": 32}


def rows() -> list[Row]:
    """Posits with two exponent bits, there and back."""
    found = [
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
    names = ("add", "multiply", "divide")
    return found + [operating(name, *item) for item in WIDTHS.items() for name in names]


def operating(name: str, format: str, width: int) -> Row:
    """One of its functions, one posit after the other."""
    import softposit

    function = getattr(softposit, FUNCTIONS[name])

    def made(array: Any) -> list[Any]:
        return [softposit.convertDoubleToPX2(x, width) for x in array.values.tolist()]

    return operation_row(
        PACKAGE,
        name,
        format,
        lambda x, y: [function(a, b, width) for a, b in zip(x, y, strict=True)],
        made,
        read=lambda found: np.array([p.v >> (32 - width) for p in found]),
        limit=LIMIT,
        note="a Python loop",
    )


def there_and_back(width: int, x: list[float]) -> list[float]:
    """Doubles to posits and back, one after the other."""
    from softposit import convertDoubleToPX2, convertPX2ToDouble

    return [convertPX2ToDouble(convertDoubleToPX2(value, width)) for value in x]
