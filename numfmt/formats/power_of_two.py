"""Powers of two."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from .._core import lib
from .._errors import FormatError, unknown
from ._base import Format, Number, integer
from ._layout import Layout, float_layout

TIES = {"arithmetic": lib.NF_FINITE, "geometric": lib.NF_GEOMETRIC}


@dataclass(frozen=True, repr=False)
class PowerOfTwo(Format):
    """Zero and powers of two: a finite binary float of width - 1 exponent bits and no fraction.

    Args:
        width: 2..64.  A sign, and width - 1 bits c, worth 0 where c is 0, else
            ``2**(c - bias)`` with bias ``2**(width - 2) - 1``.
        tie: where the nearest roundings turn between ``2**k`` and ``2**(k + 1)``: ``"arithmetic"``,
            at ``1.5 * 2**k``, where ties go by the parity of the code; or ``"geometric"``, at
            ``sqrt(2) * 2**k``, and at ``sqrt(1/2)`` of the smallest value.  The other roundings do
            not depend on it.
        rounding, overflow: modes that the format carries as its own defaults.

    >>> f = PowerOfTwo(4, tie="geometric")
    >>> str(f), f.max, f.smallest_positive, f.precision
    ('pow2<4,geometric>', 16.0, 0.25, 1)
    """

    width: int
    tie: str = field(default="arithmetic", kw_only=True)
    rounding: str | None = field(default=None, kw_only=True)
    overflow: str | None = field(default=None, kw_only=True)

    family: ClassVar[str] = "float"
    __hash__ = Format.__hash__

    def __post_init__(self) -> None:
        if not isinstance(self.tie, str) or self.tie not in TIES:
            raise FormatError(unknown("tie", self.tie, TIES))
        object.__setattr__(self, "width", integer(self.width, "width", 2, 64))
        self._check()

    def _fields(self) -> dict[str, int]:
        return {
            "family": lib.NF_FLOAT,
            "width": self.width,
            "is_signed": 1,
            "exponent_bits": self.width - 1,
            "special": TIES[self.tie],
            "subnormals": lib.NF_SUBNORMALS,
            "bias": (1 << (self.width - 2)) - 1,
        }

    def _spelling(self) -> tuple[str, list[str]]:
        return "pow2", [str(self.width), *["geometric"] * (self.tie == "geometric")]

    @property
    def eps(self) -> Number:
        """The gap between 1 and the next larger value, were the exponent range unlimited."""
        return 1.0

    def layouts(self) -> tuple[Layout, ...]:
        """Sign and exponent."""
        fields = self._fields()
        return (float_layout(1, fields["exponent_bits"], 0, fields["bias"], ()),)
