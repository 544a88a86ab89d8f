"""pychop: NumPy expressions on whole arrays."""

from __future__ import annotations

from ..row import Row
from . import peer_row, quantize

PACKAGE = MODULE = "pychop"
LIMIT = 1 << 17
FLOATS = {"e5m2": (5, 2), "bfloat16": (8, 7), "binary16": (5, 10), "tf32": (8, 10)}
NEAREST, STOCHASTIC = 1, 5  # its numbers of the modes


def rows() -> list[Row]:
    """Nearest and stochastic floats, nearest fixed point."""
    import pychop

    pychop.backend("numpy")
    found = []
    for mode, number in (("nearest_even", NEAREST), ("stochastic", STOCHASTIC)):
        for format, (exponent, fraction) in FLOATS.items():
            chop = pychop.Chop(exp_bits=exponent, sig_bits=fraction, rmode=number)
            found.append(peer_row(PACKAGE, quantize(mode, format), chop, limit=LIMIT))
    for format, (integer, fraction) in {"fixed<8,3>": (5, 3), "fixed<16,8>": (8, 8)}.items():
        chop = pychop.Chopf(integer, fraction, rmode=NEAREST)
        found.append(peer_row(PACKAGE, quantize("nearest_even", format), chop, limit=LIMIT))
    return found
