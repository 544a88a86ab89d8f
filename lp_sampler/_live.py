"""What a running piece tells the progress bar: acceptance, and effective draws a second."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import numpy.typing as npt

from ._piece import STATS, Chunk, PieceRun
from ._plan import Piece, Plan
from ._progress import Note
from .kernels import StepInfo

BATCHES = 64
FEWEST_BATCHES = 8
WATCHED_PARAMETERS, WATCHED_CHAINS = 4, 16


class BatchMeans:
    """Effective sample size of a mean, by batch means.

    Of more than `BATCHES` of them pairs are joined: memory and time do not grow.

    >>> white = BatchMeans()
    >>> for value in np.random.default_rng(0).normal(size=4096):
    ...     white.add(np.array([value]))
    >>> bool(2500 < white.effective_size() < 6500)
    True
    """

    def __init__(self) -> None:
        self._length, self._filled = 1, 0
        self._sums: list[Any] = []
        self._count = 0
        self._mean: Any = 0.0
        self._squares: Any = 0.0

    def add(self, values: npt.NDArray[np.float64]) -> None:
        """One draw of some coordinates."""
        self._count += 1
        change = values - self._mean
        self._mean = self._mean + change / self._count
        self._squares = self._squares + change * (values - self._mean)
        if not self._filled:
            self._sums.append(np.zeros_like(values))
        self._sums[-1] = self._sums[-1] + values
        self._filled = (self._filled + 1) % self._length
        if len(self._sums) == BATCHES and not self._filled:
            self._sums = [a + b for a, b in zip(self._sums[::2], self._sums[1::2], strict=True)]
            self._length *= 2

    def effective_size(self) -> float:
        """Of the slowest coordinate; NaN before there are enough draws, and where one is frozen."""
        whole = self._sums[:-1] if self._filled else self._sums
        if len(whole) < FEWEST_BATCHES or not np.all(self._squares):
            return float("nan")
        between = np.var(np.stack(whole) / self._length, axis=0, ddof=1) * self._length
        variance = self._squares / (self._count - 1)
        sizes = self._count * variance / np.maximum(between, variance / self._count)
        return float(np.min(np.mean(sizes.reshape(-1, sizes.shape[-1]), axis=0)))


class Follower:
    """What a bar's `note` is told of a piece, some of whose draws are watched; without a note it
    costs nothing.
    """

    def __init__(self, plan: Plan, piece: Piece, note: Note | None) -> None:
        self._plan, self._piece, self._note = plan, piece, note
        self._begun = time.monotonic()
        self._accepted = self._proposed = 0.0
        self._means = BatchMeans()
        size = plan.target.size
        self._parameters = np.unique(np.linspace(0, size - 1, WATCHED_PARAMETERS).astype(int))

    def _drew(self, params: npt.NDArray[np.float32]) -> None:
        """One draw of the piece's chains."""
        self._means.add(params[:WATCHED_CHAINS, self._parameters].astype(np.float64))

    def report(self) -> None:
        """Tell the bar what is known."""
        if self._note is not None:
            acceptance = self._accepted / self._proposed if self._proposed else float("nan")
            size = self._means.effective_size() * self._piece.chains
            self._note(self._piece.index, acceptance, size / (time.monotonic() - self._begun))

    def end(self) -> None:
        """The piece no longer runs."""
        if self._note is not None:
            self._note(self._piece.index, float("nan"), 0.0)


class Live(Follower):
    """Follows a piece that runs in this process, step by step."""

    def __init__(self, run: PieceRun, note: Note | None) -> None:
        super().__init__(run.plan, run.piece, note)
        self._run = run

    def heard(self, info: StepInfo | None) -> None:
        """After every step, or after more of them, of which there is no info."""
        if self._note is None:
            return
        if info is not None and info.accepted is not None:
            self._accepted += info.accepted
            self._proposed += len(self._run.piece.groups[0])
        for params in self._run.fresh:
            self._drew(params)


class FromAfar(Follower):
    """Follows a piece whose chunks come from another process."""

    def took(self, chunk: Chunk) -> None:
        """After every chunk; fractions of accepted proposals are those of its draws."""
        if self._note is None:
            return
        per_chunk = self._plan.draws_of_a_chunk
        count = min(per_chunk, self._plan.draws - chunk.index * per_chunk)
        accepted = chunk.stats[:count, STATS.index("acceptance")]
        if not np.isnan(accepted).any():
            self._accepted, self._proposed = self._accepted + accepted.sum(), self._proposed + count
        draws = self._plan.coding.decode(chunk.codes[:WATCHED_CHAINS, :count])
        for params in draws.swapaxes(0, 1):
            self._drew(params)
