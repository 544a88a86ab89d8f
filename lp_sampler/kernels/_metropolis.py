"""Accepting or rejecting proposals: with all data, or by a sequential test on growing batches."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from .._batches import permutation
from .._errors import SamplerError
from .._student import student_quantile
from .._uniform import uniform_a_chain
from ..targets._sums import row_sums
from ._kernel import Kernel
from ._step import Array

if TYPE_CHECKING:
    from .._evaluate import Evaluation
    from .._numfmt import Key


@dataclasses.dataclass(frozen=True)
class Metropolis(Kernel):
    """Base of kernels that propose and then accept or reject.

    `austerity` 0 decides with the log density of all rows.  Above 0 it is the error that each look
    of the sequential test of Korattikara, Chen and Welling (ICML 2014) may make: rows are drawn
    without replacement, `austerity_batch` more at each look, until the mean difference of their log
    likelihoods is as far from the threshold as Student's t asks for; after all rows the decision is
    exact.
    """

    austerity: float = 0.0
    austerity_batch: int = 500

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.austerity < 0.5:
            raise SamplerError(
                f"austerity: an error from 0 to below 0.5 is allowed; got {self.austerity}"
            )
        if not (isinstance(self.austerity_batch, int) and self.austerity_batch >= 2):
            raise SamplerError(
                f"austerity_batch: at least 2 rows are allowed; got {self.austerity_batch}"
            )

    def accepts(
        self,
        evaluate: Evaluation,
        before: Array,
        proposal: Array,
        log_ratio: Array,
        temperature: float,
        key: Key,
    ) -> Array:
        """Which chains move from `before` to `proposal`: log_ratio is what the decision adds to the
        difference of log densities over the temperature.  A ratio of NaN or -inf rejects.
        """
        u = uniform_a_chain(key.fold_in("accept"), len(before), before.shape[1])
        threshold = temperature * (np.log(u) - log_ratio)
        if not self.austerity:
            return np.asarray(_rise(evaluate.whole.log_density, before, proposal) > threshold)
        rows = permutation(key.fold_in("austerity").at(key.call), evaluate.target.data_size or 0)
        return sequential_test(
            lambda batch: _rise(lambda x: evaluate.row_log_likelihoods(x, batch), before, proposal),
            threshold - _rise(evaluate.log_prior, before, proposal),
            rows,
            error=self.austerity,
            batch=self.austerity_batch,
        )[0]


def _rise(function: Callable[[Array], Array], before: Array, proposal: Array) -> Array:
    """How much more the function is at `proposal`, in float64; NaN between infinities."""
    with np.errstate(invalid="ignore"):
        return np.asarray(function(proposal).astype(np.float64) - function(before))


def sequential_test(
    differences: Callable[[Array], Array],
    threshold: Array,
    rows: Array,
    *,
    error: float,
    batch: int,
) -> tuple[Array, Array]:
    """Is the sum of differences(rows) over all rows above `threshold` (chains,)?

    Returns the answers and how many rows each chain's took.  A chain's answer is that of its own
    last look, whatever other chains need.
    """
    chains, total = len(threshold), len(rows)
    wanted = threshold / total
    sums, squares = np.zeros(chains), np.zeros(chains)
    answers, used = np.zeros(chains, bool), np.zeros(chains, int)
    for begin in range(0, total, batch):
        part = differences(rows[begin : begin + batch])
        sums, squares = sums + row_sums(part), squares + row_sums(part * part)
        seen = min(begin + batch, total)
        now = (used == 0) & ((seen == total) | ~np.isfinite(wanted))
        if seen < total:
            now |= (used == 0) & _is_sure(sums, squares, wanted, (seen, total), error)
        answers[now], used[now] = (sums > seen * wanted)[now], seen
        if (used > 0).all():
            break
    return answers, used


def _is_sure(
    sums: Array, squares: Array, wanted: Array, counts: tuple[int, int], error: float
) -> Array:
    """Is the mean of what was seen, of a finite population, far enough from `wanted`?"""
    seen, total = counts
    mean = sums / seen
    spread = np.sqrt(np.maximum(squares / seen - mean * mean, 0) * seen / (seen - 1))
    width = spread * math.sqrt((total - seen) / (seen * (total - 1.0)))
    return np.asarray(np.abs(mean - wanted) > student_quantile(1 - error, seen - 1) * width)
