"""One process at a time writes a store."""

from __future__ import annotations

import errno
import importlib
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from ._errors import StoreError
from ._run_store import no_surprise

fcntl: Any = importlib.import_module("fcntl") if os.name == "posix" else None
LOCK_SUFFIX = ".lock"
WITHOUT_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP)
"""How some network file systems refuse every lock."""


@contextmanager
def only_writer(path: Path) -> Iterator[None]:
    """Hold the lock of the store at `path`; StoreError where another writer has it, which it names.

    The lock is the system's own, on a file beside the store: it goes with the process, however that
    ends.  Without it nothing is held on Windows, and on file systems that have no locks.
    """
    if fcntl is None:
        yield
        return
    place = path.with_name(path.name + LOCK_SUFFIX)
    with no_surprise(place):
        handle = _locked(path, place)
        os.ftruncate(handle, 0)
        os.write(handle, _who().encode())
    try:
        yield
    finally:
        place.unlink(missing_ok=True)  # while it is held: who opened it meanwhile looks again
        os.close(handle)


def _locked(path: Path, place: Path) -> int:
    """The open lock file, once it is locked and still the one that others find."""
    place.parent.mkdir(parents=True, exist_ok=True)
    while True:
        handle = os.open(place, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(handle), os.stat(place)):
                return handle
        except BlockingIOError as error:
            holder = os.read(handle, 1000).decode(errors="replace") or "another process"
            os.close(handle)
            raise StoreError(
                f"store: {str(path)!r} is being written by {holder}: wait for it, or end it"
            ) from error
        except FileNotFoundError:
            pass  # its holder has just removed it
        except OSError as error:
            if error.errno in WITHOUT_LOCKS:
                return handle
            os.close(handle)
            raise
        os.close(handle)


def _who() -> str:
    date = datetime.now(timezone.utc).isoformat(timespec="seconds")
    return f"process {os.getpid()} on {socket.gethostname()} since {date}"
