"""NumPy's functions of arrays that have a meaning for codes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from . import _array_extremes as extremes
from . import _array_make as make
from ._array_places import depends_on_place, free, moved, squeezed, taken, transposed, whole_axes
from ._array_protocols import operation
from ._block_shape import layout_of
from ._code_array import Array
from ._errors import FormatError, ShapeError
from .formats import Affine, Block


def joined(arrays: Any, axis: Any = 0) -> Array:
    """numpy.concatenate, of Arrays of one format."""
    parts = _of_one_format("concatenate", arrays)
    first = parts[0]
    if axis is None:
        return joined([part.ravel() for part in parts])
    place = whole_axes(axis, first.ndim)[0]
    for part in parts:
        _check_joint(part, place)
    codes = np.concatenate([part.codes for part in parts], place)
    if first.scales is None:
        return Array._of(codes, first.format)
    scales = np.concatenate([part.scales for part in parts if part.scales is not None], place)
    if len({part.tensor_scale for part in parts}) > 1:
        raise ShapeError("concatenate: the arrays have different tensor scales; round them anew")
    return Array._of(codes, first.format, scales, first.tensor_scale)


def _of_one_format(what: str, arrays: Any) -> list[Array]:
    parts = list(arrays)
    for part in parts:
        if not isinstance(part, Array):
            raise FormatError(
                f"{what}: {type(part).__name__} beside an Array; make it one of the same format "
                f"first: numfmt.array(x, format)"
            )
        if part.format.bare() != parts[0].format.bare():
            raise FormatError(
                f"{what}: formats {parts[0].format} and {part.format} are mixed; convert with "
                f".astype(format)"
            )
    return parts


def _check_joint(part: Array, axis: int) -> None:
    """Refuse to join along an axis of blocks or scales."""
    format = part.format
    if isinstance(format, Block):
        apart = layout_of(format, part.shape).extents[axis] == 1 and format.axis is not None
        if format.kept_axis is not None:
            apart = axis == format.kept_axis % part.ndim
    else:
        varies = isinstance(format, Affine) and format.channel_axis is not None
        apart = not varies or (
            isinstance(format, Affine)
            and format.group_size is None
            and axis != (format.channel_axis or 0) % part.ndim
        )
    if not apart:
        raise ShapeError(
            f"concatenate along axis {axis}: blocks or scales of {format} lie along it; round the "
            f"joined values anew"
        )


def stacked(arrays: Any, axis: int = 0) -> Array:
    """numpy.stack: a new axis."""
    parts = _of_one_format("stack", arrays)
    place = whole_axes(axis, parts[0].ndim + 1)[0]
    key = (*(slice(None),) * place, None)
    return joined([taken(part, (*key, Ellipsis)) for part in parts], place)


def _rows(arrays: Any) -> list[Array]:
    return [part[None] if part.ndim < 2 else part for part in _of_one_format("vstack", arrays)]


def _columns(arrays: Any) -> Array:
    parts = _of_one_format("hstack", arrays)
    return joined(parts, 0 if parts[0].ndim == 1 else 1)


def _expanded(a: Array, axis: Any) -> Array:
    ndim = a.ndim + (len(axis) if isinstance(axis, (tuple, list)) else 1)
    places = whole_axes(axis, ndim)
    return taken(a, tuple(None if i in places else slice(None) for i in range(ndim)))


def _moved_axes(a: Array, source: Any, destination: Any) -> Array:
    sources, places = whole_axes(source, a.ndim), whole_axes(destination, a.ndim)
    order = [axis for axis in range(a.ndim) if axis not in sources]
    for place, axis in sorted(zip(places, sources, strict=True)):
        order.insert(place, axis)
    return transposed(a, (tuple(order),))


def _swapped(a: Array, axis1: int, axis2: int) -> Array:
    order = list(range(a.ndim))
    one, two = whole_axes((axis1, axis2), a.ndim) if axis1 != axis2 else (axis1, axis2)
    order[one], order[two] = order[two], order[one]
    return transposed(a, (tuple(order),))


def spread(a: Array, shape: Any) -> Array:
    """numpy.broadcast_to: a view; of formats whose places matter along their other axes."""
    codes = np.broadcast_to(a.codes, shape)
    if not depends_on_place(a.format):
        return Array._of(codes, a.format)
    new = codes.ndim - a.ndim
    format = moved(a.format, {i: i + new for i in range(a.ndim)}, a.ndim, codes.ndim)
    if isinstance(format, Affine):
        return Array._of(codes, format)
    layout = layout_of(format, codes.shape)  # type: ignore[arg-type]
    own = layout_of(a.format, a.shape)  # type: ignore[arg-type]
    if own.extents != layout.extents[new:] or any(n > 1 for n in layout.extents[:new]):
        raise ShapeError(f"broadcast_to: shape {codes.shape} repeats elements within blocks")
    scales = None if a.scales is None else np.broadcast_to(a.scales, layout.scales)
    return Array._of(codes, format, scales, a.tensor_scale)


def _on_codes(given: Callable[..., Any]) -> Callable[..., Any]:
    """A function that only moves elements, of formats whose places do not matter."""

    def moves(a: Array, *arguments: Any, **keywords: Any) -> Any:
        return free(a, given.__name__, lambda codes: given(codes, *arguments, **keywords))

    return moves


def _split(given: Callable[..., Sequence[Any]]) -> Callable[..., Any]:
    def pieces(a: Array, *arguments: Any, **keywords: Any) -> list[Array]:
        free(a, given.__name__, lambda codes: codes)
        return [Array._of(part, a.format) for part in given(a.codes, *arguments, **keywords)]

    return pieces


def _chosen(condition: Any, x: Any, y: Any) -> Array:
    """numpy.where."""
    parts = _of_one_format("where", (x, y))
    for part in parts:
        free(part, "where", lambda codes: codes)
    return Array._of(np.where(condition, parts[0].codes, parts[1].codes), parts[0].format)


def _all_equal(a: Any, b: Any) -> bool:
    """numpy.array_equal: the same shape, and every pair equal."""
    return np.shape(a) == np.shape(b) and bool(np.all(operation("equal")(a, b)))


MOVES = (np.repeat, np.tile, np.flip, np.fliplr, np.flipud, np.roll, np.rot90, np.take, np.diagonal)
FUNCTIONS: dict[Any, Callable[..., Any]] = {
    **{given: _on_codes(given) for given in MOVES},
    **{given: _split(given) for given in (np.split, np.array_split)},
    np.concatenate: joined,
    np.stack: stacked,
    np.vstack: lambda arrays: joined(_rows(arrays)),
    np.hstack: _columns,
    np.reshape: lambda a, shape: a.reshape(shape),
    np.ravel: lambda a: a.ravel(),
    np.transpose: lambda a, axes=None: transposed(a, () if axes is None else (axes,)),
    np.moveaxis: _moved_axes,
    np.swapaxes: _swapped,
    np.squeeze: squeezed,
    np.expand_dims: _expanded,
    np.broadcast_to: spread,
    np.copy: lambda a: a.copy(),
    np.where: _chosen,
    np.shape: lambda a: a.shape,
    np.ndim: lambda a: a.ndim,
    np.size: lambda a: a.size,
    np.array_equal: _all_equal,
    np.zeros_like: lambda a: make.zeros_like(a),
    np.ones_like: lambda a: make.ones_like(a),
    np.empty_like: lambda a: make.empty_like(a),
    np.full_like: lambda a, fill_value: make.full_like(a, fill_value),
    np.sum: lambda a, axis=None, keepdims=False: operation("sum")(a, axis=axis, keepdims=keepdims),
    **dict.fromkeys((np.max, np.amax), extremes.largest),
    **dict.fromkeys((np.min, np.amin), extremes.least),
    np.clip: extremes.clipped,
    np.dot: lambda a, b: operation("dot")(a, b),
}
