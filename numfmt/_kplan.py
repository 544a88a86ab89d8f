"""In which order a sum over k is taken: instructions, chains beside each other, what adds them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from . import _schema as schema
from ._errors import MachineError
from ._schema import entry, needed, one_of, whole
from .formats import Format

MOST_CHAINS = 65535


def _instruction(value: Any) -> int | str:
    if value == "k":
        return "k"
    try:
        return int(whole(1, 65535)(value))
    except schema.Unfit as error:
        raise schema.Unfit(f"{error}, or 'k' (all)") from None


@dataclass(frozen=True)
class Combine:
    """How the sums of chains are added: rounded to a format each time, one after the other or, in
    pairs, i and i + ceil(S / 2)."""

    format: Format = needed(schema.bare_format)
    round: str = entry(schema.rounding, "nearest_even")
    order: str = entry(one_of("serial", "pairwise"), "serial")


@dataclass(frozen=True)
class Split:
    """`S` chains side by side, which take tiles of `tile` products by turns or in S runs."""

    scheme: str = needed(one_of("interleaved", "contiguous"))
    S: int = needed(whole(1, MOST_CHAINS))
    tile: int = entry(whole(1, 1 << 30), 1)


@dataclass(frozen=True)
class KPlan:
    """The order of a sum: P5 of the datapaths' parameters.

    `inst_k` products are an instruction; `split` deals tiles out to chains; `every` ends a chain
    after so many products; `combine` adds the chains' sums (with both, of each part of the split
    one after the other, then those of the parts in its order); the first chain begins with c, or,
    `c` ``"last"``, c is added to the sum of all.  `split` and `combine` are tables of the fields
    that `Split` and `Combine` have.

    >>> import numfmt as nf
    >>> nf.KPlan(inst_k=32, every=128).chains(300).max()
    np.uint64(2)
    """

    inst_k: int | str = entry(_instruction, "k")
    split: Split | None = entry(schema.stage(Split))
    every: int | None = entry(whole(1, 1 << 30))
    combine: Combine | None = entry(schema.stage(Combine))
    c: str = entry(one_of("first", "last"), "first")

    def __post_init__(self) -> None:
        schema.check_fields(self, "kplan")

    @property
    def has_chains(self) -> bool:
        """Is there anything to combine?"""
        return self.split is not None or self.every is not None or self.c == "last"

    def check(self, perm: str | tuple[int, ...]) -> None:
        """Refuse what contradicts itself, or the order of an instruction's products."""
        if (self.combine is not None) != self.has_chains:
            raise MachineError("kplan.combine is of several chains: split, every or c = 'last'")
        if perm != "identity" and len(perm) != self.inst_k:
            raise MachineError(
                f"block.perm names {len(perm)} products, kplan.inst_k is {self.inst_k!r}"
            )

    def chains(self, terms: int) -> np.ndarray[Any, Any] | None:
        """The chain of each k, counted from 0, those of a part of the split beside each other;
        None where there is one."""
        part = self._parts(terms)
        if self.every is None:
            return part
        k = np.arange(terms, dtype=np.uintp)
        if part is None:
            return k // np.uintp(self.every)
        place = np.empty_like(k)
        for one in range(int(part.max(initial=0)) + 1):
            place[part == one] = np.arange(np.count_nonzero(part == one))
        return part * np.uintp(self.run(terms)) + place // np.uintp(self.every)

    def run(self, terms: int) -> int:
        """Chains of a part of the split, where it has several; else 0."""
        part = self._parts(terms)
        if part is None or self.every is None or not terms:
            return 0
        return -(-int(np.bincount(part.astype(np.intp)).max()) // self.every)

    def _parts(self, terms: int) -> np.ndarray[Any, Any] | None:
        """The part of the split that takes each k."""
        if self.split is None:
            return None
        tile = np.arange(terms, dtype=np.uintp) // np.uintp(self.split.tile)
        if self.split.scheme == "interleaved":
            return tile % np.uintp(self.split.S)
        tiles = -(-terms // self.split.tile)
        return tile // np.uintp(max(1, -(-tiles // self.split.S)))
