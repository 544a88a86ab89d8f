"""Draws that stay on disk: arrays that read what is asked of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from . import _zarr
from ._run_store import CODES, SCALES, STATISTICS, RunStore

Array = npt.NDArray[Any]


class StoredArray:
    """An array (chain, draw, column) of a stored run, read-only.

    Indexed as a NumPy array, with at most one list or mask among the indices, it reads the part
    asked for; `np.asarray` reads all.  A chunk's checksum is looked at when it is first read.
    """

    ndim = 3

    def __init__(self, store: RunStore, name: str) -> None:
        self._store, self._name, self._checked = store, name, set[tuple[int, int]]()
        self._chunk_shape = store.chunk_shapes[name]
        self.shape = (len(store.plan.chains), store.plan.draws, self._chunk_shape[2])

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of what is read."""
        return self._store.plan.coding.dtype

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
        found = self.read([np.atleast_1d(place) for place in places])
        dropped = tuple(0 if place.ndim == 0 else slice(None) for place in places)
        return found[dropped]

    def read(self, places: list[npt.NDArray[np.intp]]) -> Array:
        """The numbers at these chains, draws and columns."""
        chains, draws, columns = places
        per_piece, per_chunk, _ = self._chunk_shape
        found = np.empty((len(chains), len(draws), len(columns)), self._store.plan.coding.dtype)
        wanted = _as_slice(columns)
        for piece in np.unique(chains // per_piece):
            of_chains = np.flatnonzero(chains // per_piece == piece)
            rows = chains[of_chains] - piece * per_piece
            for chunk in np.unique(draws // per_chunk):
                of_draws = np.flatnonzero(draws // per_chunk == chunk)
                content = self._chunk(int(piece), int(chunk))[:, :, wanted]
                part = content[rows[:, None], draws[of_draws] - chunk * per_chunk]
                found[of_chains[:, None], of_draws] = part
        return found

    def _chunk(self, piece: int, chunk: int) -> Array:
        place = (piece, chunk)
        codes = _zarr.read_chunk(
            self._store.path / self._name,
            (*place, 0),
            self._chunk_shape,
            self._store.plan.coding.dtype,
            check=place not in self._checked,
        )
        self._checked.add(place)
        return codes

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.shape} of {self.dtype} in {str(self._store.path)!r}>"


class StoredDraws(StoredArray):
    """The values of a stored run's codes, in float32."""

    def __init__(self, store: RunStore) -> None:
        super().__init__(store, CODES)
        self._scales = StoredArray(store, SCALES) if store.plan.coding.blocks else None

    @property
    def codes(self) -> StoredArray:
        """The same draws as codes."""
        return StoredArray(self._store, CODES)

    @property
    def scales(self) -> StoredArray | None:
        """Codes of the scales (chain, draw, block)."""
        return self._scales

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of what is read."""
        return np.dtype(np.float32)

    def read(self, places: list[npt.NDArray[np.intp]]) -> Array:
        """The values at these chains, draws and parameters."""
        coding, codes = self._store.plan.coding, super().read(places)
        if self._scales is None:
            return coding.values(codes)
        blocks, of_parameter = np.unique(coding.block_of(places[2]), return_inverse=True)
        scales = self._scales.read([*places[:2], blocks])
        return coding.values(codes, scales[:, :, of_parameter])


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
    plan, shape = store.plan, store.chunk_shapes[STATISTICS]
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
