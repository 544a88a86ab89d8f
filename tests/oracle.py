"""What every rounding mode and overflow policy does, in exact rationals.

Slow and obvious on purpose, written from the definitions alone and sharing nothing with the
library.  The formats stand in oracle_formats.py: `format.cell(x)` finds the two neighbours of x.
A mode picks one (`takes_upper`, or `threshold` for random words); `settle` applies the policy.
A family with overflow rules of its own (oracle_p3109.py and others) brings `policies`, `settle` and
`settle_infinity` as methods.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from math import ceil, floor

from oracle_formats import Cell, Fixed, Float, Format, Posit

RANGE = "out of range"  # what `settle` gives where the library must raise

TIES = {
    "nearest_even": lambda c: not c.even,
    "nearest_odd": lambda c: c.even,
    "nearest_away": lambda c: c.upper_is_away,
    "nearest_zero": lambda c: not c.upper_is_away,
    "nearest_up": lambda c: c.upper_is_up,
    "nearest_down": lambda c: not c.upper_is_up,
}
DIRECTED = {
    "toward_zero": lambda c: not c.upper_is_away,
    "away_from_zero": lambda c: c.upper_is_away,
    "up": lambda c: c.upper_is_up,
    "down": lambda c: not c.upper_is_up,
    "to_odd": lambda c: c.even,
}
BY_MAGNITUDE = ("toward_zero", "away_from_zero", "nearest_zero", "nearest_away")
DETERMINISTIC = (*TIES, *DIRECTED, "jam")


def takes_upper(cell: Cell, mode: str) -> bool:
    """Does a deterministic mode (other than jam) round to `cell.upper`?"""
    if cell.tail == 0:
        return False
    if cell.straddle and mode in BY_MAGNITUDE:
        return takes_upper_across_zero(cell, mode)
    if mode in TIES:
        return cell.half > 0 or (cell.half == 0 and TIES[mode](cell))
    return DIRECTED[mode](cell)


def takes_upper_across_zero(cell: Cell, mode: str) -> bool:
    """Between two signs with no 0 the modes by magnitude keep the sign; 0 itself goes nearest."""
    if cell.straddle == "signed" and mode in DIRECTED:
        return True
    is_tie = cell.half == 0
    if cell.straddle == "signed" and is_tie:
        return TIES[mode](cell)
    return cell.half > 0 or (is_tie and not cell.even)


def nearest_integer(x: Fraction) -> int:
    """Nearest, ties to even."""
    down = floor(x)
    return down + (x - down > Fraction(1, 2) or (x - down == Fraction(1, 2) and down % 2 == 1))


def threshold(tail: Fraction, variant: str, bits: int) -> int:
    """The smallest R of 0 .. 2**bits that rounds to the upper neighbour: R has `bits` bits."""
    one = 1 << bits
    if variant == "A":
        return one - floor(tail * one)
    if variant == "B":
        return ceil(Fraction(2 * one - floor(tail * 2 * one) - 1, 2))
    return one - nearest_integer(tail * one)


def takes_upper_all_bits(tail: Fraction, words: Iterable[int]) -> bool:
    """Mode `stochastic`: U >= 1 - tail, U = 0.R0 R1 ... with as many 32-bit words as decide."""
    low, step = Fraction(0), Fraction(1)
    for word in words:
        step /= 1 << 32
        low += word * step
        if low >= 1 - tail:
            return True
        if low + step <= 1 - tail:
            return False
    raise AssertionError("the words do not decide")


def policies(format: Format) -> list[str]:
    """Every overflow policy that has a meaning for the format and gives codes."""
    if hasattr(format, "policies"):
        return format.policies()
    common = ["saturate", "saturate_propagate", "saturate_zero", "error"]
    if isinstance(format, Fixed):
        wraps = [f"wrap({n})" for n in range(format.width + 1)]
        if format.signed:
            wraps += [f"wrap_sign_magnitude({n})" for n in range(format.width + 1)]
        return [*common, "saturate_symmetric", *wraps, "drop_bits"]
    if isinstance(format, Posit):
        return [*common, "nan"]
    return common + ["infinity"] * format.has_infinity + ["nan"] * format.has_nan


def default_policy(format: Format) -> str:
    """What happens where the caller names no overflow policy."""
    return "infinity" if isinstance(format, Float) and format.has_infinity else "saturate"


def stays_finite(mode: str, negative: bool) -> bool:
    """Does an overflow of this sign give the finite end under `infinity` and `nan`?"""
    inward = "up" if negative else "down"
    return mode in ("toward_zero", "to_odd", "jam", inward)


def settle(format: Format, cell: Cell, index: int, overflow: str, mode: str) -> int | str:
    """The code that the rounded number with this index becomes, or RANGE."""
    if hasattr(format, "settle"):
        return format.settle(cell, index, overflow, mode)
    if isinstance(format, Fixed):
        code = settle_fixed(format, cell, index, overflow)
        return code if code is RANGE else code % (1 << format.width)
    negative = cell.negative
    if not format.overflows(cell, index):
        return encode_index(format, negative, index)
    if overflow == "error":
        return RANGE
    if overflow == "saturate_zero":
        return 0
    if overflow in ("infinity", "nan"):
        return settle_beyond(format, negative, overflow, mode)
    return end(format, negative)


def settle_beyond(format: Float | Posit, negative: bool, overflow: str, mode: str) -> int:
    """A finite overflow under `infinity` or `nan`."""
    if isinstance(format, Posit):
        return end(format, negative) if stays_finite(mode, negative) else format.nan
    if stays_finite(mode, negative):
        return end(format, negative)
    if negative and not format.signed:
        return format.nan_code(negative) if format.has_nan else 0
    if overflow == "nan":
        return format.nan_code(negative)
    return format.infinity_code | (format.sign_bit if negative else 0)


def encode_index(format: Float | Posit, negative: bool, index: int) -> int:
    """The code of a magnitude with a sign."""
    if isinstance(format, Posit):
        return (-index if negative else index) % (1 << format.width)
    if negative and format.signed and (index or format.has_negative_zero):
        return index | format.sign_bit
    return index


def end(format: Float | Posit, negative: bool) -> int:
    """The code of the finite end on this side."""
    if negative and isinstance(format, Float) and not format.signed:
        return 0
    return encode_index(format, negative, format.highest)


def settle_fixed(format: Fixed, cell: Cell, v: int, overflow: str) -> int | str:
    """Fixed point: what the exact rounded integer v becomes, as an integer modulo 2**width."""
    name, _, count = overflow.rstrip(")").partition("(")
    if name == "saturate_symmetric" and format.signed:
        return max(-format.highest, min(v, format.highest))
    if format.lowest <= v <= format.highest:
        return v
    if name == "error":
        return RANGE
    if name == "saturate_zero":
        return 0
    if name == "drop_bits":
        return wrap(format, v, 1 if format.signed else 0)
    if name == "wrap":
        return wrap(format, v, int(count or 0))
    if name == "wrap_sign_magnitude":
        return wrap_sign_magnitude(format, v, cell.dropped_bit, int(count or 0))
    return max(format.lowest, min(v, format.highest))


def wrap(format: Fixed, v: int, n: int) -> int:
    """AP_WRAP: modulo 2**width; n > 0 keeps the sign and saturates the n - 1 bits below it.

    Unsigned words have their n top bits set.
    """
    w = format.width
    low = v % (1 << (w - n))
    if n == 0:
        return low
    if not format.signed:
        return ((1 << n) - 1) << (w - n) | low
    sign = v < 0
    middle = 0 if sign else (1 << (n - 1)) - 1
    return sign << (w - 1) | middle << (w - n) | low


def wrap_sign_magnitude(format: Fixed, v: int, dropped: int, n: int) -> int:
    """AP_WRAP_SM: `dropped` is the lowest dropped bit of the source before rounding."""
    w, sign = format.width, int(v < 0)
    word = v % (1 << w)
    top = word >> (w - 1)
    flipped = word ^ ((1 << w) - 1)
    if n == 0:
        return flipped if dropped != top else word
    if n == 1:
        word = flipped if sign != top else word
        return word & ~(1 << (w - 1)) | sign << (w - 1)
    if (word >> (w - n)) & 1 == sign:
        word = flipped
    low = word % (1 << (w - n))
    middle = 0 if sign else (1 << (n - 1)) - 1
    return sign << (w - 1) | middle << (w - n) | low


def settle_infinity(format: Format, negative: bool, overflow: str) -> int | str:
    """An infinite input."""
    if hasattr(format, "settle_infinity"):
        return format.settle_infinity(negative, overflow)
    if isinstance(format, Posit):
        return format.nan
    if overflow == "saturate_zero":
        return 0
    if isinstance(format, Fixed):
        return settle_fixed_infinity(format, negative, overflow)
    if overflow == "nan":
        return format.nan_code(negative)
    if overflow == "error":
        return RANGE
    if negative and not format.signed:
        return format.nan_code(negative) if overflow == "infinity" and format.has_nan else 0
    if overflow == "saturate" or not format.has_infinity:
        return end(format, negative)
    return format.infinity_code | (format.sign_bit if negative else 0)


def settle_fixed_infinity(format: Fixed, negative: bool, overflow: str) -> int | str:
    """An infinite input of fixed point: wrapping has no meaning for it."""
    if not overflow.startswith("saturate"):
        return RANGE
    if overflow == "saturate_symmetric" and negative and format.signed:
        return -format.highest % (1 << format.width)
    return (format.lowest if negative else format.highest) % (1 << format.width)
