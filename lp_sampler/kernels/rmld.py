"""Metropolis-adjusted Langevin steps on the posterior of the LASSO."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from .._errors import SamplerError
from ..targets import Lasso
from ._move import Move
from ._step import Array
from .lattice_mala import LatticeMALA

if TYPE_CHECKING:
    from .._evaluate import Evaluation
    from .._unit import VectorUnit


@dataclasses.dataclass(frozen=True)
class RMLD(LatticeMALA):
    """Sparse codes of a `Lasso` target: Langevin proposals with the penalty's step, accepted or
    rejected with all rows, or by the `austerity` test.

    `proximal` proposals are centred at the soft threshold of theta + step * Q(likelihood's
    gradient) by step * penalty, the others at theta + step * Q(gradient) with the subgradient 0 at
    0.  With the accumulator "lattice" they are exact discrete Gaussians on its grid, and codes
    become exactly 0; with "full" they are Gaussian in float32.

    After Wang et al. (ACM TKDD 2021), whose algorithm is rebuilt from its abstract; proximal
    proposals are those of Pereyra (Statistics and Computing 2016).

    >>> import lp_sampler as lps
    >>> target = lps.targets.Lasso(np.eye(2), [1.0, 0.2], noise_scale=0.5, penalty=3.0)
    >>> keywords = {"draws": 500, "warmup": 50, "thin": 1, "progress": False}
    >>> run = lps.sample(RMLD(step_size=0.1), target, "fixed<8,4>", **keywords)
    >>> print(f"{(run.draws == 0).mean():.1f}")
    0.1
    """

    accumulators: ClassVar[tuple[str, ...]] = ("lattice", "full")

    proximal: bool = True

    def _mean(self, move: Move, params: Array, step_size: float) -> Array:
        target = move.evaluate.target
        if not isinstance(target, Lasso):
            raise SamplerError(f"target: RMLD samples Lasso targets; got {type(target).__name__}")
        if not self.proximal:
            return super()._mean(move, params, step_size)
        evaluate: Evaluation = dataclasses.replace(move.evaluate, target=target.smooth)
        gradient, unit = self._gradient(move, evaluate, params), move.unit
        centre = unit.multiply_add(unit.constant(step_size), gradient, params)
        return soft_threshold(centre, unit.constant(step_size * target.penalty), unit)


def soft_threshold(x: Array, threshold: np.float32, unit: VectorUnit) -> Array:
    """x moved towards 0 by the threshold, 0 where it is no farther: the proximal map of the l1
    norm.

    On a grid that the threshold is a point of, the result is exact.
    """
    shrunk = np.maximum(unit.subtract(np.abs(x), threshold), np.float32(0))
    return np.copysign(shrunk, x)
