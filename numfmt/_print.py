"""Numbers, tables and JSON on the terminal."""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table

BEYOND_WRITING = "too large or small to write"
MOST_BITS = 14_000  # of integers that Python writes: at most 4,300 digits
WIDEST_LINE = 1 << 16  # the terminal wraps what is wider than it


def plain(value: Any) -> Any:
    """Turn a number into what JSON can hold: a float where that is exact, else its spelling, or
    words where Python writes no integers so long."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, Fraction):
        if max(abs(value.numerator), value.denominator).bit_length() > MOST_BITS:
            return BEYOND_WRITING
        value = int(value) if value.denominator == 1 else value
        with contextlib.suppress(OverflowError):
            value = float(value) if float(value) == value else value
    if isinstance(value, Fraction) or (isinstance(value, float) and not math.isfinite(value)):
        return str(value)
    return value


def print_json(content: dict[str, Any]) -> None:
    """Print one JSON object, numbers in full."""
    print(json.dumps(content, indent=2, allow_nan=False))


def print_table(title: str, heads: Iterable[str], rows: Iterable[Iterable[Any]]) -> None:
    """Print a table whose cells are never cut."""
    grid = Table(title=title, box=box.SIMPLE, title_justify="left")
    for head in heads:
        grid.add_column(head, no_wrap=True)
    for row in rows:
        grid.add_row(*(str(cell) for cell in row))
    console = Console(highlight=False, markup=False, width=WIDEST_LINE)
    console.print(grid, crop=False)
