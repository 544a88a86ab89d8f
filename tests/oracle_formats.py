"""What each code of a format is worth, and where a number lies among the values: exact rationals.

Indices count codes: the magnitude code of a float or posit, the signed integer of a fixed-point
format.  They run on past the largest finite value, because overflow is decided after rounding.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import floor


def floor_log2(x: Fraction) -> int:
    """The largest e with 2**e <= x, for x > 0."""
    e = x.numerator.bit_length() - x.denominator.bit_length()
    return e if Fraction(2) ** e <= x else e - 1


def compare(a: Fraction, b: Fraction) -> int:
    """-1, 0 or 1 as a is below, at or above b."""
    return (a > b) - (a < b)


@dataclass(frozen=True)
class Cell:
    """Where one finite number lies: from the index `lower` on, below the index `upper`."""

    negative: bool
    lower: int
    upper: int
    tail: Fraction  # (|x| - lower) / (upper - lower) in values; 0: x is exactly `lower`
    half: int  # x against the point where nearest modes turn: -1 below, 0 tie, 1 above
    even: bool  # is `lower` the even neighbour?
    jam: int  # the index of mode `jam`
    fixed: bool = False  # `upper` is toward +inf; else it is away from zero
    random_lower: int | None = None  # the lower neighbour of stochastic modes, if another
    code_tail: Fraction | None = None  # the tail of the code, where it is not `tail`
    dropped_bit: int = 0  # fixed point: bit `width` of floor(x / ulp), for wrap_sign_magnitude
    straddle: str = ""  # neighbours of two signs and no 0: x is "signed" or "zero"

    @property
    def upper_is_up(self) -> bool:
        return self.fixed or not self.negative

    @property
    def upper_is_away(self) -> bool:
        return not self.fixed or not self.negative


@dataclass(frozen=True)
class Fixed:
    """Two's complement (or unsigned) integers of `width` bits, times 2**-fraction_bits."""

    width: int
    fraction_bits: int
    signed: bool = True

    @property
    def lowest(self) -> int:
        return -(1 << (self.width - 1)) if self.signed else 0

    @property
    def highest(self) -> int:
        return (1 << (self.width - self.signed)) - 1

    def decode(self, code: int) -> Fraction:
        if self.signed and code >> (self.width - 1):
            code -= 1 << self.width
        return self.value(code)

    def value(self, index: int) -> Fraction:
        return index * Fraction(2) ** -self.fraction_bits

    def cell(self, x: Fraction) -> Cell:
        ulps = x * Fraction(2) ** self.fraction_bits
        lower = floor(ulps)
        tail = ulps - lower
        half = compare(tail, Fraction(1, 2))
        bit = (lower >> self.width) & 1
        even, jam = lower % 2 == 0, lower | 1
        return Cell(x < 0, lower, lower + 1, tail, half, even, jam, True, dropped_bit=bit)

    def overflows(self, cell: Cell, index: int) -> bool:
        return not self.lowest <= index <= self.highest


@dataclass(frozen=True)
class Float:
    """| sign | exponent E | fraction T |, worth T 2**(1-b-t) if E is 0, else (2**t + T) 2**(E-b-t).

    subnormals: "on"; "round" (to 0 or the smallest normal, by the mode); "ftz_before" and
    "ftz_after" (to 0, tininess being told before or after rounding).
    """

    exponent_bits: int
    fraction_bits: int
    bias: int | None = None
    special: str = "ieee"
    subnormals: str = "on"
    signed: bool = True

    @property
    def width(self) -> int:
        return self.signed + self.exponent_bits + self.fraction_bits

    @property
    def b(self) -> int:
        if self.bias is not None:
            return self.bias
        return (1 << (self.exponent_bits - 1)) - (self.special != "fnuz")

    @property
    def sign_bit(self) -> int:
        return 1 << (self.exponent_bits + self.fraction_bits)

    @property
    def highest(self) -> int:
        if self.special == "ieee":
            return self.infinity_code - 1
        return self.sign_bit - 1 - (self.special == "fn")

    @property
    def normal(self) -> int:
        """The index of the smallest normal number."""
        return 1 << self.fraction_bits

    @property
    def infinity_code(self) -> int:
        return ((1 << self.exponent_bits) - 1) << self.fraction_bits

    @property
    def has_infinity(self) -> bool:
        return self.special == "ieee"

    @property
    def has_nan(self) -> bool:
        return self.special in ("fn", "fnuz") or (self.special == "ieee" and self.fraction_bits > 0)

    @property
    def has_negative_zero(self) -> bool:
        return self.signed and self.special != "fnuz"

    def nan_code(self, negative: bool) -> int:
        if self.special == "fnuz":
            return self.sign_bit
        sign = self.sign_bit if negative and self.signed else 0
        if self.special == "fn":
            return sign | (self.sign_bit - 1)
        return sign | self.infinity_code | (1 << (self.fraction_bits - 1))

    def value(self, index: int) -> Fraction:
        exponent, fraction = index >> self.fraction_bits, index & (self.normal - 1)
        scale = Fraction(2) ** (max(exponent, 1) - self.b - self.fraction_bits)
        if exponent:
            return (self.normal + fraction) * scale
        return fraction * scale if self.subnormals == "on" else Fraction(0)

    def decode(self, code: int) -> Fraction | str:
        """The value, or "nan", "inf", "-inf", "-0"."""
        negative, index = bool(code & self.sign_bit), code & (self.sign_bit - 1)
        if self.special == "fnuz" and code == self.sign_bit:
            return "nan"
        if index > self.highest:
            is_infinity = self.has_infinity and index == self.infinity_code
            return ("-inf" if negative else "inf") if is_infinity else "nan"
        value = self.value(index)
        if negative:
            return -value if value else "-0"
        return value

    def cell(self, x: Fraction) -> Cell:
        """The table of the binary floats: X, Q, s, f, tail, with index = the code of f 2**Q."""
        a, t = abs(x), self.fraction_bits
        if a == 0:
            return Cell(False, 0, 1, Fraction(0), -1, True, 0)
        smallest = 1 - self.b
        if self.subnormals != "on" and a < Fraction(2) ** smallest:
            return self._flush_cell(x < 0, a / Fraction(2) ** smallest)
        q = max(floor_log2(a), smallest) - t
        s = a * Fraction(2) ** -q
        f = floor(s)
        index = f + ((q - smallest + t) << t)
        even = f % 2 == 0 if t else f == 0 or (q + self.b) % 2 == 0
        jam = index | 1 if t else max(index, 1)
        return Cell(x < 0, index, index + 1, s - f, compare(s - f, Fraction(1, 2)), even, jam)

    def _flush_cell(self, negative: bool, s: Fraction) -> Cell:
        """Below the smallest normal number, where there are no subnormals; s in units of it."""
        t, one = self.fraction_bits, self.normal
        if self.subnormals == "round":
            return Cell(negative, 0, one, s, compare(s, Fraction(1, 2)), True, one)
        last = 1 - Fraction(1, 2 * one)  # the largest number below 1, were the exponent unbounded
        if self.subnormals == "ftz_before" or s <= last:
            return Cell(negative, 0, one, Fraction(0), -1, True, 0)
        tail = (s - last) * 2 * one
        return Cell(negative, 0, one, tail, compare(tail, Fraction(1, 2)), t == 0, 0)

    def overflows(self, cell: Cell, index: int) -> bool:
        return index > self.highest or (cell.negative and not self.signed and index > 0)


