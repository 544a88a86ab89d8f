"""The temperature is the variance of a Gaussian target, in every kernel.

The target's law to the power 1 / T is a Gaussian of variance T; steps are small enough that their
own error is near 1%.  Weights have five fraction bits; three for the lattice random walk, whose
noise must not exceed the squared gap.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from .._progress import Advance
from ..kernels import PSGLD, SGHMC, SGLD, CyclicalSGLD, Kernel, LatticeRandomWalk
from ..schedules import Cyclical
from ..targets import Gaussian
from ._experiment import Check, Experiment
from ._gaussian import fixed_machine, last_draws

CYCLES = Cyclical(0.04, cycle=20, exploration=0.5)
HAMILTONIAN = SGHMC(0.05, friction=3.0, inverse_mass=2.0)
KERNELS: dict[str, tuple[Kernel, int]] = {
    "SGLD, full": (SGLD(0.02, accumulator="full"), 150),
    "SGLD, vc": (SGLD(0.02, accumulator="vc"), 150),
    "SGLD, error feedback": (SGLD(0.02, accumulator="error_feedback(bits=6)"), 150),
    "SGLD, blend": (SGLD(0.02, accumulator="blend(rho=1e-5)"), 150),
    "cyclical SGLD, vc": (CyclicalSGLD(CYCLES), 150),
    "preconditioned SGLD, vc": (PSGLD(0.042, decay=1, initial=4.0), 150),
    "SGHMC, full": (dataclasses.replace(HAMILTONIAN, accumulator="full"), 60),
    "SGHMC, joint": (HAMILTONIAN, 60),
    "lattice random walk": (LatticeRandomWalk(3e-3), 900),
}
"""By name: the kernel, and steps from 0 after which less than 0.5% of the variance is missing."""
TEMPERATURES = (0.5, 2.0)
WITHIN = 0.05
CHAINS, SHORT_CHAINS = 20_000, 2000
NOISE = 3.0
"""Standard errors sqrt(2 / draws) of a variance that the short form's limits are wider by."""


def run(short: bool, advance: Advance) -> list[Check]:
    """The variance over the temperature, at two temperatures."""
    chains = SHORT_CHAINS if short else CHAINS
    within = WITHIN + (NOISE * np.sqrt(2 / chains) if short else 0)
    checks = []
    for name, (kernel, steps) in KERNELS.items():
        machine = fixed_machine(3 if isinstance(kernel, LatticeRandomWalk) else 5)
        for temperature in TEMPERATURES:
            hot = dataclasses.replace(kernel, temperature=temperature)
            draws = last_draws(hot, Gaussian(), machine, chains, steps, advance)
            ratio = float(np.mean(draws.astype(np.float64) ** 2)) / temperature
            what = f"{name}: variance at T = {temperature} / T"
            checks.append(Check(what, ratio, 1 - within, 1 + within))
    return checks


EXPERIMENT = Experiment("E24", "The temperature's meaning, in every kernel", run)
