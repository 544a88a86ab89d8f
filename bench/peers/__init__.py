"""Other packages that round: one file each, found by being here.

A file has PACKAGE, the name to install; MODULE, the name to import; and `rows()`, which may raise
`Unavailable`.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import pkgutil
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import operations
from ..arrays import Array
from ..row import MEMCPY, Row, Setting, Task, Unavailable, Work, calls

SIZE = operations.SIZE


def names() -> list[str]:
    """The peers, by the names of their files."""
    return [module.name for module in pkgutil.iter_modules(__path__)]


def rows() -> list[Row]:
    """The rows of every installed peer, and one row that says so for each that is not."""
    return [row for name in names() for row in rows_of(name)]


def rows_of(name: str) -> list[Row]:
    """The rows of one peer."""
    peer = importlib.import_module(f"{__name__}.{name}")
    if importlib.util.find_spec(peer.MODULE) is None:
        return [missing(peer.PACKAGE, "not installed")]
    try:
        found: list[Row] = peer.rows()
    except Unavailable as reason:
        return [missing(peer.PACKAGE, str(reason))]
    return found


def missing(package: str, reason: str) -> Row:
    """A row that says why there is no other."""

    def setup(setting: Setting) -> Work:
        raise Unavailable(reason)

    return Row(package, Task("any"), setup, size=1)


def peer_row(
    package: str,
    task: Task,
    function: Callable[[Any], Any],
    *,
    prepare: Callable[[Array], Any] = lambda x: x,
    read: Callable[[Any], Any] = np.asarray,
    limit: int | None = None,
    note: str = "",
) -> Row:
    """A row of a peer that makes a new result in each call.

    Args:
        function: what is timed: takes what `prepare` made of the float32 input.
        read: the result as an array: values, or codes for "encode".
        limit: the most elements of the input that a slow peer gets.
    """

    def setup(setting: Setting) -> Work:
        source = setting.arrays.codes(8) if task.operation == "decode" else setting.arrays.input()
        n = min(setting.n, limit or setting.n)
        x = prepare(source[:n])
        return Work(calls(lambda: function(x)), n, lambda: read(function(x)))

    return Row(package, task, setup, note=note)


def operation_row(
    package: str,
    name: str,
    format: str,
    function: Callable[..., Any],
    prepare: Callable[[Any], Any],
    *,
    read: Callable[[Any], Any] = np.asarray,
    give_out: bool = False,
    detail: str = "",
    limit: int | None = None,
    note: str = "",
) -> Row:
    """A peer's row of arithmetic on the operands of numfmt's.

    Args:
        function: what is timed: takes what `prepare` made of each operand, an `nf.Array`; with
            give_out also ``out=``, an array like the first.
        read: the result as numfmt's codes, or truths.
    """

    def setup(setting: Setting) -> Work:
        n = min(setting.n, limit or setting.n)
        own = [operand[:n] for operand in operations.operands(name, format, setting.n)]
        given = [prepare(operand) for operand in own]
        options = {"out": np.empty_like(given[0])} if give_out else {}
        call = functools.partial(function, *given, **options)
        target = [] if detail or name in operations.TRUTHS else [format]
        return Work(
            calls(call),
            n,
            lambda: read(call()),
            lambda: operations.codes(name, own, *target),
        )

    return Row(package, Task(name, "", format, detail), setup, MEMCPY, size=SIZE, note=note)


def quantize(mode: str, format: str) -> Task:
    """The task of rounding values to values."""
    return Task("quantize", mode, format)
