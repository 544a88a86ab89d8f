"""E2: how wide a naive chain becomes as the step size vanishes."""

from __future__ import annotations

import math

from .._errors import MissingPackage
from .._progress import Advance
from ._chain_laws import stationary
from ._experiment import Check, Experiment

STEP_SIZE, GAP, EXACT = 1e-5, 1 / 8, 4.7020


def run(short: bool, advance: Advance) -> list[Check]:
    """The exact stationary standard deviation, and its closed form for noise far below the gap."""
    try:
        from . import _gaussian_toy as toy
    except ModuleNotFoundError as error:
        raise MissingPackage("the exact law of a chain", "scipy") from error
    law = stationary(toy.transition(STEP_SIZE, "naive"))
    exact = toy.standard_deviation(law)
    closed = math.sqrt(GAP * math.sqrt(2 / math.pi) / math.sqrt(2 * STEP_SIZE))
    return [
        Check("exact std of naive at step 1e-5", exact, EXACT - 5e-5, EXACT + 5e-5),
        Check("closed form / exact", closed / exact, 0.995, 1.005),
    ]


EXPERIMENT = Experiment("E2", "naive rounding: the closed form of its width", run)
