"""What a report measures draws against: a reference's draws, or moments of the target."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt

from ._errors import SamplerError
from .reference import Reference
from .targets import Target

Array = npt.NDArray[Any]


@dataclasses.dataclass(frozen=True)
class Known:
    """Mean and standard deviation of each parameter, and draws (chain, draw, parameter) where there
    are any.
    """

    mean: Array
    standard_deviation: Array
    draws: Array | None = None

    def of(self, parameters: Array) -> Known:
        """The same of some parameters."""
        draws = None if self.draws is None else self.draws[:, :, parameters]
        return Known(self.mean[parameters], self.standard_deviation[parameters], draws)


def known(reference: Any, target: Target | None, size: int) -> Known | None:
    """What is known: `reference` (draws (chain, draw, parameter), a `Reference`, or a pair of mean
    and standard deviation), else the target's own moments, else None.
    """
    if reference is None:
        moments = None if target is None else target.known_moments()
        return None if moments is None else Known(moments[0], np.sqrt(moments[1]))
    if isinstance(reference, Reference):
        reference = reference.draws
    if isinstance(reference, tuple):
        return _from_moments(reference, size)
    draws = np.asarray(reference)
    if draws.ndim != 3 or draws.shape[2] != size or 0 in draws.shape:
        raise SamplerError(
            f"reference: draws (chain, draw, {size}), or a pair of mean and standard deviation, "
            f"are allowed; got shape {draws.shape}"
        )
    return Known(
        draws.mean(axis=(0, 1), dtype=np.float64), draws.std(axis=(0, 1), dtype=np.float64), draws
    )


def _from_moments(moments: tuple[Any, ...], size: int) -> Known:
    try:
        mean, deviation = (np.broadcast_to(np.asarray(x, np.float64), (size,)) for x in moments)
    except (TypeError, ValueError) as error:
        raise SamplerError(
            f"reference: a pair of mean and standard deviation of {size} parameters is needed; "
            f"{error}"
        ) from error
    if not (np.isfinite(mean).all() and (deviation > 0).all()):
        raise SamplerError("reference: a finite mean and positive standard deviations are needed")
    return Known(mean, deviation)
