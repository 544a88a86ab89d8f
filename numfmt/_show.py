"""What a format is, in words: its facts and a picture of its bits."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import numpy.typing as npt

from ._errors import FormatError, RangeError
from ._print import BEYOND_WRITING, plain
from .formats import Block, Format
from .formats._layout import Layout
from .formats.block import Exponent

SAMPLES = (0.1, 1 / 3, 1.0, math.pi, -1000.0, 1e30)
PROPERTIES = (
    *("width", "precision", "min", "max", "smallest_positive", "smallest_normal", "eps"),
    *("has_infinity", "has_nan"),
)
OF_BLOCKS = (
    *("element", "size", "axis", "scale_format", "scale_rule", "tensor_scale", "bits_per_value"),
    *("has_infinity", "has_nan"),
)
LONGEST_SEGMENT, HEAD, TAIL = 12, 6, 3
MOST_ROWS, END_ROWS, MIDDLE_ROWS = 16, 3, 6


def facts(format: Format) -> dict[str, Any]:
    """The properties of a format, ready to print."""
    if isinstance(format, Block):
        values = {name: getattr(format, name) for name in OF_BLOCKS}
        return {
            name: str(v) if isinstance(v, (Format, Exponent)) else v for name, v in values.items()
        }
    found: dict[str, Any] = {}
    for name in PROPERTIES:
        try:
            found[name] = plain(getattr(format, name))
        except FormatError:  # the smallest positive value of a codebook that has none
            found[name] = None
        except RangeError:
            found[name] = BEYOND_WRITING
    return found


def described_layouts(format: Format) -> list[dict[str, Any]]:
    """The bits of a format's codes as JSON holds them."""
    return [dataclasses.asdict(layout) for layout in format.layouts()]


def drawn_layouts(format: Format) -> str:
    """The bits of a format's codes as text."""
    return "\n".join(_drawn(layout) for layout in format.layouts())


def _drawn(layout: Layout) -> str:
    letters = max(len(letter) for letter, _ in layout.fields)
    lines = [layout.title, "", *_box(layout), ""]
    lines += [f"  {letter:{letters}}   {meaning}" for letter, meaning in layout.fields]
    lines += ["", *(f"  {'=' if i == 0 else ' '} {line}" for i, line in enumerate(layout.value))]
    if layout.rows:
        lines += ["", *_rows(layout)]
    return "\n".join((*lines, ""))


def _box(layout: Layout) -> list[str]:
    """A box a segment, the numbers of its outer bits above it; a dot where the point is."""
    left = sum(len(segment) for segment in layout.segments)
    numbers, cells, walls = [], [], ["│"]
    for segment in layout.segments:
        high, low = left - 1, left - len(segment)
        ends, cell = [str(high), str(low)][: len(segment)], _short(segment)
        size = max(len(" ".join(ends)), len(cell))
        numbers.append(ends[0] + "".join(ends[1:]).rjust(size - len(ends[0])))
        cells.append(cell.center(size))
        walls.append("•" if low == layout.point else "│")
        left = low
    lines = ["─" * (len(cell) + 2) for cell in cells]
    inside = "".join(f"{wall} {cell} " for wall, cell in zip(walls, [*cells, ""], strict=True))
    return [
        f"    {'   '.join(numbers)}",
        f"  ┌{'┬'.join(lines)}┐",
        f"  {inside.rstrip()}",
        f"  └{'┴'.join(lines)}┘",
    ]


def _short(segment: str) -> str:
    if len(segment) <= LONGEST_SEGMENT:
        return segment
    return f"{segment[:HEAD]}…{segment[-TAIL:]}"


def _rows(layout: Layout) -> list[str]:
    """One line for each way to share the bits; of many, both ends and the middle."""
    rows = [(" ".join(map(_short, segments)), note) for segments, note in layout.rows]
    size = max(len(text) for text, _ in rows)
    lines = [f"  {text:{size}}   {note}" for text, note in rows]
    if len(lines) <= MOST_ROWS:
        return lines
    middle = (len(lines) - MIDDLE_ROWS) // 2
    parts = lines[:END_ROWS], lines[middle : middle + MIDDLE_ROWS], lines[-END_ROWS:]
    return [*parts[0], "  …", *parts[1], "  …", *parts[2]]


def middles_above(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Give the point half-way to the next larger value; not finite ones stay as they are.

    >>> middles_above(np.array([0.0, 4.0, 2.0, np.inf]))
    array([ 1.,  5.,  3., inf])
    """
    grid = np.unique(values[np.isfinite(values)])
    gaps = np.diff(grid, append=2 * grid[-1] - grid[-2])
    finite = np.isfinite(values)
    place = np.searchsorted(grid, values[finite])
    middles = values.copy()
    middles[finite] += gaps[place] / 2
    return middles
