"""Hashes of data."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np


def data_hash(*values: Any) -> str:
    """SHA-256, in hexadecimal, of arrays (dtype, shape and bytes), numbers, texts, None, and tuples
    and dictionaries of these.

    >>> data_hash(1.0) == data_hash(1.0), data_hash(1.0) == data_hash("1.0")
    (True, False)
    """
    digest = hashlib.sha256()
    for value in values:
        _add(digest, value)
    return digest.hexdigest()


def _add(digest: Any, value: Any) -> None:
    if isinstance(value, dict):
        value = tuple(sorted(value.items()))
    if isinstance(value, (list, tuple)):
        digest.update(f"({len(value)}".encode())
        for item in value:
            _add(digest, item)
    elif isinstance(value, (np.ndarray, np.generic)):
        little = np.asarray(value, np.asarray(value).dtype.newbyteorder("<"), order="C")
        digest.update(f"{little.dtype.str}{little.shape}".encode() + little.tobytes())
    else:
        digest.update(json.dumps(value).encode() + b";")
