"""SGHMC moves the position down the energy's gradient: the published formula has the other sign.

With inverse mass 2 and friction 3 on N(0, 1) the exact stationary law of either chain is a 2 x 2
linear system.  At a step of 0.1 the right sign is 0.017 too wide, the other one 0.224; both errors
vanish with the step, the right one faster.
"""

from __future__ import annotations

import numpy as np

from .._ornstein_uhlenbeck import ornstein_uhlenbeck
from .._progress import Advance
from ..kernels import SGHMC
from ..targets import Gaussian
from ._experiment import Check, Experiment
from ._gaussian import hamiltonian_step, last_draws, stationary_covariance, w2_to_normal
from ._gaussian import z_of_variance as z

FRICTION, INVERSE_MASS = 3.0, 2.0
STEP, OTHER_STEPS = 0.1, (0.05, 0.2)
RIGHT, WRONG = 0.03, 0.18
RELAXATIONS = 6
"""Of the slower direction, whose rate is 1: what is left of the start is e**-12 of a variance."""
CHAINS, SHORT_CHAINS = 40_000, 4000
NOISE = 2.0
"""Standard errors 1 / sqrt(2 draws) of the width that the short form's limits are wider by."""


def run(short: bool, advance: Advance) -> list[Check]:
    """The sampler's distance, the other sign's exact one, and agreement with the exact laws."""
    chains = SHORT_CHAINS if short else CHAINS
    checks = []
    for step in (STEP, *OTHER_STEPS):
        kernel = SGHMC(step, 1.0, "full", friction=FRICTION, inverse_mass=INVERSE_MASS)
        steps = round(RELAXATIONS / step)
        draws = last_draws(kernel, Gaussian(), "float32", chains, steps, advance)
        exact = _variance(step, 1)
        checks.append(Check.z(f"step {step}: variance against the exact law", z(draws, exact)))
        if step == STEP:
            margin = NOISE / np.sqrt(2 * draws.size) if short else 0.0
            checks.append(Check(f"step {step}: W2", w2_to_normal(draws), 0, RIGHT + margin))
    wrong = np.sqrt(_variance(STEP, -1)) - 1
    checks.append(Check(f"step {STEP}: W2 of the published sign, exact", wrong, WRONG, np.inf))
    ratio = wrong / (np.sqrt(_variance(STEP, 1)) - 1)
    checks.append(Check("error of the published sign / the right one's, exact", ratio, 10, np.inf))
    return checks


def _variance(step: float, sign: int) -> float:
    """Of the position, in the chain's exact stationary law."""
    one = ornstein_uhlenbeck(step, FRICTION, INVERSE_MASS, 1.0)
    return float(stationary_covariance(*hamiltonian_step(one, sign=sign))[1, 1])


EXPERIMENT = Experiment("E8", "SGHMC: the sign of the gradient in the position's step", run)
