"""Files of the command line: read whole, written complete or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from ._errors import NumfmtError


def load(path: Path) -> npt.NDArray[Any]:
    """Read a .npy file."""
    try:
        array = np.load(path, allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise NumfmtError(f"{path} is no .npy file of numbers: {error}") from error
    if not isinstance(array, np.ndarray):
        raise NumfmtError(f"{path} is an archive of arrays; a .npy file holds one array")
    return array


def save(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    """Write a file: complete, or not at all."""
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with unfinished.open("xb") as file:
            write(file)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
