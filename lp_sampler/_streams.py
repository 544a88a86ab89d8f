"""Averages over draws, some at a time: memory does not grow with their number."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from ._blocks import BLOCK_NUMBERS

Floats = npt.NDArray[np.float64]


def draw_blocks(draws: Any, most: int | None = None) -> Iterator[npt.NDArray[np.float32]]:
    """All draws (chain, draw, parameter), of all chains, as arrays (draws, parameter) of at most so
    many rows, one chain after the other; `draws` may be on disk.

    >>> [block.shape for block in draw_blocks(np.zeros((2, 3, 5), np.float32), most=2)]
    [(2, 5), (1, 5), (2, 5), (1, 5)]
    """
    chains, count, size = draws.shape
    step = max(1, most or BLOCK_NUMBERS // size)
    for chain in range(chains):
        for begin in range(0, count, step):
            yield np.asarray(draws[chain, begin : begin + step], np.float32)


class Moments:
    """Mean and covariance of rows that come in blocks (Chan, Golub and LeVeque, American
    Statistician 1983), in float64.

    >>> moments = Moments(2)
    >>> moments.add(np.array([[0.0, 1.0], [2.0, 5.0]]))
    >>> moments.add(np.array([[4.0, 0.0]]))
    >>> moments.mean, moments.covariance.diagonal()
    (array([2., 2.]), array([4., 7.]))
    """

    def __init__(self, size: int) -> None:
        self.count, self.mean = 0, np.zeros(size)
        self._products = np.zeros((size, size))

    def add(self, rows: npt.NDArray[Any]) -> None:
        """Rows (count, size)."""
        mean = rows.mean(axis=0, dtype=np.float64)
        centred, change = rows - mean, mean - self.mean
        total = self.count + len(rows)
        weight = self.count * len(rows) / total
        self._products += centred.T @ centred + weight * np.outer(change, change)
        self.mean = self.mean + change * (len(rows) / total)
        self.count = total

    @property
    def covariance(self) -> Floats:
        """With the divisor of an unbiased estimate from independent rows, count - 1; NaN of one
        row.
        """
        if self.count < 2:
            return np.full_like(self._products, np.nan)
        return self._products / (self.count - 1)
