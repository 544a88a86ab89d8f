"""What is measured: rows of one table, ours, the peers' and the rulers'."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from .arrays import Arrays

# Sizes in float32 elements: floors for the cache are asked of arrays that are in it and long enough
# for a call to be nothing; floors for memory of arrays that no second-level cache holds.
LONG_ENOUGH, IN_CACHE, IN_MEMORY = 1 << 14, 1 << 17, 1 << 22
COPY, PHILOX, MEMCPY, MEMCPY_F64, MEMCPY_CODES = (
    "non-temporal copy",
    "Philox fill",
    "memcpy",
    "memcpy (float64)",
    "memcpy (codes)",
)
STEP = "float32 training step in PyTorch"
OURS, RULER = "numfmt", "ruler"


class Unavailable(Exception):
    """A peer cannot be measured here; the message says why."""


@dataclass(frozen=True)
class Task:
    """What a row does; rows of several libraries with the same task are compared.

    Args:
        operation: "quantize" (values to values), "encode" (to codes), "decode" (from codes), or
            the name of a ruler or of an operation.
        detail: what sets the row apart from the plain task.
    """

    operation: str
    mode: str = ""
    format: str = ""
    detail: str = ""

    def __str__(self) -> str:
        what = self.mode if self.operation == "quantize" else self.operation
        name = " ".join(part for part in (what, self.format) if part)
        return f"{name}, {self.detail}" if self.detail else name


@dataclass(frozen=True)
class Floor:
    """What a row has to reach on each instruction set: a ratio to its ruler, G elements/s in the
    cache, G operations/s at any size, or at most: microseconds, times the ruler's time."""

    avx512: float
    avx2: float
    unit: Literal["ratio", "G/s", "G op/s", "us", "times"] = "ratio"

    def on(self, isa: str) -> float | None:
        """The floor on one instruction set; None where there is none."""
        return {"avx512": self.avx512, "avx2": self.avx2}.get(isa)


@dataclass(frozen=True)
class Setting:
    """Where a row is measured: array size, data, instruction set, threads."""

    n: int
    arrays: Arrays
    isa: str
    threads: int


@dataclass(frozen=True)
class Work:
    """A row made ready: ``run(times)`` does the operation so many times on `elements` elements.

    `values` gives the last result as an array: values, or codes for "encode".  `expected` gives
    numfmt's, where the task's name does not say all that it takes.
    """

    run: Callable[[int], None]
    elements: int
    values: Callable[[], np.ndarray[Any, Any]] | None = None
    expected: Callable[[], np.ndarray[Any, Any]] | None = None


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Args:
        library: who does it.
        setup: makes arrays and everything else that is not timed.
        ruler: the name of the row that this one is measured against.
        size: None: at each size asked for; else the only one.
        least, most: the sizes at which the row makes sense.
        note: what a reader should know.
    """

    library: str
    task: Task
    setup: Callable[[Setting], Work]
    ruler: str = COPY
    floor: Floor | None = None
    size: int | None = None
    least: int = 0
    most: int = 1 << 62
    note: str = ""

    @property
    def name(self) -> str:
        """The row's name; numfmt's and the rulers' rows go by their task."""
        return str(self.task) if self.library in (OURS, RULER) else f"{self.library} {self.task}"

    def sizes(self, asked: list[int]) -> list[int]:
        """The sizes to measure it at."""
        wanted = asked if self.size is None else [self.size]
        return [n for n in wanted if self.least <= n <= self.most]


def calls(function: Callable[[], object]) -> Callable[[int], None]:
    """``run`` of a `Work` whose operation is one Python call."""

    def run(times: int) -> None:
        for _ in range(times):
            function()

    return run
