"""Exact values of codes, as fractions."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from ._arrays import Array
from ._errors import DtypeError
from .formats import Affine, Format
from .formats._base import irrational, value_of


def exact_values(codes: Array, format: Format) -> Array:
    """An object array of exact values."""
    if isinstance(format, Affine):
        return format.exact_values(codes)
    found: dict[int, object] = {}
    for code in np.unique(codes).tolist():
        if (power := irrational(format, code)) is not None:
            raise DtypeError(
                f"dtype=object: code {code:#x} of {format.bare()} is worth {power}, which no "
                f"fraction is; dtype=float64 gives the nearest number"
            )
        value = value_of(format, code)
        finite = isinstance(value, Fraction) or (value - value == 0 and value != 0)
        found[code] = Fraction(value) if finite or str(value) == "0.0" else value
    exact = np.empty(codes.shape, object)
    exact.ravel()[:] = [found[code] for code in codes.ravel().tolist()]
    return exact
