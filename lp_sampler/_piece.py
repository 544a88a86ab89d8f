"""One piece of a run, step by step, from its start or from a checkpoint."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt

from ._evaluate import Evaluation
from ._numfmt import Key, context
from ._plan import Piece, Plan, explores
from ._walker import UPDATES_OF_A_CALL, Walked, Walker
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
    """A piece at a step; `advance` makes the next ones, `take_chunk` gives the draws that fill a
    chunk.  `fresh` has the first group's parameters at the draws that were made last.
    """

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
        self.fresh: list[Array] = []
        self._walker = Walker.of(plan)
        self._alone_until = 0  # the step up to which a call of the core was tried in vain
        if at is not None:
            self._return_to(at)

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
        key, plan = self._key_at(group, step), self.plan
        batches = plan.batch_size, plan.replacement
        return Evaluation(plan.bound_target, plan.machine, key, *batches)

    def _key_at(self, group: range, step: int) -> Key:
        return self._key.at(step, first=group[0] * self.plan.target.size)

    def advance(self) -> StepInfo | None:
        """Make a step, whose info is given, or as many as the core makes in one call."""
        self.fresh = []
        walker = self._walker if self.steps >= self._alone_until else None
        return None if walker and self._walk(walker) else self.step()

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
        *counts, coordinates, accepted, proposed = self._window[1:]
        acceptance = accepted / proposed if proposed else np.nan
        self._store(
            [state.params[np.newaxis] for state in self._states],
            np.array([counts]) / coordinates,
            [np.array([info.effective_temperature]) for info in infos],
            acceptance,
        )

    def _store(
        self, draws: list[Array], counted: Array, heat: list[Array], acceptance: float
    ) -> None:
        """Keep draws: of each group the states (draws, chains, size) and effective temperatures
        (draws,), and of all coordinates the fractions (draws, COUNTED).
        """
        begin, per_chunk = self.draws % self.plan.draws_of_a_chunk, self.plan.draws_of_a_chunk
        places = slice(begin, begin + len(counted))
        for group, states in zip(self.piece.groups, draws, strict=True):
            codes = self.plan.coding.encode(states)
            self._codes[self._places(group), places] = codes.swapaxes(0, 1)
        weights = [len(group) for group in self.piece.groups]
        self._stats[places, : len(COUNTED)] = counted
        self._stats[places, len(COUNTED)] = np.average(np.stack(heat, 1), axis=1, weights=weights)
        self._stats[places, -1] = acceptance
        self._window[:] = 0
        self.draws += len(counted)
        self.fresh = list(draws[0])
        self._due = self.draws % per_chunk == 0 or self.draws == self.plan.draws

    def _walk(self, walker: Walker) -> bool:
        """Make the steps of one call; False where the next step is none of the core's."""
        draws, thin = self._stretch()
        walked = []
        with context(nan="error"):
            for group, state in zip(self.piece.groups, self._states, strict=True):
                one = walker.walk(state.params, self._key_at(group, self.steps), draws, thin)
                if one is None:
                    self._alone_until = self.steps + draws * thin
                    return False
                walked.append(one)
        is_sampling = self.steps >= self.plan.warmup
        self.steps += draws * thin
        self._states = [
            dataclasses.replace(state, params=one.draws[-1])
            for state, one in zip(self._states, walked, strict=True)
        ]
        if is_sampling:
            self._count_walked(walked, thin)
        return True

    def _stretch(self) -> tuple[int, int]:
        """Draws that one call makes, and steps to each; or a part of the steps to one."""
        plan = self.plan
        most = max(1, UPDATES_OF_A_CALL // (self.piece.chains * plan.target.size))
        if self.steps < plan.warmup:
            return 1, min(plan.warmup - self.steps, most)
        left = plan.thin - int(self._window[0])
        if left < plan.thin or most < plan.thin:
            return 1, min(left, most)
        room = plan.draws_of_a_chunk - self.draws % plan.draws_of_a_chunk
        return min(room, plan.draws - self.draws, most // plan.thin), plan.thin

    def _count_walked(self, walked: list[Walked], thin: int) -> None:
        counts = np.sum([one.counts for one in walked], axis=0)
        self._window[0] += thin
        self._window[1 : 1 + len(COUNTED)] += counts[0]
        self._window[1 + len(COUNTED)] += self.piece.chains * self.plan.target.size * thin
        if self._window[0] < self.plan.thin:
            return
        counts[0], coordinates = self._window[1 : 1 + len(COUNTED)], self._window[1 + len(COUNTED)]
        states, heat = [one.draws for one in walked], [one.heat for one in walked]
        self._store(states, counts / coordinates, heat, np.nan)

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