@dataclass(frozen=True)
class Posit:
    """Two's complement code: sign, regime, es exponent bits, fraction; 10..0 is NaR."""

    width: int
    es: int

    @property
    def highest(self) -> int:
        return (1 << (self.width - 1)) - 1

    @property
    def nan(self) -> int:
        return 1 << (self.width - 1)

    def value(self, index: int) -> Fraction:
        return posit_value(self.width, self.es, index)

    def decode(self, code: int) -> Fraction | str:
        if code == self.nan:
            return "nan"
        return -self.value((1 << self.width) - code) if code > self.nan else self.value(code)

    def cell(self, x: Fraction) -> Cell:
        a, zero = abs(x), Fraction(0)
        if a == 0:
            return Cell(False, 0, 1, zero, -1, True, 0)
        if a > self.value(self.highest):
            beyond = self.highest + 1
            return Cell(x < 0, beyond, beyond, zero, -1, True, beyond)
        lower = self._index_at(a) if self.width <= 16 else self._index_by_string(a)
        if lower == 0:  # nothing rounds to 0 but by chance: then the cell counts as one piece
            return Cell(x < 0, 1, 1, a / self.value(1), 1, False, 1, random_lower=0)
        code_tail = self._position(a) - lower
        u = self.value(lower)
        middle = self._middle(lower)
        tail = (a - u) / (self.value(lower + 1) - u) if a > u else zero
        even, half = lower % 2 == 0, compare(a, middle)
        return Cell(x < 0, lower, lower + 1, tail, half, even, lower | 1, code_tail=code_tail)

    def _middle(self, lower: int) -> Fraction:
        """Where nearest modes turn: the code one bit longer."""
        return posit_value(self.width + 1, self.es, 2 * lower + 1)

    def _index_at(self, a: Fraction) -> int:
        """The largest index whose value is at most a."""
        low, high = 0, self.highest + 1
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self.value(middle) <= a else (low, middle)
        return low

    def _index_by_string(self, a: Fraction) -> int:
        """The same by cutting the endless string, checked against the values."""
        lower = floor(self._position(a)) if a >= self.value(1) else 0
        assert self.value(lower) <= a
        assert lower == self.highest or a < self.value(lower + 1)
        return lower

    def _position(self, a: Fraction) -> Fraction:
        """The endless string regime, exponent, fraction of a, as code.bits."""
        e = floor_log2(a)
        regime, exponent = e >> self.es, e & ((1 << self.es) - 1)
        head = "1" * (regime + 1) + "0" if regime >= 0 else "0" * -regime + "1"
        bits = (1 << len(head)) + int(head, 2)
        bits = (bits << self.es) + exponent + (a / Fraction(2) ** e - 1)
        length = len(head) + self.es
        return (bits - (1 << length)) * Fraction(2) ** (self.width - 1 - length)

    def overflows(self, cell: Cell, index: int) -> bool:
        return index > self.highest


@lru_cache(maxsize=1 << 20)
def posit_value(width: int, es: int, code: int) -> Fraction:
    """Value of a posit with sign 0: (1+f) 2**(2**es r + e), bits past the end being 0."""
    if code == 0:
        return Fraction(0)
    bits = format(code, f"0{width - 1}b")
    run = len(bits) - len(bits.lstrip(bits[0]))
    r = run - 1 if bits[0] == "1" else -run
    rest = bits[run + 1 :].ljust(es, "0")
    e, f = int(rest[:es] or "0", 2), rest[es:]
    return (1 + Fraction(int(f or "0", 2), 1 << len(f))) * Fraction(2) ** ((r << es) + e)


Format = Fixed | Float | Posit
