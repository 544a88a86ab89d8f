"""A run on disk: a Zarr group, whose bytes depend on the run's arguments alone.

codes: (chain, draw, parameter), the draws in their format; of blocks their elements', and scales:
(chain, draw, block).  stats: (piece, draw, statistic).
init and target/...: what the run was given.  The group's attributes are all arguments that can
change a bit.  codes/checkpoints: where each piece is.  A log beside the group has what cannot
change a bit: dates, durations, threads.
"""

from __future__ import annotations

import dataclasses
import io
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from . import _zarr
from ._errors import StoreError
from ._files import PART, sync_folder, write_whole
from ._piece import STATS, Checkpoint, Chunk
from ._plan import Piece, Plan
from ._record import SCHEMA, attributes_of, plan_of
from .kernels import Kernel
from .targets import Target

CODES, SCALES, STATISTICS, CHECKPOINTS = "codes", "scales", "stats", "checkpoints"
ARRAY_PREFIX = "array."
CHECKPOINT_FIELDS = ("step", "draws", "window", "params", "codes", "stats")


class RunStore:
    """The run stored at `path`, with its plan."""

    def __init__(self, path: str | os.PathLike[str], plan: Plan) -> None:
        self.path, self.plan = Path(path), plan

    @classmethod
    def create(
        cls, path: str | os.PathLike[str], plan: Plan, *, overwrite: bool = False
    ) -> RunStore:
        """A store without draws; all of it or nothing.  StoreError where something is there, unless
        it is a run and `overwrite` says that it may go.
        """
        final = Path(path)
        if final.exists() or final.is_symlink():
            _check_may_go(final, overwrite)
        with no_surprise(final):
            temporary = final.with_name(f".{final.name}{PART}")
            shutil.rmtree(temporary, ignore_errors=True)
            temporary.mkdir(parents=True)
            store = cls(temporary, plan)
            _zarr.write_group(temporary, attributes_of(plan, temporary))
            store.write_shapes()
            if final.exists():
                old = final.with_name(f".{final.name}.old{PART}")
                shutil.rmtree(old, ignore_errors=True)
                final.rename(old)
                shutil.rmtree(old)
            temporary.rename(final)
            sync_folder(final.parent)
        return cls(final, plan)

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str],
        target: Target | None = None,
        kernel: Kernel | None = None,
    ) -> RunStore:
        """A stored run; target and kernel where the store does not have them."""
        path = Path(path)
        plan = plan_of(read_attributes(path), path, target, kernel)
        if plan.coding.blocks and not (path / SCALES).exists():
            plan = dataclasses.replace(plan, blocks_as_float32=True)
        return cls(path, plan)

    def extend(self, draws: int) -> RunStore:
        """The same run with that many draws."""
        longer = RunStore(self.path, self.plan.with_draws(draws))
        attributes = read_attributes(self.path) | {"draws": draws}
        with no_surprise(self.path):
            _zarr.write_group(self.path, attributes)
            longer.write_shapes()
        return longer

    @property
    def chunk_shapes(self) -> dict[str, tuple[int, int, int]]:
        """Of each array."""
        chains, draws = self.plan.chains_of_a_piece, self.plan.draws_of_a_chunk
        shapes = {CODES: (chains, draws, self.plan.target.size)}
        if self.plan.coding.blocks:
            shapes[SCALES] = (chains, draws, self.plan.coding.blocks)
        return {**shapes, STATISTICS: (1, draws, len(STATS))}

    def write_shapes(self) -> None:
        """The metadata of the arrays, for the plan's draws."""
        plan, chunks = self.plan, self.chunk_shapes
        axes = {CODES: "parameter", SCALES: "block"}
        for name in axes.keys() & chunks.keys():
            _zarr.write_array(
                self.path / name,
                (len(plan.chains), plan.draws, chunks[name][2]),
                chunks[name],
                plan.coding.dtype,
                ("chain", "draw", axes[name]),
            )
        _zarr.write_array(
            self.path / STATISTICS,
            (len(plan.pieces), plan.draws, len(STATS)),
            chunks[STATISTICS],
            np.dtype(np.float64),
            ("piece", "draw", "statistic"),
            {"statistics": list(STATS)},
        )

    def remove_parts(self) -> None:
        """Remove files that a process was about to write when it ended."""
        for part in self.path.rglob(f"*{PART}"):
            part.unlink()

    def write_chunk(self, piece: Piece, chunk: Chunk) -> None:
        """Write the draws and statistics of one chunk."""
        missing = self.plan.chains_of_a_piece - piece.chains
        codes = np.pad(chunk.codes, ((0, missing), (0, 0), (0, 0))) if missing else chunk.codes
        arrays = {CODES: codes, STATISTICS: chunk.stats[None]}
        if self.plan.coding.blocks:
            arrays[CODES], arrays[SCALES] = np.split(codes, [self.plan.target.size], axis=2)
        with no_surprise(self.path):
            for name, content in arrays.items():
                _zarr.write_chunk(self.path / name, (piece.index, chunk.index, 0), content)

    def _checkpoint_path(self, piece: Piece) -> Path:
        return self.path / CODES / CHECKPOINTS / f"{piece.index}.npz"

    def write_checkpoint(self, piece: Piece, at: Checkpoint) -> None:
        """Write where the piece is: from here on a resumed run goes on from there."""
        fields = {name: getattr(at, name) for name in CHECKPOINT_FIELDS}
        fields |= {ARRAY_PREFIX + name: array for name, array in at.arrays.items()}
        content = io.BytesIO()
        np.savez(content, **fields)
        with no_surprise(self.path):
            write_whole(self._checkpoint_path(piece), content.getbuffer())

    def read_checkpoint(self, piece: Piece) -> Checkpoint | None:
        """Where the piece was; None where it has not begun."""
        path = self._checkpoint_path(piece)
        try:
            with np.load(path, allow_pickle=False) as file:
                fields = {name: file[name] for name in file.files}
        except FileNotFoundError:
            return None
        except Exception as error:
            raise StoreError(
                f"{path} is damaged ({error}): without it, resume begins with the first step of "
                f"chains {piece.begin} .. {piece.end - 1} again, for the same draws"
            ) from error
        arrays = {name: fields.pop(name) for name in [*fields] if name.startswith(ARRAY_PREFIX)}
        return Checkpoint(
            **{**fields, "step": int(fields["step"]), "draws": int(fields["draws"])},
            arrays={name.removeprefix(ARRAY_PREFIX): array for name, array in arrays.items()},
        )

    def steps_left(self) -> int:
        """Steps to do, counted as `Plan.steps` counts them."""
        done = (self._done(piece, "step") * len(piece.groups) for piece in self.plan.pieces)
        return max(0, self.plan.steps - sum(done))

    def draws_left(self) -> int:
        """Draws to make of the chains that are furthest behind."""
        return max(self.plan.draws - self._done(piece, "draws") for piece in self.plan.pieces)

    def _done(self, piece: Piece, what: str) -> int:
        """One field of a piece's checkpoint; 0 where it has none that can be read."""
        try:
            with np.load(self._checkpoint_path(piece), allow_pickle=False) as file:
                return int(file[what])
        except Exception:
            return 0


def read_attributes(path: Path) -> dict[str, Any]:
    """The record of a stored run; StoreError where there is none."""
    if not path.exists():
        raise StoreError(f"{path}: no run is there")
    attributes: dict[str, Any] = _zarr.read_metadata(path).get("attributes", {})
    if attributes.get("schema") != SCHEMA:
        raise StoreError(f"{path}: it is no stored run of this version ({SCHEMA})")
    return attributes


def _check_may_go(path: Path, overwrite: bool) -> None:
    if not overwrite:
        raise StoreError(
            f"store: {str(path)!r} is there already: lps.resume goes on with a run, overwrite=True "
            f"replaces it"
        )
    try:
        read_attributes(path)
    except StoreError as error:
        raise StoreError(f"overwrite: only a stored run is replaced; {error}") from error


@contextmanager
def no_surprise(path: Path) -> Iterator[None]:
    """Turn what the system refuses into a StoreError that says what it means for the run."""
    try:
        yield
    except OSError as error:
        raise StoreError(
            f"{path}: {error.strerror or error}; every complete chunk is kept, and lps.resume goes "
            f"on from there"
        ) from error
