"""The comparison as a function: every row, one run, one record."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from typing import Any

import numpy as np

import numfmt as nf
from numfmt import _core

from . import affine, blocks, matmul, networks, operations, ours, peers, rulers, samplers
from .facts import facts
from .row import RULER, STEP, Row
from .run import Progress, measure, results


def chosen_rows(threads: int, with_peers: bool, only: str | None) -> list[Row]:
    """The rows of a run: rulers always, others where the pattern is found in their name."""
    rows = [*ours.rows(threads), *affine.rows(), *blocks.rows(), *operations.rows()]
    rows += samplers.rows()
    rows += [*matmul.rows(), *networks.rows()]
    rows += peers.rows() if with_peers else []
    found = [row for row in rows if only is None or re.search(only, row.name)]
    ruled = {row.ruler for row in found}
    needed = [row for row in rows if row.name in ruled and row not in found]
    steps = [networks.ruler()] if STEP in ruled else []
    return [*rulers.rows(threads), matmul.ruler(), *steps, *needed, *found]


@contextlib.contextmanager
def threads_of_numfmt(threads: int) -> Iterator[None]:
    """numfmt with so many threads; what was set before comes back."""
    if not hasattr(nf, "set_num_threads"):
        yield
        return
    before = nf.get_num_threads()
    nf.set_num_threads(threads)
    try:
        yield
    finally:
        nf.set_num_threads(before)


def compare(
    sizes: list[int],
    *,
    with_peers: bool,
    rounds: int,
    isa: str | None,
    threads: int,
    only: str | None,
    progress: Progress = lambda text: None,
) -> dict[str, Any]:
    """Measure everything in one interleaved run; the record is what the JSON file holds.

    Args:
        sizes: elements of the arrays; each at least 1024.
        with_peers: measure installed peers too.
        isa: an instruction set by name; None is the best.
        only: a regular expression that a row's name has to contain.
    """
    name = isa or _core.available_isas()[0]
    with _core.forced_isa(name), threads_of_numfmt(threads), np.errstate(all="ignore"):
        rows = chosen_rows(threads, with_peers, only)
        groups = measure(rows, sizes, rounds=rounds, isa=name, threads=threads, progress=progress)
        return {
            "machine": facts(name, threads),
            "sizes": sizes,
            "rounds": rounds,
            "rows": results(groups, name),
        }


def has_rows(run: dict[str, Any]) -> bool:
    """Whether anything but rulers was measured."""
    return any(row["library"] != RULER for row in run["rows"])
