"""Parts of arrays: indexing, assignment and the order of axes, with scales at their elements.

The place of an element matters where it lies in a block, or under a scale of its own.  Then an
index is made of integers, slices, ``...`` and None, and may not cut what belongs together.
"""

from __future__ import annotations

import contextlib
import operator
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ._arrays import BlockCodes, as_array
from ._block_shape import layout_of
from ._errors import ShapeError
from ._quantize import encode
from .formats import Affine, Block, Format

if TYPE_CHECKING:
    from ._code_array import Array

Index = int | slice


def depends_on_place(format: Format) -> bool:
    """Do the values of codes depend on where they lie?"""
    return isinstance(format, Block) or (isinstance(format, Affine) and format.varies)


def free(array: Array, what: str, change: Callable[[Any], Any]) -> Array:
    """The same change of any format's codes; refused where places matter."""
    if depends_on_place(array.format):
        raise ShapeError(
            f"{what}: elements of {array.format} belong together by their place; decode them "
            f"(.values) first"
        )
    return array._of(change(array.codes), array.format)


def taken(array: Array, key: Any) -> Array:
    """``array[key]``: a view where NumPy gives one."""
    if not depends_on_place(array.format):
        return array._of(array.codes[key], array.format)
    items = _items(array, key)
    indices = [index for _, index in items]
    new_of: dict[int, int] = {}
    kept = [axis for axis, index in items if not isinstance(index, int)]
    for position, axis in enumerate(kept):
        if axis is not None:
            new_of[axis] = position
    scales = array.scales
    if isinstance(array.format, Block):
        extents = layout_of(array.format, array.shape).extents
        cuts = [
            index if axis is None else _blocks_of(array, axis, index, extents[axis])
            for axis, index in items
        ]
        scales = scales[tuple(cuts)] if scales is not None else None
    else:
        for axis, index in items:
            if axis is not None:
                _check_whole(array, axis, index)
    format = moved(array.format, new_of, array.ndim, len(kept))
    codes = array.codes[tuple(indices)]
    return array._of(codes, format, _as_array(scales), array.tensor_scale)


def _as_array(scales: Any) -> Any:
    return None if scales is None else np.asarray(scales)


def _basic(array: Array, part: Any) -> Any:
    """An integer, a slice, ``...`` or None as it is; others are refused."""
    if part is None or part is Ellipsis or isinstance(part, slice):
        return part
    if not isinstance(part, (bool, np.bool_)):
        with contextlib.suppress(TypeError):
            return operator.index(part)
    raise ShapeError(
        f"index {part!r}: of {array.format} only integers, slices, ... and None may be taken, "
        f"for elements belong together by their place"
    )


def _items(array: Array, key: Any) -> list[tuple[int | None, Any]]:
    """(axis, index) of each part of a basic index; axis None for a new axis."""
    given = key if isinstance(key, tuple) else (key,)
    parts = [_basic(array, part) for part in given]
    if sum(part is Ellipsis for part in parts) > 1:
        raise IndexError("an index can only have a single ellipsis ('...')")
    missing = array.ndim - sum(part is not None and part is not Ellipsis for part in parts)
    if missing < 0:
        raise IndexError(f"too many indices: the array has {array.ndim} axes")
    if Ellipsis not in parts:
        parts.append(Ellipsis)
    at = parts.index(Ellipsis)
    parts[at : at + 1] = [slice(None)] * missing
    items: list[tuple[int | None, Any]] = []
    axis = 0
    for part in parts:
        if part is None:
            items.append((None, None))
            continue
        items.append((axis, part))
        axis += 1
    return items


