"""Affine integers: scales and zero points for a tensor, an axis, or groups along one."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, ClassVar

import numpy as np

from .._core import ffi, lib
from .._errors import FormatError, ShapeError, unknown
from ._base import Format, Number, integer, switch
from ._layout import Layout, bits
from ._scales import (
    checked_places,
    checked_scale,
    each,
    exact_number,
    flat,
    joined,
    plain_array,
    scales_shape,
    shortest,
    significant_bits,
    spread,
)

DIVIDES = {"exact": lib.NF_DIVIDE_EXACT, "fl32_reciprocal": lib.NF_DIVIDE_FL32_RECIPROCAL}
_Array = np.ndarray[Any, Any]


@dataclass(frozen=True, repr=False)
class Affine(Format):
    """Affine integers: ``value = scale * (integer - zero_point)``, as TFLite, ONNX and PyTorch
    have them.

    Args:
        width: bits of a code, which is the integer, 1..64.
        scale: a positive number that float64 holds; with `channel_axis` one for each index along
            the axis; with `group_size` as well an array of them, shaped like the numbers with the
            size of the axis divided by that of a group and rounded up.
        zero_point: the integer that is worth 0, below 2**63; or as many as there are scales.
        signed: two's complement, or unsigned.
        channel_axis: the axis along which scales vary, counted from the array's first or, where
            negative, last.
        group_size: so many neighbours along the axis share a scale, the last ones possibly fewer.
        divide: ``"exact"``: a number over its scale is the exact quotient, rounded once;
            ``"fl32_reciprocal"``: it is multiplied by the float32 reciprocal of the scale in
            float32 arithmetic, and then rounded.  Scales are float32 numbers then.
        rounding, overflow: modes that the format carries as its own defaults.

    "even", "zero" and "away" in the names of roundings are of ``integer - zero_point``.  Ends and
    wraps are of the integer; ``saturate_symmetric`` (TFLite's weights) needs zero points of 0, and
    ``saturate_zero`` gives the zero point.  A value that the dtype does not hold becomes the
    nearest number; with ``dtype=object`` values are exact.

    >>> f = Affine(8, 0.5, 10)
    >>> str(f), f.min, f.max, f.eps
    ('affine<8,0.5,10>', -69.0, 58.5, 0.5)
    >>> Affine(8, [0.5, 0.25], channel_axis=0, overflow="saturate_symmetric").replace(width=4)
    <numfmt format affine<4,0.5|0.25,axis=0>: rounding nearest_even, overflow saturate_symmetric>
    """

    width: int
    scale: Any
    zero_point: Any = 0
    signed: bool = field(default=True, kw_only=True)
    channel_axis: int | None = field(default=None, kw_only=True)
    group_size: int | None = field(default=None, kw_only=True)
    divide: str = field(default="exact", kw_only=True)
    rounding: str | None = field(default=None, kw_only=True)
    overflow: str | None = field(default=None, kw_only=True)

    family: ClassVar[str] = "affine"
    __hash__ = Format.__hash__

    def __post_init__(self) -> None:
        self._set(width=integer(self.width, "width", 1, 64))
        switch(self.signed, "signed")
        if self.divide not in DIVIDES:
            raise FormatError(unknown("divide", self.divide, DIVIDES))
        axis, group = checked_places(self.channel_axis, self.group_size)
        self._set(channel_axis=axis, group_size=group)
        self._set_scales()
        self._check()

    def _set(self, **fields: Any) -> None:
        for name, value in fields.items():
            object.__setattr__(self, name, value)

    def _set_scales(self) -> None:
        """Scales and zero points as numbers or nested tuples of one shape."""
        scales, zeros = (
            plain_array(self.scale, "scale"),
            plain_array(self.zero_point, "zero_point"),
        )
        axis, grouped = self.channel_axis, self.group_size is not None
        allowed = scales.ndim >= 1 if grouped else scales.ndim == (axis is not None)
        if not allowed or scales.size == 0:
            wanted = "an array" if grouped else "a number" if axis is None else "a sequence"
            raise FormatError(
                f"scale has shape {scales.shape}; with channel_axis={axis} and "
                f"group_size={self.group_size} it must be {wanted}"
            )
        if grouped and axis is not None and not -scales.ndim <= axis < scales.ndim:
            raise FormatError(
                f"channel_axis={axis} is no axis of scale, whose shape is {scales.shape}"
            )
        if zeros.ndim and zeros.shape != scales.shape:
            raise FormatError(
                f"zero_point has shape {zeros.shape}; it must be a number, or shaped like scale: "
                f"{scales.shape}"
            )
        low, high = self._integers
        single = self.divide == "fl32_reciprocal"
        numbers = each(scales, lambda number: checked_scale(number, single))
        points = each(
            zeros, lambda number: integer(number, "zero_point", low, min(high, (1 << 63) - 1))
        )
        if zeros.ndim and len(set(flat(points))) == 1:
            points = next(iter(flat(points)))
        self._set(scale=numbers, zero_point=points)

    @property
    def _integers(self) -> tuple[int, int]:
        """The lowest and the highest integer."""
        if self.signed:
            return -(1 << (self.width - 1)), (1 << (self.width - 1)) - 1
        return 0, (1 << self.width) - 1

    @functools.cached_property
    def scales(self) -> _Array:
        """The scales as a float64 array: of no, one or more dimensions."""
        scales = np.array(self.scale, np.float64)
        scales.flags.writeable = False
        return scales

    @functools.cached_property
    def zero_points(self) -> _Array:
        """The zero points as an int64 array, shaped like `scales`."""
        return np.broadcast_to(np.array(self.zero_point, np.int64), self.scales.shape)

    @property
    def varies(self) -> bool:
        """Does the scale depend on the place in an array?"""
        return self.channel_axis is not None

    def _fields(self) -> dict[str, Any]:
        return self._fields_with(self._table_for(self.scales.size if self.varies else 1, 1))

    def _fields_with(self, table: Any) -> dict[str, Any]:
        return {
            "family": lib.NF_AFFINE,
            "width": self.width,
            "is_signed": self.signed,
            "affine": table,
        }

    @functools.cached_property
    def _arrays(self) -> tuple[Any, Any]:
        """The core's arrays of scales and of zero points."""
        scales = ffi.new("double[]", self.scales.reshape(-1).tolist())
        if not np.any(self.zero_points):
            return scales, ffi.NULL
        return scales, ffi.new("int64_t[]", self.zero_points.reshape(-1).tolist())

    @functools.cached_property
    def _tables(self) -> dict[tuple[int, int], Any]:
        """The core's table of scales for each way to lie in an array."""
        return {}

    @functools.cached_property
    def _descriptors(self) -> dict[tuple[int, int], Any]:
        return {}

    def _table_for(self, extent: int, inner: int) -> Any:
        if (extent, inner) in self._tables:
            return self._tables[extent, inner]
        scales, zeros = self._arrays
        several = self.scales.size > 1
        table = ffi.new(
            "nf_affine *",
            {
                "scales": scales,
                "zero_points": zeros,
                "count": self.scales.size,
                "extent": extent if several else 1,
                "inner": inner if several else 1,
                "group": (self.group_size or 0) if several else 0,
                "divide": DIVIDES[self.divide],
            },
        )
        return self._tables.setdefault((extent, inner), table)

    def _descriptor_for(self, shape: tuple[int, ...], argument: str) -> Any:
        """The core's description of the format for an array of this shape."""
        if self.channel_axis is None:
            return self._c
        wanted = scales_shape(shape, self.channel_axis, self.group_size, argument)
        if wanted != self.scales.shape:
            raise ShapeError(
                f"{argument} has shape {shape}: along axis {self.channel_axis} that takes scales "
                f"of shape {wanted}, and {self._short()} has {self.scales.shape}"
            )
        axis = self.channel_axis % len(shape)
        place = shape[axis], max(math.prod(shape[axis + 1 :]), 1)
        if place not in self._descriptors:
            fields = self._fields_with(self._table_for(*place))
            self._descriptors[place] = ffi.new("nf_format *", fields)
        return self._descriptors[place]

    def _short(self) -> str:
        """The spelling without the scales."""
        return f"{'' if self.signed else 'u'}affine<{self.width},...,axis={self.channel_axis}>"

    def _spelling(self) -> tuple[str, list[str]]:
        parts = [str(self.width), joined(flat(self.scale), shortest)]
        if self.zero_point != 0:
            parts.append(joined(flat(self.zero_point), str))
        if self.channel_axis is not None:
            parts.append(f"axis={self.channel_axis}")
        if self.group_size is not None:
            parts.append(f"group={self.group_size}")
            parts.append("shape=" + "x".join(map(str, self.scales.shape)))
        parts += [f"divide={self.divide}"] if self.divide != "exact" else []
        return "affine" if self.signed else "uaffine", parts

    def exact_values(self, codes: _Array) -> _Array:
        """The value of each code as a Fraction: an object array shaped like the codes."""
        scales, zeros = self._by_element(codes.shape)
        high = self._integers[1]
        exact = np.empty(codes.size, object)
        terms = zip(codes.reshape(-1).tolist(), scales, zeros, strict=True)
        for i, (code, scale, zero) in enumerate(terms):
            number = code - (1 << self.width) * (code > high)
            exact[i] = Fraction(scale) * (number - zero)
        return exact.reshape(codes.shape)

    def _by_element(self, shape: tuple[int, ...]) -> tuple[list[float], list[int]]:
        """Scale and zero point of each element in C order."""
        self._descriptor_for(shape, "codes")
        axis, group = self.channel_axis, self.group_size
        scales, zeros = (
            spread(array, shape, axis, group).reshape(-1).tolist()
            for array in (self.scales, self.zero_points)
        )
        return scales, zeros

    def _ends(self) -> Iterator[tuple[Fraction, Fraction, int]]:
        """Of each scale the lowest and the highest value and the integers above the zero point."""
        low, high = self._integers
        pairs = zip(
            self.scales.reshape(-1).tolist(), self.zero_points.reshape(-1).tolist(), strict=True
        )
        for scale, zero in pairs:
            yield Fraction(scale) * (low - zero), Fraction(scale) * (high - zero), high - zero

    @property
    def max(self) -> Number:
        """The largest value, under the scale that makes it largest."""
        return exact_number(max(high for _, high, _ in self._ends()))

    @property
    def min(self) -> Number:
        """The most negative value, under the scale that makes it so; 0 where there is none."""
        return exact_number(min(low for low, _, _ in self._ends()))

    @property
    def smallest_positive(self) -> Number:
        """The smallest scale under which there is a positive value."""
        ends = zip(self.scales.reshape(-1).tolist(), self._ends(), strict=True)
        positive = [scale for scale, (_, _, above) in ends if above]
        if not positive:
            raise FormatError(f"{self} has no positive value")
        return float(min(positive))

    @property
    def smallest_normal(self) -> Number:
        """The same as `smallest_positive`."""
        return self.smallest_positive

    @property
    def eps(self) -> Number:
        """The gap between neighbours: the scale, of several the smallest."""
        return float(self.scales.min())

    @property
    def has_wide_values(self) -> bool:
        """Are there values of more than 64 significant bits?"""
        low, high = self._integers
        return any(
            significant_bits(Fraction(scale)) + max(high - zero, zero - low).bit_length() > 64
            for scale, zero in zip(
                self.scales.reshape(-1).tolist(), self.zero_points.reshape(-1).tolist(), strict=True
            )
        )

    @property
    def scale_bits(self) -> int:
        """Significant bits of the longest scale."""
        return max(significant_bits(Fraction(scale)) for scale in self.scales.reshape(-1).tolist())

    def all_values(self, dtype: Any = np.float64) -> _Array:
        """The value of every code, in the order of `all_codes`; of a format with one scale."""
        if self.varies:
            raise FormatError(
                f"{self._short()} has values for each scale; decode codes in their array"
            )
        return super().all_values(dtype)

    def layouts(self) -> tuple[Layout, ...]:
        """The integer."""
        kind = "two's complement" if self.signed else "unsigned"
        meaning = f"{bits('integer', self.width)}, {kind}"
        if self.varies:
            value = "scale * (q - zero point), both by the place in the array"
        else:
            value = f"{shortest(self.scale)} * (q - {self.zero_point})"
        return (Layout(("q" * self.width,), (("q", meaning),), (value,)),)
