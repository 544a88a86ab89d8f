"""Exact laws of the kernels in full precision on a Gaussian target: linear recursions.

z' = A z + noise of covariance Q, for the target N(0, 1 / precision) with Gaussian gradient noise.
The last entry of z is what is drawn.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

import lp_sampler as lps

Matrix = npt.NDArray[np.float64]
Step = tuple[Matrix, Matrix]


@dataclasses.dataclass(frozen=True)
class Law:
    """A kernel of some settings, the arrays of its state that are z, and its recursion."""

    kernel: lps.kernels.Kernel
    arrays: tuple[str, ...]
    step: Callable[[lps.kernels.Kernel, int, float, float], Step]

    def moments(self, steps: int, start: float, precision: float, noise: float) -> Step:
        """Mean and covariance of z after that many steps from `start` (momentum 0)."""
        places = [start * (name in ("params", "weights")) for name in (*self.arrays, "params")]
        mean, covariance = np.asarray(places), np.zeros((len(places),) * 2)
        for number in range(steps):
            a, q = self.step(self.kernel, number, precision, noise)
            mean, covariance = a @ mean, a @ covariance @ a.T + q
        return mean, covariance

    def with_temperature(self, temperature: float) -> Law:
        """The same at another temperature."""
        kernel = dataclasses.replace(self.kernel, temperature=temperature)
        return dataclasses.replace(self, kernel=kernel)


def settings(kernel: Any, step: int) -> tuple[float, float]:
    """Step size and temperature at a step."""
    at_step = lps.schedules.at_step
    return at_step(kernel.step_size, step, "step_size"), at_step(
        kernel.temperature, step, "temperature"
    )


def one(decay: float, variance: float) -> Step:
    """A recursion of one number."""
    return np.array([[decay]]), np.array([[variance]])


def sgld(kernel: Any, step: int, precision: float, noise: float) -> Step:
    """theta' = (1 - a p) theta + a noise + sqrt(2 a T) xi."""
    a, temperature = settings(kernel, step)
    return one(1 - a * precision, 2 * a * temperature + (a * noise) ** 2)


def cyclical(kernel: Any, step: int, precision: float, noise: float) -> Step:
    """The same, without xi while it explores."""
    a, temperature = settings(kernel, step)
    explores = kernel.noise == "sampling" and not kernel.step_size.is_sampling(step)
    return one(1 - a * precision, 2 * a * temperature * (not explores) + (a * noise) ** 2)


def psgld(kernel: Any, step: int, precision: float, noise: float) -> Step:
    """With a constant preconditioner."""
    a, temperature = settings(kernel, step)
    scaled = a / (kernel.damping + np.sqrt(kernel.initial))
    return one(1 - scaled * precision, 2 * scaled * temperature + (scaled * noise) ** 2)


def sghmc(kernel: Any, step: int, precision: float, noise: float) -> Step:
    """Momentum and position, with the plain formulas of the exact integrator."""
    h, temperature = settings(kernel, step)
    g, u = kernel.friction, kernel.inverse_mass
    e, e2 = np.exp(-g * h), np.exp(-2 * g * h)
    push = np.array([u / g * (1 - e), u / g**2 * (g * h - 1 + e)])
    a = np.array([[e, 0], [(1 - e) / g, 1]]) - np.outer(push, [0, precision])
    cross = u / g * (1 - 2 * e + e2)
    q = np.array([[u * (1 - e2), cross], [cross, u / g**2 * (2 * g * h + 4 * e - e2 - 3)]])
    return a, q * temperature + np.outer(push, push) * noise**2


def momentum(kernel: Any, step: int, precision: float, noise: float) -> Step:
    """m' = b m + gradient, theta' = theta + a m'."""
    a, _ = settings(kernel, step)
    b, push = kernel.momentum, np.array([1, a])
    matrix = np.array([[b, 0], [a * b, 1]]) - np.outer(push, [0, precision])
    return matrix, np.outer(push, push) * noise**2


def swalp(kernel: Any, step: int, precision: float, noise: float) -> Step:
    """The weights, and their running mean."""
    a, _ = settings(kernel, step)
    number = step - kernel.start
    share = 1.0 if number <= 0 else 1 / (number // kernel.every + 1)
    share *= not (number > 0 and number % kernel.every)
    decay, push = 1 - a * precision, np.array([1, share]) * a
    matrix = np.array([[decay, 0], [share * decay, 1 - share]])
    return matrix, np.outer(push, push) * noise**2


CYCLES = lps.schedules.Cyclical(0.4, cycle=20, exploration=0.6)
LAWS = {
    "sgld": Law(lps.kernels.SGLD(0.1, 1.0, "full"), (), sgld),
    "cyclical_sgld": Law(lps.kernels.CyclicalSGLD(CYCLES, 1.0, "full", "sampling"), (), cyclical),
    "psgld": Law(lps.kernels.PSGLD(0.3, 1.0, "full", decay=1, initial=4.0), (), psgld),
    "sghmc": Law(
        lps.kernels.SGHMC(0.25, 1.0, "full", friction=3.0, inverse_mass=2.0), ("momentum",), sghmc
    ),
    "sgd": Law(lps.kernels.SGD(0.1, accumulator="full"), (), sgld),
    "sgd_momentum": Law(
        lps.kernels.SGDMomentum(0.05, accumulator="full", momentum=0.8), ("momentum",), momentum
    ),
    "swalp": Law(
        lps.kernels.SWALP(0.1, accumulator="full", start=40, every=3), ("weights",), swalp
    ),
}
"""Of every kernel whose law on a Gaussian is such a recursion."""
SAMPLERS = ("sgld", "cyclical_sgld", "psgld", "sghmc")
