"""Every float32 through every kernel: what is left to do goes to worker processes."""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
from collections.abc import Callable, Generator
from concurrent.futures import ProcessPoolExecutor, as_completed
from typing import Any

import numfmt as nf

from . import cases
from .cases import Chunk, Difference
from .facts import facts
from .journal import Journal, build

Report = Callable[[Chunk, list[Difference]], None]


def start_worker(build_of_parent: str) -> None:
    """A worker leaves Ctrl-C to its parent, works in one thread, and has its parent's core."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    nf.set_num_threads(1)
    if build() != build_of_parent:
        raise RuntimeError("numfmt's core was rebuilt while the proof began: start again")


def check_in_worker(chunk: Chunk, isas: list[str]) -> tuple[Chunk, list[Difference]]:
    """`cases.check`, with the chunk it was about."""
    return chunk, cases.check(chunk, isas)


def results(
    wanted: list[Chunk], isas: list[str], jobs: int
) -> Generator[tuple[Chunk, list[Difference]], None, None]:
    """Each chunk with its differences, as they become known.

    With one job everything happens here.  A caller that stops early waits for the chunks that
    workers have in hand, and they are done again next time.
    """
    if jobs == 1:
        yield from (check_in_worker(chunk, isas) for chunk in wanted)
        return
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(jobs, context, initializer=start_worker, initargs=(build(),))
    try:
        waiting = [pool.submit(check_in_worker, chunk, isas) for chunk in wanted]
        for future in as_completed(waiting):
            yield future.result()
    finally:
        pool.shutdown(cancel_futures=True)


def prove(
    wanted: list[Chunk], journal: Journal, jobs: int, report: Report = lambda chunk, found: None
) -> None:
    """Check every chunk that the journal does not have, and write each down when it is done."""
    left = [chunk for chunk in wanted if chunk not in journal.done]
    with contextlib.closing(results(left, journal.isas, jobs)) as found:
        for chunk, differences in found:
            journal.add(chunk, differences)
            report(chunk, differences)


def record(wanted: list[Chunk], journal: Journal) -> dict[str, Any]:
    """The proof as a JSON file has it: a row for each format and mode."""
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for chunk in wanted:
        row = rows.setdefault(
            (chunk.format, chunk.mode),
            {
                "format": chunk.format,
                "width": nf.parse(chunk.format).width,
                "mode": chunk.mode,
                "patterns": 0,
                "differences": dict.fromkeys(journal.isas, 0),
            },
        )
        row["patterns"] += chunk.stop - chunk.start
        for item in journal.done[chunk]:
            row["differences"][item.isa] += item.count
    return {
        "machine": facts(",".join(journal.isas), 1),
        "build": build(),
        "reference": cases.REFERENCE,
        "isas": journal.isas,
        "key": cases.KEY.seed,
        "rows": list(rows.values()),
    }
