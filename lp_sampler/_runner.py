"""Pieces of a run in threads, into memory or into a store; stopped cleanly at a step boundary."""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from ._errors import Cancelled
from ._live import Live
from ._piece import STATS, Checkpoint, Chunk, PieceRun
from ._plan import Piece, Plan
from ._progress import Advance, Note

SECONDS_BETWEEN_CHECKPOINTS = 5.0
SECONDS_BETWEEN_REPORTS = 0.1
SECONDS_BETWEEN_LOOKS = 0.2


class Sink(Protocol):
    """Where draws go, and where pieces are."""

    def write_chunk(self, piece: Piece, chunk: Chunk) -> None:
        """Keep a chunk; its arrays are used again afterwards."""

    def write_checkpoint(self, piece: Piece, at: Checkpoint) -> None:
        """Keep where the piece is."""

    def read_checkpoint(self, piece: Piece) -> Checkpoint | None:
        """Where the piece goes on from; None for its start."""


class Memory:
    """A sink of arrays: `draws` (chain, draw, parameter), `stats` (piece, draw, statistic)."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self.draws = np.empty((len(plan.chains), plan.draws, plan.target.size), np.float32)
        self.stats = np.empty((len(plan.pieces), plan.draws, len(STATS)))

    def write_chunk(self, piece: Piece, chunk: Chunk) -> None:
        """Decode a chunk into its place."""
        begin = chunk.index * self._plan.draws_of_a_chunk
        place = self.draws[piece.begin : piece.end, begin : begin + self._plan.draws_of_a_chunk]
        place[...] = self._plan.coding.decode(chunk.codes[:, : place.shape[1]])
        self.stats[piece.index, begin : begin + place.shape[1]] = chunk.stats[: place.shape[1]]

    def write_checkpoint(self, piece: Piece, at: Checkpoint) -> None:
        """Nothing: what is in memory ends with the process."""

    def read_checkpoint(self, piece: Piece) -> None:
        """Every piece starts at its start."""


def run_piece(
    plan: Plan, piece: Piece, sink: Sink, advance: Advance, note: Note | None = None
) -> None:
    """All steps of a piece that are still to do.

    `advance` may raise Cancelled to stop: then, and every few seconds, the sink is told where the
    piece is.
    """
    run = PieceRun(plan, piece, sink.read_checkpoint(piece))
    live = Live(run, note)
    saved = reported = time.monotonic()
    pending = 0
    while run.draws < plan.draws:
        before, info = run.steps, run.advance()
        pending += (run.steps - before) * len(piece.groups)
        live.heard(info)
        chunk = run.take_chunk()
        if chunk is not None:
            sink.write_chunk(piece, chunk)
        now = time.monotonic()
        if now - saved > SECONDS_BETWEEN_CHECKPOINTS:
            sink.write_checkpoint(piece, run.checkpoint())
            saved = now
        if now - reported > SECONDS_BETWEEN_REPORTS:
            try:
                advance(pending)
            except Cancelled:
                sink.write_checkpoint(piece, run.checkpoint())
                raise
            live.report()
            reported, pending = now, 0
    sink.write_checkpoint(piece, run.checkpoint())
    live.end()
    advance(pending)


def run_pieces(plan: Plan, sink: Sink, advance: Advance, threads: int, client: Any = None) -> None:
    """All pieces: on so many threads of this process, or on the cluster of a Dask client."""
    if client is None:
        run_here(plan, sink, advance, threads)
    else:
        from ._dask import run_on

        run_on(client, plan, sink, advance)


def run_here(plan: Plan, sink: Sink, advance: Advance, threads: int) -> None:
    """All pieces, on so many threads; Ctrl-C stops every one at its next step boundary."""
    stop = threading.Event()
    plan.bound_target  # noqa: B018  (made once, before the threads ask for it)
    lock = threading.Lock()

    def advance_or_stop(steps: int) -> None:
        if stop.is_set():
            raise Cancelled
        with lock:
            advance(steps)

    note = getattr(advance, "note", None)
    jobs = [
        functools.partial(run_piece, plan, piece, sink, advance_or_stop, note)
        for piece in plan.pieces
    ]
    run_all(jobs, threads, stop.set)


def run_all(jobs: Sequence[Callable[[], Any]], threads: int, stop: Callable[[], None]) -> None:
    """Call all jobs on so many threads; where one fails, or Ctrl-C comes, `stop` is called, those
    that run are waited for, and the first error is raised.
    """
    pool = ThreadPoolExecutor(threads)
    try:
        wait_for([pool.submit(job) for job in jobs])
    except BaseException:
        stop()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def wait_for(futures: Sequence[Future[Any]]) -> None:
    """Wait for all, in short naps so that Ctrl-C is heard, and raise the first error."""
    pending = set(futures)
    while pending:
        done, pending = wait(pending, SECONDS_BETWEEN_LOOKS, FIRST_EXCEPTION)
        for future in done:
            future.result()


def averaged(plan: Plan, stats: npt.NDArray[np.float64]) -> dict[str, npt.NDArray[np.float64]]:
    """Statistics (piece, draw, statistic) of each draw, over all chains."""
    weights = [piece.chains for piece in plan.pieces]
    means = np.average(stats, axis=0, weights=weights)
    found = {name: np.ascontiguousarray(means[:, i]) for i, name in enumerate(STATS)}
    if np.isnan(found["acceptance"]).all():
        del found["acceptance"]
    return found
