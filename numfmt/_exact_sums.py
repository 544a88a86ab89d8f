"""Exact sums and sums of products, as three numbers that add up to them.

Finite values are integers times one power of two, and sums of such are exact: in int64 where that
is wide enough, else in Python's integers.  A sum is cut into three codes of a float so wide that no
format has more bits or exponents; the last of them is made odd where something is cut off, so that
adding the three rounds as the sum does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from ._arrays import Array as Numbers
from ._errors import DtypeError, FormatError
from .formats import Float

WIDE = Float(20, 43)
_PIECE = 44
_HIDDEN = 1 << 43
_BIAS = (1 << 19) - 1
_MOST_BITS = 62  # of sums in int64


@dataclass
class Exact:
    """Values taken apart: ``integers * 2**exponent`` where finite, 0 elsewhere; `special` are the
    infinities and NaNs, and the signs of the others."""

    integers: Numbers
    exponent: int
    special: Numbers
    negative: Numbers

    @property
    def bits(self) -> int:
        """Of the longest integer."""
        if self.integers.size == 0:
            return 0
        return int(max(abs(int(self.integers.max())), abs(int(self.integers.min())))).bit_length()


def exact(values: Numbers) -> Exact:
    """Of float64 values, or of an object array of exact fractions."""
    if values.dtype != object:
        special = np.where(np.isfinite(values), np.sign(values), values)
        integers, exponent = _of_floats(np.where(np.isfinite(values), values, 0.0))
        return Exact(integers, exponent, special, np.signbit(values))
    flat = values.ravel().tolist()  # fractions; NaN, infinities and -0 are floats
    floats = [v if isinstance(v, float) else float((v > 0) - (v < 0)) for v in flat]
    special = np.array(floats, np.float64).reshape(values.shape)
    finite = [0 if isinstance(v, float) else Fraction(v) for v in flat]
    integers, exponent = _of_fractions(finite)
    return Exact(integers.reshape(values.shape), exponent, special, np.signbit(special))


def _of_fractions(values: list[Any]) -> tuple[Numbers, int]:
    lowest = max((int(v.denominator).bit_length() - 1 for v in values), default=0)
    integers = np.empty(len(values), object)
    integers[:] = [int(v * (1 << lowest)) for v in values]
    return integers, -lowest


def _of_floats(values: Numbers) -> tuple[Numbers, int]:
    fractions, exponents = np.frexp(values)
    integers = np.ldexp(fractions, 53).astype(np.int64)
    zeros = np.where(integers == 0, 1, integers & -integers)
    spare = np.frexp(zeros.astype(np.float64))[1] - 1  # zero bits at the end
    integers >>= spare
    exponents = exponents.astype(np.int64) - 53 + spare
    used = exponents[integers != 0]
    lowest = int(used.min()) if used.size else 0
    shifts = np.where(integers == 0, 0, exponents - lowest)
    if np.any(np.frexp(np.abs(integers).astype(np.float64))[1] + shifts > _MOST_BITS):
        return integers.astype(object) << shifts.astype(object), lowest
    return integers << shifts, lowest


def sums(values: Numbers, axis: int) -> tuple[Numbers, Numbers, Numbers]:
    """The codes in `WIDE` of three numbers whose sum is that along an axis."""
    x = exact(values)
    n = values.shape[axis]
    wide = x.integers.dtype == object or x.bits + n.bit_length() > _MOST_BITS
    total = np.sum(x.integers.astype(object) if wide else x.integers, axis=axis)
    with np.errstate(invalid="ignore"):
        special = np.sum(x.special, axis=axis)
    counts = np.sum(x.negative, axis=axis)
    quiet = np.any(np.isnan(x.special), axis=axis)
    return _pieces(total, x.exponent, special, quiet, _zero_signs(counts, n))


def products(
    a: Numbers, b: Numbers, multiply: Callable[[Any, Any], Any], n: int
) -> tuple[Numbers, Numbers, Numbers]:
    """The same of sums of products: `multiply` is a matrix product over `n` terms."""
    x, y = exact(a), exact(b)
    wide = object in (x.integers.dtype, y.integers.dtype)
    wide = wide or x.bits + y.bits + n.bit_length() > _MOST_BITS
    dtype = object if wide else np.int64
    total = multiply(x.integers.astype(dtype), y.integers.astype(dtype))
    with np.errstate(invalid="ignore"):
        special = multiply(_specials(x), _specials(y))
    signs = multiply(1 - 2 * x.negative.astype(np.int64), 1 - 2 * y.negative.astype(np.int64))
    is_nan = [np.isnan(part.special).astype(np.int64) for part in (x, y)]
    ones = [np.ones(part.shape, np.int64) for part in is_nan]
    quiet = (multiply(is_nan[0], ones[1]) + multiply(ones[0], is_nan[1])) > 0
    return _pieces(total, x.exponent + y.exponent, special, quiet, _zero_signs((n - signs) // 2, n))


def _specials(x: Exact) -> Numbers:
    """Zeros, where all is finite; else in a type whose products no library shortens."""
    if np.all(np.isfinite(x.special)):
        return np.sign(x.special).astype(np.longdouble)
    return x.special.astype(np.longdouble)


def _zero_signs(negative: Any, n: int) -> Any:
    """Of sums that are 0: -1 where every term is negative, 1 where none is, else 0."""
    if n == 0:
        return np.ones(np.shape(negative), np.int64)
    return np.where(negative == n, -1, np.where(negative == 0, 1, 0))


def _pieces(
    total: Any, exponent: int, special: Any, quiet: Any, zeros: Any
) -> tuple[Numbers, Numbers, Numbers]:
    shape = np.shape(special)
    parts = np.zeros((3, max(int(np.prod(shape)), 0)), np.uint64)
    rows = zip(
        np.ravel(total).tolist(),
        np.ravel(special).tolist(),
        np.ravel(quiet).tolist(),
        np.ravel(zeros).tolist(),
        strict=True,
    )
    for i, (number, other, is_quiet, zero) in enumerate(rows):
        parts[:, i] = _split(number, exponent, other, is_quiet, zero)
    return tuple(part.reshape(shape) for part in parts)  # type: ignore[return-value]


_SIGN = 1 << 63
_INFINITY = ((1 << 20) - 1) << 43
_NAN = _INFINITY | (_HIDDEN >> 1)


def _split(number: int, exponent: int, special: float, quiet: bool, zero: int) -> list[int]:
    """Three codes: of an infinity, of a NaN by itself or by infinity - infinity, of the sum."""
    if quiet:
        return [_NAN, 0, 0]
    if special != special:
        return [_INFINITY, _SIGN | _INFINITY, 0]
    if special in (np.inf, -np.inf):
        return [_INFINITY | (_SIGN if special < 0 else 0), 0, 0]
    if number == 0:
        return {-1: [_SIGN] * 3, 1: [0] * 3, 0: [0, _SIGN, 0]}[zero]
    sign, size = (_SIGN, -number) if number < 0 else (0, number)
    codes = []
    for _ in range(3):
        cut = max(size.bit_length() - _PIECE, 0)
        piece = size >> cut
        size -= piece << cut
        codes.append((piece, cut))
    if size:
        codes[2] = codes[2][0] | 1, codes[2][1]
    return [sign | _code(piece, exponent + cut) if piece else sign for piece, cut in codes]


def _code(piece: int, exponent: int) -> int:
    """The code of a magnitude of at most 44 bits times a power of two."""
    up = _PIECE - piece.bit_length()
    biased = exponent - up + 43 + _BIAS
    if not 0 < biased < (1 << 20) - 1:
        raise FormatError(f"a sum is about 2**{exponent}, beyond 2**{_BIAS}")
    return biased << 43 | ((piece << up) - _HIDDEN)


def exact_values_of(values: Numbers) -> Numbers:
    """float64 as it is; integers and smaller floats as what holds them."""
    if values.dtype.kind == "f" or values.dtype == object:
        return values.astype(np.float64) if values.dtype != object else values
    if values.dtype.kind not in "iub":
        raise DtypeError(f"dtype {values.dtype} is not of real numbers")
    floats = values.astype(np.float64)
    if np.array_equal(floats.astype(object), values.astype(object)):
        return floats
    wide = np.empty(values.shape, object)
    wide.ravel()[:] = [Fraction(int(v)) for v in values.ravel()]
    return wide
