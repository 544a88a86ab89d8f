"""Binary floating point."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import ClassVar

from .. import _core
from .._core import lib
from .._errors import FormatError, unknown
from ._base import Format, Number, integer, switch
from ._layout import Layout, float_layout

SPECIALS = {
    "ieee": lib.NF_IEEE,
    "fn": lib.NF_FN,
    "fnuz": lib.NF_FNUZ,
    "finite": lib.NF_FINITE,
    "fnu": lib.NF_FNU,
}
SPECIAL_CODES = {
    "ieee": "exponent all ones: infinity where the fraction is 0, else NaN",
    "fn": "all bits but the sign ones: NaN",
    "fnuz": "the sign alone: NaN",
    "finite": "every code is a number",
    "fnu": "all ones: NaN",
}
SUBNORMALS: dict[bool | str, int] = {
    True: lib.NF_SUBNORMALS,
    False: lib.NF_FLUSH_ROUND,
    "ftz_before": lib.NF_FTZ_BEFORE,
    "ftz_after": lib.NF_FTZ_AFTER,
}
_LIMIT = 1 << 62


def bias_range(exponent_bits: int) -> tuple[int, int]:
    """The least and the largest bias that the core takes."""
    return max((1 << exponent_bits) - 2 - _LIMIT, -_LIMIT), _LIMIT


def usual_bias(exponent_bits: int, special: str) -> int:
    """2**(e-1) - 1, and 2**(e-1) for fnuz."""
    return (1 << (exponent_bits - 1)) - (special != "fnuz")


@dataclass(frozen=True, repr=False)
class Float(Format):
    """A binary float: sign, exponent field, fraction.

    Args:
        exponent_bits: 1..63.
        fraction_bits: stored fraction bits, 0..62; the width, with the sign, is at most 64.
        bias: subtracted from the exponent field; default ``2**(exponent_bits - 1) - 1``, fnuz one
            more.
        special: ``"ieee"`` top exponent is infinity and NaN; ``"fn"`` all ones is NaN, no infinity;
            ``"fnuz"`` the code of -0 is NaN, no -0, no infinity; ``"finite"`` every code is a
            number; ``"fnu"`` exponents alone, as E8M0: every code is a power of two, all ones is
            NaN, no zero, no sign; with ``fraction_bits=0, signed=False``.
        subnormals: True; False: a value below the smallest normal rounds, by the mode, between 0
            and that normal; ``"ftz_before"``, ``"ftz_after"``: it becomes 0, tininess found before
            or after rounding.
        signed: with a sign bit.
        rounding, overflow: modes that the format carries as its own defaults.

    >>> f = Float(4, 3, special="fn")
    >>> str(f), f.max, f.smallest_positive, f.has_infinity
    ('e4m3fn', 448.0, 0.001953125, False)
    """

    exponent_bits: int
    fraction_bits: int
    bias: int | None = field(default=None, kw_only=True)
    special: str = field(default="ieee", kw_only=True)
    subnormals: bool | str = field(default=True, kw_only=True)
    signed: bool = field(default=True, kw_only=True)
    rounding: str | None = field(default=None, kw_only=True)
    overflow: str | None = field(default=None, kw_only=True)

    family: ClassVar[str] = "float"
    __hash__ = Format.__hash__

    def __post_init__(self) -> None:
        if self.special not in SPECIALS:
            raise FormatError(unknown("special", self.special, SPECIALS))
        if self.subnormals not in SUBNORMALS:
            raise FormatError(
                f"subnormals={self.subnormals!r} must be True, False, 'ftz_before' or 'ftz_after'"
            )
        switch(self.signed, "signed")
        if self.special == "fnuz" and not self.signed:
            raise FormatError(
                "signed=False: an fnuz format needs a sign bit, its NaN is the code of -0"
            )
        if self.special == "fnu":
            self._check_exponents_alone()
        most = 64 - self.signed
        exponent_bits = integer(self.exponent_bits, "exponent_bits", 1, min(63, most))
        fraction_bits = integer(
            self.fraction_bits, "fraction_bits", 0, min(62, most - exponent_bits)
        )
        bias = usual_bias(exponent_bits, self.special) if self.bias is None else self.bias
        object.__setattr__(self, "exponent_bits", exponent_bits)
        object.__setattr__(self, "fraction_bits", fraction_bits)
        object.__setattr__(self, "bias", integer(bias, "bias", *bias_range(exponent_bits)))
        self._check()

    def _check_exponents_alone(self) -> None:
        given = {"signed": self.signed, "fraction_bits": self.fraction_bits}
        for name, value in given.items():
            if value != 0:
                raise FormatError(
                    f"{name}={value!r}: special='fnu' is of exponents alone, with signed=False and "
                    f"fraction_bits=0, as e8m0; did you mean 'fnuz'?"
                )
        if self.subnormals is not True:
            raise FormatError(
                f"subnormals={self.subnormals!r} has no meaning for special='fnu', which has no "
                f"zero"
            )

    @property
    def width(self) -> int:  # type: ignore[override]
        """Bits of a code."""
        return int(self.signed) + self.exponent_bits + self.fraction_bits

    def _fields(self) -> dict[str, int]:
        assert self.bias is not None
        return {
            "family": lib.NF_FLOAT,
            "width": self.width,
            "is_signed": self.signed,
            "exponent_bits": self.exponent_bits,
            "special": SPECIALS[self.special],
            "subnormals": SUBNORMALS[self.subnormals],
            "fraction_bits": self.fraction_bits,
            "bias": self.bias,
        }

    def _spelling(self) -> tuple[str, list[str]]:
        name = _names().get(_fields_key(self._fields()))
        return (name, []) if name else self._long_spelling()

    def _long_spelling(self) -> tuple[str, list[str]]:
        parts = [str(self.exponent_bits), str(self.fraction_bits)]
        if self.bias != usual_bias(self.exponent_bits, self.special):
            parts.append(f"bias={self.bias}")
        if self.special != "ieee":
            parts.append(f"special={self.special}")
        if self.subnormals is not True:
            parts.append(f"subnormals={'off' if self.subnormals is False else self.subnormals}")
        return "float" if self.signed else "ufloat", parts

    @property
    def eps(self) -> Number:
        """The gap between 1 and the next larger value, were the exponent range unlimited."""
        return float(2.0**-self.fraction_bits)

    def layouts(self) -> tuple[Layout, ...]:
        """Sign, exponent and fraction."""
        assert self.bias is not None
        sizes = int(self.signed), self.exponent_bits, self.fraction_bits
        zero = None if self.special == "fnu" else "subnormal" if self.subnormals is True else "0"
        return (float_layout(*sizes, self.bias, (SPECIAL_CODES[self.special],), low=zero),)


_FIELDS = ("width", "is_signed", "exponent_bits", "special", "subnormals", "fraction_bits", "bias")


def _fields_key(fields: dict[str, int]) -> tuple[int, ...]:
    return tuple(int(fields[name]) for name in _FIELDS)


@functools.lru_cache(maxsize=1)
def _names() -> dict[tuple[int, ...], str]:
    rows: dict[tuple[int, ...], str] = {}
    for name, _, row in _core.named_formats():
        if row.family == lib.NF_FLOAT:
            rows.setdefault(tuple(int(getattr(row, field)) for field in _FIELDS), name)
    return rows
