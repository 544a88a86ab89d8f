"""One step of a kernel by itself, for tests."""

from __future__ import annotations

from typing import Any

import numpy as np

import lp_sampler as lps
import numfmt as nf
from lp_sampler._evaluate import Evaluation

FIXED8 = nf.machine("fixed8")


def pushed(slope: float) -> lps.targets.Target:
    """A target whose gradient is the same everywhere."""
    return lps.targets.Custom(
        lambda params, rows: slope * params.sum(axis=1), lambda params, rows: 0 * params + slope, 1
    )


def steps(
    kernel: lps.kernels.Kernel,
    target: lps.targets.Target,
    start: Any,
    *,
    count: int = 1,
    machine: nf.Machine = FIXED8,
    seed: int = 0,
    first: int = 0,
) -> list[tuple[lps.kernels.State, lps.kernels.StepInfo]]:
    """State and info after each of `count` steps from `start` (chains, size)."""
    params, key = np.asarray(start, np.float32), nf.Key(seed).at(0, first=first)
    state = kernel.init(params, Evaluation(target, machine, key), key)
    found = []
    for number in range(count):
        key = nf.Key(seed).at(number, first=first)
        state, info = kernel.step(
            state,
            Evaluation(target, machine, key),
            step_size=lps.schedules.at_step(kernel.step_size, number, "step_size"),
            temperature=lps.schedules.at_step(kernel.temperature, number, "temperature"),
            key=key,
        )
        found.append((state, info))
    return found


def z_mean(sample: Any, mean: float) -> float:
    """How many standard errors the sample's mean is from `mean`."""
    values = np.asarray(sample, np.float64).ravel()
    return float((values.mean() - mean) / (values.std() / np.sqrt(values.size)))


def z_variance(sample: Any, mean: float, variance: float) -> float:
    """How many standard errors the mean squared deviation from `mean` is from `variance`."""
    return z_mean((np.asarray(sample, np.float64) - mean) ** 2, variance)
