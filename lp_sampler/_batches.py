"""Which rows of the data a step sees: functions of the key and the step number, so that the step
number is all that a checkpoint keeps of them.
"""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt

from ._numfmt import Key, random_bits

Rows = npt.NDArray[np.int64]


def independent_rows(key: Key, data_size: int, count: int) -> Rows:
    """`count` of `data_size` rows, each drawn independently; the key's call is the step.

    A row's probability is 1 / data_size up to 2**-32.
    """
    words = random_bits(key.at(key.call), (count,))
    return np.asarray(words.astype(np.uint64) * np.uint64(data_size) >> np.uint64(32), np.int64)


def epoch_rows(key: Key, data_size: int, count: int) -> Rows:
    """Rows number step * count .. (step + 1) * count - 1 of an endless list: one permutation of all
    rows after the other, so that every epoch of data_size rows has each row once.

    The key's call is the step.  A batch across the end of an epoch may hold a row twice.

    >>> [epoch_rows(Key(0).at(step), 3, 2).tolist() for step in range(3)]
    [[2, 0], [1, 0], [2, 1]]
    """
    begin = key.call * count
    places = np.arange(begin, begin + count)
    first, last = begin // data_size, (begin + count - 1) // data_size
    epochs = [permutation(key.at(epoch), data_size) for epoch in range(first, last + 1)]
    return np.concatenate(epochs)[places - first * data_size]


@functools.lru_cache(maxsize=4)
def permutation(key: Key, size: int) -> Rows:
    """A permutation of 0 .. size - 1 for each key and call: the order of 64 random bits a number.

    Two equal words would stand in ascending order: a bias below size**2 / 2**65.
    """
    words = random_bits(key, (2, size)).astype(np.uint64)
    order = np.argsort(words[0] << np.uint64(32) | words[1], kind="stable")
    order.flags.writeable = False
    return np.asarray(order, np.int64)
