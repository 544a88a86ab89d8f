"""One step of a kernel: what most kernels do with a gradient, a mean and a noise variance."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy.typing as npt

from .._evaluate import Evaluation
from .._numfmt import Format, Key, Machine, Report, sampler_update
from .._rounding import is_block, round_to
from .._store import Listed, Program, Store
from .._unit import VectorUnit
from ..accumulators import Accumulator, Arrays
from ._kernel import Kernel, State
from ._step import StepInfo

Array = npt.NDArray[Any]


@dataclasses.dataclass(frozen=True)
class Move:
    """A step of `kernel` from `state`: its formats, policy, counters and rounded gradient."""

    kernel: Kernel
    state: State
    evaluate: Evaluation
    temperature: float
    key: Key
    report: Report = dataclasses.field(default_factory=Report)

    @cached_property
    def formats(self) -> dict[str, Format]:
        """The step's formats by role."""
        return self.kernel.formats(self.evaluate.machine)

    @property
    def unit(self) -> VectorUnit:
        """The machine's vector unit."""
        return self.evaluate.unit

    @property
    def policy(self) -> Accumulator:
        """How the result is stored."""
        return self.kernel.policy

    @cached_property
    def raw_gradient(self) -> Array:
        """The gradient at the stored parameters, before it is stored itself."""
        return self.evaluate.gradient(
            self.state.params, stored_in=self.state.format, report=self.report
        )

    @cached_property
    def gradient(self) -> Array:
        """The gradient, rounded to the machine's gradient format."""
        return round_to(self.raw_gradient, self.formats["gradient"], self.key.fold_in("gradient"))

    @cached_property
    def base(self) -> Array:
        """What the drift is added to."""
        return self.policy.base(self.state.params, self.state.arrays, self.unit)

    def langevin(self, step_size: float) -> tuple[State, StepInfo]:
        """theta + step * gradient with noise of variance 2 * step * temperature, stored."""
        variance = 2 * step_size * self.temperature
        if variance and self.unit.is_plain and fuses(self.policy, self.evaluate.machine):
            return self._fused(step_size, variance)
        if self.evaluate.machine.update:
            return self._listed(step_size, variance)
        return self.stored(self._mean(step_size), variance)

    def _listed(self, step_size: float, variance: float) -> tuple[State, StepInfo]:
        """By the operations that the machine lists."""
        noise = Store(self.unit, self.key, self.report)
        values: dict[str, Callable[[], Any]] = {
            "params": lambda: self.base,
            "gradient": lambda: self.gradient,
            "step": lambda: self.unit.constant(step_size),
            "deviation": lambda: noise.deviation(variance),
            "noise": lambda: noise.gaussian(self.base),
        }
        program = Program(self.evaluate.machine.update, self.unit, values)
        by = Listed(self.unit, self.key, self.report, program)
        return self.stored(program.result("mean"), variance, by=by)

    def _mean(self, step_size: float) -> Array:
        return self.unit.multiply_add(self.unit.constant(step_size), self.gradient, self.base)

    def _fused(self, step_size: float, variance: float) -> tuple[State, StepInfo]:
        assert self.policy.fused is not None
        after = sampler_update(
            *(self.base, self.raw_gradient, step_size, variance, self.formats, self.policy.fused),
            key=self.key,
            report=self.report,
        )
        return self.told(after, {}, lambda: self._mean(step_size), variance)

    def stored(
        self,
        mean: Array,
        variance: float | Array,
        further: Arrays | None = None,
        *,
        by: Store | None = None,
    ) -> tuple[State, StepInfo]:
        """The state after a step with this mean and noise variance; `further` arrays of the kernel
        go with the policy's.
        """
        by = by or Store(self.unit, self.key, self.report)
        after, arrays = self.policy.store(mean, variance, self.formats, by)
        return self.told(after, {**arrays, **(further or {})}, lambda: mean, variance)

    def told(
        self,
        after: Array,
        arrays: Arrays,
        mean: Callable[[], Array],
        variance: float | Array,
        *,
        saturated: int = 0,
        infeasible: int = 0,
        accepted: int | None = None,
    ) -> tuple[State, StepInfo]:
        """The state, and what the step tells about itself: counts beside the report's."""
        before, policy = self.state, self.policy
        info = StepInfo(
            before.params,
            after,
            noisy=policy.carried(after, arrays),
            saturated=self.report.saturated + saturated,
            infeasible=self.report.infeasible + infeasible,
            temperature=self.temperature,
            noise_variance=variance,
            mean=mean,
            accepted=accepted,
        )
        return State(after, before.format, arrays), info


@functools.lru_cache(maxsize=256)
def fuses(policy: Accumulator, machine: Machine) -> bool:
    """Has `numfmt.sampler_update` the policy, and the machine's formats?"""
    formats = policy.formats(machine).values()
    return policy.fused is not None and not any(map(is_block, formats))
