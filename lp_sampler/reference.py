"""The full-precision reference: the Metropolis-adjusted Langevin algorithm, in float64."""

from __future__ import annotations

import dataclasses
import time
from typing import Any

import numpy as np
import numpy.typing as npt

from ._errors import SamplerError
from ._numfmt import Key, gaussian, random_bits
from ._progress import Advance
from .targets import Target

Array = npt.NDArray[Any]


@dataclasses.dataclass(frozen=True)
class MALA:
    """Langevin proposals of `step_size`, accepted or rejected so that the target is exactly
    stationary.

    From far away MALA rejects for ever: `langevin_steps` unadjusted steps of `langevin_step_size`
    come first.  Then `steps` adjusted steps, of which the first `warmup` are dropped and every
    `thin`-th of the rest is kept.
    """

    step_size: float = 0.008
    steps: int = 6000
    warmup: int = 1000
    thin: int = 5
    langevin_steps: int = 10_000
    langevin_step_size: float = 2e-4
    chains: int = 64
    seed: int = 0

    def __post_init__(self) -> None:
        if (
            not 0 <= self.warmup < self.steps
            or self.thin < 1
            or self.chains < 1
            or self.langevin_steps < 0
        ):
            raise SamplerError(
                f"reference: 0 <= warmup < steps, thin >= 1, chains >= 1 are allowed; got {self}"
            )
        if not (0 < self.step_size < np.inf and 0 < self.langevin_step_size < np.inf):
            raise SamplerError(f"reference: finite positive step sizes are allowed; got {self}")

    @property
    def all_steps(self) -> int:
        """Steps of both kinds."""
        return self.langevin_steps + self.steps

    def run(self, target: Target, advance: Advance = lambda steps: None) -> Reference:
        """Draw from the target with a full-data gradient."""
        begin = time.perf_counter()
        key = Key(self.seed).fold_in("reference")
        params = self._approach(target, key.fold_in("approach"), advance)
        point, kept, accepted = _Point(target, params), [], 0
        for step in range(self.steps):
            point, moved = self._step(target, point, key.at(step))
            if step >= self.warmup:
                accepted += int(moved.sum())
                if (step - self.warmup) % self.thin == 0:
                    kept.append(point.params.astype(np.float32))
            advance(1)
        acceptance = accepted / (self.chains * (self.steps - self.warmup))
        return Reference(np.stack(kept, axis=1), acceptance, self, time.perf_counter() - begin)

    def _approach(self, target: Target, key: Key, advance: Advance) -> Array:
        """Unadjusted Langevin steps from 0, in float32: they only lead to where MALA starts."""
        params = np.zeros((self.chains, target.size), np.float32)
        step_size = np.float32(self.langevin_step_size)
        scale = np.sqrt(2 * step_size)
        for step in range(self.langevin_steps):
            noise = gaussian(key.at(step), params.shape).astype(np.float32)
            params = params + step_size * target.gradient(params) + scale * noise
            advance(1)
        return params.astype(np.float64)

    def _step(
        self, target: Target, point: _Point, key: Key
    ) -> tuple[_Point, npt.NDArray[np.bool_]]:
        noise = gaussian(key.fold_in("noise"), point.params.shape)
        proposal = _Point(target, self._drifted(point) + np.sqrt(2 * self.step_size) * noise)
        forward = (noise**2).sum(axis=1) / 2
        backward = ((point.params - self._drifted(proposal)) ** 2).sum(axis=1) / (
            4 * self.step_size
        )
        words = random_bits(key.fold_in("accept"), (self.chains,))
        threshold = np.log((words + 0.5) / 2**32)
        moved = threshold < proposal.log_density - point.log_density + forward - backward
        return proposal.where(moved, point), moved

    def _drifted(self, point: _Point) -> Array:
        return point.params + self.step_size * point.gradient


@dataclasses.dataclass(frozen=True)
class ReferenceTask:
    """A reference's run as a task of its own."""

    settings: MALA
    target: Target

    def run(self, advance: Advance) -> Reference:
        """Draw from the target."""
        return self.settings.run(self.target, advance)


@dataclasses.dataclass
class _Point:
    """Where the chains are, with the target's log density and gradient there."""

    params: Array
    log_density: Array
    gradient: Array

    def __init__(self, target: Target, params: Array) -> None:
        self.params = params
        self.log_density, self.gradient = target.evaluate(params)

    def where(self, moved: npt.NDArray[np.bool_], other: _Point) -> _Point:
        """This point in the chains that moved, the other elsewhere (changes this one)."""
        self.params[~moved] = other.params[~moved]
        self.log_density[~moved] = other.log_density[~moved]
        self.gradient[~moved] = other.gradient[~moved]
        return self


@dataclasses.dataclass(frozen=True)
class Reference:
    """Draws (chain, draw, parameter) of the reference and the fraction of its proposals that was
    accepted.
    """

    draws: npt.NDArray[np.float32]
    acceptance: float
    settings: MALA
    seconds: float
