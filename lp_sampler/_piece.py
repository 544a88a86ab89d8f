"""One piece of a run, step by step, from its start or from a checkpoint."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt

from ._evaluate import Evaluation
from ._numfmt import Key, context
from ._plan import Piece, Plan, explores
from .kernels import State, StepInfo
from .schedules import at_step

Array = npt.NDArray[Any]

COUNTED = ("saturated", "infeasible", "frozen")
STATS = (*COUNTED, "effective_temperature", "acceptance")


@dataclasses.dataclass(frozen=True)
class Checkpoint:
    """Where a piece is between two steps: with its plan, everything that the next step needs.

    step, draws: how many are done.  window: of the steps since the last draw, how many sampled,
    their counts of STATS' first three, coordinates, accepted chains, and chains that proposed.
    params, arrays: the State of all chains.  codes, stats: of the draws in the chunk that is not
    full.
    """

    step: int
    draws: int
    window: npt.NDArray[np.int64]
    params: Array
    arrays: dict[str, Array]
    codes: Array
    stats: npt.NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class Chunk:
    """Draws as codes (chains, draws, columns) as the plan's `coding` has them, stats (draws,
    statistic); number `index` of a piece, full but for the last of a run.
    """

    index: int
    codes: Array
    stats: npt.NDArray[np.float64]


class PieceRun:
    """A piece at a step; `step` makes the next, `take_chunk` gives the draws that fill a chunk."""

    def __init__(self, plan: Plan, piece: Piece, at: Checkpoint | None = None) -> None:
        self.plan, self.piece = plan, piece
        self._explores = explores(plan.kernel)
        self._key = Key(plan.seed)
        per_chunk = plan.draws_of_a_chunk
        shape = (piece.chains, per_chunk, plan.coding.columns)
        self._codes = np.zeros(shape, plan.coding.dtype)
        self._stats = np.zeros((per_chunk, len(STATS)))
        with context(nan="error"):
            self._states = [self._start(group) for group in piece.groups]
        self._window = np.zeros(len(COUNTED) + 4, np.int64)
        self.steps = self.draws = 0
        self._due = False
        if at is not None:
            self._return_to(at)

    @property
    def params(self) -> Array:
        """Of the first group of chains."""
        return self._states[0].params

    def _places(self, group: range) -> slice:
        """Where the group's chains are among the piece's."""
        begin = sum(len(other) for other in self.piece.groups[: self.piece.groups.index(group)])
        return slice(begin, begin + len(group))

    def _start(self, group: range) -> State:
        places = self._places(group)
        begin = self.piece.begin
        init = self.plan.starts[begin + places.start : begin + places.stop]
        evaluate = self._evaluation(group, 0)
        return self.plan.kernel.init(np.ascontiguousarray(init), evaluate, evaluate.key)

    def _evaluation(self, group: range, step: int) -> Evaluation:
        key = self._key.at(step, first=group[0] * self.plan.target.size)
        plan = self.plan
        batches = plan.batch_size, plan.replacement
        return Evaluation(plan.bound_target, plan.machine, key, *batches)

    def step(self) -> StepInfo:
        """Make one step of every chain and keep a draw where one is due; the first group's info."""
        plan, step = self.plan, self.steps
        schedules = {
            "step_size": at_step(plan.kernel.step_size, step, "step_size"),
            "temperature": at_step(plan.kernel.temperature, step, "temperature"),
        }
        infos = []
        with context(nan="error"):  # not the caller's: its formats say all other modes
            for i, group in enumerate(self.piece.groups):
                evaluate = self._evaluation(group, step)
                self._states[i], info = plan.kernel.step(
                    self._states[i], evaluate, **schedules, key=evaluate.key
                )
                infos.append(info)
            self.steps += 1
            if step >= plan.warmup and (not self._explores or plan.kernel.is_sampling(step)):
                self._count(infos)
        return infos[0]

    def _count(self, infos: list[StepInfo]) -> None:
        self._window[0] += 1
        for info, group in zip(infos, self.piece.groups, strict=True):
            counts = [getattr(info, name) for name in COUNTED]
            proposed = 0 if info.accepted is None else len(group)
            self._window[1:] += (*counts, info.count, info.accepted or 0, proposed)
        if self._window[0] == self.plan.thin:
            self._keep(infos)

    def _keep(self, infos: list[StepInfo]) -> None:
        place = self.draws % self.plan.draws_of_a_chunk
        for group, state in zip(self.piece.groups, self._states, strict=True):
            self._codes[self._places(group), place] = self.plan.coding.encode(state.params)
        *counts, coordinates, accepted, proposed = self._window[1:]
        heat = [info.effective_temperature for info in infos]
        weights = [len(group) for group in self.piece.groups]
        self._stats[place] = (
            *(count / coordinates for count in counts),
            np.average(heat, weights=weights),
            accepted / proposed if proposed else np.nan,
        )
        self._window[:] = 0
        self.draws += 1
        self._due = place == self.plan.draws_of_a_chunk - 1 or self.draws == self.plan.draws

    def take_chunk(self) -> Chunk | None:
        """The chunk that the last step filled, or the run's last; None where it filled none."""
        if not self._due:
            return None
        self._due = False
        per_chunk = self.plan.draws_of_a_chunk
        index = (self.draws - 1) // per_chunk
        used = self.draws - index * per_chunk
        self._codes[:, used:], self._stats[used:] = 0, 0
        return Chunk(index, self._codes, self._stats)

    def checkpoint(self) -> Checkpoint:
        """Where the piece is."""
        filled = self.draws % self.plan.draws_of_a_chunk
        names = self._states[0].arrays
        return Checkpoint(
            self.steps,
            self.draws,
            self._window.copy(),
            np.concatenate([state.params for state in self._states]),
            {
                name: np.concatenate([state.arrays[name] for state in self._states])
                for name in names
            },
            self._codes[:, :filled].copy(),
            self._stats[:filled].copy(),
        )

    def _return_to(self, at: Checkpoint) -> None:
        filled = at.draws % self.plan.draws_of_a_chunk
        self.steps, self.draws, self._window = at.step, at.draws, at.window.copy()
        self._codes[:, :filled], self._stats[:filled] = at.codes, at.stats
        self._states = [
            dataclasses.replace(
                state,
                params=at.params[self._places(group)],
                arrays={name: array[self._places(group)] for name, array in at.arrays.items()},
            )
            for group, state in zip(self.piece.groups, self._states, strict=True)
        ]
