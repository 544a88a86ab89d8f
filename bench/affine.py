"""numfmt's rows of affine integers: one scale for the array, or one for each channel."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import numpy as np

import numfmt as nf

from .arrays import Array
from .ours import ONE_PASS, Setup, quantize_row
from .row import COPY, OURS, Row, Setting, Task, Work, calls

WIDTH, SCALE, ZERO_POINT = (
    8,
    3 / 64,
    10,
)  # of few digits, so that float32 arithmetic is exact enough
FORMAT = str(nf.Affine(WIDTH, SCALE, ZERO_POINT))
MODES = ("nearest_even", "nearest_away")
CHANNELS = 64
AXES = (0, 1)


def scales() -> Array:
    """A scale for each channel; float32 holds them."""
    return SCALE * (1 + np.arange(CHANNELS) / CHANNELS)


def zero_points() -> Array:
    """Even ones: "even" then is said of the same integers by everyone."""
    return 2 * (np.arange(CHANNELS) % 8)


@functools.cache
def by_channel(axis: int) -> nf.Affine:
    """The format whose scales lie along an axis."""
    return nf.Affine(WIDTH, scales(), zero_points(), channel_axis=axis)


def lying(array: Array, axis: int) -> Array:
    """The array with its channels along an axis: long ones one after the other, or neighbours."""
    return array.reshape((CHANNELS, -1) if axis == 0 else (-1, CHANNELS))


def task(mode: str, axis: int) -> Task:
    """What rows of channels are called."""
    detail = f"{CHANNELS} channels, axis={axis}"
    return Task("quantize", mode, f"affine<{WIDTH}>", detail)


def rounded(x: Array, mode: str, axis: int, **options: Any) -> Array:
    """numfmt's values of the rows' input."""
    found: Array = nf.quantize(lying(x, axis), by_channel(axis), mode, nan="zero", **options)
    return found


def quantizing(mode: str, axis: int) -> Setup:
    """Set-up of values to values by channels, ``out=`` given."""

    def setup(setting: Setting) -> Work:
        x, y = setting.arrays.input(), setting.arrays.output()
        call = functools.partial(rounded, x, mode, axis, out=lying(y, axis))
        return Work(calls(call), setting.n, lambda: y)

    return setup


def rows() -> Iterator[Row]:
    """Every row of affine integers."""
    for mode in MODES:
        yield quantize_row(FORMAT, mode, None)
        for axis in AXES:
            yield Row(OURS, task(mode, axis), quantizing(mode, axis), COPY, note=ONE_PASS)
