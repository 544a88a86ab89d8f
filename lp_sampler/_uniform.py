"""Uniform numbers in float64, for decisions that 32 bits are too coarse for."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ._numfmt import Key, random_bits

BITS = 52


def uniform(key: Key, shape: tuple[int, ...]) -> npt.NDArray[Any]:
    """Uniform on the middles of 2**52 equal parts of (0, 1); the key's `first` is the first
    element's number.

    >>> u = uniform(Key(0), (1000,))
    >>> bool(0 < u.min() < u.max() < 1)
    True
    """
    high, low = (
        random_bits(key.fold_in(half).at(key.call, first=key.first), shape).astype(np.uint64)
        for half in ("high", "low")
    )
    word = (high << np.uint64(32) | low) >> np.uint64(64 - BITS)
    return (word.astype(np.float64) + 0.5) / 2.0**BITS


def uniform_a_chain(key: Key, chains: int, size: int) -> npt.NDArray[Any]:
    """One number a chain, where the key's `first` is the number of the chains' first element."""
    return uniform(key.at(key.call, first=key.first // size), (chains,))
