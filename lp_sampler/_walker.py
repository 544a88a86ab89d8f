"""Runs of steps that the core makes in one call: Langevin's, on independent Gaussians."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt

from ._numfmt import Format, Key, NumfmtError, Walk, sampler_walk
from ._plan import Plan, explores
from ._rounding import is_block, spelled_out
from ._unit import is_plain
from .kernels import SGLD
from .schedules import at_step
from .targets import Gaussian

Array = npt.NDArray[Any]

UPDATES_OF_A_CALL = 500_000
"""Coordinates times steps of one call: a few milliseconds, after which a run can be stopped."""


@dataclasses.dataclass(frozen=True)
class Walked:
    """What a call gave, of each draw: states and means of one group of chains, counts of its
    coordinates (saturated, infeasible, frozen), and its effective temperatures.
    """

    draws: Array
    counts: npt.NDArray[np.int64]
    heat: npt.NDArray[np.float64]


class Walker:
    """Calls of `numfmt.sampler_walk` that give a plan's steps, bit for bit; `of` makes one where
    there is any.
    """

    def __init__(self, plan: Plan, policy: str, formats: dict[str, Format]) -> None:
        self._kernel, self._policy, self._formats = plan.kernel, policy, formats
        self._target = plan.bound_target

    @classmethod
    def of(cls, plan: Plan) -> Walker | None:
        """None where steps are not all `numfmt.sampler_update` at gradients that the core knows."""
        kernel, machine, target = plan.kernel, plan.machine, plan.target
        formats, policy = kernel.formats(machine), kernel.policy.fused
        if type(kernel) is not SGLD or explores(kernel) or policy is None or not is_plain(machine):
            return None
        if not callable(kernel.temperature) and kernel.temperature == 0:
            return None
        if type(target) is not Gaussian or target.covariance is not None:
            return None
        if any(map(is_block, (*formats.values(), machine.weight))):
            return None
        if formats["accumulator"].bare() != machine.weight.bare():
            formats["weight"] = spelled_out(machine.weight)
        return cls(plan, policy, formats)

    def walk(self, params: Array, key: Key, draws: int, thin: int) -> Walked | None:
        """`draws` times `thin` steps of chains (chains, size) from step `key.call` on; None where a
        step adds no noise or cannot be made.
        """
        steps, target = range(key.call, key.call + draws * thin), self._target
        sizes = self._values(self._kernel.step_size, steps, "step_size")
        temperatures = self._values(self._kernel.temperature, steps, "temperature")
        variances = 2 * sizes * temperatures
        if not np.all(variances):
            return None
        assert isinstance(target, Gaussian)
        common = target.precision, target.mean, sizes, variances, self._formats, self._policy
        noise = target.gradient_noise
        try:
            walk = sampler_walk(
                params, *common, key=key, draws=draws, thin=thin, gradient_noise=noise
            )
        except NumfmtError:  # the steps one by one say which and why
            return None
        last = slice(thin - 1, None, thin)
        of_draws = (np.broadcast_to(x, (len(steps),))[last] for x in (variances, temperatures))
        counts = np.stack([walk.saturated, walk.infeasible, walk.frozen], axis=1)
        return Walked(walk.draws, counts, heat(walk, *of_draws))

    @staticmethod
    def _values(schedule: Any, steps: range, name: str) -> npt.NDArray[np.float64]:
        """A schedule at all steps, or one number where it is one."""
        if callable(schedule):
            return np.array([at_step(schedule, step, name) for step in steps])
        return np.asarray(at_step(schedule, steps.start, name))


def heat(walk: Walk, variances: Array, temperatures: Array) -> npt.NDArray[np.float64]:
    """The effective temperature of each draw's last step, as StepInfo has it."""
    rows = len(walk.draws), -1
    deviations = walk.draws.reshape(rows).astype(np.float64) - walk.means.reshape(rows)
    squares = np.mean(deviations * deviations / variances[:, None], axis=1)
    return np.asarray(squares * temperatures)
