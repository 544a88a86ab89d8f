"""The main job: Bayesian logistic regression on breast-cancer data, on several machines.

The slowest direction relaxes in 1 / step_size = 5,000 steps, so that the full run keeps 12
relaxation times and the quick one 2.4.  Predictive scores (NLL, accuracy) barely move between
samplers that are right and samplers that are far too hot: they alone do not detect broken sampling.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from .._comparison import Row
from .._errors import MissingPackage
from ..kernels import SGLD
from ..targets import LogisticRegression

MACHINES = ("float32", "fixed8", "fixed8f4", "e4m3fn", "posit<8,1>")
ACCUMULATORS = ("full", "naive", "naive_nearest", "vc")
TRAINING_ROWS = 398
KERNEL = SGLD(step_size=2e-4)
FULL: dict[str, Any] = {"draws": 3000, "chains": 64, "warmup": 20_000, "thin": 20}
QUICK: dict[str, Any] = {"draws": 600, "chains": 16, "warmup": 6000, "thin": 20}
RIGHT = {"std_ratio": (0.97, 1.03)}
LIMITS: dict[tuple[str, str], dict[str, tuple[float, float]]] = {
    ("fixed8", "full"): {**RIGHT, "w2_sigma": (0, 0.08)},
    ("fixed8", "vc"): {**RIGHT, "w2_sigma": (0, 0.10)},
    ("fixed8", "naive"): {"std_ratio": (2.1, np.inf), "w2_sigma": (1.2, np.inf)},
    ("fixed8f4", "full"): {**RIGHT, "w2_sigma": (0, 0.08)},
    ("fixed8f4", "vc"): {**RIGHT, "w2_sigma": (0, 0.10)},
    ("fixed8f4", "naive"): {"std_ratio": (1.5, 1.7), "w2_sigma": (0.55, np.inf)},
}
"""What the full run's rows must satisfy: machine and accumulator -> column -> lowest, highest."""


def target() -> LogisticRegression:
    """Standardised inputs and an intercept: 31 parameters, prior N(0, 1) on each; 398 rows train,
    171 test.
    """
    try:
        from sklearn.datasets import load_breast_cancer
    except ModuleNotFoundError as error:
        raise MissingPackage("the breast-cancer data", "scikit-learn") from error
    data = load_breast_cancer()
    order = np.random.default_rng(0).permutation(len(data.target))
    inputs, labels = data.data[order], data.target[order]
    train = inputs[:TRAINING_ROWS]
    inputs = (inputs - train.mean(axis=0)) / train.std(axis=0)
    inputs = np.column_stack([inputs, np.ones(len(inputs))])
    return LogisticRegression(
        inputs[:TRAINING_ROWS],
        labels[:TRAINING_ROWS],
        prior_scale=1.0,
        names=[*map(str, data.feature_names), "intercept"],
        test=(inputs[TRAINING_ROWS:], labels[TRAINING_ROWS:]),
    )


def missed(rows: Iterable[Row], errors: float = 0) -> list[str]:
    """The limits that the rows miss, each widened by that many standard errors of its row.

    A mean distance between draws of one law is never 0, and varies by less than half its mean.
    """
    found = []
    for row in rows:
        error = {"std_ratio": row.std_ratio_error, "w2_sigma": row.w2_sigma_noise / 2}
        for name, (low, high) in LIMITS.get((row.machine, row.accumulator), {}).items():
            value, margin = getattr(row, name), errors * error[name]
            if not low - margin <= value <= high + margin:
                found.append(f"{row.machine} {row.accumulator}: {name} {value:.3f}")
    return found
