"""Dense bit packing of codes."""

from __future__ import annotations

import math
import struct
from typing import Any, Literal, cast

import numpy as np

from ._arrays import Array, BlockCodes, read_codes
from ._block_shape import layout_of
from ._blocks import read_block_codes
from ._core import lib
from ._errors import NumfmtError, ShapeError, unknown
from ._parse import parse
from .formats import Block
from .formats._base import code_dtype

_ORDERS = ("little", "big")


def _order(bitorder: object) -> Literal["little", "big"]:
    if bitorder not in _ORDERS:
        raise NumfmtError(unknown("bitorder", bitorder, _ORDERS))
    return cast(Literal["little", "big"], bitorder)


def pack(codes: Any, format: object, *, bitorder: str = "little") -> bytes:
    """Codes in C order, each in as many bits as the format is wide, without gaps; the last byte is
    filled with zeros.  Of a block format the elements' codes so, behind them the scales' likewise,
    from a byte of their own on, and the tensor's scale as a little-endian float32.

    Args:
        codes: unsigned integers, each a code of the format; of a block format a `BlockCodes`.
        bitorder: ``"little"``: the first code in the lowest bits of the first byte, its lowest bit
            first; ``"big"``: in the highest bits, its highest bit first.

    >>> import numfmt as nf
    >>> nf.pack([1, 2, 3], "e2m1").hex()
    '2103'
    """
    parsed, order = parse(format), _order(bitorder)
    if not isinstance(parsed, Block):
        return _packed(read_codes(codes, parsed).plain, parsed.width, order)
    source, _, used = read_block_codes(parsed, codes)
    packed = _packed(source.plain, parsed.width, order)
    if used.codes is not None:
        packed += _packed(used.codes, parsed.scale_width, order)
    tensor = used.tensor(parsed)
    return packed if tensor is None else packed + struct.pack("<f", tensor)


def _packed(plain: Array, width: int, order: Literal["little", "big"]) -> bytes:
    bits = np.unpackbits(_bytes(plain.reshape(-1)), axis=1, bitorder="little")[:, :width]
    return np.packbits(bits if order == "little" else bits[:, ::-1], bitorder=order).tobytes()


def _bytes(plain: Array) -> Array:
    """(n, bytes of a code), least significant byte first."""
    little = plain.astype(plain.dtype.newbyteorder("<"))
    return little.view(np.uint8).reshape(plain.size, plain.itemsize)


def unpack(
    data: bytes, format: object, shape: int | tuple[int, ...], *, bitorder: str = "little"
) -> Any:
    """The codes that `pack` packed; of a block format a `BlockCodes`.

    Args:
        data: bytes-like; exactly as long as `pack` makes it.
        shape: of the codes.

    Raises:
        ShapeError: a length that does not fit the shape.

    >>> import numfmt as nf
    >>> nf.unpack(bytes.fromhex("2103"), "e2m1", 3)
    array([1, 2, 3], dtype=uint8)
    """
    parsed, order = parse(format), _order(bitorder)
    given = (shape,) if isinstance(shape, int) else tuple(shape)
    if not all(isinstance(size, (int, np.integer)) and size >= 0 for size in given):
        raise ShapeError(f"shape={shape!r} must be a non-negative integer or a tuple of them")
    sizes = tuple(int(size) for size in given)
    raw = np.frombuffer(data, np.uint8)
    if not isinstance(parsed, Block):
        needed = _bytes_of(math.prod(sizes), parsed.width)
        _check_size(raw.size, needed, f"{math.prod(sizes)} codes of {parsed}")
        return _unpacked(raw, sizes, parsed.width, code_dtype(parsed), order)
    scales = layout_of(parsed, sizes).scales
    parts = [_bytes_of(math.prod(sizes), parsed.width)]
    parts += [_bytes_of(math.prod(scales), parsed.scale_width), 4 * bool(parsed.tensor_scale)]
    _check_size(raw.size, sum(parts), f"an array of shape {sizes} in {parsed}")
    elements, stored, tensor = np.split(raw, np.cumsum(parts)[:2])
    dtype = np.dtype(f"u{int(lib.nf_block_scale_size(parsed._c)) or 1}")
    return BlockCodes(
        _unpacked(elements, sizes, parsed.width, code_dtype(parsed), order),
        _unpacked(stored, scales, parsed.scale_width, dtype, order) if parsed.scale_width else None,
        np.float32(struct.unpack("<f", tensor.tobytes())[0]) if tensor.size else None,
    )


def _bytes_of(count: int, width: int) -> int:
    return (count * width + 7) // 8


def _check_size(found: int, needed: int, what: str) -> None:
    if found != needed:
        raise ShapeError(f"data has {found} bytes; {what} take {needed}")


def _unpacked(
    raw: Array,
    shape: tuple[int, ...],
    width: int,
    dtype: np.dtype[Any],
    order: Literal["little", "big"],
) -> Array:
    count = math.prod(shape)
    bits = np.unpackbits(raw, bitorder=order, count=count * width).reshape(count, width)
    padded = np.zeros((count, dtype.itemsize * 8), np.uint8)
    padded[:, :width] = bits if order == "little" else bits[:, ::-1]
    codes = np.packbits(padded, axis=1, bitorder="little").reshape(-1).view(dtype.newbyteorder("<"))
    return codes.astype(dtype).reshape(shape)
