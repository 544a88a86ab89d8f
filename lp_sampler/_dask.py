"""Pieces of a run on a Dask cluster, with the bytes of one process.

A task makes some chunks of one piece from a checkpoint, and gives them back with the next one: it
writes nothing and depends on its arguments alone, so that the scheduler may run it anywhere, and
again where a worker dies.  The process that asks writes the store.
"""

from __future__ import annotations

import dataclasses
import time
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, cast

from ._errors import MissingPackage, SamplerError
from ._live import FromAfar
from ._piece import Checkpoint, Chunk, PieceRun
from ._plan import Piece, Plan
from ._progress import Advance
from ._runner import Sink

if TYPE_CHECKING:
    from distributed import Client, Future

SECONDS_OF_A_TASK = 2.0
"""Chunks are asked for in numbers that take about as long."""
MOST_CHUNKS = 16
SECONDS_TO_CONNECT = 10
SECONDS_BETWEEN_LOOKS = 0.2


@dataclasses.dataclass(frozen=True)
class Part:
    """What a task gives back: whole chunks, where the piece then is, and what it took."""

    chunks: list[Chunk]
    at: Checkpoint
    steps: int
    seconds: float


def make_part(plan: Plan, index: int, at: Checkpoint | None, chunks: int) -> Part:
    """So many chunks of a piece, fewer at its end."""
    begin = time.perf_counter()
    run = PieceRun(plan, plan.pieces[index], at)
    first, made = run.steps, list[Chunk]()
    while run.draws < plan.draws and len(made) < chunks:
        run.advance()
        chunk = run.take_chunk()
        if chunk is not None:
            made.append(Chunk(chunk.index, chunk.codes.copy(), chunk.stats.copy()))
    return Part(made, run.checkpoint(), run.steps - first, time.perf_counter() - begin)


def run_on(client: Client, plan: Plan, sink: Sink, advance: Advance) -> None:
    """All pieces of the plan, on the client's cluster."""
    cluster = _Cluster(client, plan, sink, advance)
    try:
        cluster.run()
    finally:
        cluster.cancel()


def connected(scheduler: Any) -> AbstractContextManager[Any]:
    """A client: the one given, one of the address, or None for None."""
    if scheduler is None:
        return nullcontext(None)
    try:
        from distributed import Client
    except ModuleNotFoundError as error:
        raise MissingPackage("scheduler", "distributed", "dask") from error
    if isinstance(scheduler, Client):
        return nullcontext(scheduler)
    if not isinstance(scheduler, str) or "://" not in scheduler:
        raise SamplerError(
            f"scheduler: an address as 'tcp://host:port', or a dask.distributed.Client, is "
            f"allowed; got {scheduler!r}"
        )
    try:
        client = Client(scheduler, timeout=SECONDS_TO_CONNECT, set_as_default=False)
    except (OSError, ValueError) as error:
        raise SamplerError(f"scheduler: nothing answers at {scheduler!r}: {error}") from error
    return cast(AbstractContextManager[Any], client)


class _Cluster:
    """One task of every piece at a time; each result asks for the piece's next."""

    def __init__(self, client: Client, plan: Plan, sink: Sink, advance: Advance) -> None:
        self._client, self._plan, self._sink, self._advance = client, plan, sink, advance
        self._sent = self._send()
        note = getattr(advance, "note", None)
        self._live = {piece.index: FromAfar(plan, piece, note) for piece in plan.pieces}
        self._tasks: dict[Future, tuple[Piece, int]] = {}

    def _send(self) -> Future:
        """The plan on every worker, once for all tasks."""
        plan = self._plan
        chunk = plan.chains_of_a_piece, plan.draws_of_a_chunk
        plain = dataclasses.replace(plan, init=plan.given_init, chunk=chunk)
        return self._client.scatter(plain, broadcast=True, hash=False)

    def run(self) -> None:
        """Until all pieces have all draws."""
        for piece in self._plan.pieces:
            at = self._sink.read_checkpoint(piece)
            if at is None or at.draws < self._plan.draws:
                self._ask(piece, at, 1)
        while self._tasks:
            for task in self._done():
                piece, chunks = self._tasks.pop(task)
                if task.cancelled():  # the workers that had the plan are gone, all of them
                    self._sent = self._send()
                    self._ask(piece, self._sink.read_checkpoint(piece), chunks)
                else:
                    self._take(piece, chunks, task.result())

    def _take(self, piece: Piece, chunks: int, part: Part) -> None:
        """Write a part, and ask for the piece's next, of about the right length."""
        for chunk in part.chunks:
            self._sink.write_chunk(piece, chunk)
            self._live[piece.index].took(chunk)
        self._sink.write_checkpoint(piece, part.at)
        self._advance(part.steps * len(piece.groups))
        self._live[piece.index].report()
        if part.at.draws < self._plan.draws:
            if part.seconds < SECONDS_OF_A_TASK / 2:
                chunks = min(MOST_CHUNKS, chunks * 2)
            elif part.seconds > SECONDS_OF_A_TASK * 2:
                chunks = max(1, chunks // 2)
            self._ask(piece, part.at, chunks)
        else:
            self._live[piece.index].end()

    def _ask(self, piece: Piece, at: Checkpoint | None, chunks: int) -> None:
        task = self._client.submit(make_part, self._sent, piece.index, at, chunks, pure=False)
        self._tasks[task] = piece, chunks

    def _done(self) -> list[Future]:
        """Tasks that have ended, after a wait that hears Ctrl-C."""
        from distributed import TimeoutError, wait

        try:
            with self._client.as_current():
                return list(wait([*self._tasks], SECONDS_BETWEEN_LOOKS, "FIRST_COMPLETED").done)
        except TimeoutError:
            return []

    def cancel(self) -> None:
        """Ask for nothing more."""
        self._client.cancel([*self._tasks], force=True)
        self._tasks.clear()
