"""What variance-corrected laws live on: the values of a format, or those of blocks under scales."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from . import _core
from ._block_shape import layout_of
from ._core import ffi, lib
from ._errors import FormatError
from ._parse import parse
from .formats import Affine, Block, Format

_POWERS = "the largest number of the block chooses a power of two"


def refuse_affine(format: Format) -> None:
    """Affine integers have no variance-corrected law here, nor have samplers their scales."""
    if isinstance(format, Affine):
        raise FormatError(f"{format} is not supported here: affine integers are for quantize")


class Grid:
    """The grid of a format of single numbers."""

    def __init__(self, format: Format) -> None:
        refuse_affine(format)
        self.format = self.element = format.bare()

    def draw(self, shape: tuple[int, ...], method: int, given: tuple[Any, ...], *rest: Any) -> int:
        """`given`: key, first, mean's type and numbers, variances, are they one, result's type and
        numbers; `rest`: report, place of a failure, instruction set."""
        c, n = self.element._descriptor(), math.prod(shape)
        return int(lib.nf_variance_corrected(c, method, *given, n, *rest))

    def law(self, shape: tuple[int, ...], method: int, arrays: tuple[Any, ...], at: Any) -> int:
        """`arrays`: means, variances, values, probabilities; `at`: place of a failure."""
        c, n = self.element._descriptor(), math.prod(shape)
        return int(lib.nf_variance_corrected_law(c, method, *arrays, n, at))


class BlockGrid(Grid):
    """The grid of a block format's element under a power of two for each block."""

    def __init__(self, block: Block) -> None:
        self.format, self.element, self.block = block, block.element, block
        for name, value, wrong in (
            ("tensor_scale", block.tensor_scale, block.tensor_scale),
            ("scale_rule", block.scale_rule, block.scale_rule in ("absmax", "given")),
            ("compat", block.compat, block.compat),
        ):
            if wrong:
                raise FormatError(
                    f"{block} has {name}={value!r}; variance-corrected laws are for blocks where "
                    f"{_POWERS}"
                )

    def draw(self, shape: tuple[int, ...], method: int, given: tuple[Any, ...], *rest: Any) -> int:
        """As for single numbers; the scales are chosen from means and variances."""
        start, exponents = self._begin(shape, method)
        return self._checked(lib.nf_block_variance_corrected(*start, *given, exponents, *rest))

    def law(self, shape: tuple[int, ...], method: int, arrays: tuple[Any, ...], at: Any) -> int:
        """As for single numbers."""
        start, exponents = self._begin(shape, method)
        return self._checked(lib.nf_block_variance_corrected_law(*start, *arrays, exponents, at))

    def _begin(self, shape: tuple[int, ...], method: int) -> tuple[tuple[Any, ...], Any]:
        """Block, shape, method and ends; room for the exponents of the scales."""
        layout, default = _layout(self.block, shape), int(self.block._facts.default_overflow)
        policy = self.block.overflow or _core.OVERFLOWS[default].name
        exponents = np.empty(max(math.prod(layout.scales), 1), np.int32)
        start = (self.block._c, layout.c, method, policy == "saturate_symmetric")
        return start, ffi.from_buffer("int32_t[]", exponents)

    def _checked(self, status: int) -> int:
        if status == lib.NF_BAD_FORMAT:
            raise FormatError(
                f"{self.block}: its elements leave no room for noise; the largest value of "
                f"{self.element}, {self.element.max}, must exceed two of the gaps below it"
            )
        return status


def grid_of(format: object) -> Grid:
    """The grid of a format or spelling."""
    return _grid(parse(format))


@functools.lru_cache(maxsize=256)
def _grid(format: Format) -> Grid:
    return BlockGrid(format) if isinstance(format, Block) else Grid(format)


_layout = functools.lru_cache(maxsize=256)(layout_of)
