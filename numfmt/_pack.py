"""Dense bit packing of codes."""

from __future__ import annotations

import math
from typing import Any, Literal, cast

import numpy as np

from ._arrays import Array, read_codes
from ._errors import NumfmtError, ShapeError, unknown
from ._parse import parse
from .formats._base import code_dtype

_ORDERS = ("little", "big")


def _order(bitorder: object) -> Literal["little", "big"]:
    if bitorder not in _ORDERS:
        raise NumfmtError(unknown("bitorder", bitorder, _ORDERS))
    return cast(Literal["little", "big"], bitorder)


def pack(codes: Any, format: object, *, bitorder: str = "little") -> bytes:
    """Codes in C order, each in as many bits as the format is wide, without gaps; the last byte is
    filled with zeros.

    Args:
        codes: unsigned integers, each a code of the format.
        bitorder: ``"little"``: the first code in the lowest bits of the first byte, its lowest bit
            first; ``"big"``: in the highest bits, its highest bit first.

    >>> import numfmt as nf
    >>> nf.pack([1, 2, 3], "e2m1").hex()
    '2103'
    """
    parsed, order = parse(format), _order(bitorder)
    plain = read_codes(codes, parsed).plain.reshape(-1)
    bits = np.unpackbits(_bytes(plain), axis=1, bitorder="little")[:, : parsed.width]
    return np.packbits(bits if order == "little" else bits[:, ::-1], bitorder=order).tobytes()


def _bytes(plain: Array) -> Array:
    """(n, bytes of a code), least significant byte first."""
    little = plain.astype(plain.dtype.newbyteorder("<"))
    return little.view(np.uint8).reshape(plain.size, plain.itemsize)


def unpack(
    data: bytes, format: object, shape: int | tuple[int, ...], *, bitorder: str = "little"
) -> Array:
    """The codes that `pack` packed.

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
    sizes = (shape,) if isinstance(shape, int) else tuple(shape)
    if not all(isinstance(size, (int, np.integer)) and size >= 0 for size in sizes):
        raise ShapeError(f"shape={shape!r} must be a non-negative integer or a tuple of them")
    count = math.prod(int(size) for size in sizes)
    raw = np.frombuffer(data, np.uint8)
    needed = (count * parsed.width + 7) // 8
    if raw.size != needed:
        raise ShapeError(f"data has {raw.size} bytes; {count} codes of {parsed} take {needed}")
    bits = np.unpackbits(raw, bitorder=order, count=count * parsed.width).reshape(
        count, parsed.width
    )
    dtype = code_dtype(parsed)
    padded = np.zeros((count, dtype.itemsize * 8), np.uint8)
    padded[:, : parsed.width] = bits if order == "little" else bits[:, ::-1]
    codes = np.packbits(padded, axis=1, bitorder="little").reshape(-1).view(dtype.newbyteorder("<"))
    return codes.astype(dtype).reshape(sizes)
