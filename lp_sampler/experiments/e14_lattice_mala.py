"""Metropolis tests on a lattice are exact: LASSO posteriors with grid proposals.

With orthonormal columns the posterior is a product of known densities, on the line and on the grid.
Lattice MALA has the grid's moments, whatever its step; the unadjusted chain of the same step is
much too hot.  On the diabetes data, ten correlated columns, its marginals are those of a
full-precision reference.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import diagnostics
from .._errors import MissingPackage
from .._machines import find_machine
from .._numfmt import Machine, machine
from .._plan import Plan
from .._progress import Advance
from .._sample import run_in_memory
from ..kernels import RMLD, SGLD, Kernel, LatticeMALA
from ..reference import MALA
from ..targets import Lasso, Target
from ._experiment import Check, Experiment

Array = np.ndarray[Any, Any]

STEP, GAP_BITS = 0.1, 4
NOISE_SCALE, PENALTY = 0.5, 3.0
LABELS = (1.0, 0.3, -0.1, 0.0)
MEAN_ERROR, VARIANCE_ERROR, TOO_HOT = 0.005, 0.02, 1.0
CHAINS, SHORT_CHAINS = 800, 300
DRAWS, SHORT_DRAWS = 40, 10
DIABETES = {"chains": 64, "warmup": 500, "draws": 400, "thin": 5}
SHORT_DIABETES = {"chains": 32, "warmup": 200, "draws": 40, "thin": 5}
DIABETES_STEP, DIABETES_NOISE, DIABETES_PENALTY = 0.05, 0.7, 2.0


def run(short: bool, advance: Advance) -> list[Check]:
    """Moments against the grid's, the unadjusted chain's, and the diabetes marginals."""
    return [*_closed_form(short, advance), *_diabetes(short, advance)]


def _closed_form(short: bool, advance: Advance) -> list[Check]:
    columns = np.linalg.qr(np.random.default_rng(0).normal(size=(len(LABELS), len(LABELS))))[0]
    target = Lasso(columns, columns @ LABELS, NOISE_SCALE, PENALTY)
    on, checks = _grid_machine(8, GAP_BITS), []
    length = {"draws": SHORT_DRAWS if short else DRAWS, "warmup": 50, "thin": 5}
    chains = SHORT_CHAINS if short else CHAINS
    for kernel in (LatticeMALA(STEP), *(() if short else (LatticeMALA(STEP / 4), RMLD(STEP)))):
        name = f"{type(kernel).__name__}, step {kernel.step_size:g}"
        draws = _draws(kernel, target, on, chains, length, advance)
        checks += _moments(name, draws, target, short)
    hot = _draws(SGLD(STEP, 1.0, "full"), target, machine("float32"), chains, length, advance)
    known = target.known_moments()
    assert known is not None
    excess = hot.var(axis=(0, 1), dtype=np.float64) / known[1] - 1
    checks.append(Check("unadjusted: variance too large by", float(excess.mean()), TOO_HOT, np.inf))
    return checks


def _moments(name: str, draws: Array, target: Lasso, short: bool) -> list[Check]:
    """Largest errors of means and variances of the grid's law, and their z-scores."""
    means, variances = _grid_moments(target)
    values = draws.astype(np.float64)
    squares = (values - means) ** 2
    scores = [_z(values, means), _z(squares, variances)]
    wider = [_error(values), _error(squares / variances)] if short else [0.0, 0.0]
    return [
        Check(f"{name}: largest z of a mean", float(np.abs(scores[0]).max()), 0, 4),
        Check(f"{name}: largest z of a variance", float(np.abs(scores[1]).max()), 0, 4),
        Check(
            f"{name}: mean error of the means",
            float(np.abs(values.mean(axis=(0, 1)) - means).mean()),
            0,
            MEAN_ERROR + wider[0],
        ),
        Check(
            f"{name}: mean error of the variances",
            float(np.abs(squares.mean(axis=(0, 1)) / variances - 1).mean()),
            0,
            VARIANCE_ERROR + wider[1],
        ),
    ]


def _z(values: Array, expected: Array) -> Array:
    """Of the means over chains, which are independent, in each parameter."""
    by_chain = values.mean(axis=1)
    error = by_chain.std(axis=0) / np.sqrt(len(by_chain))
    return np.asarray((by_chain.mean(axis=0) - expected) / error)


def _error(values: Array) -> float:
    """Mean standard error over the parameters."""
    by_chain = values.mean(axis=1)
    return float((by_chain.std(axis=0) / np.sqrt(len(by_chain))).mean())


def _grid_moments(target: Lasso) -> tuple[Array, Array]:
    """Mean and variance of each parameter of the target on the grid: columns are orthonormal, so
    that parameters are independent.
    """
    points = np.arange(-128, 128) / 2.0**GAP_BITS
    logs = -((points - np.array(LABELS)[:, None]) ** 2) / (2 * target.noise_scale**2)
    weights = np.exp(logs - target.penalty * np.abs(points))
    weights /= weights.sum(axis=1, keepdims=True)
    means = weights @ points
    return means, (weights * (points - means[:, None]) ** 2).sum(axis=1)


def _diabetes(short: bool, advance: Advance) -> list[Check]:
    """Marginals of the ten coefficients against a long float64 chain."""
    target = _diabetes_target()
    settings = SHORT_DIABETES if short else DIABETES
    length: dict[str, Any] = {name: settings[name] for name in ("draws", "warmup", "thin")}
    on = _grid_machine(13, 5)
    kernel = RMLD(DIABETES_STEP)
    draws = _draws(kernel, target, on, settings["chains"], length, advance)
    steps = settings["warmup"] + settings["draws"] * settings["thin"]
    reference = MALA(
        step_size=DIABETES_STEP,
        steps=steps,
        warmup=settings["warmup"],
        thin=settings["thin"],
        langevin_steps=200,
        langevin_step_size=DIABETES_STEP / 10,
        chains=settings["chains"],
    ).run(target, advance)
    noise = diagnostics.w2_sigma_noise(draws, reference.draws) if short else 0.0
    return [
        Check(
            "diabetes: mean marginal W2 / sigma",
            diagnostics.w2_sigma(draws, reference.draws),
            0,
            0.05 + 2 * noise,
        )
    ]


def _diabetes_target() -> Lasso:
    try:
        from sklearn.datasets import load_diabetes
    except ModuleNotFoundError as error:
        raise MissingPackage("the diabetes data", "scikit-learn") from error
    data = load_diabetes()
    labels = (data.target - data.target.mean()) / data.target.std()
    return Lasso(data.data, labels, DIABETES_NOISE, DIABETES_PENALTY)


def _grid_machine(width: int, fraction_bits: int) -> Machine:
    """Weights and accumulators on one grid, everything else in float32."""
    format = f"fixed<{width},{fraction_bits}>"
    return machine("float32").replace(weight=format, accumulator=format)


def _draws(
    kernel: Kernel,
    target: Target,
    on: Machine,
    chains: int,
    length: dict[str, Any],
    advance: Advance,
) -> Array:
    """Of a run in memory from 0."""
    plan = Plan.checked(
        kernel,
        target,
        find_machine(on),
        chains=chains,
        batch_size=None,
        init=None,
        seed=0,
        **length,
    )
    return run_in_memory(plan, advance).draws


EXPERIMENT = Experiment("E14", "Metropolis tests on a lattice: LASSO posteriors", run)
