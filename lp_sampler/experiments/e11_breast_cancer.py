"""E11: Bayesian logistic regression on real data, in 8-bit fixed point."""

from __future__ import annotations

from .._compare import compare
from .._progress import Advance
from . import breast_cancer as main_job
from ._experiment import Check, Experiment, quiet

MACHINES, ACCUMULATORS = ("fixed8f4", "fixed8"), ("full", "naive", "vc")
SHORTER = {"draws": 300, "chains": 32, "warmup": 6_000, "thin": 20}
ERRORS = 4
NLL = 0.01


def run(short: bool, advance: Advance) -> list[Check]:
    """Widths and distances of the posteriors; predictive scores, which do not tell them apart."""
    with quiet():
        comparison = compare(
            main_job.KERNEL,
            main_job.target(),
            MACHINES,
            ACCUMULATORS,
            progress=False,
            **(SHORTER if short else main_job.FULL),
        )
    checks = []
    for row in comparison.rows:
        error = {"std_ratio": row.std_ratio_error, "w2_sigma": row.w2_sigma_noise / 2}
        for name, (low, high) in main_job.LIMITS[row.machine, row.accumulator].items():
            margin = ERRORS * error[name] if short else 0
            what = f"{row.machine}, {row.accumulator}: {name}"
            checks.append(Check(what, getattr(row, name), low - margin, high + margin))
        advance(1)
    for machine in MACHINES:
        found = [row.nll or 0.0 for row in comparison.rows if row.machine == machine]
        checks.append(Check(f"{machine}: spread of the NLL", max(found) - min(found), 0, NLL))
    return checks


EXPERIMENT = Experiment("E11", "breast cancer: which 8-bit arithmetic samples the posterior", run)
