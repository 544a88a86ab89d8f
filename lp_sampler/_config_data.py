"""Data of a configuration file: CSV with a header, or NPZ."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ._csv import number, read_table
from ._errors import SamplerError, unknown

Array = npt.NDArray[Any]

DATA_FIELDS = ("data", "test", "label", "standardize", "intercept")
ENDINGS = (".csv", ".npz")
INTERCEPT = "intercept"


def read_data(given: dict[str, Any], folder: Path, *, takes_rows: bool) -> dict[str, Any]:
    """Constructor arguments from the fields `data`, `test` (files), `label` (a CSV's column, the
    last by default), `standardize` (columns by the training rows' mean and deviation) and
    `intercept` (a last column of ones).

    An NPZ file's arrays are arguments by name; X, y of a test file are its rows.
    """
    if "data" not in given:
        for field in given:
            raise SamplerError(f"[target] {field}: it needs data, a file; got none")
        return {}
    _check(given)
    if given["data"].endswith(".npz") and not takes_rows:
        return _npz(folder / given["data"])
    if not takes_rows:
        raise SamplerError("[target] data: this target has no rows X and y of a CSV file")
    train = _rows(folder / given["data"], given.get("label"))
    tests = [_rows(folder / given["test"], given.get("label"))] if "test" in given else []
    names = train.pop("names", None)
    if given.get("standardize"):
        _standardize(train, tests)
    if given.get("intercept"):
        for part in (train, *tests):
            part["X"] = np.column_stack([part["X"], np.ones(len(part["X"]))])
        names = None if names is None else [*names, INTERCEPT]
    arguments = dict(train)
    if names is not None:
        arguments["names"] = names
    if tests:
        arguments["test"] = (tests[0]["X"], tests[0]["y"])
    return arguments


def _check(given: dict[str, Any]) -> None:
    for field in ("data", "test", "label"):
        if field in given and not isinstance(given[field], str):
            raise SamplerError(f"[target] {field}: a text is allowed; got {given[field]!r}")
    for field in ("standardize", "intercept"):
        if not isinstance(given.get(field, False), bool):
            raise SamplerError(f"[target] {field}: true or false is allowed; got {given[field]!r}")
    for field in ("data", "test"):
        if field in given and not given[field].endswith(ENDINGS):
            raise SamplerError(
                f"[target] {field}: a .csv or .npz file is allowed; got {given[field]!r}"
            )


def _rows(path: Path, label: str | None) -> dict[str, Any]:
    """X and y of a file; names too, of a CSV file's columns."""
    if path.suffix == ".csv":
        return _csv(path, label)
    if label is not None:
        raise SamplerError(f"[target] label: {path} has arrays X and y, and no columns by name")
    arrays = _npz(path)
    for name in ("X", "y"):
        if name not in arrays:
            raise SamplerError(f"{path}: arrays X and y are needed; got {', '.join(arrays)}")
    return arrays


def _npz(path: Path) -> dict[str, Any]:
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except OSError as error:
        raise SamplerError(f"[target] {path}: {error.strerror or error}") from error
    except Exception as error:
        raise SamplerError(f"{path}: it is no NPZ file of numbers: {error}") from error


def _csv(path: Path, label: str | None) -> dict[str, Any]:
    """Numbers below a line of names; the label's column is y."""
    try:
        names, rows = read_table(path)
    except OSError as error:
        raise SamplerError(f"[target] {path}: {error.strerror}") from error
    label = names[-1] if label is None else label
    if label not in names:
        raise unknown("[target] label", label, names)
    table = np.array(
        [
            [number(path, text, name, line) for name, text in zip(names, row, strict=True)]
            for line, row in enumerate(rows, 2)
        ]
    )
    place = names.index(label)
    return {
        "X": np.delete(table, place, axis=1),
        "y": table[:, place],
        "names": names[:place] + names[place + 1 :],
    }


def _standardize(train: dict[str, Any], tests: list[dict[str, Any]]) -> None:
    """Columns by the training rows' mean and standard deviation."""
    mean, deviation = train["X"].mean(axis=0), train["X"].std(axis=0)
    if not deviation.all():
        constant = np.flatnonzero(deviation == 0).tolist()
        raise SamplerError(f"[target] standardize: columns {constant} of the data never change")
    for part in (train, *tests):
        part["X"] = (part["X"] - mean) / deviation
