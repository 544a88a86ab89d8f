"""What QPyTorch 0.3.0 computes on a processor, bit for bit: float32 sums and steps on their bits.

Its faults are kept on purpose: ties of floats away from zero and of blocks upward, sums that round
before the rounding, no NaN.  Sources: quant_cpu.cpp, bit_helper.cpp, sim_helper.cpp.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._arrays import Array
from .._errors import FormatError

_FRACTION_BITS, _BIAS, _WORD = 23, 127, 32
_SIGN = np.uint32(0x80000000)
_INFINITY = np.uint32(0x7F800000)
_HALF = np.float32(0.5)


def _check(name: str, value: Any, low: int, high: int) -> int:
    """Outside of these a shift of its C++ has no defined result, or its classes refuse."""
    if not (isinstance(value, int) and low <= value <= high):
        raise FormatError(
            f"{name}={value!r} must be an integer {low} to {high} with exact_compat=True: qtorch's "
            f"result is undefined elsewhere"
        )
    return value


def _rounded(bits: Array, kept: int) -> Array:
    """Its round_bitwise: half of the last kept place is added, what lies below is cut.

    The half of 23 kept bits is 1 << -1, which x86 makes the sign bit: every number changes sign.
    """
    mask = np.uint32((1 << (_FRACTION_BITS - kept)) - 1)
    half = np.uint32(1 << ((_FRACTION_BITS - kept - 1) % _WORD))
    with np.errstate(over="ignore"):
        cut: Array = (bits + half) & ~mask
    return cut


def _fraction_of(kept: int) -> np.uint32:
    """The largest fraction of so many bits."""
    cut = _FRACTION_BITS - kept
    return np.uint32(0x7FFFFF >> cut << cut)


def fixed_ends(wl: int, fl: int, symmetric: bool) -> tuple[np.float32, np.float32]:
    """Its float32 range, which for wl > 25 is not that of the format."""
    low, step = -np.ldexp(1.0, wl - fl - 1), np.ldexp(1.0, -fl)
    low, high = np.float32(low), np.float32(-np.float32(low) - step)
    return (np.float32(low + step) if symmetric else low), high


def fixed(x: Array, fl: int, random: Array | None) -> Array:
    """Float32 numbers in steps of 2**-fl, not clamped; `random` in [0, 1), None is its nearest.

    x 2**fl + r is a float32 sum; 1/2 is taken from it, and the rest goes to the nearest even
    integer, in float64.
    """
    with np.errstate(all="ignore"):
        shifted = np.ldexp(x, fl) + (_HALF if random is None else random)
        rounded = np.rint(shifted.astype(np.float64) - 0.5).astype(np.float32)
        return np.asarray(np.ldexp(rounded, -fl))


def block(x: Array, wl: int, dim: int) -> Array:
    """Nearest by one exponent for each index of the axis dim, or for all with -1."""
    _check("wl", wl, 2, 22)
    _check("dim", dim, -1, max(x.ndim, 1) - 1)
    axes = tuple(axis for axis in range(x.ndim) if axis != dim)
    if not x.size:
        return x.copy()
    largest = np.abs(x).max(axis=axes, keepdims=True)
    exponent = largest.view(np.uint32) & _INFINITY
    with np.errstate(all="ignore"):
        base = exponent.view(np.float32) * np.float32(6)
        found = _rounded((x + base).view(np.uint32), wl).view(np.float32) - base
    bits = found.view(np.uint32)
    end = (bits & _SIGN) | exponent | _fraction_of(wl - 2)
    clipped: Array = np.where((bits & _INFINITY) > exponent, end, bits)
    return clipped.view(np.float32)


def floating(x: Array, exp: int, man: int) -> Array:
    """Nearest with exp exponent bits, none of them for infinity or NaN, and man fraction bits."""
    _check("exp", exp, 1, 8)
    _check("man", man, 0, 23)
    bits = x.view(np.uint32)
    smallest = _BIAS + 2 - (1 << (exp - 1))
    shift = (np.uint32(smallest << _FRACTION_BITS) | (bits & _SIGN)).view(np.float32)
    with np.errstate(all="ignore"):
        small = _rounded((x + shift).view(np.uint32), man).view(np.float32) - shift
    found = _rounded(bits, man)
    top = np.uint32((1 << (exp - 1)) + _BIAS)
    end = (bits & _SIGN) | (top << np.uint32(_FRACTION_BITS)) | _fraction_of(man)
    fields = [(b & ~_SIGN) >> np.uint32(_FRACTION_BITS) for b in (bits, found)]
    found = np.where(fields[1] > top, end, found)
    return np.where(fields[0] < smallest, small, found.view(np.float32))
