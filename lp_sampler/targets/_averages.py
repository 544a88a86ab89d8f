"""Scores of predictions that are averaged over draws."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .._streams import draw_blocks
from ..diagnostics import accuracy, nll
from ._target import Array

DRAWS_AT_ONCE = 64


def averaged_scores(
    predict: Callable[[Array], Array], draws: Array, labels: Array
) -> dict[str, float]:
    """`nll` a row, and `accuracy`, of the mean of ``predict(draws)`` (draws, rows, classes) over
    draws (chain, draw, parameter), some at a time.
    """
    total = sum(
        predict(block).sum(axis=0, dtype=np.float64) for block in draw_blocks(draws, DRAWS_AT_ONCE)
    )
    chances = np.asarray(total) / (draws.shape[0] * draws.shape[1])
    return {"nll": nll(chances, labels), "accuracy": accuracy(chances, labels)}
