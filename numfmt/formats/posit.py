"""Posits."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from .._core import lib
from ._base import Format, Number, gap_above, integer
from ._layout import Layout, bits, filled


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

    def layouts(self) -> tuple[Layout, ...]:
        """Sign, regime, exponent and fraction; the regime's length varies."""
        regimes = [*range(self.width - 2, -1, -1), *range(-1, 1 - self.width, -1)]
        rows = tuple((self._split(k), f"k = {k}, from 2^{k << self.es}") for k in regimes)
        most = self._left(0)[1]
        fields = [
            ("s", f"{bits('sign', 1)}: 1 for negative, then the two's complement of the rest"),
            ("1, 0", "regime: a run of k + 1 ones ended by 0, or of -k zeros ended by 1"),
            *([("e", f"{bits('exponent', self.es)}; missing bits are 0")] if self.es else []),
            *([("f", f"fraction: what is left, at most {most} bits")] if most else []),
        ]
        value = (
            f"(-1)^s * 2^({f'{1 << self.es} * k + e' if self.es else 'k'}) * (1 + 0.f)",
            "all 0: zero",
            "the sign alone: NaR",
        )
        title = "bits of the values from 1"
        return (Layout(self._split(0), tuple(fields), value, rows=rows, title=title),)

    def _left(self, k: int) -> tuple[int, int]:
        """Exponent and fraction bits beside the regime k."""
        run = k + 1 if k >= 0 else -k
        left = max(self.width - 1 - run - 1, 0)
        return min(left, self.es), max(left - self.es, 0)

    def _split(self, k: int) -> tuple[str, ...]:
        run = "1" * (k + 1) + "0" if k >= 0 else "0" * -k + "1"
        exponent, fraction = self._left(k)
        return ("s", run[: self.width - 1], *filled(e=exponent, f=fraction))
