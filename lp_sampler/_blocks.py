"""Functions of draws, in blocks of parameters that fit in memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

BLOCK_NUMBERS = 1 << 21
"""Draws that are looked at together: 16 MB in float64, and a few times that while they are."""


def by_parameter(function: Callable[[Array], Any], draws: Any) -> Array:
    """What `function` of draws (chain, draw, parameter) says of each parameter, its results joined
    along their last axis.

    `draws` may be on disk; each parameter's result must not depend on the others.

    >>> by_parameter(lambda draws: draws.max(axis=(0, 1)), np.arange(6.0).reshape(1, 3, 2))
    array([4., 5.])
    """
    chains, count, size = draws.shape
    width = max(1, BLOCK_NUMBERS // (chains * count))
    parts = [function(draws[:, :, begin : begin + width]) for begin in range(0, size, width)]
    return np.concatenate(parts, axis=-1)


def spread(draws: Any, most: int) -> Array:
    """At most so many parameters of draws (chain, draw, parameter), evenly spaced."""
    size = draws.shape[2]
    return np.asarray(draws[:, :, np.unique(np.linspace(0, size - 1, most).astype(int))])
