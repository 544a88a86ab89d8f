"""What every format has: its facts, its values and its spelling."""

from __future__ import annotations

import dataclasses
import functools
import operator
from fractions import Fraction
from typing import Any, ClassVar, TypeVar

import numpy as np

from .. import _core
from .._core import ffi, lib
from .._errors import FormatError, RangeError
from .._modes import check_overflow_for, check_rounding_for, parse_overflow, parse_rounding
from ._layout import Layout, bits

Self = TypeVar("Self", bound="Format")
Number = float | Fraction

_WRITABLE_EXPONENT = 1 << 16
_LISTABLE_WIDTH = 24


@functools.lru_cache(maxsize=1024)
def facts_of(format: Format) -> Any:
    facts = ffi.new("nf_format_facts *")
    _core.check(lib.nf_format_describe(format._descriptor(), facts))
    return facts


@functools.lru_cache(maxsize=1024)
def bare_of(format: Self) -> Self:
    return format.replace(rounding=None, overflow=None)


def integer(value: object, argument: str, low: int, high: int) -> int:
    """An int argument of a format, or a FormatError that says what is allowed."""
    try:
        number = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        number = low - 1
    if isinstance(value, (bool, np.bool_)) or not low <= number <= high:
        raise FormatError(f"{argument}={value!r} must be an integer from {low} to {high}")
    return number


def switch(value: object, argument: str) -> None:
    """Refuse what is neither True nor False."""
    if not isinstance(value, bool):
        raise FormatError(f"{argument}={value!r} must be True or False")


def _unpack(format: Format, code: int) -> Any:
    x = ffi.new("nf_unpacked *")
    _core.check(lib.nf_unpack(format._descriptor(), code, x))
    return x


def _ratio(x: Any) -> Fraction:
    """A finite number; an irrational one is cut behind 63 bits."""
    sign = -1 if x.sign else 1
    return sign * int(x.significand) * Fraction(2) ** (int(x.exponent) - 63)


def ratio_of(format: Format, code: int) -> Fraction:
    """A finite nonzero value, to the last of 63 bits where it is irrational."""
    return _ratio(_unpack(format, code))


def irrational(format: Format, code: int) -> str | None:
    """How an irrational value is written; None where the value is rational."""
    x = _unpack(format, code)
    if x.base == lib.NF_RATIONAL:
        return None
    base = "2" if x.base == lib.NF_BASE_2 else "e"
    return f"{'-' if x.sign else ''}{base}**({x.log}/{1 << x.root_bits})"


def value_of(format: Format, code: int) -> Number:
    """The value of one code: a float where a float is exact, else a Fraction; NaN and infinities
    are floats.  Of an irrational value the nearest float, beyond the floats its first 63 bits."""
    x = _unpack(format, code)
    sign = -1 if x.sign else 1
    if x.kind == lib.NF_ZERO:
        return sign * 0.0
    if x.kind != lib.NF_FINITE_NUMBER:
        return sign * (float("nan") if x.kind == lib.NF_NAN else float("inf"))
    if abs(x.exponent) > _WRITABLE_EXPONENT:
        raise RangeError(
            f"{format}: code {code:#x} is about 2**{x.exponent}, too large or small to write as a "
            f"number"
        )
    exact = _ratio(x)
    try:
        near = float(exact)
    except OverflowError:
        return exact
    is_near = x.base != lib.NF_RATIONAL and near != 0
    return near if is_near or Fraction(near) == exact else exact


def gap_above(format: Format, code: int) -> Number:
    """From the value of a code to the next larger one; infinity above the largest."""
    if code == facts_of(format.bare()).max_code:
        return float("inf")
    gap = ratio_of(format, code + 1) - ratio_of(format, code)
    near = float(gap)
    return near if near == gap or format.has_irrational else gap


