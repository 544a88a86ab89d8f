"""Moments of draws against moments that are known."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ._mixing import mcse

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]


def moment_scores(
    draws: Array, mean: npt.ArrayLike, standard_deviation: npt.ArrayLike
) -> dict[str, Floats]:
    """z-scores of each parameter's `mean` and `variance` against the target's known ones.

    The variance is taken about the known mean; errors are Monte Carlo standard errors, with the
    chains' own autocorrelation.  For a right sampler each is close to a standard normal number:
    beyond 4 in absolute value the sampler is wrong, or the chains are too short.  NaN as for
    `mcse`.

    >>> draws = np.random.default_rng(0).normal(size=(4, 500, 1))
    >>> {name: bool(abs(z[0]) < 4) for name, z in moment_scores(draws, 0.0, 1.0).items()}
    {'mean': True, 'variance': True}
    >>> bool(moment_scores(draws, 0.0, 0.5)["variance"][0] > 4)
    True
    """
    deviations = draws.astype(np.float64) - np.asarray(mean, np.float64)
    squares = deviations**2
    variance = np.square(np.asarray(standard_deviation, np.float64))
    return {
        "mean": deviations.mean(axis=(0, 1)) / mcse(deviations),
        "variance": (squares.mean(axis=(0, 1)) - variance) / mcse(squares),
    }
