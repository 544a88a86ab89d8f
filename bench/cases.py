"""What `exhaustive` proves: formats, modes, and which kernels are compared with which."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

import numfmt as nf
from numfmt import _core

REFERENCE = "scalar"  # the definition: the general loop alone
FORMATS = (
    *("ufixed<4,0>", "fixed<8,3>", "fixed<16,8>", "e2m1", "e4m3fn", "e4m3fnuz", "e5m2"),
    *("float<5,7>", "bfloat16", "binary16", "tf32", "posit<8,2>", "posit<16,2>", "posit<32,2>"),
    *("nf4", "mxfp8_e4m3", "mxint8"),
)
MODES = ("nearest_even", "toward_zero", "up", "to_odd", "stochastic")
KEY = nf.Key(20_261)
PATTERNS = 1 << 32
CHUNK = 1 << 24  # patterns that the journal writes down together
MIXER = np.uint32(0x9E3779B1)  # odd: times it is a permutation of the 32-bit numbers
TILE = 1 << 17  # patterns of one call: three arrays of so many floats stay in the cache


@dataclass(frozen=True)
class Chunk:
    """Places start .. stop - 1 in an order of all float32, rounded to one format by one mode.

    Ascending order is that of the bit patterns: neighbours go through a kernel together, and are a
    block of a block format.  In mixed order every vector holds numbers of all sizes, NaNs and
    infinities among them.
    """

    format: str
    mode: str
    start: int
    stop: int
    mixed: bool = False

    def bits(self, start: int, n: int) -> np.ndarray[Any, Any]:
        """The bit patterns at places start .. start + n - 1."""
        places = np.arange(start, start + n, dtype=np.uint32)
        return places * MIXER if self.mixed else places


@dataclass(frozen=True)
class Difference:
    """The first pattern at which a kernel's result is not the reference's, and how many more."""

    isa: str
    pattern: int
    expected: int
    found: int
    count: int


def kernels(chosen: list[str] | None = None) -> list[str]:
    """The instruction sets to compare with the reference: those asked for, else every one here."""
    return chosen or [name for name in _core.available_isas() if name != REFERENCE]


def chunks(
    formats: list[str], modes: list[str], start: int, stop: int, *, mixed: bool = False
) -> list[Chunk]:
    """The work, cut where a multiple of CHUNK begins, so that a shorter range is found again in a
    longer one."""
    edges = [start, *range((start // CHUNK + 1) * CHUNK, stop, CHUNK), stop]
    pairs = list(itertools.pairwise(edges))
    return [
        Chunk(format, mode, *pair, mixed) for format in formats for mode in modes for pair in pairs
    ]


def run_kernel(isa: str, chunk: Chunk, start: int, x: np.ndarray[Any, Any], out: Any) -> None:
    """Round the numbers from place `start` on by one instruction set's kernel."""
    options: dict[str, Any] = {}
    if chunk.mode == "stochastic":
        options["key"] = KEY.at(0, first=start)
    if not nf.parse(chunk.format).has_nan:
        options["nan"] = "zero"
    with _core.forced_isa(isa):
        nf.quantize(x, chunk.format, chunk.mode, out=out, **options)


def check(chunk: Chunk, isas: list[str]) -> list[Difference]:
    """Compare every instruction set with the reference, bit by bit, NaNs too."""
    found: dict[str, Difference] = {}
    size = min(TILE, chunk.stop - chunk.start)
    memory = np.empty((2, size), np.float32)
    for start in range(chunk.start, chunk.stop, size):
        n = min(size, chunk.stop - start)
        bits, (expected, result) = chunk.bits(start, n), memory[:, :n]
        run_kernel(REFERENCE, chunk, start, bits.view(np.float32), expected)
        for isa in isas:
            run_kernel(isa, chunk, start, bits.view(np.float32), result)
            wrong = np.flatnonzero(expected.view(np.uint32) != result.view(np.uint32))
            if len(wrong):
                first = int(wrong[0])
                x, theirs, ours = (int(a.view(np.uint32)[first]) for a in (bits, expected, result))
                found[isa] = added(found.get(isa), Difference(isa, x, theirs, ours, len(wrong)))
    return list(found.values())


def added(before: Difference | None, now: Difference) -> Difference:
    """The differences of a chunk so far: the first pattern stays."""
    return now if before is None else replace(before, count=before.count + now.count)
