"""Run a kernel on many chains at once."""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy.typing as npt

from ._dask import connected
from ._judged import judged
from ._lock import only_writer
from ._machines import find_machine
from ._numfmt import Format, Machine, get_num_threads
from ._piece import PieceRun
from ._plan import Plan
from ._progress import Advance, progress_bar
from ._run import Run
from ._run_store import RunStore
from ._runner import Memory, averaged, run_pieces
from ._stored import finish
from .kernels import Kernel
from .targets import Target


def sample(
    kernel: Kernel,
    target: Target,
    machine: str | os.PathLike[str] | Format | Machine,
    *,
    draws: int = 3000,
    chains: int | Sequence[int] = 64,
    warmup: int = 20_000,
    thin: int = 20,
    batch_size: int | None = None,
    replacement: bool = True,
    init: npt.ArrayLike | None = None,
    seed: int = 0,
    store: str | os.PathLike[str] | None = None,
    overwrite: bool = False,
    progress: bool = True,
    scheduler: Any = None,
) -> Run:
    """Draw from `target` with every stored tensor in the machine's formats.

    `warmup` steps are dropped, then every `thin`-th step is kept, `draws` of each chain.  `chains`
    is a count or a list of chain numbers: a chain's draws are the same bits whichever chains run
    beside it.  `store` is a path where draws are written as they are made, in Zarr: the run can be
    stopped and resumed, and memory does not grow with draws; `overwrite` lets it replace a stored
    run.  `scheduler`, the address of a Dask cluster or a `dask.distributed.Client`, has groups of
    chains run there, for the same draws; threads of this process run them otherwise.  `init`
    broadcasts to (chains, parameters), 0 by default; `batch_size` rows of the
    data, drawn anew every step, replace all of them; without `replacement` one permutation of the
    rows after the other is used up.  Raises SamplerError for arguments out of range, MachineError
    for an unknown machine, and StoreError where `store` is taken or being written; warns with
    ShortRunWarning when the kept steps are fewer than five relaxation times (of at most 256
    parameters, evenly spaced), and with PrecisionWarning where the arithmetic cannot give the
    target's law (see `Run.warnings`).

    >>> import lp_sampler as lps
    >>> kernel, target = lps.kernels.SGLD(step_size=0.1), lps.targets.Gaussian()
    >>> run = lps.sample(kernel, target, "fixed<8,4>", draws=200, warmup=20)
    >>> run.draws.shape
    (64, 200, 1)
    """
    plan = Plan.checked(
        kernel,
        target,
        find_machine(machine),
        draws,
        chains,
        warmup,
        thin,
        batch_size,
        init,
        seed,
        replacement=replacement,
    )
    PieceRun(plan, plan.pieces[0])  # raises what the kernel refuses, before anything is written
    with connected(scheduler) as client:
        if store is None:
            title = f"{plan.machine.name} {kernel.accumulator}"
            with progress_bar(plan.steps, title, shown=progress) as advance:
                run = run_in_memory(plan, advance, get_num_threads(), client)
        else:
            with only_writer(Path(store)):
                made = RunStore.create(store, plan, overwrite=overwrite)
                run = finish(made, progress=progress, client=client)
    return judged(run, stacklevel=2)


def run_in_memory(plan: Plan, advance: Advance, threads: int = 1, client: Any = None) -> Run:
    """The run, with its draws in an array; `advance` hears of progress and may raise to stop."""
    begin, memory = time.perf_counter(), Memory(plan)
    run_pieces(plan, memory, advance, threads, client)
    seconds = time.perf_counter() - begin
    return Run.of(plan, memory.draws, averaged(plan, memory.stats), seconds)


@dataclasses.dataclass(frozen=True)
class RunTask:
    """A run in memory as a task of a worker process."""

    plan: Plan

    def run(self, advance: Advance) -> Run:
        """Do it."""
        return run_in_memory(self.plan, advance)
