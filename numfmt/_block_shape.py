"""Where the blocks of an array lie, as the core sees it."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ._arrays import Array
from ._core import ffi
from ._errors import ShapeError
from .formats import Block


@dataclass(frozen=True)
class Layout:
    """An array of `shape` in blocks of `extents`; `scales` is the shape of their scales."""

    shape: tuple[int, ...]
    extents: tuple[int, ...]

    @property
    def scales(self) -> tuple[int, ...]:
        return tuple(-(-n // size) for n, size in zip(self.shape, self.extents, strict=True))

    @functools.cached_property
    def c(self) -> Any:
        """The core's view: at most two groups of axes are cut into blocks."""
        groups = _groups(self.shape, self.extents)
        cut = [i for i, (_, size) in enumerate(groups) if size > 1]
        if len(cut) > 2:
            raise ShapeError(
                f"blocks of {self.extents} in an array of shape {self.shape} lie along more than "
                f"two axes that are apart or cut; transpose the array so that whole axes are next "
                f"to each other"
            )
        plain = (1, 1)
        first = groups[cut[0]] if len(cut) == 2 else plain
        last = groups[cut[-1]] if cut else plain
        before = groups[: cut[0]] if cut else groups
        middle = groups[cut[0] + 1 : cut[1]] if len(cut) == 2 else []
        after = groups[cut[-1] + 1 :] if cut else []
        outer, between, inner = (math.prod(n for n, _ in part) for part in (before, middle, after))
        return ffi.new(
            "nf_block_shape *", (outer, first[0], between, last[0], inner, first[1], last[1])
        )

    def numbers(self) -> Array:
        """The number of each element's block, in the C order of the scales."""
        places = np.indices(self.shape, sparse=True)
        numbers = np.zeros(self.shape, np.int64)
        for place, size, count in zip(places, self.extents, self.scales, strict=True):
            numbers = numbers * count + place // size
        return numbers


def _groups(shape: tuple[int, ...], extents: tuple[int, ...]) -> list[tuple[int, int]]:
    """Neighbouring axes as one: those in no block, and those of which the later is whole."""
    groups: list[tuple[int, int]] = []
    for n, size in zip(shape, extents, strict=True):
        size = min(size, max(n, 1))
        if n == 1:
            continue
        if groups:
            above, above_size = groups[-1]
            if (size > 1) == (above_size > 1) and (size == 1 or size == n):
                groups[-1] = (above * n, above_size * size)
                continue
        groups.append((n, size))
    return groups


def _axes(block: Block, dimensions: int) -> tuple[int, ...]:
    """The axes that blocks lie along."""
    if block.kept_axis is None:
        return block.axis if isinstance(block.axis, tuple) else (block.axis,)  # type: ignore[return-value]
    if not -dimensions <= block.kept_axis < dimensions:
        raise ShapeError(f"axis={block.axis} of {block}: an array of {dimensions} axes has none")
    return tuple(axis for axis in range(dimensions) if axis != block.kept_axis % dimensions)


def layout_of(block: Block, shape: tuple[int, ...]) -> Layout:
    """Where a format's blocks lie in an array; a single number is a row of one."""
    if block.axis is None:
        return Layout(shape, tuple(max(n, 1) for n in shape))
    dimensions = max(len(shape), 1)
    axes, sizes = _axes(block, dimensions), block.size
    sizes = sizes if isinstance(sizes, tuple) else (sizes,) * len(axes)
    extents = [1] * len(shape)
    for axis, size in zip(axes, sizes, strict=True):
        if not -dimensions <= axis < dimensions:
            raise ShapeError(f"axis={axis} of {block} is none of an array of shape {shape}")
        if shape:
            extents[axis] = size or max(shape[axis], 1)
    if len({axis % dimensions for axis in axes}) != len(axes):
        raise ShapeError(f"axis={block.axis} of {block} names one axis of shape {shape} twice")
    return Layout(shape, tuple(extents))
