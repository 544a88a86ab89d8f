"""Codebooks: any finite set of values."""

from __future__ import annotations

import functools
import itertools
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from .. import _core
from .._core import ffi, lib
from .._errors import FormatError
from ._base import Format, Number
from ._layout import Layout, bits

TURNS = {"middle": lib.NF_TURN_MIDDLE, "geometric": lib.NF_TURN_GEOMETRIC}
_MOST_VALUES = 65536
_NAME = re.compile(r"[A-Za-z_]\w*\Z")


@dataclass(frozen=True, repr=False)
class Codebook(Format):
    """Any sorted finite set of numbers; the code of a value is its index.

    Args:
        values: 2 to 65536 finite numbers, each exactly a float64, in ascending order.
        name: a label of one's own, a word; it stands in the spelling.
        thresholds: where the nearest modes turn from one value to the next: ``"middle"``;
            ``"geometric"``, the geometric mean (between values that have not one sign the middle);
            or one number for each two neighbours, between them.
        rounding, overflow: modes that the format carries as its own defaults.

    On a threshold the mode decides: ``nearest_even`` takes the even index, ``nearest_up`` the upper
    value, and so on.  Modes by magnitude keep the sign; between values of two signs with no 0
    ``toward_zero`` gives the value that has the number's sign, and 0 goes to the nearest.  ``jam``
    is ``to_odd``.  Stochastic rounding goes by value, whatever the thresholds.  What lies outside
    becomes an end.

    >>> f = Codebook([-1, 0, 0.5, 2])
    >>> str(f), f.width, f.max, f.smallest_positive
    ('codebook<-1,0,0.5,2>', 2, 2.0, 0.5)
    """

    values: tuple[float, ...]
    name: str | None = field(default=None, kw_only=True)
    thresholds: str | tuple[float, ...] = field(default="middle", kw_only=True)
    rounding: str | None = field(default=None, kw_only=True)
    overflow: str | None = field(default=None, kw_only=True)

    family: ClassVar[str] = "codebook"
    __hash__ = Format.__hash__

    def __post_init__(self) -> None:
        values = _exact_floats(self.values, "values")
        if not 2 <= len(values) <= _MOST_VALUES:
            raise FormatError(
                f"values holds {len(values)} numbers; a codebook has 2 to {_MOST_VALUES}"
            )
        for below, above in itertools.pairwise(values):
            if not below < above:
                raise FormatError(
                    f"values: {above!r} stands after {below!r}; they must be in ascending order, "
                    f"all different"
                )
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "thresholds", _turns(self.thresholds, values))
        object.__setattr__(self, "name", self._label())
        self._check()

    def _label(self) -> str | None:
        """The name; None where it says no more than the table of names does."""
        if self.name is None:
            return None
        if not isinstance(self.name, str) or not _NAME.match(self.name):
            raise FormatError(f"name={self.name!r} must be a word of letters, digits and _")
        return None if self.name == self._known_name() else self.name

    def _known_name(self) -> str | None:
        return _names().get(self.values) if self.thresholds == "middle" else None

    @functools.cached_property
    def width(self) -> int:  # type: ignore[override]
        """Bits of a code: those of the last index."""
        return (len(self.values) - 1).bit_length()

    @property
    def highest_code(self) -> int:
        """The last index."""
        return len(self.values) - 1

    def _fields(self) -> dict[str, Any]:
        return {"family": lib.NF_CODEBOOK, "width": self.width, "codebook": self._table[0]}

    @functools.cached_property
    def _table(self) -> tuple[Any, ...]:
        """The core's description of the values, and what must live as long."""
        values = ffi.new("double[]", self.values)
        own = isinstance(self.thresholds, tuple)
        thresholds = ffi.new("double[]", self.thresholds) if own else ffi.NULL
        turns = lib.NF_TURN_OWN if own else TURNS[str(self.thresholds)]
        fields = {
            "values": values,
            "thresholds": thresholds,
            "count": len(self.values),
            "turns": turns,
        }
        return ffi.new("nf_codebook *", fields), values, thresholds

    def _spelling(self) -> tuple[str, list[str]]:
        known = self._known_name()
        if known is not None and self.name is None:
            return known, []
        parts = [_shortest(value) for value in self.values]
        if isinstance(self.thresholds, tuple):
            parts.append("thresholds=" + "|".join(map(_shortest, self.thresholds)))
        elif self.thresholds != "middle":
            parts.append(f"thresholds={self.thresholds}")
        parts += [] if self.name is None else [f"name={self.name}"]
        return "codebook", parts

    @property
    def smallest_positive(self) -> Number:
        """The smallest value above 0; an error where there is none."""
        positive = [value for value in self.values if value > 0]
        if not positive:
            raise FormatError(f"{self} has no positive value")
        return positive[0]

    @property
    def smallest_normal(self) -> Number:
        """The same as `smallest_positive`."""
        return self.smallest_positive

    @property
    def eps(self) -> Number:
        """The smallest gap between two values, to the nearest float."""
        pairs = itertools.pairwise(self.values)
        return min(above - below for below, above in pairs)

    def layouts(self) -> tuple[Layout, ...]:
        """The index, and the values of a short table."""
        meaning = f"{bits('index', self.width)}: 0 to {self.highest_code}"
        rows = [
            ((f"{code:0{self.width}b}",), _shortest(value))
            for code, value in enumerate(self.values)
        ]
        letters = ("c" * self.width,)
        return (Layout(letters, (("c", meaning),), ("values[c]",), rows=tuple(rows)),)