def _blocks_of(array: Array, axis: int, index: Index, extent: int) -> Index:
    """The blocks, along one axis, of the elements at an index."""
    if extent == 1:
        return index
    n = array.shape[axis]
    if isinstance(index, int):
        if _is_named(array.format, axis, array.ndim):
            raise ShapeError(
                f"index {index}: blocks of {array.format} lie along axis {axis}, which a slice "
                f"keeps and an integer takes away; .values[...] gives single numbers"
            )
        return 0
    chosen = range(n)[index]
    if not chosen:
        return slice(0, 0)
    first, last = (end // extent for end in (chosen[0], chosen[-1]))
    if first == last:
        return slice(first, first + 1)
    if chosen.step != 1 or chosen.start % extent:
        raise ShapeError(
            f"index {index.start}:{index.stop}:{index.step or 1} cuts blocks of {array.format}: "
            f"along axis {axis} a slice begins at a multiple of {extent} and takes steps of 1"
        )
    return slice(first, last + 1)


def _is_named(format: Format, axis: int, ndim: int) -> bool:
    assert isinstance(format, Block)
    if isinstance(format.axis, str):
        return False
    axes = format.axis if isinstance(format.axis, tuple) else (format.axis,)
    return any(named is not None and named % ndim == axis for named in axes)


def _check_whole(array: Array, axis: int, index: Index) -> None:
    """Refuse what takes away some of the scales of affine integers."""
    format = array.format
    assert isinstance(format, Affine)
    assert format.channel_axis is not None
    is_scaled = format.group_size is not None or axis == format.channel_axis % array.ndim
    n = array.shape[axis]
    if is_scaled and (isinstance(index, int) or range(n)[index] != range(n)):
        raise ShapeError(
            f"an index into axis {axis}, along which the scales of {format} lie, takes all of it"
        )


def moved(format: Format, new_of: Mapping[int, int], ndim: int, new_ndim: int) -> Format:
    """The format of an array whose axis `a` is now ``new_of[a]``."""
    if isinstance(format, Block) and format.kept_axis is not None:
        if format.kept_axis % ndim not in new_of:
            return format.replace(axis=None)  # one block is left
        kept = _moved_axis(format.kept_axis, new_of, ndim, new_ndim)
        return format.replace(axis=f"all_but({kept})")
    name = "axis" if isinstance(format, Block) else "channel_axis"
    axis = getattr(format, name)
    if axis is None:
        return format
    many = isinstance(axis, tuple)
    found = tuple(_moved_axis(a, new_of, ndim, new_ndim) for a in (axis if many else (axis,)))
    if found == (axis if many else (axis,)):
        return format
    return format.replace(**{name: found if many else found[0]})


def whole_axes(axis: Any, ndim: int) -> tuple[int, ...]:
    """Axes, counted from 0, each named once."""
    axes = tuple(axis) if isinstance(axis, (tuple, list)) else (axis,)
    if not all(isinstance(a, (int, np.integer)) and -ndim <= a < ndim for a in axes):
        raise ShapeError(f"axis={axis!r} is none of an array of {ndim} axes")
    found = tuple(int(a) % ndim for a in axes)
    if len(set(found)) != len(found):
        raise ShapeError(f"axis={axis!r} names an axis twice")
    return found


def _moved_axis(axis: int, new_of: Mapping[int, int], ndim: int, new_ndim: int) -> int:
    """Counted from the same end as before."""
    if axis % max(ndim, 1) not in new_of:
        if ndim == 0:
            return axis
        raise ShapeError(f"axis {axis % ndim} has blocks or scales and cannot be taken away")
    new = new_of[axis % ndim]
    return new if axis >= 0 else new - new_ndim


def transposed(array: Array, axes: Any) -> Array:
    """The axes in another order."""
    order = axes[0] if len(axes) == 1 and not isinstance(axes[0], int) else axes or None
    numbers = range(array.ndim)
    order = tuple(numbers)[::-1] if order is None else whole_axes(order, array.ndim)
    if len(order) != array.ndim:
        raise ShapeError(f"axes={order} do not name each of {array.ndim} axes once")
    format = array.format
    if depends_on_place(format):
        new_of = {old: new for new, old in enumerate(order)}
        format = moved(format, new_of, array.ndim, array.ndim)
    scales = None if array.scales is None else array.scales.transpose(order)
    return array._of(array.codes.transpose(order), format, scales, array.tensor_scale)


def squeezed(array: Array, axis: Any = None) -> Array:
    """Without axes of size 1."""
    ones = [i for i, n in enumerate(array.shape) if n == 1]
    named = ones if axis is None else whole_axes(axis, array.ndim)
    if not set(named) <= set(ones):
        raise ShapeError(f"squeeze: axis={axis} has not size 1 in shape {array.shape}")
    return taken(array, tuple(0 if i in named else slice(None) for i in range(array.ndim)))


def put(array: Array, key: Any, value: Any) -> None:
    """``array[key] = value``."""
    from ._code_array import Array as Codes

    is_free = not depends_on_place(array.format)
    if isinstance(value, Codes):
        if is_free:
            array.codes[key] = (
                value.astype(array.format).codes if _differs(value, array) else (value.codes)
            )
            return
        value = value.values
    place = array._of(array.codes[key], array.format) if is_free else taken(array, key)
    try:
        values = np.broadcast_to(as_array(value, "value")[0], place.shape)
    except ValueError:
        raise ShapeError(
            f"values of shape {np.shape(value)} do not go into a place of shape {place.shape}"
        ) from None
    if is_free:
        array.codes[key] = encode(values, array.format)
    elif isinstance(place.format, Block):
        _put_blocks(array, key, place, values)
    else:
        place.codes[...] = encode(values, place.format)


def _differs(value: Array, array: Array) -> bool:
    return value.format.bare() != array.format.bare()


def _put_blocks(array: Array, key: Any, place: Array, values: Any) -> None:
    """Whole blocks get new elements and scales, under the tensor's scale as it is."""
    assert isinstance(array.format, Block)
    extents = layout_of(array.format, array.shape).extents
    for axis, index in _items(array, key):
        if axis is not None and extents[axis] > 1:
            chosen = range(array.shape[axis])[index] if isinstance(index, slice) else range(1)
            if len(chosen) and len(chosen) % extents[axis] and chosen[-1] + 1 < array.shape[axis]:
                raise ShapeError(
                    f"assignment to a part of a block of {array.format} would change the others' "
                    f"scale: along axis {axis} take whole blocks of {extents[axis]}"
                )
    scales = None if array.tensor_scale is None else (None, array.tensor_scale)
    found: BlockCodes = encode(values, place.format, scales=scales)
    place.codes[...] = found.codes
    if place.scales is not None:
        place.scales[...] = found.scales
