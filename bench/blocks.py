"""numfmt's rows of block formats, with the floors that they have to reach."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import numfmt as nf

from .arrays import Array
from .ours import ONE_PASS, Setup, options_of
from .row import (
    IN_MEMORY,
    MEMCPY,
    OURS,
    PHILOX,
    Floor,
    Row,
    Setting,
    Task,
    Work,
    calls,
)

NEAREST = {
    **dict.fromkeys(("mxfp8_e4m3", "mxfp8_e5m2", "mxfp4", "mxint8"), Floor(0.90, 0.75)),
    "bfp<8,16>": Floor(0.95, 0.95),
    "lp_sgld<8,16>": Floor(0.95, 0.95),
}
MODES = ("toward_zero", "up", "nearest_up", "to_odd")
SOME = ("mxfp8_e4m3", "mxint8")
DIRECTED, STOCHASTIC, ENCODE = Floor(0.70, 0.55), Floor(0.42, 0.42), Floor(0.90, 0.75)
ROWS = 4096  # numbers of a row, where blocks lie along columns


def rows() -> Iterator[Row]:
    """Every row of block formats."""
    yield from (row(name, "nearest_even", floor) for name, floor in NEAREST.items())
    yield from (row(name, mode, DIRECTED) for mode in MODES for name in SOME)
    yield from (row(name, "stochastic", STOCHASTIC, PHILOX) for name in NEAREST)
    for name in SOME:
        yield row(name, "nearest_even", half(NEAREST[name]), axis=0)
        yield row(name, "stochastic", half(STOCHASTIC), PHILOX, axis=0)
    yield from (encode_row(name) for name in NEAREST)


def half(floor: Floor) -> Floor:
    """What is asked where the numbers of a block do not lie next to each other."""
    return Floor(floor.avx512 / 2, floor.avx2 / 2)


def lying(array: Array, axis: int) -> Array:
    """The array in rows of ROWS numbers where blocks lie along the columns."""
    return array if axis == -1 else array.reshape(-1, ROWS)


def quantizing(format: str, mode: str, axis: int) -> Setup:
    """Set-up of values to values, ``out=`` given."""

    def setup(setting: Setting) -> Work:
        x, y = (lying(a, axis) for a in (setting.arrays.input(), setting.arrays.output()))
        block, options = nf.parse(format).replace(axis=axis), options_of(format, mode)
        call = functools.partial(nf.quantize, x, block, mode, out=y, **options)
        return Work(calls(call), setting.n, lambda: y)

    return setup


def encoding(format: str) -> Setup:
    """Set-up of values to codes and scales, in fresh memory."""

    def setup(setting: Setting) -> Work:
        x, options = setting.arrays.input(), options_of(format, "nearest_even")
        call: Any = functools.partial(nf.encode, x, nf.parse(format), **options)
        return Work(calls(call), setting.n)

    return setup


def note_of(format: str) -> str:
    """How NaNs are dealt with where the format has none."""
    return "" if nf.parse(format).has_nan else ONE_PASS


def row(format: str, mode: str, floor: Floor, ruler: str = MEMCPY, axis: int = -1) -> Row:
    """Values to values, measured in memory-sized arrays."""
    task = Task("quantize", mode, format, "" if axis == -1 else f"axis={axis}")
    setup = quantizing(format, mode, axis)
    return Row(OURS, task, setup, ruler, floor, least=IN_MEMORY, note=note_of(format))


def encode_row(format: str) -> Row:
    """Codes and scales out."""
    task = Task("encode", "", format)
    setup, note = encoding(format), note_of(format)
    return Row(OURS, task, setup, MEMCPY, ENCODE, least=IN_MEMORY, note=note)
