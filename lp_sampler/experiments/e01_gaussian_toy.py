"""E1: the Gaussian toy, whose chain of 256 states has an exactly known law."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .._errors import MissingPackage
from .._progress import Advance
from .._sample import sample
from ..kernels import SGLD
from ..targets import Gaussian
from ._chain_laws import after, moment_z, stationary
from ._experiment import Check, Experiment, quiet

Array = npt.NDArray[Any]

EXACT = {  # (step size, accumulator): standard deviation, distance W2 to N(0, 1)
    (1e-2, "naive"): (1.0658, 0.0745),
    (1e-2, "naive_nearest"): (1.0347, 0.0496),
    (1e-2, "vc"): (1.0025, 0.0361),
    (2e-3, "naive"): (1.2846, 0.2864),
    (2e-3, "naive_nearest"): (1.1470, 0.1508),
    (2e-3, "vc"): (1.0005, 0.0361),
    (1e-3, "naive"): (1.4967, 0.4976),
    (1e-3, "naive_nearest"): (1.2290, 0.2313),
    (1e-3, "vc"): (1.0003, 0.0361),
    (1e-4, "naive"): (2.6559, 1.6560),
    (1e-4, "naive_nearest"): (1.3822, 0.3834),
    (1e-4, "vc"): (1.0000, 0.0361),
    (1e-5, "naive"): (4.7020, 3.7021),
    (1e-5, "vc"): (1.0000, 0.0361),
}
LAST_DIGIT = 0.00005 * 1.001
STEPS = {1e-2: 400, 2e-3: 1000, 1e-3: 1000, 1e-4: 2000, 1e-5: 2000}
SHORT = ((1e-2, "naive"), (1e-2, "naive_nearest"), (1e-3, "vc"), (1e-5, "vc"))
CHAINS, MACHINE = 4096, "fixed<8,3>"


def run(short: bool, advance: Advance) -> list[Check]:
    """The exact laws, and simulations that must agree with them by z-score."""
    try:
        from . import _gaussian_toy as toy
    except ModuleNotFoundError as error:
        raise MissingPackage("the exact law of a chain", "scipy") from error
    checks = []
    for step_size, accumulator in SHORT if short else EXACT:
        name = f"step {step_size:g}, {accumulator}"
        matrix = toy.transition(step_size, accumulator)
        law = stationary(matrix)
        found = toy.standard_deviation(law), toy.distance_to_standard_normal(law)
        for what, value, known in zip(
            ("std", "W2"), found, EXACT[step_size, accumulator], strict=True
        ):
            low, high = known - LAST_DIGIT, known + LAST_DIGIT
            checks.append(Check(f"{name}: exact {what}", value, low, high))
        checks += moments(name, matrix, step_size, accumulator)
        advance(STEPS[step_size])
    return [*checks, *frozen()]


def moments(name: str, matrix: Array, step_size: float, accumulator: str) -> list[Check]:
    """z-scores of the chains' first two moments after the steps of STEPS from 0, against the law
    that they must have reached.
    """
    from . import _gaussian_toy as toy

    with quiet():
        run = sample(
            SGLD(step_size=step_size, accumulator=accumulator),
            Gaussian(gradient_noise=toy.GRADIENT_NOISE),
            MACHINE,
            chains=CHAINS,
            draws=1,
            warmup=STEPS[step_size] - 1,
            thin=1,
            seed=1,
            progress=False,
        )
    draws, start = np.asarray(run.draws), int(np.searchsorted(toy.GRID, 0))
    law = after(matrix, start, STEPS[step_size])
    return [
        Check.z(f"{name}: simulated moment 1", moment_z(draws, law, toy.GRID, lambda x: x)),
        Check.z(f"{name}: simulated moment 2", moment_z(draws, law, toy.GRID, np.square)),
    ]


def frozen() -> list[Check]:
    """Naive rounding to nearest with steps far below the gap: nothing moves, and the run tells."""
    kernel = SGLD(step_size=1e-5, accumulator="naive_nearest")
    keywords: dict[str, Any] = {"chains": 64, "draws": 100, "warmup": 0, "thin": 1}
    with quiet():
        run = sample(
            kernel, Gaussian(gradient_noise=0.1), MACHINE, init=1.0, progress=False, **keywords
        )
    name = "step 1e-05, naive_nearest"
    return [
        Check(f"{name}: std", float(np.std(np.asarray(run.draws))), 0, 0),
        Check(f"{name}: fraction flagged as frozen", float(run.frozen.mean()), 1, 1),
    ]


EXPERIMENT = Experiment("E1", "Gaussian toy: naive diverges as the step falls, vc does not", run)
