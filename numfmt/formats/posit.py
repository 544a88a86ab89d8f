"""Posits."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from .._core import lib
from ._base import Format, Number, gap_above, integer


@dataclass(frozen=True, repr=False)
class Posit(Format):
    """A posit (Posit Standard 2022, with any number of exponent bits).

    Args:
        width: 2..64.
        es: exponent bits, 0..5; the standard has 2.
        rounding, overflow: modes that the format carries as its own defaults.

    >>> f = Posit(8, 2)
    >>> str(f), f.max, f.smallest_positive, f.has_nan
    ('posit<8,2>', 16777216.0, 5.960464477539063e-08, True)
    """

    width: int
    es: int = 2
    rounding: str | None = field(default=None, kw_only=True)
    overflow: str | None = field(default=None, kw_only=True)

    family: ClassVar[str] = "posit"
    __hash__ = Format.__hash__

    def __post_init__(self) -> None:
        object.__setattr__(self, "width", integer(self.width, "width", 2, 64))
        object.__setattr__(self, "es", integer(self.es, "es", 0, 5))
        self._check()

    def _fields(self) -> dict[str, int]:
        return {
            "family": lib.NF_POSIT,
            "width": self.width,
            "is_signed": 1,
            "exponent_bits": self.es,
        }

    def _spelling(self) -> tuple[str, list[str]]:
        return "posit", [str(self.width), str(self.es)]

    @property
    def eps(self) -> Number:
        """The gap between 1 and the next larger value; infinity where 1 is the largest (width
        2)."""
        return gap_above(self, 1 << (self.width - 2))
