"""APyTypes: arrays of its own; the cast alone is timed."""

from __future__ import annotations

import operator

import numpy as np

from ..row import Row
from . import operation_row, peer_row, quantize

PACKAGE = MODULE = "apytypes"
LIMIT = 1 << 20
FLOATS = {"e5m2": (5, 2), "bfloat16": (8, 7), "binary16": (5, 10), "tf32": (8, 10)}
OPERATED = {**FLOATS, "binary32": (8, 23)}
OPERATIONS = {"add": operator.add, "multiply": operator.mul, "divide": operator.truediv}
FIXED = {"fixed<8,3>": (5, 3), "fixed<16,8>": (8, 8)}
WIDE = (16, 24)  # fixed point that holds the input: integer and fraction bits
MODES = {
    "nearest_even": "TIES_EVEN",
    "nearest_odd": "TIES_ODD",
    "nearest_away": "TIES_AWAY",
    "nearest_up": "TIES_POS",
    "nearest_down": "TIES_NEG",
    "toward_zero": "TO_ZERO",
    "up": "TO_POS",
    "down": "TO_NEG",
    "to_odd": "JAM_UNBIASED",
    "stochastic": "STOCH_WEIGHTED",
}


def rows() -> list[Row]:
    """Every mode that both have; nearest and stochastic for fixed point."""
    floats = [floating(mode, format) for mode in MODES for format in FLOATS]
    found = floats + [fixed(mode, f) for mode in ("nearest_even", "stochastic") for f in FIXED]
    found += [float_operation(name, f) for f in OPERATED for name in OPERATIONS]
    return found + [fixed_operation(name, f) for f in FIXED for name in ("add", "multiply")]


def float_operation(name: str, format: str) -> Row:
    """An operator of its float arrays, which rounds to nearest even."""
    from apytypes import APyFloatArray

    exponent, fraction = OPERATED[format]
    return operation_row(
        PACKAGE,
        name,
        format,
        OPERATIONS[name],
        lambda a: APyFloatArray.from_bits(a.codes.tolist(), exponent, fraction),
        read=lambda y: np.array(y.to_bits(), np.uint64),
        limit=LIMIT,
        note="its own arrays",
    )


def fixed_operation(name: str, format: str) -> Row:
    """An operator of its fixed-point arrays, whose format grows."""
    from apytypes import APyFixedArray

    integer, fraction = FIXED[format]
    return operation_row(
        PACKAGE,
        name,
        format,
        OPERATIONS[name],
        lambda a: APyFixedArray(a.codes.tolist(), integer, fraction),
        read=lambda y: np.array(y.to_bits(), np.uint64),
        detail="exact",
        limit=LIMIT,
        note="its own arrays",
    )


def floating(mode: str, format: str) -> Row:
    """Binary32 to a narrower float."""
    from apytypes import APyFloatArray, QuantizationMode

    exponent, fraction = FLOATS[format]
    theirs = getattr(QuantizationMode, MODES[mode])
    return peer_row(
        PACKAGE,
        quantize(mode, format),
        lambda x: x.cast(exponent, fraction, quantization=theirs),
        prepare=lambda x: APyFloatArray.from_float(x, 8, 23),
        read=lambda y: np.asarray(y.to_numpy()),
        limit=LIMIT,
        note="its own array to its own array",
    )


def fixed(mode: str, format: str) -> Row:
    """Wide fixed point to a narrower one, saturating."""
    from apytypes import APyFixedArray, OverflowMode, QuantizationMode

    integer, fraction = FIXED[format]
    theirs = {"nearest_even": "RND_CONV", "stochastic": "STOCH_WEIGHTED"}[mode]
    options = {"quantization": getattr(QuantizationMode, theirs), "overflow": OverflowMode.SAT}
    return peer_row(
        PACKAGE,
        quantize(mode, format),
        lambda x: x.cast(integer, fraction, **options),
        prepare=lambda x: APyFixedArray.from_float(x, *WIDE),
        read=lambda y: np.asarray(y.to_numpy()),
        limit=LIMIT,
        note="from its own fixed point of 40 bits",
    )
