"""What a machine has beside its matrix products: its vector unit."""

from __future__ import annotations

import dataclasses

from . import _schema as schema
from ._parse import parse
from .formats import Format

FLUSH = ("none", "keep_sign", "plus")


@dataclasses.dataclass(frozen=True)
class VectorUnit:
    """How a machine computes element by element: every operation's result is rounded to `format`.

    `round` and `ovf` are modes of that rounding; `fused`: a product that is added to something is
    not rounded before; `flush_inputs`, `flush_results`: subnormal numbers count as 0, of their sign
    (``"keep_sign"``) or as +0 (``"plus"``).

    >>> import numfmt as nf
    >>> nf.machine("fixed8").vector_unit.fused
    False
    """

    format: Format = schema.entry(schema.bare_format, "binary32")
    round: str = schema.entry(schema.rounding, "nearest_even")
    ovf: str | None = schema.entry(schema.overflow)
    fused: bool = schema.entry(schema.truth, False)
    flush_inputs: str = schema.entry(schema.one_of(*FLUSH), "none")
    flush_results: str = schema.entry(schema.one_of(*FLUSH), "none")

    def __post_init__(self) -> None:
        schema.check_fields(self, "vector_unit")

    @property
    def is_binary32(self) -> bool:
        """Does it compute as IEEE binary32 to nearest even, subnormal numbers included?"""
        plain = self.flush_inputs == self.flush_results == "none" and self.ovf in (None, "ieee")
        return plain and self.format == parse("binary32") and self.round == "nearest_even"
