"""Runs with a store: finish, resume, load."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from ._dask import connected
from ._errors import Interrupted, StoreError
from ._judged import judged
from ._lock import only_writer
from ._numfmt import get_num_threads
from ._plan import check_count
from ._progress import progress_bar
from ._record import versions
from ._run import Run
from ._run_store import RunStore, read_attributes
from ._runner import averaged, run_pieces
from ._views import StoredDraws, stored_stats
from .kernels import Kernel
from .targets import Target

LOG_SUFFIX = ".log"


def resume(
    path: str | os.PathLike[str],
    target: Target | None = None,
    *,
    extend: int = 0,
    kernel: Kernel | None = None,
    progress: bool = True,
    scheduler: Any = None,
) -> Run:
    """Finish a stored run, then draw `extend` more of each chain: the bytes are those of a run that
    never stopped.

    `target` is handed in again where the store does not have it (a `Custom` one, or data larger
    than 16 MiB), and `kernel` where it holds functions of your own; both are checked against the
    store's record.  `scheduler` as in `sample`.  Raises StoreError where no run is there, for
    another target or kernel, where another process writes the store, and where it is damaged.

    >>> import tempfile, lp_sampler as lps
    >>> path = tempfile.mkdtemp() + "/run.zarr"
    >>> kernel, target = lps.kernels.SGLD(step_size=0.1), lps.targets.Gaussian()
    >>> settings = {"warmup": 20, "progress": False, "store": path}
    >>> run = lps.sample(kernel, target, "fixed<8,4>", draws=200, **settings)
    >>> lps.resume(path, extend=50, progress=False).draws.shape
    (64, 250, 1)
    """
    check_count("extend", extend, 0)
    read_attributes(Path(path))  # raises where no run is, before anything is written
    with connected(scheduler) as client, only_writer(Path(path)):
        store = RunStore.open(path, target, kernel)
        if extend:
            store = store.extend(store.plan.draws + extend)
        run = finish(store, progress=progress, client=client)
    return judged(run, stacklevel=2)


def load(
    path: str | os.PathLike[str], target: Target | None = None, *, kernel: Kernel | None = None
) -> Run:
    """A stored run that is finished; its draws stay on disk.

    `target` and `kernel` as in `resume`.  Raises StoreError where draws are missing.

    >>> import tempfile, lp_sampler as lps
    >>> path = tempfile.mkdtemp() + "/run.zarr"
    >>> kernel, target = lps.kernels.SGLD(step_size=0.1), lps.targets.Gaussian()
    >>> settings = {"warmup": 20, "progress": False, "store": path}
    >>> run = lps.sample(kernel, target, "fixed<8,4>", draws=200, **settings)
    >>> lps.load(path).codes[0, :3, 0].dtype
    dtype('uint8')
    """
    store = RunStore.open(path, target, kernel)
    left = store.draws_left()
    if left:
        raise StoreError(
            f"{path}: {left} of {store.plan.draws} draws are missing; {how_to_go_on(store.path)}"
        )
    return run_of(store)


def run_of(store: RunStore) -> Run:
    """The finished run of a store."""
    stats = averaged(store.plan, stored_stats(store))
    return Run.of(store.plan, StoredDraws(store), stats, seconds_of(store.path))


def finish(store: RunStore, *, progress: bool = True, client: Any = None) -> Run:
    """Make the steps that are left; Ctrl-C stops at a step boundary and says how to go on."""
    plan = store.plan
    store.remove_parts()
    title = f"{plan.machine.name} {plan.kernel.accumulator} -> {store.path}"
    threads = get_num_threads()
    facts = {"threads": threads, "cluster": client and str(client)}
    steps = store.steps_left()
    try:
        with logged(store.path, **facts), progress_bar(steps, title, shown=progress) as bar:
            run_pieces(plan, store, bar, threads, client)
    except KeyboardInterrupt:
        message = f"interrupted at a step boundary; {how_to_go_on(store.path)}"
        raise Interrupted(message) from None
    return run_of(store)


def how_to_go_on(path: Path) -> str:
    """What to call, and what to type."""
    return f"lps.resume({str(path)!r}), or lp-sampler resume {path}, goes on from there"


def log_path(path: Path) -> Path:
    """The log beside a store: what happened, in lines of JSON."""
    return path.with_name(path.name + LOG_SUFFIX)


@contextmanager
def logged(path: Path, **facts: Any) -> Iterator[None]:
    """Write down when a run began and how it ended."""
    begin, ended = time.perf_counter(), "failed"
    _log(path, event="began", versions=versions(), **facts)
    try:
        yield
        ended = "finished"
    except KeyboardInterrupt:
        ended = "interrupted"
        raise
    finally:
        _log(path, event=ended, seconds=round(time.perf_counter() - begin, 3))


def _log(path: Path, **facts: Any) -> None:
    date = datetime.now(timezone.utc).isoformat(timespec="seconds")
    try:
        with open(log_path(path), "a", encoding="utf-8") as file:
            file.write(json.dumps({"date": date, **facts}) + "\n")
    except OSError as error:
        raise StoreError(f"{log_path(path)}: {error.strerror}") from error


def seconds_of(path: Path) -> float:
    """What the parts of a run took together, as its log has them; NaN without one."""
    try:
        lines = log_path(path).read_text(encoding="utf-8").splitlines()
        return float(sum(json.loads(line).get("seconds", 0.0) for line in lines))
    except (OSError, ValueError):
        return float("nan")
