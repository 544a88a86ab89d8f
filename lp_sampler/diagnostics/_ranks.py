"""Ranks of draws as normal scores: what makes R-hat and ESS indifferent to the scale and the tails.

Draws on a lattice have many ties; all draws of one value share their average rank.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

BLOM = 3 / 8
"""Rank r of n stands for the probability (r - 3/8) / (n + 1/4) (Blom 1958)."""


def normal_scores(draws: Floats) -> Floats:
    """Scores of draws (parameters, chains, draws), ranked parameter by parameter over all chains.

    >>> normal_scores(np.array([[[1.0, 5.0, 5.0]]])).ravel().round(2)
    array([-0.87,  0.4 ,  0.4 ])
    """
    rows = draws.reshape(len(draws), -1)
    scores = _score_table(rows.shape[1])[twice_average_ranks(rows)]
    return np.asarray(scores.reshape(draws.shape))


def twice_average_ranks(values: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Twice the average rank, from 1, of each value in its row.

    >>> twice_average_ranks(np.array([[3.0, 7.0, 3.0]]))
    array([[3, 6, 3]])
    """
    count = values.shape[1]
    order = np.argsort(values, axis=1)
    ordered = np.take_along_axis(values, order, axis=1)
    begins = np.ones(values.shape, np.bool_)
    np.not_equal(ordered[:, 1:], ordered[:, :-1], out=begins[:, 1:])
    first = np.flatnonzero(begins)  # of draws of one value: a run of equal ones never spans rows
    lengths = np.diff(first, append=values.size)
    result = np.empty(values.shape, np.int64)
    ranks = np.repeat(2 * (first % count) + lengths + 1, lengths).reshape(values.shape)
    np.put_along_axis(result, order, ranks, axis=1)
    return result


def quantiles(ordered: Floats, probabilities: Sequence[float]) -> Floats:
    """Quantiles (probabilities, rows) of ordered rows, linear between two draws as NumPy's default.

    >>> quantiles(np.array([[0.0, 1.0, 4.0]]), (0.25, 0.5)).ravel().tolist()
    [0.5, 1.0]
    """
    places = np.asarray(probabilities) * (ordered.shape[1] - 1)
    below = np.floor(places).astype(int)
    low, high = ordered[:, below], ordered[:, np.minimum(below + 1, ordered.shape[1] - 1)]
    return np.asarray((low + (high - low) * (places - below)).T)


@functools.lru_cache(maxsize=4)
def _score_table(count: int) -> Floats:
    """The score of each half rank: element 2 r for the average rank r of `count` draws."""
    inverse = NormalDist().inv_cdf
    halves = range(2, 2 * count + 1)
    return np.array([0.0, 0.0, *(inverse((k / 2 - BLOM) / (count + 1 - 2 * BLOM)) for k in halves)])
