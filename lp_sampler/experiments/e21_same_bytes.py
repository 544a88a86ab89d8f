"""E21: the same bytes, killed at any moment and resumed, on two threads, alone or together."""

from __future__ import annotations

import hashlib
import multiprocessing
import random
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from .. import _plan, _runner
from .._numfmt import get_num_threads, set_num_threads
from .._progress import Advance
from .._sample import sample
from .._stored import resume
from ..kernels import KERNELS, RMLD, SGLD
from ..targets import Lasso, LogisticRegression, Target
from ._experiment import Check, Experiment

KILLS, SHORT_KILLS = 100, 6
LONGEST_LIFE = 0.5
"""Seconds that a process has before it is killed, at most."""
ROWS, PARAMETERS = 1000, 10
SETTINGS: dict[str, Any] = {"draws": 100, "chains": 60, "warmup": 50, "thin": 2, "progress": False}
SECONDS_TO_BEGIN = 60


def run(short: bool, advance: Advance) -> list[Check]:
    """Kills first; then threads, and chains of every kernel."""
    with tempfile.TemporaryDirectory() as folder:
        kills, unequal = killed_runs(Path(folder), SHORT_KILLS if short else KILLS, advance)
    wanted = SHORT_KILLS if short else KILLS
    return [
        Check("processes killed (-9)", kills, wanted, np.inf),
        Check("files that differ from an undisturbed run's", unequal, 0, 0),
        Check("bytes that differ between 1 and 2 threads", threads_differ(), 0, 0),
        *(
            Check(f"{name}: bytes of chain 2 of 4 that differ from chain 2 alone", differ, 0, 0)
            for name, differ in chains_differ().items()
        ),
    ]


def target() -> LogisticRegression:
    """Rows enough that 60 chains fall into several pieces."""
    generator = np.random.default_rng(21)
    inputs = generator.normal(size=(ROWS, PARAMETERS))
    return LogisticRegression(inputs, generator.random(ROWS) < 0.5)


def make(path: str, begun: Any) -> None:
    """The stored run, from wherever it is: what the killed processes do."""
    _plan.CHUNK_DRAWS, _runner.SECONDS_BETWEEN_CHECKPOINTS = 16, 0.02
    warnings.simplefilter("ignore")
    begun.set()
    if Path(path).exists():
        resume(path, progress=False)
    else:
        sample(SGLD(2e-3), target(), "fixed8", store=path, **SETTINGS)


def killed_runs(folder: Path, kills: int, advance: Advance) -> tuple[int, int]:
    """So many kills at random moments, in as many runs as that takes: how many there were, and how
    many files differ from those of a run that nothing disturbed.
    """
    moments, done, unequal = random.Random(21), 0, 0
    live(folder / "whole.zarr", None)
    whole = content(folder / "whole.zarr")
    while done < kills:
        path = folder / f"after{done}.zarr"
        while not live(path, moments.uniform(0, LONGEST_LIFE) if done < kills else None):
            done += 1
            advance(1)
        unequal += len(whole.items() ^ content(path).items())
    return done, unequal


def live(path: Path, seconds: float | None) -> bool:
    """A process that goes on with the run, killed after so long; did it finish?"""
    kinds = multiprocessing.get_all_start_methods()
    context: Any = multiprocessing.get_context("forkserver" if "forkserver" in kinds else "spawn")
    context.set_forkserver_preload([__name__])  # processes that begin at once
    begun = context.Event()
    process = context.Process(target=make, args=(str(path), begun))
    process.start()
    begun.wait(SECONDS_TO_BEGIN)
    process.join(seconds)
    killed: bool = process.is_alive()
    process.kill()
    process.join()
    if process.exitcode and not killed:
        raise RuntimeError(f"a run that was not killed ended with status {process.exitcode}")
    return not killed


def content(path: Path) -> dict[str, str]:
    """The hash of every file of a store."""
    return {
        str(file.relative_to(path)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in path.rglob("*")
        if file.is_file()
    }


def threads_differ() -> int:
    """Bytes of draws that differ between one thread and two."""
    before, draws = get_num_threads(), []
    try:
        for threads in (1, 2):
            set_num_threads(threads)
            draws.append(quiet_draws(SGLD(2e-3), target(), **{**SETTINGS, "draws": 20}))
    finally:
        set_num_threads(before)
    return different(*draws)


def chains_differ() -> dict[str, int]:
    """Of each kernel, bytes of chain 2 that differ when it runs without chains 0, 1 and 3."""
    settings = {"draws": 10, "warmup": 5, "thin": 2, "progress": False}
    found = {}
    for name, kind in KERNELS.items():
        kernel = kind()
        own = Lasso(np.eye(2), [1.0, 0.2], 0.5, 3.0) if isinstance(kernel, RMLD) else target()
        together = quiet_draws(kernel, own, chains=4, **settings)
        alone = quiet_draws(kernel, own, chains=[2], **settings)
        found[name] = different(together[2:3], alone)
    return found


def quiet_draws(kernel: Any, of: Target, **settings: Any) -> Any:
    """The draws of a run that is too short to be judged."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return sample(kernel, of, "fixed8", **settings).draws


def different(one: Any, other: Any) -> int:
    """How many bytes differ."""
    a, b = (np.frombuffer(np.ascontiguousarray(each), np.uint8) for each in (one, other))
    return int(np.count_nonzero(a != b))


EXPERIMENT = Experiment("E21", "The same bytes, whatever happens to a run", run)
