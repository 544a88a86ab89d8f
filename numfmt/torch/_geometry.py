"""Which matrices a layer multiplies: forward, for its input's gradient, for its weights'.

A sum of a convolution runs over the places of the patch, row by row, and at each place over the
channels.  The input's gradient is the convolution of the errors, with zeros between them where the
stride is more than 1, by the mirrored kernel: one sum for each element, over places and outputs.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np

from .._arrays import Array
from .._code_array import Array as CodeArray
from ._operand import Operand

Times = Callable[[CodeArray, CodeArray], Array]
Gradients = tuple[Array, Array | None]  # of weights, and of the bias where a 1 was given for it


class Rows:
    """x (..., terms) by weights (outputs, terms)."""

    channel_axis: ClassVar[int] = -1
    takes_one: ClassVar[bool] = True

    def forward(self, times: Times, x: Operand, w: Operand) -> Array:
        """x w^T."""
        found = times(x.array(_matrix(x.codes)), w.array(w.codes.T))
        return found.reshape(*x.codes.shape[:-1], len(w.codes))

    def input_gradient(self, times: Times, e: Operand, w: Operand) -> Array:
        """e w."""
        found = times(e.array(_matrix(e.codes)), w.array(w.codes))
        return found.reshape(*e.codes.shape[:-1], w.codes.shape[1])

    def weight_gradient(self, times: Times, x: Operand, e: Operand, one: Any = None) -> Gradients:
        """(x^T e)^T."""
        rows = _with_ones(_matrix(x.codes), one)
        found = times(x.array(rows.T), e.array(_matrix(e.codes)))
        if one is None:
            return np.ascontiguousarray(found.T), None
        return np.ascontiguousarray(found[:-1].T), found[-1]


class Batches:
    """a (batch, m, k) by b (batch, k, n), neither of them weights."""

    channel_axis: ClassVar[int] = -1
    takes_one: ClassVar[bool] = False

    def forward(self, times: Times, a: Operand, b: Operand) -> Array:
        """a b."""
        return times(a.array(a.codes), b.array(b.codes))

    def input_gradient(self, times: Times, e: Operand, b: Operand) -> Array:
        """e b^T."""
        return times(e.array(e.codes), b.array(b.codes.swapaxes(1, 2)))

    def weight_gradient(self, times: Times, a: Operand, e: Operand) -> Gradients:
        """a^T e."""
        return times(a.array(a.codes.swapaxes(1, 2)), e.array(e.codes)), None


@dataclasses.dataclass(frozen=True)
class Convolution:
    """x (batch, channels, height, width) by weights (outputs, channels of a group, height, width).

    `size` is the image's; `before` and `outputs` say of each axis the padding and how many outputs.
    """

    size: tuple[int, ...]
    outputs: tuple[int, ...]
    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    before: tuple[int, ...]
    dilation: tuple[int, ...]
    groups: int

    channel_axis: ClassVar[int] = 1
    takes_one: ClassVar[bool] = True

    def forward(self, times: Times, x: Operand, w: Operand) -> Array:
        """The convolution (a correlation, as the field has it)."""
        found = times(x.array(self._patches(x)), w.array(self._kernels(w).swapaxes(1, 2)))
        return self._image(found, len(x.codes), self.outputs)

    def input_gradient(self, times: Times, e: Operand, w: Operand) -> Array:
        """The errors, spread by the stride, under the mirrored kernel."""
        reach = [d * (k - 1) for d, k in zip(self.dilation, self.kernel, strict=True)]
        before = [r - p for r, p in zip(reach, self.before, strict=True)]
        padded = _padded(
            e, [n + r for n, r in zip(self.size, reach, strict=True)], before, self.stride
        )
        patches = self._cut(padded, self.size, (1, 1))
        found = times(e.array(patches), w.array(self._mirrored(w)))
        return self._image(found, len(e.codes), self.size)

    def weight_gradient(self, times: Times, x: Operand, e: Operand, one: Any = None) -> Gradients:
        """Of each place of the kernel, over all images and outputs."""
        patches = self._patches(x, one).swapaxes(1, 2)
        found = times(x.array(patches), e.array(self._rows(e)))
        if one is None:
            return self._weights(found), None
        return self._weights(found[:, :-1]), found[:, -1].reshape(-1)

    def _patches(self, x: Operand, one: Any = None) -> Array:
        """(group, batch and outputs, places and channels), and `one` behind each if given."""
        lengths = [
            (n - 1) * s + d * (k - 1) + 1
            for n, s, d, k in zip(
                self.outputs, self.stride, self.dilation, self.kernel, strict=True
            )
        ]
        return self._cut(_padded(x, lengths, self.before, (1, 1)), self.outputs, self.stride, one)

    def _cut(
        self, image: Array, outputs: tuple[int, ...], stride: tuple[int, ...], one: Any = None
    ) -> Array:
        """The patches of an image (batch, height, width, channels)."""
        batch, by_row, by_column, by_channel = image.strides
        channels = image.shape[3] // self.groups
        view = np.lib.stride_tricks.as_strided(
            image,
            (self.groups, len(image), *outputs, *self.kernel, channels),
            (
                *(channels * by_channel, batch, by_row * stride[0], by_column * stride[1]),
                *(by_row * self.dilation[0], by_column * self.dilation[1], by_channel),
            ),
            writeable=False,
        )
        rows, terms = len(image) * math.prod(outputs), math.prod(self.kernel) * channels
        if one is None:
            return view.reshape(self.groups, rows, terms)
        made = np.full((self.groups, rows, terms + 1), one, image.dtype)
        made[..., :-1].reshape(view.shape)[...] = view  # a view: axes are split, none joined
        return made

    def _rows(self, e: Operand) -> Array:
        """An image of the outputs' size as (group, batch and outputs, channels of the group)."""
        n, channels, height, width = e.codes.shape
        own = e.codes.reshape(n, self.groups, channels // self.groups, height, width)
        return own.transpose(1, 0, 3, 4, 2).reshape(self.groups, -1, channels // self.groups)

    def _by_group(self, w: Operand) -> Array:
        """(group, outputs, channels, height, width)."""
        return w.codes.reshape(self.groups, -1, *w.codes.shape[1:])

    def _kernels(self, w: Operand) -> Array:
        """(group, outputs, places and channels)."""
        own = self._by_group(w).transpose(0, 1, 3, 4, 2)
        return own.reshape(*own.shape[:2], -1)

    def _mirrored(self, w: Operand) -> Array:
        """(group, places from the last and outputs, channels)."""
        own = self._by_group(w)[..., ::-1, ::-1].transpose(0, 3, 4, 1, 2)
        return own.reshape(self.groups, -1, w.codes.shape[1])

    def _weights(self, found: Array) -> Array:
        """Weights of (group, places and channels, outputs)."""
        own = found.reshape(self.groups, *self.kernel, -1, found.shape[2])
        turned = np.ascontiguousarray(own.transpose(0, 4, 3, 1, 2))
        return turned.reshape(-1, *turned.shape[2:])

    def _image(self, found: Array, count: int, size: tuple[int, ...]) -> Array:
        """(batch, channels, height, width) of (group, batch and places, channels)."""
        own = found.reshape(self.groups, count, *size, found.shape[2])
        turned = np.ascontiguousarray(own.transpose(1, 0, 4, 2, 3))
        return turned.reshape(count, -1, *size)


@dataclasses.dataclass(frozen=True)
class Transposed:
    """x, an image of a convolution's outputs, by its weights: the gradient of its input, taken
    forward.  `of` is that convolution, from this one's result to x."""

    of: Convolution

    channel_axis: ClassVar[int] = 1
    takes_one: ClassVar[bool] = False

    def forward(self, times: Times, x: Operand, w: Operand) -> Array:
        """The convolution's input gradient."""
        return self.of.input_gradient(times, x, w)

    def input_gradient(self, times: Times, e: Operand, w: Operand) -> Array:
        """The convolution."""
        return self.of.forward(times, e, w)

    def weight_gradient(self, times: Times, x: Operand, e: Operand) -> Gradients:
        """The convolution's weight gradient, with x in the place of its errors."""
        rows = self.of._rows(x).swapaxes(1, 2)
        found = times(x.array(rows), e.array(self.of._patches(e)))
        return self.of._weights(np.ascontiguousarray(found.swapaxes(1, 2))), None


def _padded(x: Operand, lengths: list[int], before: Sequence[int], step: tuple[int, ...]) -> Array:
    """(batch, height, width, channels) of the given lengths: 0, and every `step` places, from
    `before` on, a row or column of x; what falls outside is left out."""
    count, channels = x.codes.shape[:2]
    out = np.full((count, *lengths, channels), x.zero, x.codes.dtype)
    taken, placed = [], []
    for n, length, first, by in zip(x.codes.shape[2:], lengths, before, step, strict=True):
        skip = max(0, -(first // by))
        kept = max(0, min(n, -((first - length) // by)) - skip)
        start = first + skip * by
        taken.append(slice(skip, skip + kept))
        placed.append(slice(start, start + (kept - 1) * by + 1 if kept else start, by))
    source = x.codes[:, :, taken[0], taken[1]].transpose(0, 2, 3, 1)
    out[:, placed[0], placed[1]] = source
    return out


def _with_ones(rows: Array, one: Any) -> Array:
    """The rows with a 1 behind each, where it is given."""
    if one is None:
        return rows
    made = np.full((len(rows), rows.shape[1] + 1), one, rows.dtype)
    made[:, :-1] = rows
    return made


def _matrix(x: Array) -> Array:
    return x.reshape(-1, x.shape[-1])
