"""Ranks of draws as normal scores: what makes R-hat and ESS indifferent to the scale and the tails.

Draws on a lattice have many ties; all draws of one value share their average rank.
"""

from __future__ import annotations

import functools
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

BLOM = 3 / 8
"""Rank r of n stands for the probability (r - 3/8) / (n + 1/4) (Blom 1958)."""


def normal_scores(draws: npt.NDArray[Any]) -> Floats:
    """Scores of draws (chains, draws, parameters), ranked parameter by parameter over all chains.

    >>> normal_scores(np.array([[[1.0], [5.0], [5.0]]])).ravel().round(2)
    array([-0.87,  0.4 ,  0.4 ])
    """
    chains, count, size = draws.shape
    columns = np.ascontiguousarray(draws.reshape(-1, size).T)
    scores = _score_table(chains * count)[twice_average_ranks(columns)]
    return np.asarray(scores.T.reshape(draws.shape))


def twice_average_ranks(values: npt.NDArray[Any]) -> npt.NDArray[np.int32]:
    """Twice the average rank, from 1, of each value in its row.

    >>> twice_average_ranks(np.array([[3.0, 7.0, 3.0]]))
    array([[3, 6, 3]], dtype=int32)
    """
    order = np.argsort(values, axis=1)
    ordered = np.take_along_axis(values, order, axis=1)
    count = values.shape[1]
    place = np.broadcast_to(np.arange(count, dtype=np.int32), values.shape)
    begins = np.ones(values.shape, np.bool_)
    begins[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    ends = np.roll(begins, -1, axis=1)
    first = np.maximum.accumulate(np.where(begins, place, 0), axis=1)
    last = np.where(ends, place, count)[:, ::-1]
    ranks = first + np.minimum.accumulate(last, axis=1)[:, ::-1] + 2
    result = np.empty(values.shape, np.int32)
    np.put_along_axis(result, order, ranks.astype(np.int32), axis=1)
    return result


@functools.lru_cache(maxsize=4)
def _score_table(count: int) -> Floats:
    """The score of each half rank: element 2 r for the average rank r of `count` draws."""
    inverse = NormalDist().inv_cdf
    halves = range(2, 2 * count + 1)
    return np.array([0.0, 0.0, *(inverse((k / 2 - BLOM) / (count + 1 - 2 * BLOM)) for k in halves)])
