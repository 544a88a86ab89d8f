"""Fixed point."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from .._core import lib
from ._base import Format, Number, integer, switch
from ._layout import Layout, bits, filled

FRACTION_BITS = (-1023, 1074)  # the exponents that float64 has


@dataclass(frozen=True, repr=False)
class Fixed(Format):
    """Binary fixed point: a two's complement or unsigned integer times ``2**-fraction_bits``.

    Args:
        width: bits of a code, 1..64, the sign bit included.
        fraction_bits: -1023..1074; may be negative or exceed the width.
        signed: two's complement, or unsigned.
        rounding, overflow: modes that the format carries as its own defaults.

    >>> f = Fixed(8, 3)
    >>> str(f), f.min, f.max, f.eps
    ('fixed<8,3>', -16.0, 15.875, 0.125)
    """

    width: int
    fraction_bits: int
    signed: bool = field(default=True, kw_only=True)
    rounding: str | None = field(default=None, kw_only=True)
    overflow: str | None = field(default=None, kw_only=True)

    family: ClassVar[str] = "fixed"
    __hash__ = Format.__hash__

    def __post_init__(self) -> None:
        object.__setattr__(self, "width", integer(self.width, "width", 1, 64))
        object.__setattr__(
            self, "fraction_bits", integer(self.fraction_bits, "fraction_bits", *FRACTION_BITS)
        )
        switch(self.signed, "signed")
        self._check()

    def _fields(self) -> dict[str, int]:
        return {
            "family": lib.NF_FIXED,
            "width": self.width,
            "is_signed": self.signed,
            "fraction_bits": self.fraction_bits,
        }

    def _spelling(self) -> tuple[str, list[str]]:
        return "fixed" if self.signed else "ufixed", [str(self.width), str(self.fraction_bits)]

    @property
    def eps(self) -> Number:
        """The gap between neighbours, the same everywhere."""
        return 2.0**-self.fraction_bits

    def layouts(self) -> tuple[Layout, ...]:
        """Sign, integer and fraction bits of the two's complement number or the unsigned one."""
        whole = self.width - self.signed
        after = min(max(self.fraction_bits, 0), whole)
        sizes = {"s": int(self.signed), "i": whole - after, "f": after}
        top = whole - 1 - self.fraction_bits
        unit = max(-self.fraction_bits, 0)
        words = {
            "s": f"{bits('sign', 1)}, worth -2^{top + 1} in two's complement",
            "i": f"{bits('integer', whole - after)}, the lowest worth 2^{unit}",
            "f": f"{bits('fraction', after)}, the lowest worth 2^{-self.fraction_bits}",
        }
        return (
            Layout(
                filled(**sizes),
                tuple((letter, words[letter]) for letter, size in sizes.items() if size),
                (f"code * 2^{-self.fraction_bits}",),
                point=self.fraction_bits if 0 < self.fraction_bits < self.width else None,
            ),
        )
