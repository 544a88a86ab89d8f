"""Arrays in Zarr, version 3: chunks without compression, each with its checksum (CRC32C).

Written here and not by a library, so that a chunk is complete or absent whenever the process ends,
and the bytes are the same with every version of one; any Zarr library reads them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ._errors import MissingPackage, StoreError
from ._files import write_whole

Array = npt.NDArray[Any]

METADATA = "zarr.json"
CHECKSUM_BYTES = 4
PART_BYTES = 1 << 20
"""Bytes copied at a time to take their checksum."""


def write_group(path: Path, attributes: dict[str, Any]) -> None:
    """Make a folder a Zarr group, or give one other attributes."""
    _write_json(path / METADATA, {"zarr_format": 3, "node_type": "group", "attributes": attributes})


def write_array(
    path: Path,
    shape: Sequence[int],
    chunk: Sequence[int],
    dtype: np.dtype[Any],
    dimensions: Sequence[str] | None = None,
    attributes: dict[str, Any] | None = None,
) -> None:
    """Make a folder a Zarr array, or give one another shape; its chunks are left as they are."""
    metadata = {
        "zarr_format": 3,
        "node_type": "array",
        "shape": list(shape),
        "data_type": str(dtype),
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": list(chunk)}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
        "fill_value": False if dtype.kind == "b" else 0,
        "codecs": [
            {"name": "bytes", "configuration": {"endian": "little"}},
            {"name": "crc32c"},
        ],
        "attributes": attributes or {},
    }
    if dimensions is not None:
        metadata["dimension_names"] = list(dimensions)
    _write_json(path / METADATA, metadata)


def _write_json(path: Path, content: dict[str, Any]) -> None:
    write_whole(path, json.dumps(content, indent=1, allow_nan=False).encode() + b"\n")


def read_metadata(path: Path) -> dict[str, Any]:
    """What `write_group` or `write_array` wrote."""
    try:
        content: dict[str, Any] = json.loads((path / METADATA).read_bytes())
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror}; it is no Zarr node") from error
    except ValueError as error:
        raise StoreError(f"{path / METADATA} is damaged: {error}") from error
    return content


def chunk_path(path: Path, place: Sequence[int]) -> Path:
    """The file of an array's chunk."""
    return path.joinpath("c", *map(str, place))


def write_chunk(path: Path, place: Sequence[int], values: Array) -> None:
    """Write a chunk, which has the chunks' full shape."""
    little = np.ascontiguousarray(values, values.dtype.newbyteorder("<"))
    data = little.data.cast("B")
    write_whole(chunk_path(path, place), data, _checksum(data))


def read_chunk(
    path: Path, place: Sequence[int], chunk: Sequence[int], dtype: np.dtype[Any], *, check: bool
) -> Array:
    """A chunk as a read-only view of its file; StoreError where it is absent, or not what was
    written (its checksum is looked at where `check` says so).
    """
    file = chunk_path(path, place)
    length = int(np.prod(chunk, dtype=np.int64)) * dtype.itemsize
    try:
        data = np.memmap(file, np.uint8, "r")
    except FileNotFoundError as error:
        raise StoreError(f"{file}: the chunk is missing") from error
    except (OSError, ValueError) as error:
        raise StoreError(f"{file}: the chunk cannot be read: {error}") from error
    body, checksum = data[:length], data[length:]
    if len(data) != length + CHECKSUM_BYTES or (
        check and checksum.tobytes() != _checksum(body.data)
    ):
        raise StoreError(f"{file}: the chunk is damaged: its checksum is not that of its content")
    return body.view(dtype.newbyteorder("<")).reshape(chunk)


def _checksum(data: memoryview) -> bytes:
    try:
        from google_crc32c import extend
    except ModuleNotFoundError as error:
        raise MissingPackage("a stored run", "google-crc32c") from error
    checksum = 0
    for begin in range(0, len(data), PART_BYTES):
        checksum = extend(checksum, data[begin : begin + PART_BYTES].tobytes())
    return int(checksum).to_bytes(CHECKSUM_BYTES, "little")
