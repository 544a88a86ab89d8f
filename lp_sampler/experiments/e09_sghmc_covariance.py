"""Variance-corrected SGHMC needs the covariance of momentum and position.

Drawn independently, as published, both have their own variance and the chain is far too cold:
worse than naive rounding.  Drawn jointly it is as full precision is, on fine grids exactly: there
the stationary covariance is that of the 2 x 2 linear system, with the gradient's rounding in it.
"""

from __future__ import annotations

import numpy as np

from .._numfmt import Machine
from .._ornstein_uhlenbeck import ornstein_uhlenbeck
from .._progress import Advance
from ..kernels import SGHMC
from ..targets import Gaussian
from ._experiment import Check, Experiment
from ._gaussian import (
    Array,
    fixed_machine,
    hamiltonian_step,
    last_draws,
    stationary_covariance,
    w2_to_normal,
    z_of_variance,
)

FRICTION, INVERSE_MASS = 3.0, 2.0
LIMITS = {  # (fraction bits, step) -> accumulator -> least and largest distance to N(0, 1)
    (3, 0.1): {"joint": (0, 0.055), "vc": (0.09, np.inf), "naive": (0.035, 0.06)},
    (5, 0.2): {"joint": (0, 0.045), "vc": (0.12, np.inf)},
}
FINE, FINE_STEPS = 10, (0.1, 0.3)
RELAXATIONS = 6
CHAINS, SHORT_CHAINS = 100_000, 5000
NOISE = 2.0
"""Standard errors 1 / sqrt(2 draws) of the width that the short form's limits are wider by."""


def run(short: bool, advance: Advance) -> list[Check]:
    """Distances of three accumulators on coarse grids; the exact law on a fine one."""
    chains = SHORT_CHAINS if short else CHAINS
    checks = []
    for (bits, step), limits in LIMITS.items():
        for accumulator, (low, high) in limits.items():
            draws = _draws(step, accumulator, fixed_machine(bits), chains, advance)
            margin = NOISE / np.sqrt(2 * draws.size) if short else 0.0
            what = f"W2 of {accumulator}, {bits} fraction bits, step {step}"
            checks.append(Check(what, w2_to_normal(draws), low - margin, high + margin))
    for step in FINE_STEPS:
        draws = _draws(step, "joint", fixed_machine(FINE), chains, advance)
        score = z_of_variance(draws, _exact(step))
        checks.append(Check.z(f"joint, {FINE} fraction bits, step {step}: variance", score))
    return checks


def _draws(step: float, accumulator: str, machine: Machine, chains: int, advance: Advance) -> Array:
    kernel = SGHMC(step, 1.0, accumulator, friction=FRICTION, inverse_mass=INVERSE_MASS)
    return last_draws(kernel, Gaussian(), machine, chains, round(RELAXATIONS / step), advance)


def _exact(step: float) -> float:
    """The position's variance where every step has the asked-for moments; the gradient is rounded
    stochastically, with a variance of gap**2 / 6 on average.
    """
    one = ornstein_uhlenbeck(step, FRICTION, INVERSE_MASS, 1.0)
    step_matrix, noise = hamiltonian_step(one, gradient_variance=4.0**-FINE / 6)
    return float(stationary_covariance(step_matrix, noise)[1, 1])


EXPERIMENT = Experiment("E9", "SGHMC: joint against independent variance correction", run)
