"""fxpmath: fixed point in Python and NumPy."""

from __future__ import annotations

import functools

from ..row import Row
from . import peer_row, quantize

PACKAGE = MODULE = "fxpmath"
LIMIT = 1 << 16
FORMATS = {"fixed<8,3>": (8, 3), "fixed<16,8>": (16, 8)}


def rows() -> list[Row]:
    """Nearest, saturating."""
    from fxpmath import Fxp

    modes = {"signed": True, "rounding": "around", "overflow": "saturate"}
    return [
        peer_row(
            PACKAGE,
            quantize("nearest_even", format),
            functools.partial(Fxp, n_word=width, n_frac=fraction, **modes),
            read=lambda y: y.get_val(),
            limit=LIMIT,
        )
        for format, (width, fraction) in FORMATS.items()
    ]
