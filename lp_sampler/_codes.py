"""Draws as codes of their format, and back."""

from __future__ import annotations

import dataclasses
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from ._numfmt import Block, Fixed, Float, Format, decode, encode
from ._rounding import is_binary32, is_block, spelled_out

Array = npt.NDArray[Any]
E8M0_BIAS = 127


@dataclasses.dataclass(frozen=True)
class Coding:
    """How values (..., size) of a format are kept: as codes (..., columns) of `dtype`.

    Neighbours that share a scale are kept as codes of their elements, and after all of them the
    codes of the scales.  Of binary32 every bit is kept; so it is of those block formats whose codes
    do not follow from values alone (scales that are no powers of two, or one for several chains),
    and of all block formats where `as_float32` says so.
    """

    format: Format
    size: int
    as_float32: bool = False

    @cached_property
    def _shared(self) -> int:
        """Parameters of a block; 0 where there are none."""
        return 0 if self.as_float32 else neighbours(self.format, self.size) or 0

    @property
    def blocks(self) -> int:
        """How many scales there are."""
        return -(-self.size // self._shared) if self._shared else 0

    @property
    def columns(self) -> int:
        """Codes that values (..., size) are kept as."""
        return self.size + self.blocks

    @cached_property
    def keeps_bits(self) -> bool:
        """Are the codes the bits of float32?"""
        return is_binary32(self.format) or (is_block(self.format) and not self.blocks)

    @cached_property
    def dtype(self) -> np.dtype[Any]:
        """The smallest unsigned integers that hold the codes."""
        return np.dtype(self.encode(np.zeros(self.size, np.float32)).dtype)

    def encode(self, values: Array) -> Array:
        """Codes of float32 values that are the format's own."""
        if self.keeps_bits:
            return np.ascontiguousarray(values, np.float32).view(np.uint32)
        if self._shared:
            return _encode_blocks(values, self.format, self._shared)
        codes: Array = encode(values, spelled_out(self.format.bare()))
        return codes

    def decode(self, codes: Array) -> npt.NDArray[np.float32]:
        """The values, in float32."""
        if not self.blocks:
            return self.values(codes)
        codes, scales = codes[..., : self.size], codes[..., self.size :]
        return self.values(codes, scales[..., self.block_of(np.arange(self.size))])

    def block_of(self, parameters: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
        """The numbers of the parameters' scales."""
        return parameters // self._shared

    def values(self, codes: Array, scales: Array | None = None) -> npt.NDArray[np.float32]:
        """The values of codes, each with the scale beside it where there are any."""
        if self.keeps_bits:
            return np.ascontiguousarray(codes).view(np.float32)
        format = self.format.bare()
        if not isinstance(format, Block) or scales is None:
            return np.asarray(decode(codes, format, dtype=np.float32))
        elements = decode(codes, format.element, dtype=np.float32)
        return np.asarray(np.ldexp(elements, _exponents(scales, format)))


def neighbours(format: Format, size: int) -> int | None:
    """How many of `size` parameters share a scale; None where codes of blocks are not kept.

    A block's codes follow from its values where the grids of its scales are nested: elements of
    fixed point or floats, under powers of two; and where it lies within one chain.
    """
    if not isinstance(format, Block) or format.compat is not None:
        return None
    is_power = str(format.scale_format).startswith(("e8m0", "exponent"))
    if not is_power or not isinstance(format.element, (Fixed, Float)):
        return None
    if format.axis == "all_but(0)" or (format.axis in (1, -1) and format.size is None):
        return size
    if format.axis not in (1, -1) or not isinstance(format.size, int):
        return None
    return min(size, format.size)


def _encode_blocks(values: Array, format: Format, size: int) -> Array:
    """Elements and scales of rows, each block of so many on the finest of all grids that hold it:
    under the least scale that does not clip it.
    """
    modes = {"scale_rule": "rceil", "rounding": "nearest_even", "overflow": "saturate"}
    row: Any = format.bare().replace(axis=-1, size=size, **modes)
    rows = np.ascontiguousarray(values, np.float32).reshape(-1, values.shape[-1])
    found = encode(rows, row)
    lost = decode(found, row, dtype=np.float32) != rows
    if lost.any():  # the largest is the negative end, which the rule takes for a clipped number
        lower = _exponents(found.scales, row)
        lower -= np.logical_or.reduceat(lost, np.arange(0, rows.shape[1], size), axis=1)
        found = encode(rows, row, scales=_scale_codes(lower, row, found.scales.dtype))
    codes = np.concatenate([found.codes, found.scales], axis=1)
    return codes.reshape(*values.shape[:-1], -1)


def _exponents(scales: Array, format: Block) -> npt.NDArray[np.int32]:
    """Of the powers of two that the codes of scales stand for."""
    codes, scale = scales.astype(np.int32), format.scale_format
    if scale is None or isinstance(scale, Format):
        return np.asarray(codes - E8M0_BIAS)
    half = 1 << (scale.bits - 1)  # two's complement
    return np.asarray((codes ^ half) - half)


def _scale_codes(exponents: Array, format: Block, dtype: np.dtype[Any]) -> Array:
    """The way back."""
    scale = format.scale_format
    if scale is None or isinstance(scale, Format):
        return np.asarray((exponents + E8M0_BIAS).astype(dtype))
    return np.asarray((exponents & ((1 << scale.bits) - 1)).astype(dtype))
