"""gfloat: NumPy expressions on whole arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..row import Row, Task
from . import peer_row, quantize

PACKAGE = MODULE = "gfloat"
LIMIT = 1 << 20
FORMATS = {
    "e4m3fn": "format_info_ocp_e4m3",
    "e5m2": "format_info_ocp_e5m2",
    "bfloat16": "format_info_bfloat16",
    "binary16": "format_info_binary16",
    "binary8p4se": "format_info_p3109",
}
MODES = {
    "nearest_even": "TiesToEven",
    "nearest_away": "TiesToAway",
    "toward_zero": "TowardZero",
    "up": "TowardPositive",
    "down": "TowardNegative",
}
RANDOM_BITS = 16


def rows() -> list[Row]:
    """Every mode it has, stochastic rounding with bits that are made before, and codes."""
    return [
        *(rounding(mode, format) for mode in MODES for format in FORMATS),
        *(stochastic(format) for format in FORMATS),
        *(encoding(format) for format in ("e4m3fn", "e5m2", "binary8p4se")),
    ]


def info_of(format: str) -> Any:
    """Its description of a format."""
    import gfloat.formats

    found = getattr(gfloat.formats, FORMATS[format])
    return found(8, 4) if format == "binary8p4se" else found


def rounding(mode: str, format: str) -> Row:
    """Values to values."""
    import gfloat

    info = info_of(format)
    theirs = getattr(gfloat.RoundMode, MODES[mode])
    return peer_row(
        PACKAGE,
        quantize(mode, format),
        lambda x: gfloat.round_ndarray(info, x, theirs, False),
        limit=LIMIT,
    )


def stochastic(format: str) -> Row:
    """Values to values, by random bits."""
    import gfloat

    info = info_of(format)
    bits = np.random.default_rng(1).integers(0, 1 << RANDOM_BITS, LIMIT)
    mode = gfloat.RoundMode.StochasticFast
    return peer_row(
        PACKAGE,
        quantize("stochastic", format),
        lambda x: gfloat.round_ndarray(info, x, mode, False, bits[: len(x)], RANDOM_BITS),
        prepare=lambda x: x.astype(np.float64),
        limit=LIMIT,
        note=f"{RANDOM_BITS} bits an element, made outside the timer",
    )


def encoding(format: str) -> Row:
    """Values to codes: a rounding, then its encoder."""
    import gfloat

    info = info_of(format)
    mode = gfloat.RoundMode.TiesToEven
    return peer_row(
        PACKAGE,
        Task("encode", "", format),
        lambda x: gfloat.encode_ndarray(info, gfloat.round_ndarray(info, x, mode, False)),
        prepare=lambda x: x.astype(np.float64),
        limit=LIMIT,
    )
