"""Takums."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from .._core import lib
from ._base import Format, Number, gap_above, integer, switch
from ._layout import Layout, bits


@dataclass(frozen=True, repr=False)
class Takum(Format):
    """A takum: sign, direction, three bits of regime, characteristic, fraction.

    Args:
        width: 2..64; below 12 the code is read with zeros behind it.
        log: the logarithmic kind, spelled ``takum_log16``; else the linear one.
        rounding, overflow: modes that the format carries as its own defaults.

    The values are (1 + m) 2**c for positive codes or, logarithmic, sqrt(e)**(c + m), which but for
    1 is irrational: `decode` and `quantize` give the nearest number of the dtype.  c is from -255
    to 254 whatever the width; negative codes are the two's complement.  Rounding is as for posits
    (Hunhold, "Beating posits at their own game: takum arithmetic", 2024).

    >>> f = Takum(16)
    >>> str(f), f.precision, f.eps, f.has_nan
    ('takum16', 12, 0.00048828125, True)
    """

    width: int
    log: bool = field(default=False, kw_only=True)
    rounding: str | None = field(default=None, kw_only=True)
    overflow: str | None = field(default=None, kw_only=True)

    family: ClassVar[str] = "takum"
    __hash__ = Format.__hash__

    def __post_init__(self) -> None:
        switch(self.log, "log")
        object.__setattr__(self, "width", integer(self.width, "width", 2, 64))
        self._check()

    def _fields(self) -> dict[str, int]:
        family = lib.NF_LOG_TAKUM if self.log else lib.NF_TAKUM
        return {"family": family, "width": self.width, "is_signed": 1}

    def _spelling(self) -> tuple[str, list[str]]:
        return f"takum{'_log' * self.log}{self.width}", []

    @property
    def eps(self) -> Number:
        """The gap between 1 and the next larger value; infinity where 1 is the largest (width
        2)."""
        return gap_above(self, 1 << (self.width - 2))

    def layouts(self) -> tuple[Layout, ...]:
        """Sign, direction, regime, characteristic and fraction; the regime gives their lengths."""
        cut = min(max(5 - self.width, 0), 3)  # bits of the regime beyond the width: those are 0
        regimes = range(8 - (1 << cut), -1, -(1 << cut))
        rows = [self._row(direction, field) for direction in (1, 0) for field in regimes]
        fields = (
            ("s", f"{bits('sign', 1)}: 1 for negative, then the two's complement of the rest"),
            ("d", f"{bits('direction', 1)}: 1 where c is not negative"),
            ("r", f"{bits('regime', 3)}: r of them count, inverted where d = 0"),
            ("c", "characteristic, r bits: 2^r - 1 more; where d = 0, 2^(r + 1) - 1 less"),
            ("m", "fraction: what is left; bits that the width cuts off are 0"),
        )
        base = "sqrt(e)^(c + 0.m)" if self.log else "2^c * (1 + 0.m)"
        value = (f"(-1)^s * {base}", "all 0: zero", "the sign alone: NaR")
        picture = self._cut("s", "d", "rrr", "ccc", "m" * self.width)
        return (Layout(picture, fields, value, rows=tuple(rows), title="bits where r = 3"),)

    def _row(self, direction: int, field: int) -> tuple[tuple[str, ...], str]:
        """The bits of a regime, and which c it has."""
        r = field if direction else 7 - field
        first, seen = (1 << r) - 1 if direction else 1 - (2 << r), max(min(r, self.width - 5), 0)
        step = 1 << (r - seen)
        parts = self._cut("s", str(direction), f"{field:03b}", "c" * r, "m" * self.width)
        words = f"r = {r}, c from {first}" + f" to {first + ((1 << seen) - 1) * step}" * (seen > 0)
        return parts, words + f" in steps of {step}" * (seen > 0 and step > 1)

    def _cut(self, *parts: str) -> tuple[str, ...]:
        """The parts that lie within the width, none of them empty."""
        left, kept = self.width, []
        for part in parts:
            kept.append(part[:left])
            left -= len(kept[-1])
        return tuple(part for part in kept if part)
