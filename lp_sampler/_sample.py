"""Run a kernel on many chains at once."""

from __future__ import annotations

import dataclasses
import os
import time
import warnings
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from . import diagnostics
from ._errors import PrecisionWarning, SamplerError, ShortRunWarning
from ._evaluate import Evaluation
from ._machines import find_machine
from ._numfmt import Format, Key, Machine, context
from ._progress import Advance, progress_bar
from ._run import Run
from .kernels import Kernel, State, StepInfo
from .schedules import at_step
from .targets import Target

STEPS_BETWEEN_REPORTS = 100
STATS = ("saturated", "infeasible", "frozen", "effective_temperature")


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
    progress: bool = True,
) -> Run:
    """Draw from `target` with every stored tensor in the machine's formats.

    `warmup` steps are dropped, then every `thin`-th step is kept, `draws` of each chain.  `chains`
    is a count or a list of chain numbers: a chain's draws are the same bits whichever chains run
    beside it.  `init` broadcasts to (chains, parameters), 0 by default; `batch_size` rows of the
    data, drawn anew every step, replace all of them; without `replacement` one permutation of the
    rows after the other is used up. Raises SamplerError for arguments out of range
    and MachineError for an unknown machine; warns with ShortRunWarning when the kept steps are
    fewer than five relaxation times, and with PrecisionWarning where the arithmetic cannot give the
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
    with progress_bar(
        plan.steps, f"{plan.machine.name} {kernel.accumulator}", shown=progress
    ) as advance:
        run = plan.run(advance)
    message = too_short(run.draws)
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


@dataclasses.dataclass(frozen=True)
class Plan:
    """Checked arguments of a run."""

    kernel: Kernel
    target: Target
    machine: Machine
    draws: int
    chains: tuple[int, ...]
    warmup: int
    thin: int
    batch_size: int | None
    replacement: bool
    init: npt.NDArray[np.float32]
    seed: int

    @classmethod
    def checked(
        cls,
        kernel: Kernel,
        target: Target,
        machine: Machine,
        draws: int,
        chains: int | Sequence[int],
        warmup: int,
        thin: int,
        batch_size: int | None,
        init: npt.ArrayLike | None,
        seed: int,
        *,
        replacement: bool = True,
    ) -> Plan:
        for name, value, least in (
            ("draws", draws, 1),
            ("warmup", warmup, 0),
            ("thin", thin, 1),
            ("seed", seed, 0),
        ):
            _check_count(name, value, least)
        if batch_size is not None:
            _check_count("batch_size", batch_size, 1)
        if not isinstance(replacement, bool):
            raise SamplerError(f"replacement: True or False is allowed; got {replacement!r}")
        numbers = _chain_numbers(chains)
        start = _start(init, (len(numbers), target.size))
        return cls(
            kernel=kernel,
            target=target,
            machine=machine,
            draws=draws,
            chains=numbers,
            warmup=warmup,
            thin=thin,
            batch_size=batch_size,
            replacement=replacement,
            init=start,
            seed=seed,
        )

    @property
    def steps(self) -> int:
        """Steps of the whole run, counted once for each group of neighbouring chains."""
        return (self.warmup + self.draws * self.thin) * len(list(_groups(self.chains)))

    def run(self, advance: Advance) -> Run:
        """Do it; `advance` hears of progress and may raise to stop."""
        begin = time.perf_counter()
        with context(nan="error"):  # not the caller's: its formats say all other modes
            groups = [self._run_group(group, advance) for group in _groups(self.chains)]
        weights = [len(group) for group in _groups(self.chains)]
        stats = {
            name: np.average([part[1][name] for part in groups], axis=0, weights=weights)
            for name in STATS
        }
        return Run(
            draws=np.concatenate([part[0] for part in groups]),
            format=self.kernel.formats(self.machine)["accumulator"].bare(),
            names=self.target.names,
            chains=self.chains,
            stats=stats,
            kernel=self.kernel,
            machine=self.machine,
            seed=self.seed,
            seconds=time.perf_counter() - begin,
        )

    def _run_group(
        self, group: range, advance: Advance
    ) -> tuple[npt.NDArray[np.float32], dict[str, npt.NDArray[np.float64]]]:
        """Run chains with consecutive numbers: their elements are one piece of the key's."""
        first = group[0] * self.target.size
        places = [self.chains.index(chain) for chain in group]
        kept = np.empty((len(group), self.draws, self.target.size), np.float32)
        stats = {name: np.zeros(self.draws) for name in STATS}
        for step, state, info in self._steps(self.init[places], first, advance):
            draw, phase = divmod(step - self.warmup, self.thin)
            if step < self.warmup:
                continue
            for name in STATS[:3]:
                stats[name][draw] += getattr(info, name) / (info.count * self.thin)
            if phase == self.thin - 1:
                kept[:, draw] = state.params
                stats["effective_temperature"][draw] = info.effective_temperature
        return kept, stats

    def _steps(
        self, init: npt.NDArray[np.float32], first: int, advance: Advance
    ) -> Iterator[tuple[int, State, StepInfo]]:
        """Every step's number, state and info."""
        key = Key(self.seed)
        target = self.target.on(self.machine, key.fold_in("input"))
        batches = self.batch_size, self.replacement
        evaluate = Evaluation(target, self.machine, key.at(0, first=first), *batches)
        state = self.kernel.init(init, evaluate, key.at(0, first=first))
        steps = self.warmup + self.draws * self.thin
        for step in range(steps):
            step_key = key.at(step, first=first)
            state, info = self.kernel.step(
                state,
                Evaluation(target, self.machine, step_key, *batches),
                step_size=at_step(self.kernel.step_size, step, "step_size"),
                temperature=at_step(self.kernel.temperature, step, "temperature"),
                key=step_key,
            )
            yield step, state, info
            if (step + 1) % STEPS_BETWEEN_REPORTS == 0:
                advance(STEPS_BETWEEN_REPORTS)
        advance(steps % STEPS_BETWEEN_REPORTS)


def _check_count(name: str, value: object, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        raise SamplerError(f"{name}: a whole number >= {least} is allowed; got {value!r}")


def _chain_numbers(chains: int | Sequence[int]) -> tuple[int, ...]:
    if not isinstance(chains, Iterable):
        _check_count("chains", chains, 1)
        return tuple(range(chains))
    numbers = tuple(chains)
    for number in numbers:
        _check_count("chains", number, 0)
    if not numbers or len(set(numbers)) != len(numbers):
        raise SamplerError(
            f"chains: a count, or distinct chain numbers, are allowed; got {list(numbers)}"
        )
    return numbers


def _start(init: npt.ArrayLike | None, shape: tuple[int, int]) -> npt.NDArray[np.float32]:
    try:
        start = np.broadcast_to(np.asarray(0.0 if init is None else init, np.float32), shape)
    except (TypeError, ValueError) as error:
        raise SamplerError(
            f"init: numbers that broadcast to {shape} are allowed; {error}"
        ) from error
    if not np.isfinite(start).all():
        raise SamplerError("init: finite numbers are allowed; got NaN or infinity")
    return np.ascontiguousarray(start)


def _groups(chains: Sequence[int]) -> Iterator[range]:
    """Runs of consecutive chain numbers, in the order given.

    >>> list(_groups([0, 1, 5]))
    [range(0, 2), range(5, 6)]
    """
    begin = 0
    for i in range(1, len(chains) + 1):
        if i == len(chains) or chains[i] != chains[i - 1] + 1:
            yield range(chains[begin], chains[i - 1] + 1)
            begin = i
