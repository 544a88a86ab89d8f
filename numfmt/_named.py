"""Public functions made of the core's table of operations: signatures and docstrings."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Protocol, TypeVar, cast, overload

from ._code_array import Array
from ._core import OPERATIONS
from ._operate import apply, holds
from ._random import Generator, Key
from ._report import Report

Out = TypeVar("Out")


class Rounded(Protocol):
    """What an operation that rounds looks like to a type checker."""

    @overload
    def __call__(
        self,
        *operands: Any,
        format: object = None,
        rounding: str | None = None,
        overflow: str | None = None,
        nan: str | None = None,
        key: Key | Generator | None = None,
        random_bits: Any = None,
        report: Report | None = None,
        tininess: str = "after",
        element_flags: Any = None,
        out: None = None,
    ) -> Array: ...

    @overload
    def __call__(self, *operands: Any, out: Out, **options: Any) -> Out: ...


class Told(Protocol):
    """What a comparison or a classification looks like to one: it gives booleans."""

    def __call__(self, *operands: Any, report: Report | None = None) -> Any: ...


_FEW = """

    Arguments, result and errors as `add`.
"""


def _signature(function: Callable[..., Any], operands: int) -> inspect.Signature:
    """The operands, then what the function takes besides."""
    own = inspect.signature(function)
    letters = [
        inspect.Parameter(letter, inspect.Parameter.POSITIONAL_ONLY, annotation="Any")
        for letter in "abc"[:operands]
    ]
    return own.replace(parameters=[*letters, *list(own.parameters.values())[2:]])


def rounded_as(name: str, example: str, more: str = _FEW) -> Rounded:
    """An operation of the core's table that rounds."""
    return cast(Rounded, _function(name, apply, f"exact, rounded once.{more}", example))


def told_as(name: str, example: str) -> Told:
    """A comparison or a classification of the core's table."""
    return cast(Told, _function(name, holds, "a boolean for each element.", example))


def _function(name: str, does: Callable[..., Any], ways: str, example: str) -> Any:
    """A function with signature and docstring."""
    row = OPERATIONS[name]

    def operation(*given: Any, **options: Any) -> Any:
        if len(given) < row.operands:
            raise TypeError(f"{name}() takes {row.operands} operands, and {len(given)} were given")
        operands, places = given[: row.operands], given[row.operands :]
        return does(name, operands, *places, **options)

    lines = "\n".join(f"    {line}" for line in example.strip().splitlines())
    operation.__name__ = operation.__qualname__ = name
    meaning = row.meaning.replace("|a|", "``|a|``")  # bars alone mark something in the docs
    operation.__doc__ = f"{meaning}; {ways}\n\n    >>> import numfmt as nf\n{lines}\n    "
    operation.__signature__ = _signature(does, row.operands)  # type: ignore[attr-defined]
    return operation
