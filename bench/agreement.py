"""Does a row do what its label says?  Its results beside numfmt's on the same numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

import numfmt as nf

from .arrays import Array, Arrays
from .row import OURS, Row, Task, Work

MOST = 1 << 16  # elements looked at


def agreement(row: Row, work: Work, arrays: Arrays) -> float | None:
    """The share of a peer's results that are numfmt's, on the rows' ordinary data; None for numfmt
    itself.

    A stochastic result counts where it is one of the two neighbours.
    """
    if row.library == OURS or work.values is None:
        return None
    n = min(work.elements, MOST)
    theirs = np.asarray(work.values()).ravel()[:n]
    right = [work.expected().ravel()[:n]] if work.expected else expected(row.task, arrays, n)
    allowed = [same(theirs, ours) for ours in right]
    return float(np.mean(np.any(allowed, axis=0)))


def expected(task: Task, arrays: Arrays, n: int) -> list[Array]:
    """What numfmt gives; for stochastic rounding both neighbours."""
    if task.operation == "decode":
        return [nf.decode(arrays.codes(8)[:n], task.format, dtype=np.float32)]
    x = arrays.input()[:n]
    options: dict[str, Any] = {} if nf.parse(task.format).has_nan else {"nan": "zero"}
    if task.operation == "encode":
        return [nf.encode(x, task.format, **options)]
    modes = ["down", "up"] if task.mode == "stochastic" else [task.mode]
    return [nf.quantize(x, task.format, mode, dtype=np.float64, **options) for mode in modes]


def same(theirs: Array, ours: Array) -> Array:
    """Where two arrays agree; NaNs do."""
    equal: Array = theirs == ours
    if theirs.dtype.kind == "f":
        equal |= np.isnan(theirs) & np.isnan(ours)
    return equal
