"""From a table in a CSV file to a target."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ._csv import number, read_table
from ._errors import SamplerError, unknown
from .targets import LinearRegression, LogisticRegression, PoissonRegression, SoftmaxRegression
from .targets._regression import Regression

Array = npt.NDArray[Any]

REGRESSIONS: dict[str, type[Regression]] = {
    "logistic": LogisticRegression,
    "softmax": SoftmaxRegression,
    "linear": LinearRegression,
    "poisson": PoissonRegression,
}
CLASSES = "logistic", "softmax"
INTERCEPT = "intercept"


def target_from_csv(
    path: str | os.PathLike[str],
    label: str,
    target: str = "logistic",
    *,
    prior_scale: float = 1.0,
    test_fraction: float = 0.3,
    seed: int = 0,
) -> Regression:
    """A regression of the column `label` on all others.

    The file's first line names its columns; all others are numbers, and so is the label but for
    `target` "logistic" (two different labels of any kind) and "softmax" (several): their sorted
    values are classes 0, 1, ...  Also "linear", whose labels are standardised, and "poisson"
    (counts).  Rows are permuted by `seed`, `test_fraction` of them are only predicted; columns are
    standardised by the training rows, constant ones left out, and a column of ones is added for the
    intercept.  SamplerError names what is wrong, with its line.

    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "mice.csv"
    >>> _ = path.write_text("weight,tail,ill\\n20,7,no\\n31,6,yes\\n25,9,no\\n28,8,yes\\n")
    >>> target_from_csv(path, "ill", test_fraction=0.0).names
    ('weight', 'tail', 'intercept')
    """
    if target not in REGRESSIONS:
        raise unknown("target", target, REGRESSIONS)
    if not 0 <= test_fraction < 1:
        raise SamplerError(
            f"test_fraction: a number in 0 .. 1, not 1, is allowed; got {test_fraction}"
        )
    names, rows = read_table(path)
    if label not in names:
        raise unknown("label", label, names)
    column = names.index(label)
    texts = [row[column] for row in rows]
    inputs = _numbers(path, names, rows, column)
    labels = _classes(texts, target) if target in CLASSES else _label_numbers(path, label, texts)
    order = np.random.default_rng(seed).permutation(len(labels))
    train = order[round(test_fraction * len(order)) :]
    if len(train) < 2:
        raise SamplerError(f"{os.fspath(path)}: {len(train)} rows to train on are too few")
    test = order[: len(order) - len(train)]
    inputs, used = standardised(inputs, inputs[train])
    if target == "linear":
        labels = (labels - labels[train].mean()) / labels[train].std()
    features = [name for i, name in enumerate(names) if i != column]
    kept = [features[i] for i in np.flatnonzero(used)] + [INTERCEPT]
    options: dict[str, Any] = {"prior_scale": prior_scale}
    if target == "softmax":
        count = len(set(texts))
        options["classes"] = count
        kept = [f"{name}, class {c}" for c in range(count) for name in kept]
    options["test"] = (inputs[test], labels[test]) if len(test) else None
    return REGRESSIONS[target](inputs[train], labels[train], names=kept, **options)


def _numbers(
    path: str | os.PathLike[str], names: Sequence[str], rows: list[list[str]], label: int
) -> Array:
    """All columns but the label's."""
    columns = [i for i in range(len(names)) if i != label]
    if not columns:
        raise SamplerError(f"{os.fspath(path)}: a column beside the label is needed")
    return np.array(
        [
            [number(path, row[i], names[i], line) for i in columns]
            for line, row in enumerate(rows, 2)
        ]
    )


def _label_numbers(path: str | os.PathLike[str], label: str, texts: list[str]) -> Array:
    return np.array([number(path, text, label, line) for line, text in enumerate(texts, 2)])


def _classes(texts: list[str], target: str) -> npt.NDArray[np.int64]:
    """Classes 0, 1, ... by the sorted labels, numbers by value."""
    found = sorted(set(texts), key=_by_value)
    if len(found) < 2 or (target == "logistic" and len(found) != 2):
        wanted = "two different labels" if target == "logistic" else "at least two labels"
        raise SamplerError(f"label: {wanted} are needed; got {len(found)}, {found[:5]}")
    return np.array([found.index(text) for text in texts])


def _by_value(text: str) -> tuple[bool, float, str]:
    try:
        return False, float(text), text
    except ValueError:
        return True, 0.0, text


def standardised(inputs: Array, train: Array) -> tuple[Array, npt.NDArray[np.bool_]]:
    """Columns with mean 0 and standard deviation 1 of the training rows, and one of ones; which
    columns were kept: constant ones tell nothing beside the intercept.
    """
    deviation = train.std(axis=0)
    used = deviation > 1e-12 * np.abs(train).max(axis=0, initial=0)
    columns = (inputs[:, used] - train[:, used].mean(axis=0)) / deviation[used]
    return np.column_stack([columns, np.ones(len(inputs))]), used
