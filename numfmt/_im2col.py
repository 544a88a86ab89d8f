"""Convolutions as matrix products: the patches of an image as rows of a matrix."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ._arrays import Array
from ._errors import NumfmtError, ShapeError, unknown

PADDINGS = ("SAME", "VALID")


class Axis(NamedTuple):
    """Along one axis of an image: the number of outputs, and the padding before and after it."""

    outputs: int
    before: int
    after: int


def axis_of(size: int, kernel: int, stride: int, dilation: int, padding: str) -> Axis:
    """TFLite's and TensorFlow's rule: SAME has ceil(size / stride) outputs and, where the padding
    is odd, the larger half behind; VALID has those whose patch lies within the image."""
    reach = (kernel - 1) * dilation + 1
    if padding == "VALID":
        return Axis(max(0, (size - reach + stride) // stride), 0, 0)
    outputs = -(-size // stride)
    missing = max(0, (outputs - 1) * stride + reach - size)
    return Axis(outputs, missing // 2, missing - missing // 2)


def im2col(
    x: Any,
    kernel: Sequence[int],
    *,
    stride: int | Sequence[int] = 1,
    dilation: int | Sequence[int] = 1,
    padding: str = "VALID",
    pad_value: Any = 0,
) -> Array:
    """The patches under a kernel, each a row of what the kernel multiplies.

    With weights of (outputs, height, width, channels) a convolution (a correlation, as the field
    has it) is ``im2col(x, weights.shape[1:3]) @ weights.reshape(outputs, -1).T``.

    Args:
        x: (batch, height, width, channels).
        kernel: its height and width.
        stride, dilation: along height and width, or one for both; from 1.
        padding: "SAME" or "VALID", as TFLite has them.
        pad_value: what stands outside the image: of quantised images the zero point.

    Returns:
        (batch, output height, output width, height * width * channels of the kernel), of x's dtype,
        a copy.

    Raises:
        ShapeError: an x of other dimensions, or sizes below 1.
        NumfmtError: an unknown padding.

    >>> im2col(np.arange(9).reshape(1, 3, 3, 1), (2, 2), stride=2, padding="SAME", pad_value=-1)[0]
    array([[[ 0,  1,  3,  4],
            [ 2, -1,  5, -1]],
    <BLANKLINE>
           [[ 6,  7, -1, -1],
            [ 8, -1, -1, -1]]])
    """
    image = np.asarray(x)
    if image.ndim != 4:
        raise ShapeError(f"x has shape {image.shape}; it must be (batch, height, width, channels)")
    if padding not in PADDINGS:
        raise NumfmtError(unknown("padding", padding, PADDINGS))
    sizes = _two(kernel, "kernel")
    strides, dilations = _two(stride, "stride"), _two(dilation, "dilation")
    axes = [
        axis_of(*of_axis, padding)
        for of_axis in zip(image.shape[1:3], sizes, strides, dilations, strict=True)
    ]
    around = [(0, 0), *((axis.before, axis.after) for axis in axes), (0, 0)]
    padded = np.pad(image, around, constant_values=pad_value)
    rows, columns = (
        np.arange(axis.outputs)[:, None] * step + np.arange(size) * apart
        for axis, step, size, apart in zip(axes, strides, sizes, dilations, strict=True)
    )
    patches = padded[:, rows[:, None, :, None], columns[None, :, None, :]]
    return patches.reshape(*patches.shape[:3], sizes[0] * sizes[1] * image.shape[3])


def _two(value: int | Sequence[int], argument: str) -> tuple[int, int]:
    """A number for height and width each."""
    try:
        pair = (value, value) if isinstance(value, int) else tuple(value)
        numbers = [operator.index(number) for number in pair]
    except TypeError:
        numbers = []
    if len(numbers) != 2 or min(numbers) < 1:
        raise ShapeError(f"{argument}={value!r} must be an integer from 1, or two of them")
    return numbers[0], numbers[1]
