"""What an experiment is: a claim with numbers that a run is checked against."""

from __future__ import annotations

import contextlib
import dataclasses
import warnings
from collections.abc import Callable, Iterator

from .._errors import PrecisionWarning, ShortRunWarning
from .._progress import Advance


@dataclasses.dataclass(frozen=True)
class Check:
    """A measured number and where it must lie; NaN lies nowhere.

    >>> Check("standard deviation", 1.003, 0.97, 1.03).passed
    True
    """

    what: str
    measured: float
    low: float
    high: float

    @property
    def passed(self) -> bool:
        return self.low <= self.measured <= self.high

    @classmethod
    def z(cls, what: str, score: float, limit: float = 4) -> Check:
        """A z-score, within -limit .. limit."""
        return cls(f"{what}: z", score, -limit, limit)


@dataclasses.dataclass(frozen=True)
class Experiment:
    """`run(short, advance)` does it, and gives its checks: `short` takes seconds, with thresholds
    as much wider.  `number` is its name, as "E8"; `advance` hears of steps, of no given number.
    """

    number: str
    title: str
    run: Callable[[bool, Advance], list[Check]]


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Short runs, and runs that cannot be right, are meant here: no warning of theirs."""
    with warnings.catch_warnings():
        for kind in (ShortRunWarning, PrecisionWarning):
            warnings.simplefilter("ignore", kind)
        yield
