"""All numbers of the parameters at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from .._errors import SamplerError
from ._mixing import frozen, mixing
from ._ranks import quantiles as of_ordered
from ._widths import standard_deviation

QUANTILES = 0.05, 0.5, 0.95


def summary(
    draws: npt.NDArray[Any], quantiles: Sequence[float] = QUANTILES
) -> dict[str, npt.NDArray[np.float64]]:
    """Of each parameter: `mean`, `mcse` (the mean's Monte Carlo standard error), `std`, `mcse_std`,
    quantiles such as `q5`, effective sample sizes `ess`, `ess_bulk` and `ess_tail`, `rhat`, and
    `frozen`, the fraction of chains that never move.

    What the draws cannot say is NaN, as in the functions of the same names.  Raises SamplerError
    for probabilities outside 0 .. 1.

    >>> draws = np.random.default_rng(0).normal(size=(4, 250, 1))
    >>> found = summary(draws, quantiles=(0.025, 0.5))
    >>> ", ".join(found)
    'mean, mcse, std, mcse_std, q2.5, q50, rhat, ess, ess_bulk, ess_tail, frozen'
    >>> found["rhat"].round(3), found["q2.5"].round(2)
    (array([1.001]), array([-1.9]))
    """
    chances = np.asarray(quantiles)
    if chances.ndim != 1 or chances.dtype.kind not in "iuf" or not _are_chances(chances):
        raise SamplerError(
            f"quantiles: a list of probabilities from 0 to 1 is allowed; got {quantiles!r}"
        )
    mixed = mixing(draws)
    return {
        "mean": draws.mean(axis=(0, 1), dtype=np.float64),
        "mcse": mixed.pop("mcse"),
        "std": standard_deviation(draws),
        "mcse_std": mixed.pop("mcse_std"),
        **_quantiles(draws, quantiles),
        **mixed,
        "frozen": frozen(draws).mean(axis=0),
    }


def _are_chances(values: npt.NDArray[Any]) -> bool:
    return bool(((values >= 0) & (values <= 1)).all())


def _quantiles(
    draws: npt.NDArray[Any], probabilities: Sequence[float]
) -> dict[str, npt.NDArray[np.float64]]:
    """By names such as q5 and q97.5: the probabilities in percent."""
    rows = draws.reshape(-1, draws.shape[2]).T.astype(np.float64, order="C")
    found = of_ordered(np.sort(rows, axis=1), probabilities)
    return {f"q{100 * p:g}": one for p, one in zip(probabilities, found, strict=True)}
