"""Settings that fit a target: its mode, and how sharply it falls off around it."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt

from ._errors import SamplerError
from .reference import MALA
from .targets import Target

Array = npt.NDArray[Any]

MOST_PARAMETERS = 500
NEWTON_STEPS = 100
LARGEST_STEP = 10.0
DIFFERENCE = 1e-5
CONVERGED = 1e-6
STIFFNESS = 0.05
"""step_size * steepest curvature: the step's own error in variance is half of this, 2.5%."""
APPROACH_STIFFNESS = 0.1
MALA_SCALE = 1.3
"""MALA's step in units of 1 / (steepest curvature * parameters**(1/3)): 0.57 accepted in theory
(Roberts and Rosenthal 1998)."""
WARM_RELAXATIONS, KEPT_RELAXATIONS = 4, 12
LEAST_STEPS, MOST_STEPS, MOST_APPROACH = 2000, 20_000, 20_000


@dataclasses.dataclass(frozen=True)
class Curvature:
    """The mode (parameters,), and the largest and smallest curvature of -log density there;
    `chosen` is a step size to be used in place of the derived one.
    """

    mode: Array
    steepest: float
    flattest: float
    chosen: float | None = None

    @property
    def step_size(self) -> float:
        """A Langevin step that moves the steepest direction by 5% of its way to the mode."""
        return self.chosen or STIFFNESS / self.steepest

    @property
    def relaxation(self) -> float:
        """Steps of `step_size` in which the flattest direction forgets its start by a factor e."""
        return 1 / (self.step_size * self.flattest)

    def lengths(self, draws: int, kept: float = KEPT_RELAXATIONS) -> dict[str, int]:
        """`warmup` and `thin` of runs that keep `draws` over so many relaxation times."""
        return {
            "warmup": int(np.ceil(kept * WARM_RELAXATIONS / KEPT_RELAXATIONS * self.relaxation)),
            "thin": max(1, int(np.ceil(kept * self.relaxation / draws))),
        }

    def mala(self, chains: int, seed: int) -> MALA:
        """A reference that fits."""
        size = len(self.mode)
        step_size = MALA_SCALE / (self.steepest * size ** (1 / 3))
        relaxation = 1 / (step_size * self.flattest)
        steps = int(np.clip(35 * relaxation, LEAST_STEPS, MOST_STEPS))
        approach = 5 * self.steepest / (APPROACH_STIFFNESS * self.flattest)
        return MALA(
            step_size=step_size,
            steps=steps,
            warmup=steps // 6,
            thin=max(1, steps // 1000),
            langevin_steps=int(min(approach, MOST_APPROACH)),
            langevin_step_size=APPROACH_STIFFNESS / self.steepest,
            chains=chains,
            seed=seed,
        )


def curvature(target: Target) -> Curvature:
    """Newton's method in float64 from 0, with second derivatives by differences of the gradient.

    For targets with one smooth mode and at most 500 parameters; SamplerError elsewhere, which asks
    for settings of your own.

    >>> from lp_sampler.targets import Gaussian
    >>> found = curvature(Gaussian([3.0, -1.0], [1.0, 2.0]))
    >>> found.mode.round(3), round(found.steepest, 3), round(found.flattest, 3)
    (array([ 3., -1.]), 1.0, 0.25)
    """
    if target.size > MOST_PARAMETERS:
        raise _give_settings(f"it has {target.size} parameters, more than {MOST_PARAMETERS}")
    point = np.zeros((1, target.size))
    for _ in range(NEWTON_STEPS):
        values, vectors = np.linalg.eigh(-hessian(target, point))
        slope = target.gradient(point)
        scale = np.maximum(np.abs(values), 1e-8 * np.abs(values).max() + 1e-12)
        step = (slope @ vectors / scale) @ vectors.T
        if np.sqrt(np.sum((step @ vectors) ** 2 * scale)) < CONVERGED:
            break
        point = _uphill(target, point, step)
    else:
        raise _give_settings("no mode was found from 0")
    if not values.min() > 0:
        raise _give_settings("it is flat or rising in some direction at its mode")
    return Curvature(point[0], float(values.max()), float(values.min()))


def _uphill(target: Target, point: Array, step: Array) -> Array:
    """The first of halved steps that does not lower the log density."""
    step = step / max(1.0, float(np.linalg.norm(step)) / LARGEST_STEP)
    here = target.log_density(point)[0]
    fractions = 0.5 ** np.arange(30)[:, None]
    heights = target.log_density(point + fractions * step)
    better = np.flatnonzero(heights >= here)
    return np.asarray(point + fractions[better[0] if len(better) else -1] * step)


def hessian(target: Target, point: Array) -> Array:
    """Second derivatives of the log density at `point` (1, parameters), symmetric."""
    distance = DIFFERENCE * np.maximum(1.0, np.abs(point[0]))
    offsets = np.diag(distance)
    rise = target.gradient(point + offsets) - target.gradient(point - offsets)
    found = rise / (2 * distance[:, None])
    return np.asarray((found + found.T) / 2)


def _give_settings(why: str) -> SamplerError:
    return SamplerError(
        f"target: {why}, so that no step size can be derived; give the kernel's and a MALA's own"
    )
