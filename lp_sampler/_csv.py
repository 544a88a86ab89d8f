"""Tables in CSV files: a line of names, then rows."""

from __future__ import annotations

import csv
import os

import numpy as np

from ._errors import SamplerError


def read_table(path: str | os.PathLike[str]) -> tuple[list[str], list[list[str]]]:
    """The names of the columns and the rows' texts; empty lines are left out.

    SamplerError where there are no names, names alone, or a row of another length.
    """
    with open(path, newline="", encoding="utf-8-sig") as file:
        rows = [[text.strip() for text in row] for row in csv.reader(file) if row]
    if not rows:
        raise SamplerError(f"{os.fspath(path)}: a line of names, then rows, are needed")
    names = rows[0]
    if len(set(names)) != len(names):
        raise SamplerError(f"{os.fspath(path)}: its columns need distinct names; got {names}")
    if len(rows) == 1:
        raise SamplerError(f"{os.fspath(path)}: rows are needed below the names; got none")
    for line, row in enumerate(rows[1:], 2):
        if len(row) != len(names):
            raise SamplerError(
                f"{os.fspath(path)}: line {line}: {len(names)} fields are needed; got {len(row)}"
            )
    return names, rows[1:]


def number(path: str | os.PathLike[str], text: str, name: str, line: int) -> float:
    """A field as a finite number; SamplerError names its line and column."""
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not np.isfinite(value):
        raise SamplerError(
            f"{os.fspath(path)}: line {line}, column {name!r}: a finite number is needed; "
            f"got {text!r}"
        )
    return value
