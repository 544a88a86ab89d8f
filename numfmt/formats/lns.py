"""Logarithmic numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from .._core import lib
from ._base import Format, Number, gap_above, integer
from ._layout import Layout, bits, filled


@dataclass(frozen=True, repr=False)
class LNS(Format):
    """A logarithmic number: a sign, and log2 of the magnitude as a fixed-point number.

    Args:
        width: bits of a code, 3..64: the sign and a two's complement log of width - 1 bits.
        fraction_bits: fraction bits of the log, 0..width-2.
        rounding, overflow: modes that the format carries as its own defaults.

    The log 10..0 is zero and, with the sign set, NaN; there is no infinity and no -0, as in
    Universal's ``lns<width, fraction_bits>``.  The nearest roundings are to the nearest log, so
    they turn at the geometric mean of two neighbours (and half a log below the smallest number);
    stochastic ones go by the distance of the values.  But for powers of 2 the values are
    irrational: `decode` and `quantize` give the nearest number of the dtype.

    >>> f = LNS(16, 8)
    >>> str(f), f.smallest_positive == 2 ** (-64 + 1 / 256), f.has_nan, f.has_infinity
    ('lns<16,8>', True, True, False)
    """

    width: int
    fraction_bits: int
    rounding: str | None = field(default=None, kw_only=True)
    overflow: str | None = field(default=None, kw_only=True)

    family: ClassVar[str] = "lns"
    __hash__ = Format.__hash__

    def __post_init__(self) -> None:
        width = integer(self.width, "width", 3, 64)
        fraction_bits = integer(self.fraction_bits, "fraction_bits", 0, width - 2)
        object.__setattr__(self, "width", width)
        object.__setattr__(self, "fraction_bits", fraction_bits)
        self._check()

    def _fields(self) -> dict[str, int]:
        return {
            "family": lib.NF_LNS,
            "width": self.width,
            "is_signed": 1,
            "fraction_bits": self.fraction_bits,
        }

    def _spelling(self) -> tuple[str, list[str]]:
        return "lns", [str(self.width), str(self.fraction_bits)]

    @property
    def eps(self) -> Number:
        """The gap between 1 and the next larger value."""
        return gap_above(self, 0)

    def layouts(self) -> tuple[Layout, ...]:
        """A sign and the log, in two's complement."""
        whole = self.width - 1 - self.fraction_bits
        fields = (
            ("s", f"{bits('sign', 1)}: 1 for negative"),
            ("i", f"{bits('integer part of the log', whole)}, the highest its sign"),
            *(
                [("f", bits("fraction of the log", self.fraction_bits))]
                if self.fraction_bits
                else []
            ),
        )
        value = (
            "(-1)^s * 2^log, log = i.f in two's complement",
            "log 10..0: zero; NaN where s = 1",
        )
        segments = filled(s=1, i=whole, f=self.fraction_bits)
        return (Layout(segments, fields, value, point=self.fraction_bits or None),)
