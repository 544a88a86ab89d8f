"""What a step of any kernel tells about itself."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


class StepInfo:
    """Counts of one step over `count` = chains * parameters coordinates.

    saturated: results moved to an end of the range.  infeasible: coordinates whose variance the
    format cannot give exactly.  frozen: coordinates the step left as they were.
    effective_temperature: mean squared noise over the noise variance asked for, times the
    temperature (`noisy` is the array that the noise went into, where it is not `after`); one
    step's value has a relative error of sqrt(2 / count).  accepted: chains whose
    proposal was accepted, None where nothing is proposed.
    """

    def __init__(
        self,
        before: Array,
        after: Array,
        *,
        saturated: int,
        infeasible: int,
        temperature: float,
        noise_variance: float | Array,
        mean: Callable[[], Array],
        noisy: Array | None = None,
        accepted: int | None = None,
    ) -> None:
        self.accepted = accepted
        self.count, self.saturated, self.infeasible = after.size, saturated, infeasible
        self._before, self._after, self._mean = before, after, mean
        self._noisy = after if noisy is None else noisy
        self._temperature, self._noise_variance = temperature, noise_variance

    @cached_property
    def frozen(self) -> int:
        return int(np.count_nonzero(self._before == self._after))

    @cached_property
    def effective_temperature(self) -> float:
        if not np.all(self._noise_variance):
            return float("nan")
        deviations = self._noisy.astype(np.float64) - self._mean()
        squares = np.mean(deviations * deviations / self._noise_variance)
        return float(squares * self._temperature)
