"""What the command `compare` runs: the main job, or a table of the user's own."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from ._curvature import curvature
from ._data import target_from_csv
from ._errors import SamplerError
from .kernels import SGLD, Kernel
from .reference import MALA
from .targets import Target

DRAWS, CHAINS = {True: 600, False: 3000}, {True: 16, False: 64}
RELAXATIONS = {True: 3.0, False: 12.0}
"""Relaxation times that a quick run and a full one keep."""


@dataclasses.dataclass(frozen=True)
class Job:
    """Arguments of `compare`; a sweep has `machine` in place of machines."""

    kernel: Kernel
    target: Target
    reference: MALA | None
    settings: dict[str, Any]
    machines: tuple[str, ...]
    accumulators: tuple[str, ...]


def main_job(quick: bool, given: dict[str, Any]) -> Job:
    """Logistic regression on scikit-learn's breast-cancer data."""
    from .experiments import breast_cancer as job

    settings = {**(job.QUICK if quick else job.FULL), **_kept(given)}
    kernel = job.KERNEL
    if given.get("step_size") is not None:
        kernel = dataclasses.replace(kernel, step_size=given["step_size"])
    return Job(kernel, job.target(), None, settings, job.MACHINES, job.ACCUMULATORS)


def data_job(
    quick: bool,
    given: dict[str, Any],
    path: Path,
    label: str | None,
    target: str,
    prior_scale: float,
    test_fraction: float,
) -> Job:
    """A regression on a CSV file; the step size, the lengths and the reference fit its curvature
    where they are not given.
    """
    from .experiments import breast_cancer

    if label is None:
        raise SamplerError("--label: the column to predict is needed with --data")
    table = target_from_csv(
        path,
        label,
        target,
        prior_scale=prior_scale,
        test_fraction=test_fraction,
        seed=given["seed"],
    )
    settings = {"draws": DRAWS[quick], "chains": CHAINS[quick], **_kept(given)}
    found = dataclasses.replace(curvature(table), chosen=given.get("step_size"))
    settings = {**found.lengths(settings["draws"], RELAXATIONS[quick]), **settings}
    return Job(
        SGLD(step_size=found.step_size),
        table,
        found.mala(settings["chains"], given["seed"]),
        settings,
        breast_cancer.MACHINES,
        breast_cancer.ACCUMULATORS,
    )


def _kept(given: dict[str, Any]) -> dict[str, Any]:
    """What was given of `sample`'s keywords."""
    names = ("draws", "chains", "warmup", "thin", "batch_size", "seed")
    return {name: given[name] for name in names if given.get(name) is not None}


def whole_numbers(text: str, option: str) -> list[int]:
    """Numbers and ranges, as "4,6,8" or "2-5".

    >>> whole_numbers("2-4,8", "--widths")
    [2, 3, 4, 8]
    """
    found: list[int] = []
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if not first.isdigit() or (dash and not last.isdigit()):
            raise SamplerError(
                f"{option}: whole numbers and ranges, as 2-5,8, are allowed; got {text!r}"
            )
        found += range(int(first), int(last or first) + 1)
    return found
