"""Which arithmetic still samples the posterior?  Machines and accumulators against a reference."""

from __future__ import annotations

import dataclasses
import inspect
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from . import diagnostics
from ._comparison import Comparison, Row
from ._errors import SamplerError
from ._machines import find_machine
from ._numfmt import Format, Machine
from ._plan import Plan, check_is
from ._progress import Steps, progress_bar
from ._run import Run
from ._runner import wait_for
from ._sample import RunTask, sample
from ._workers import Workers
from .accumulators import has_meaning
from .kernels import Kernel
from .reference import MALA, Reference, ReferenceTask
from .targets import Target

NOT_OF_THE_DRAWS = ("progress", "store", "overwrite", "scheduler")
SAMPLE_DEFAULTS: dict[str, Any] = {
    name: parameter.default
    for name, parameter in inspect.signature(sample).parameters.items()
    if parameter.default is not parameter.empty and name not in NOT_OF_THE_DRAWS
}


def compare(
    kernel: Kernel,
    target: Target,
    machines: Sequence[str | os.PathLike[str] | Format | Machine],
    accumulators: Sequence[str],
    *,
    reference: str | MALA = "mala",
    workers: int | None = None,
    progress: bool = True,
    **sample_keywords: Any,
) -> Comparison:
    """Run `kernel` on every machine with every accumulator that has a meaning there, and compare
    the draws.

    `reference` is "mala" or a `MALA` with settings of its own; `sample_keywords` are those of
    `sample`: draws, chains, warmup, thin, batch_size, init, seed.  `workers` processes
    (default: one a processor) never change a result; a target that lives in the caller's main
    script runs there, on threads.  Raises as `sample` does, before anything runs; Ctrl-C stops all
    runs.

    >>> import lp_sampler as lps
    >>> kernel, target = lps.kernels.SGLD(step_size=0.05), lps.targets.Gaussian(size=2)
    >>> mala = lps.MALA(step_size=0.5, steps=500, warmup=100, langevin_steps=0)
    >>> result = lps.compare(
    ...     kernel, target, ["fixed<8,4>"], ["naive", "vc"], reference=mala, draws=500, warmup=100
    ... )
    >>> [row.accumulator for row in result.rows]
    ['naive', 'vc']
    """
    settings = _settings(sample_keywords)
    check_is("kernel", kernel, Kernel)
    for name, values in (("machines", machines), ("accumulators", accumulators)):
        if isinstance(values, str):
            raise SamplerError(f"{name}: a list is needed; got {values!r}")
    found = _distinct([find_machine(one) for one in machines])
    plans = _plans(kernel, target, found, accumulators, settings)
    mala = _reference(reference, len(plans[0].chains), settings["seed"])
    total = mala.all_steps + sum(plan.steps for plan in plans)
    with progress_bar(total, f"{len(plans)} runs, {total:,} steps", shown=progress) as report:
        rows, result = _run_all(
            plans, mala, target, Steps(_locked(report)), workers or os.cpu_count() or 1
        )
    used = tuple(machine for machine in found if machine in {plan.machine for plan in plans})
    return Comparison(tuple(rows), result, target, used, settings)


def _settings(keywords: dict[str, Any]) -> dict[str, Any]:
    for name in keywords:
        if name not in SAMPLE_DEFAULTS:
            raise SamplerError(
                f"compare: unknown argument {name!r}; allowed: {', '.join(SAMPLE_DEFAULTS)}"
            )
    return SAMPLE_DEFAULTS | keywords


def _distinct(machines: Sequence[Machine]) -> tuple[Machine, ...]:
    names = [machine.name for machine in machines]
    if not names or len(set(names)) != len(names):
        raise SamplerError(f"machines: at least one, with distinct names, is needed; got {names}")
    return tuple(machines)


def _plans(
    kernel: Kernel,
    target: Target,
    machines: Sequence[Machine],
    accumulators: Sequence[str],
    settings: dict[str, Any],
) -> list[Plan]:
    if not accumulators or len(set(accumulators)) != len(accumulators):
        raise SamplerError(
            f"accumulators: at least one, each once, is needed; got {list(accumulators)}"
        )
    plans = [
        Plan.checked(dataclasses.replace(kernel, accumulator=name), target, machine, **settings)
        for machine in machines
        for name in accumulators
        if has_meaning(name, machine)
    ]
    if not plans:
        raise SamplerError("accumulators: only 'full' has a meaning on machines that store float32")
    return plans


def _reference(reference: str | MALA, chains: int, seed: int) -> MALA:
    if isinstance(reference, MALA):
        return reference
    if reference != "mala":
        raise SamplerError(f"reference: 'mala' or a MALA is allowed; got {reference!r}")
    return MALA(chains=chains, seed=seed)


def _locked(report: Callable[[int], None]) -> Callable[[int], None]:
    lock = threading.Lock()

    def report_once(steps: int) -> None:
        with lock:
            report(steps)

    return report_once


def _run_all(
    plans: Sequence[Plan], mala: MALA, target: Target, steps: Steps, workers: int
) -> tuple[list[Row], Reference]:
    """The reference first, then every plan, on `workers` processes; results in the plans' order."""
    pool = ThreadPoolExecutor(workers)
    with Workers(workers) as places:
        try:
            reference = pool.submit(places.run, ReferenceTask(mala, target), steps.advance)
            rows = [pool.submit(_row, plan, target, reference, places, steps) for plan in plans]
            wait_for([reference, *rows])
        except BaseException:
            steps.cancel()
            raise
        finally:
            pool.shutdown(cancel_futures=True)
    return [row.result() for row in rows], reference.result()


def _row(
    plan: Plan, target: Target, reference: Future[Reference], places: Workers, steps: Steps
) -> Row:
    run = places.run(RunTask(plan), steps.advance)
    return judge(run, target, reference.result())


def judge(run: Run, target: Target, reference: Reference) -> Row:
    """What a run's draws are worth against the reference's."""
    scores = target.scores(run.draws)
    return Row(
        machine=run.machine.name,
        accumulator=run.kernel.accumulator,
        std_ratio=diagnostics.std_ratio(run.draws, reference.draws),
        w2_sigma=diagnostics.w2_sigma(run.draws, reference.draws),
        nll=scores.get("nll"),
        accuracy=scores.get("accuracy"),
        saturated=float(run.stats["saturated"].mean()),
        infeasible=float(run.stats["infeasible"].mean()),
        frozen=float(run.frozen.mean()),
        seconds=run.seconds,
        std_ratio_error=diagnostics.std_ratio_error(run.draws, reference.draws),
        w2_sigma_noise=diagnostics.w2_sigma_noise(run.draws, reference.draws),
        effective_temperature=float(run.stats["effective_temperature"].mean()),
        relaxations=diagnostics.relaxations(run.draws),
        ratios=diagnostics.standard_deviation(run.draws)
        / diagnostics.standard_deviation(reference.draws),
        draws=thinned(run.draws),
    )


def thinned(draws: Any, most: int = 20_000) -> Any:
    """At most about `most` draws of each parameter, evenly spaced, all chains together: (draws,
    parameters).
    """
    step = max(1, draws.shape[0] * draws.shape[1] // most)
    return draws[:, ::step].reshape(-1, draws.shape[2])