def _exact_floats(numbers: object, argument: str) -> tuple[float, ...]:
    """Finite float64 numbers out of any sequence, none of them rounded, no -0."""
    if isinstance(numbers, (str, bytes)) or not isinstance(numbers, (Iterable, np.ndarray)):
        raise FormatError(f"{argument}={numbers!r} must be a sequence of numbers")
    found = []
    for number in numbers:
        try:
            value = float(number)
            is_exact = bool(value == number)
        except (TypeError, ValueError, OverflowError):
            is_exact, value = False, math.nan
        if not is_exact or not math.isfinite(value):
            raise FormatError(
                f"{argument} holds {number!r}, which must be a finite number that float64 holds"
            )
        if value == 0 and math.copysign(1, value) < 0:
            raise FormatError(f"{argument} holds -0.0; a codebook has one zero, 0.0")
        found.append(value)
    return tuple(found)


def _turns(thresholds: Any, values: tuple[float, ...]) -> str | tuple[float, ...]:
    """Checked thresholds: a rule's name, or a number between each two values."""
    if isinstance(thresholds, str):
        if thresholds not in TURNS:
            raise FormatError(
                f"thresholds={thresholds!r} must be 'middle', 'geometric' or {len(values) - 1} "
                f"numbers"
            )
        return thresholds
    turns = _exact_floats(thresholds, "thresholds")
    if len(turns) != len(values) - 1:
        raise FormatError(
            f"thresholds holds {len(turns)} numbers; {len(values)} values need {len(values) - 1}"
        )
    for below, turn, above in zip(values, turns, values[1:], strict=False):
        if not below <= turn <= above:
            raise FormatError(f"thresholds: {turn!r} must lie from {below!r} to {above!r}")
    return turns


def _shortest(value: float) -> str:
    """The shortest decimal number that is this float."""
    return repr(value).removesuffix(".0")


@functools.lru_cache(maxsize=1)
def _names() -> dict[tuple[float, ...], str]:
    """The values of the core's codebooks, and their names."""
    return {
        values_of_row(row): name
        for name, _, row in _core.named_formats()
        if row.family == lib.NF_CODEBOOK
    }


def values_of_row(row: Any) -> tuple[float, ...]:
    """The values of a descriptor."""
    return tuple(row.codebook.values[i] for i in range(row.codebook.count))
