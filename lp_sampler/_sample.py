"""Run a kernel on many chains at once."""

from __future__ import annotations

import dataclasses
import os
import time
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from . import diagnostics
from ._blocks import spread
from ._errors import PrecisionWarning, ShortRunWarning
from ._machines import find_machine
from ._numfmt import Format, Machine, get_num_threads
from ._piece import PieceRun
from ._plan import Plan
from ._progress import Advance, progress_bar
from ._run import Run
from ._run_store import RunStore
from ._runner import Memory, averaged, run_here
from ._stored import finish
from .kernels import Kernel
from .targets import Target

PARAMETERS_LOOKED_AT = 256
"""Of how many a run's length is judged when it ends."""


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
) -> Run:
    """Draw from `target` with every stored tensor in the machine's formats.

    `warmup` steps are dropped, then every `thin`-th step is kept, `draws` of each chain.  `chains`
    is a count or a list of chain numbers: a chain's draws are the same bits whichever chains run
    beside it.  `store` is a path where draws are written as they are made, in Zarr: the run can be
    stopped and resumed, and memory does not grow with draws; `overwrite` lets it replace a stored
    run.  `init` broadcasts to (chains, parameters), 0 by default; `batch_size` rows of the
    data, drawn anew every step, replace all of them; without `replacement` one permutation of the
    rows after the other is used up.  Raises SamplerError for arguments out of range
    and MachineError for an unknown machine, StoreError where `store` is taken; warns with
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
    if store is None:
        title = f"{plan.machine.name} {kernel.accumulator}"
        with progress_bar(plan.steps, title, shown=progress) as advance:
            run = run_in_memory(plan, advance, get_num_threads())
    else:
        run = finish(RunStore.create(store, plan, overwrite=overwrite), progress=progress)
    message = too_short(spread(run.draws, PARAMETERS_LOOKED_AT))
    if message:
        warnings.warn(message, ShortRunWarning, stacklevel=2)
    for text in run.warnings():
        warnings.warn(text, PrecisionWarning, stacklevel=2)
    return run


def too_short(draws: npt.NDArray[Any]) -> str | None:
    """Why the draws are too few for their slowest parameter, or None; more do not help a frozen
    one.
    """
    if diagnostics.frozen(draws).any():
        return None
    length = diagnostics.relaxations(draws)
    if np.isnan(length):
        return f"{draws.shape[1]} draws are too few to judge the length of the run"
    if not length >= diagnostics.RELAXATIONS:
        return (
            f"the run is {length:.1f} relaxation times long, fewer than {diagnostics.RELAXATIONS}"
        )
    return None


def run_in_memory(plan: Plan, advance: Advance, threads: int = 1) -> Run:
    """The run, with its draws in an array; `advance` hears of progress and may raise to stop."""
    begin, memory = time.perf_counter(), Memory(plan)
    run_here(plan, memory, advance, threads)
    seconds = time.perf_counter() - begin
    return Run.of(plan, memory.draws, averaged(plan, memory.stats), seconds)


@dataclasses.dataclass(frozen=True)
class RunTask:
    """A run in memory as a task of a worker process."""

    plan: Plan

    def run(self, advance: Advance) -> Run:
        """Do it."""
        return run_in_memory(self.plan, advance)
