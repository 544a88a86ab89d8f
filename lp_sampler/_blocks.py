"""Functions of draws, in blocks of parameters that fit in memory."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt

from ._numfmt import get_num_threads

Array = npt.NDArray[Any]

BLOCK_NUMBERS = 1 << 21
"""Draws that are looked at together: 16 MB in float64, and a few times that while they are."""


def by_parameter(function: Callable[[Array], Any], draws: Any) -> Array:
    """What `function` of draws (chain, draw, parameter) says of each parameter, its results joined
    along their last axis.

    `draws` may be on disk; each parameter's result must not depend on the others.  Blocks are done
    in threads, each of which has its part of the memory.

    >>> by_parameter(lambda draws: draws.max(axis=(0, 1)), np.arange(6.0).reshape(1, 3, 2))
    array([4., 5.])
    """
    return table_by_parameter(lambda some: {"": function(some)}, draws)[""]


def table_by_parameter(
    function: Callable[[Array], dict[str, Array]], draws: Any
) -> dict[str, Array]:
    """The same of a function that says more than one thing, by name."""
    chains, count, size = draws.shape
    threads = get_num_threads()
    width = max(1, BLOCK_NUMBERS // (chains * count * threads))
    first = function(draws[:, :, :width])
    result = {name: np.empty((*a.shape[:-1], size), a.dtype) for name, a in first.items()}

    def fill(begin: int, found: dict[str, Array]) -> None:
        for name, array in found.items():
            result[name][..., begin : begin + width] = array

    fill(0, first)
    with ThreadPoolExecutor(threads) as pool:
        places = range(width, size, width)
        for _ in pool.map(lambda at: fill(at, function(draws[:, :, at : at + width])), places):
            pass  # raises what a thread raised
    return result


def spread(draws: Any, most: int) -> Array:
    """At most so many parameters of draws (chain, draw, parameter), evenly spaced."""
    size = draws.shape[2]
    return np.asarray(draws[:, :, np.unique(np.linspace(0, size - 1, most).astype(int))])
