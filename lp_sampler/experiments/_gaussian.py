"""What experiments on a standard normal target share: exact laws of linear chains, distances."""

from __future__ import annotations

from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt

from .. import diagnostics
from .._machines import find_machine
from .._numfmt import Machine, machine
from .._ornstein_uhlenbeck import OrnsteinUhlenbeck
from .._plan import Plan
from .._progress import Advance
from .._sample import run_in_memory
from ..kernels import Kernel
from ..targets import Target

Array = npt.NDArray[Any]
Matrix = npt.NDArray[np.float64]

QUANTILES = 20_000


def stationary_covariance(step: Matrix, noise: Matrix) -> Matrix:
    """S = step S step' + noise.

    >>> stationary_covariance(np.array([[0.5]]), np.array([[3.0]]))
    array([[4.]])
    """
    size = len(step)
    system = np.eye(size * size) - np.kron(step, step)
    return np.asarray(np.linalg.solve(system, noise.ravel()).reshape(size, size))


def hamiltonian_step(
    one: OrnsteinUhlenbeck, gradient_variance: float = 0.0, sign: int = 1
) -> tuple[Matrix, Matrix]:
    """SGHMC's recursion of momentum and position on N(0, 1): its matrix and its noise; `sign` -1 is
    the published formula's.
    """
    push = np.array([one.kick, sign * one.push])
    step = np.array([[one.decay, 0.0], [one.drift, 1.0]]) - np.outer(push, [0.0, 1.0])
    noise = np.array(
        [[one.momentum_variance, one.covariance], [one.covariance, one.position_variance]]
    )
    return step, noise + gradient_variance * np.outer(push, push)


def w2_to_normal(draws: Array) -> float:
    """The 2-Wasserstein distance of all draws to N(0, 1), by its quantiles."""
    places = (np.arange(QUANTILES) + 0.5) / QUANTILES
    quantiles = [NormalDist().inv_cdf(place) for place in places]
    return diagnostics.wasserstein2(draws, quantiles)


def z_of_variance(draws: Array, variance: float) -> float:
    """How many standard errors the mean square of independent normal draws of mean 0 is off."""
    square = np.mean(np.asarray(draws, np.float64) ** 2)
    return float((square / variance - 1) / np.sqrt(2 / draws.size))


def fixed_machine(fraction_bits: int, whole_bits: int = 5) -> Machine:
    """Weights, momenta, accumulators and gradients on one grid, rounded stochastically."""
    format = f"fixed<{whole_bits + fraction_bits},{fraction_bits}>"
    return machine("fixed8").replace(weight=format, gradient=format, accumulator=format)


def last_draws(
    kernel: Kernel,
    target: Target,
    machine: str | Machine,
    chains: int,
    steps: int,
    advance: Advance,
) -> Array:
    """Where so many chains from 0 are after so many steps: independent draws, and stationary ones
    where the steps are several relaxation times.
    """
    plan = Plan.checked(
        kernel,
        target,
        find_machine(machine),
        draws=1,
        chains=chains,
        warmup=steps - 1,
        thin=1,
        batch_size=None,
        init=None,
        seed=0,
    )
    return run_in_memory(plan, advance).draws
