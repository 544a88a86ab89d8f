"""E22: the speed of variance-corrected sampling on the Gaussian toy, on one core.

The chain of E1: gradients with noise, rounded stochastically to the grid that the parameters live
on.  Updates of many chains, and of a single one, are counted over the processor's time; a single
chain is also made step by step by PyTorch and QPyTorch, where they are installed, in turn with the
library's own.
"""

from __future__ import annotations

import math
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from .._numfmt import Key, instruction_set, sampler_walk
from .._progress import Advance
from ._experiment import Check, Experiment

STEP_SIZE, GRADIENT_NOISE, WORD, FRACTION = 1e-3, 0.1, 8, 3
FORMATS = {
    "gradient": f"fixed<{WORD},{FRACTION},rounding=stochastic>",
    "accumulator": f"fixed<{WORD},{FRACTION}>",
}
LEAST = {"avx512": (2.5e8, 4e7), "avx2": (8.3e7, 1.3e7)}
"""Updates a second of 1,024 chains and of one, by instruction set; others have no limit."""
CHAINS, LEAST_RATIO = 1024, 1000.0
ROUNDS, SHORT_ROUNDS = 5, 2
PATIENCE = 180  # seconds


def run(short: bool, advance: Advance) -> list[Check]:
    """The best of several rounds, in each of which everything is measured once."""
    steps, slow_steps = (200, 500) if short else (2000, 10_000)
    peer = None if short else per_step_chain()
    rates: dict[str, list[float]] = {}
    for _ in range(SHORT_ROUNDS if short else ROUNDS):
        rates.setdefault("many", []).append(walked(CHAINS, steps))
        rates.setdefault("one", []).append(walked(1, 100 * steps))
        if peer is not None:
            rates.setdefault("peer", []).append(rate(lambda: peer(slow_steps), slow_steps))
        advance(101 * steps)
    best = {name: max(found) for name, found in rates.items()}
    return checks(best, limited=not short)


def checks(best: dict[str, float], *, limited: bool) -> list[Check]:
    """What the rates are held against; a ratio where there is something to compare with.  The short
    form measures without limits: another process beside it would fail them.
    """
    on = instruction_set()
    least = LEAST.get(on, (0.0, 0.0)) if limited else (0.0, 0.0)
    found = [
        Check(f"updates/s of {CHAINS:,} chains, {on}", best["many"], least[0], math.inf),
        Check(f"updates/s of one chain, {on}", best["one"], least[1], math.inf),
    ]
    if "peer" not in best:
        missing = "a PyTorch + QPyTorch loop: not measured (long form, where both are installed)"
        return [*found, Check(missing, 0.0, 0.0, math.inf)]
    ratio = best["one"] / best["peer"]
    found.append(Check("updates/s of a PyTorch + QPyTorch loop", best["peer"], 0.0, math.inf))
    most = LEAST_RATIO if limited else 0.0
    return [*found, Check("updates/s of one chain, times that loop's", ratio, most, math.inf)]


def rate(work: Callable[[], Any], updates: int) -> float:
    """Updates a second of this thread's processor time."""
    begin = time.thread_time()
    work()
    return updates / (time.thread_time() - begin)


def walked(chains: int, steps: int) -> float:
    """Updates a second of so many chains."""
    start, key = np.zeros((chains, 1), np.float32), Key(22)
    common = start, 1.0, 0.0, STEP_SIZE, 2 * STEP_SIZE, FORMATS, "vc"
    return rate(
        lambda: sampler_walk(*common, key=key, thin=steps, gradient_noise=GRADIENT_NOISE),
        chains * steps,
    )


def is_there() -> bool:
    """Can QPyTorch be imported, whose C++ is compiled the first time?  Tried where it can be
    stopped: a build that another one has left locked never ends.
    """
    command = [sys.executable, "-c", "import qtorch.quant"]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=PATIENCE)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        return False
    return True


def per_step_chain() -> Callable[[int], float] | None:
    """A chain of one parameter, step by step as published code makes it; None where PyTorch or
    QPyTorch cannot be imported.
    """
    if not is_there():
        return None
    import torch
    from qtorch.quant import fixed_point_quantize

    gap, end = 2.0**-FRACTION, 2.0 ** (WORD - FRACTION - 1)

    def rounded(x: Any) -> Any:
        return fixed_point_quantize(x, wl=WORD, fl=FRACTION, rounding="stochastic")

    def steps(count: int) -> float:
        torch.manual_seed(1)
        theta = torch.zeros(1)
        for _ in range(count):
            gradient = rounded(-theta + GRADIENT_NOISE * torch.randn(1))
            mean = theta + STEP_SIZE * gradient
            point = rounded(mean)
            share = (mean - point).abs()
            spare = torch.clamp(2 * STEP_SIZE - share * (gap - share), min=0)
            drawn, probability = torch.rand(1), spare / (2 * gap * gap)
            step = (drawn < probability).float() - (drawn > 1 - probability).float()
            theta = torch.clamp(point + gap * step, -end, end - gap)
        return float(theta)

    return steps


EXPERIMENT = Experiment("E22", "speed: updates of variance-corrected chains a second", run)