class Format:
    """A set of codes and what each is worth.  Immutable, hashable and picklable; compare with
    ``==``."""

    family: ClassVar[str]
    width: int
    rounding: str | None
    overflow: str | None

    def _fields(self) -> dict[str, Any]:
        raise AssertionError("a family says which descriptor it is")

    def _spelling(self) -> tuple[str, list[str]]:
        raise AssertionError("a family says how it is spelled")

    def _check(self) -> None:
        """Normalise the carried modes and refuse those without a meaning; the core has the last
        word on the fields."""
        if lib.nf_format_check(self._descriptor()) != lib.NF_OK:
            raise FormatError(
                f"{self.bare()} holds no nonzero finite value, or a field is out of range"
            )
        self._check_modes()

    def _check_modes(self) -> None:
        if self.rounding is not None:
            rounding = parse_rounding(self.rounding)
            check_rounding_for(self, rounding)
            object.__setattr__(self, "rounding", str(rounding))
        if self.overflow is not None:
            overflow = parse_overflow(self.overflow)
            check_overflow_for(self, overflow)
            object.__setattr__(self, "overflow", str(overflow))

    @functools.cached_property
    def _c(self) -> Any:
        return ffi.new("nf_format *", self._fields())

    @functools.cached_property
    def _code_dtype(self) -> np.dtype[Any]:
        return np.dtype(f"u{int(lib.nf_code_size(self._c))}")

    @functools.cached_property
    def _hash(self) -> int:
        return hash((type(self), *self.__getstate__().values()))

    def __hash__(self) -> int:
        return self._hash

    def __getstate__(self) -> dict[str, Any]:
        """The fields alone: what is kept beside them is made again."""
        fields = dataclasses.fields(self)  # type: ignore[arg-type]
        return {field.name: getattr(self, field.name) for field in fields}

    def _descriptor(self) -> Any:
        return self._c

    def _elements(self) -> Format:
        """The format that single numbers are rounded to."""
        return self

    def _overflow_status(self, overflow: int, count: int) -> int:
        """NF_OK where the core's policy has a meaning."""
        return int(lib.nf_overflow_check(self._descriptor(), overflow, count))

    def replace(self: Self, **changes: Any) -> Self:
        """A changed copy: ``f.replace(rounding="down")``."""
        names = [field.name for field in dataclasses.fields(self)]  # type: ignore[arg-type]
        for name in changes:
            if name not in names:
                raise FormatError(
                    f"replace: {name!r} is not a field of {self}; it has {', '.join(names)}"
                )
        return dataclasses.replace(self, **changes)  # type: ignore[type-var]

    def bare(self: Self) -> Self:
        """The same format without carried modes."""
        if self.rounding is None and self.overflow is None:
            return self
        bare: Self = bare_of(self)
        return bare

    def __str__(self) -> str:
        name, parts = self._spelling()
        parts = list(parts)
        parts += [f"rounding={self.rounding}"] if self.rounding else []
        parts += [f"overflow={self.overflow}"] if self.overflow else []
        return f"{name}<{','.join(parts)}>" if parts else name

    def __repr__(self) -> str:
        rounding = self.rounding or self.default_rounding
        overflow = self.overflow or self.default_overflow
        return f"<numfmt format {self.bare()}: rounding {rounding}, overflow {overflow}>"

    @property
    def default_rounding(self) -> str:
        """The rounding used where neither the caller nor the format names one."""
        return _core.ROUNDINGS[0].name

    @property
    def default_overflow(self) -> str:
        """The policy used where neither the caller nor the format names one."""
        return str(_core.OVERFLOWS[facts_of(self.bare()).default_overflow].name)

    @property
    def has_infinity(self) -> bool:
        return bool(facts_of(self.bare()).has_infinity)

    @property
    def has_zero(self) -> bool:
        return bool(facts_of(self.bare()).has_zero)

    @property
    def highest_code(self) -> int:
        """The largest integer that is a code."""
        return (1 << self.width) - 1

    @property
    def has_nan(self) -> bool:
        """Has a NaN, which posits and takums call NaR."""
        return bool(facts_of(self.bare()).has_nan)

    @property
    def has_irrational(self) -> bool:
        """Has values that are no fractions: a float dtype takes the nearest number."""
        return bool(facts_of(self.bare()).has_irrational)

    @functools.cached_property
    def precision(self) -> int:
        """Significand bits with the hidden one, at their most; of fixed point the width less the
        sign bit, of logarithmic numbers the fraction bits and 1."""
        return int(facts_of(self.bare()).precision)

    @property
    def max(self) -> Number:
        """The largest finite value."""
        return value_of(self, facts_of(self.bare()).max_code)

    @property
    def min(self) -> Number:
        """The most negative finite value; 0 where unsigned."""
        return value_of(self, facts_of(self.bare()).min_code)

    @property
    def smallest_positive(self) -> Number:
        """The smallest value above 0, subnormal ones included."""
        return value_of(self, facts_of(self.bare()).smallest_positive_code)

    @property
    def smallest_normal(self) -> Number:
        """The smallest positive value with full precision; of fixed point, posits and takums
        the smallest positive one."""
        return value_of(self, facts_of(self.bare()).smallest_normal_code)

    @property
    def eps(self) -> Number:
        """The gap between 1 and the next larger value, were the exponent range unlimited."""
        raise AssertionError("a family says what its eps is")

    def layouts(self) -> tuple[Layout, ...]:
        """The bits of a code in words; of several codes where a value takes more than one."""
        meaning = f"{bits('index', self.width)}: the values in order, from 0"
        return (Layout(("c" * self.width,), (("c", meaning),), ("the value at that place",)),)

    def all_codes(self) -> np.ndarray[Any, Any]:
        """Every code in ascending order, for widths up to 24."""
        if self.width > _LISTABLE_WIDTH:
            raise FormatError(
                f"{self} has 2**{self.width} codes; all_codes() lists up to 2**{_LISTABLE_WIDTH}"
            )
        return np.arange(self.highest_code + 1, dtype=code_dtype(self))

    def all_values(self, dtype: Any = np.float64) -> np.ndarray[Any, Any]:
        """The value of every code, in the order of `all_codes`."""
        from .._quantize import decode

        values: np.ndarray[Any, Any] = decode(self.all_codes(), self, dtype=dtype)
        return values


def code_dtype(format: Format) -> np.dtype[Any]:
    """The smallest unsigned dtype of 8, 16, 32 or 64 bits that holds a code."""
    return format._code_dtype
