"""universal_dtypes: Universal's posits and takums as NumPy dtypes."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from ..arrays import Array
from ..row import Row, Task
from . import operation_row, peer_row, quantize

PACKAGE = MODULE = "universal_dtypes"
LIMIT = 1 << 18
DTYPES = {"posit<8,2>": "posit8", "posit<16,2>": "posit16", "posit<32,2>": "posit32"}


def rows() -> list[Row]:
    """Posits and takums there and back, and codes."""
    import universal_dtypes

    found = []
    for format, name in DTYPES.items():
        dtype = getattr(universal_dtypes, name)
        found.append(
            peer_row(
                PACKAGE,
                quantize("nearest_even", format),
                functools.partial(there_and_back, dtype),
                limit=LIMIT,
                note="cast and back",
            )
        )
    wide = peer_row(
        PACKAGE,
        Task("quantize", "nearest_even", "takum16", "to float64"),
        lambda x: x.astype(universal_dtypes.takum16).astype(np.float64),
        limit=LIMIT,
        note="cast and back",
    )
    dtype = universal_dtypes.posit8
    encode = peer_row(
        PACKAGE,
        Task("encode", "", "posit<8,2>"),
        lambda x: x.astype(dtype),
        read=lambda y: y.view(np.uint8),
        limit=LIMIT,
        note="cast",
    )
    dtypes = {**DTYPES, "takum16": "takum16", "takum32": "takum32"}
    arithmetic = [
        operating(name, format, getattr(universal_dtypes, dtype))
        for format, dtype in dtypes.items()
        for name in ("add", "multiply", "divide")
    ]
    return [*found, wide, encode, *arithmetic]


def operating(name: str, format: str, dtype: Any) -> Row:
    """A ufunc of a dtype."""
    return operation_row(
        PACKAGE,
        name,
        format,
        getattr(np, name),
        lambda a: a.codes.view(dtype),
        read=lambda y: y.view(f"u{y.itemsize}"),
        limit=LIMIT,
    )


def there_and_back(dtype: Any, x: Array) -> Array:
    """float32 to posits and back."""
    return x.astype(dtype).astype(np.float32)
