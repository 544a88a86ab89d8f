"""Draws that stay on disk: arrays that read what is asked of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from . import _zarr
from ._codes import code_dtype, values_of
from ._run_store import CODES, STATISTICS, RunStore

Array = npt.NDArray[Any]


class StoredCodes:
    """Codes (chain, draw, parameter) of a stored run, read-only.

    Indexed as a NumPy array, with at most one list or mask among the indices, it reads the part
    asked for; `np.asarray` reads all.  A chunk's checksum is looked at when it is first read.
    """

    ndim = 3

    def __init__(self, store: RunStore) -> None:
        self._store, self._checked = store, set[tuple[int, int]]()
        self.shape = (len(store.plan.chains), store.plan.draws, store.plan.target.size)

        self._code_dtype = code_dtype(store.plan.format)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of what is read."""
        return self._code_dtype

    @property
    def size(self) -> int:
        """How many numbers there are."""
        return int(np.prod(self.shape, dtype=np.int64))

    def __len__(self) -> int:
        return self.shape[0]

    def __iter__(self) -> Iterator[Array]:
        return (self[i] for i in range(len(self)))

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> Array:
        if copy is False:
            raise ValueError("draws on disk cannot become an array without a copy")
        return np.asarray(self[...], dtype)

    def __getitem__(self, index: Any) -> Array:
        places = _places(index, self.shape)
        found = self._read([np.atleast_1d(place) for place in places])
        dropped = tuple(0 if place.ndim == 0 else slice(None) for place in places)
        return found[dropped]

    def _read(self, places: list[npt.NDArray[np.intp]]) -> Array:
        chains, draws, parameters = places
        (per_piece, per_chunk, _), _ = self._store.chunk_shapes
        found = np.empty((len(chains), len(draws), len(parameters)), self._code_dtype)
        columns = _as_slice(parameters)
        for piece in np.unique(chains // per_piece):
            of_chains = np.flatnonzero(chains // per_piece == piece)
            rows = chains[of_chains] - piece * per_piece
            for chunk in np.unique(draws // per_chunk):
                of_draws = np.flatnonzero(draws // per_chunk == chunk)
                content = self._chunk(int(piece), int(chunk))[:, :, columns]
                part = content[rows[:, None], draws[of_draws] - chunk * per_chunk]
                found[of_chains[:, None], of_draws] = part
        return found

    def _chunk(self, piece: int, chunk: int) -> Array:
        place = (piece, chunk)
        codes = _zarr.read_chunk(
            self._store.path / CODES,
            (*place, 0),
            self._store.chunk_shapes[0],
            self._code_dtype,
            check=place not in self._checked,
        )
        self._checked.add(place)
        return codes

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.shape} of {self.dtype} in {str(self._store.path)!r}>"


class StoredDraws(StoredCodes):
    """The values of a stored run's codes, in float32."""

    @property
    def codes(self) -> StoredCodes:
        """The same draws as codes."""
        return StoredCodes(self._store)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of what is read."""
        return np.dtype(np.float32)

    def _read(self, places: list[npt.NDArray[np.intp]]) -> Array:
        return values_of(super()._read(places), self._store.plan.format)


def _places(index: Any, shape: tuple[int, ...]) -> list[npt.NDArray[np.intp]]:
    """The numbers that an index picks along each axis; without dimensions where it is one
    number.
    """
    parts = index if isinstance(index, tuple) else (index,)
    if any(part is None for part in parts) or sum(np.ndim(part) > 0 for part in parts) > 1:
        raise IndexError(f"draws on disk take numbers, slices, and one list or mask; got {index!r}")
    if not any(part is ... for part in parts):
        parts = (*parts, ...)
    where = next(i for i, part in enumerate(parts) if part is ...)
    missing = len(shape) - (len(parts) - 1)
    parts = (*parts[:where], *[slice(None)] * missing, *parts[where + 1 :])
    if missing < 0 or len(parts) != len(shape):
        raise IndexError(f"draws have {len(shape)} axes; got {index!r}")
    return [np.asarray(np.arange(length)[part]) for part, length in zip(parts, shape, strict=True)]


def _as_slice(places: npt.NDArray[np.intp]) -> Any:
    """Neighbours as a slice, which reads no more than them."""
    if len(places) and np.array_equal(places, np.arange(places[0], places[0] + len(places))):
        return slice(int(places[0]), int(places[0]) + len(places))
    return places


def stored_stats(store: RunStore) -> npt.NDArray[np.float64]:
    """Statistics (piece, draw, statistic)."""
    plan, (_, shape) = store.plan, store.chunk_shapes
    per_chunk = plan.draws_of_a_chunk
    found = np.empty((len(plan.pieces), plan.draws, shape[2]))
    for piece in range(len(plan.pieces)):
        for chunk in range(-(-plan.draws // per_chunk)):
            begin = chunk * per_chunk
            part = found[piece, begin : begin + per_chunk]
            place = (piece, chunk, 0)
            content = _zarr.read_chunk(
                store.path / STATISTICS, place, shape, found.dtype, check=True
            )
            part[...] = content[0, : len(part)]
    return found
