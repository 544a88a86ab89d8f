"""Schedules: step sizes and temperatures that change with the step number.

A schedule is a number or any callable `f(step) -> number`, steps counted from 0.  Those of this
module can be compared, pickled and written down: `describe` makes plain data of one, `schedule`
makes one of plain data, as a run's file and CONFIG.toml have it.

>>> halving = Exponential(0.1, rate=0.5)
>>> halving(0), halving(2)
(0.1, 0.025)
>>> schedule(describe(halving)) == halving
True
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from ._errors import SamplerError, unknown

Schedule = float | Callable[[int], float]


def at_step(schedule: Schedule, step: int, name: str) -> float:
    """The schedule's value at a step, a finite number >= 0."""
    given = schedule(step) if callable(schedule) else schedule
    try:
        value = float(given)
    except (TypeError, ValueError):
        raise SamplerError(
            f"{name}: a number or a function of the step is allowed; got {given!r}"
        ) from None
    if not 0 <= value < math.inf:
        raise SamplerError(f"{name}: finite numbers >= 0 are allowed; got {value} at step {step}")
    return value


def is_sampling(schedule: Schedule, step: int) -> bool:
    """May a draw be kept after that step?  Only a cyclical schedule ever says no.

    >>> is_sampling(0.1, 5), is_sampling(Cyclical(0.1, cycle=10, exploration=0.8), 5)
    (True, False)
    """
    asked = getattr(schedule, "is_sampling", None)
    return True if asked is None else bool(asked(step))


@dataclasses.dataclass(frozen=True)
class _Schedule:
    kind: ClassVar[str]

    def __call__(self, step: int) -> float:
        """The value at a step, counted from 0."""
        return float(self._value(step))

    def _value(self, step: int) -> float:
        raise NotImplementedError

    def _check(self, name: str, holds: bool, allowed: str) -> None:
        if not holds:
            raise SamplerError(f"{name}: {allowed} is allowed; got {getattr(self, name)!r}")

    def _check_size(self, name: str) -> None:
        value = getattr(self, name)
        self._check(name, _is_number(value) and 0 <= value < math.inf, "a finite number >= 0")

    def _check_fraction(self, name: str) -> None:
        value = getattr(self, name)
        self._check(name, _is_number(value) and 0 <= value <= 1, "a number from 0 to 1")

    def _check_count(self, name: str) -> None:
        value = getattr(self, name)
        whole = isinstance(value, int) and not isinstance(value, bool)
        self._check(name, whole and value >= 1, "a whole number >= 1")


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


@dataclasses.dataclass(frozen=True)
class Constant(_Schedule):
    """The same value at every step; a plain number means the same.

    >>> Constant(0.1)(1000)
    0.1
    """

    kind = "constant"
    value: float

    def __post_init__(self) -> None:
        self._check_size("value")

    def _value(self, step: int) -> float:
        return self.value


@dataclasses.dataclass(frozen=True)
class Polynomial(_Schedule):
    """`a * (b + step) ** -gamma`, with b > 0 (Welling and Teh, ICML 2011: 1/2 < gamma <= 1).

    >>> Polynomial(a=1.0, b=4.0, gamma=0.5)(0)
    0.5
    """

    kind = "polynomial"
    a: float
    b: float = 1.0
    gamma: float = 1 / 3

    def __post_init__(self) -> None:
        for name in ("a", "b", "gamma"):
            self._check_size(name)
        self._check("b", self.b > 0, "a finite positive number")

    def _value(self, step: int) -> float:
        return self.a / math.pow(self.b + step, self.gamma)


@dataclasses.dataclass(frozen=True)
class Exponential(_Schedule):
    """`start * rate ** step`, with a rate from 0 to 1.

    >>> Exponential(0.5, rate=0.9)(1)
    0.45
    """

    kind = "exponential"
    start: float
    rate: float

    def __post_init__(self) -> None:
        self._check_size("start")
        self._check_fraction("rate")

    def _value(self, step: int) -> float:
        return self.start * self.rate**step


@dataclasses.dataclass(frozen=True)
class SWALP(_Schedule):
    """`start` for the first half of `steps`, down a straight line to `final` of it at 9/10, then
    there.

    The decay of the low-precision SGLD and SWALP code (Yang et al., ICML 2019).

    >>> decay = SWALP(0.5, steps=100)
    >>> decay(50), round(decay(70), 4), decay(90), decay(1000)
    (0.5, 0.2525, 0.005, 0.005)
    """

    kind = "swalp"
    start: float
    steps: int
    final: float = 0.01

    def __post_init__(self) -> None:
        self._check_size("start")
        self._check_count("steps")
        self._check_fraction("final")

    def _value(self, step: int) -> float:
        left = min(max((0.9 - step / self.steps) / 0.4, 0.0), 1.0)
        return self.start * (self.final + (1 - self.final) * left)


@dataclasses.dataclass(frozen=True)
class Cyclical(_Schedule):
    """`start / 2 * (cos(pi * phase) + 1)`, where phase runs from 0 to 1 in each `cycle` of steps
    (Zhang et al., *Cyclical SG-MCMC*, ICLR 2020).

    The first `exploration` of every cycle only looks for a mode: `is_sampling` is False there, and
    no draw is kept.

    >>> warm = Cyclical(0.5, cycle=4, exploration=0.5)
    >>> [round(warm(step), 4) for step in range(5)]
    [0.5, 0.4268, 0.25, 0.0732, 0.5]
    >>> [warm.is_sampling(step) for step in range(5)]
    [False, False, True, True, False]
    """

    kind = "cyclical"
    start: float
    cycle: int
    exploration: float = 0.8

    def __post_init__(self) -> None:
        self._check_size("start")
        self._check_count("cycle")
        self._check_fraction("exploration")
        self._check("exploration", self.exploration < 1, "a number from 0 to 1, 1 left out,")

    def _value(self, step: int) -> float:
        return self.start / 2 * (math.cos(math.pi * (step % self.cycle) / self.cycle) + 1)

    def is_sampling(self, step: int) -> bool:
        """Is the step in the sampling part of its cycle?"""
        return step % self.cycle >= self.exploration * self.cycle


SCHEDULES: dict[str, type[_Schedule]] = {
    one.kind: one for one in (Constant, Polynomial, Exponential, SWALP, Cyclical)
}


def describe(schedule: Schedule) -> Any:
    """Plain data that says what a schedule is: a number, or a table with its `kind`.

    A function of your own is told by its name alone, as kind "callable", which `schedule` refuses.

    >>> describe(Cyclical(0.5, cycle=100))
    {'kind': 'cyclical', 'start': 0.5, 'cycle': 100, 'exploration': 0.8}
    """
    if isinstance(schedule, _Schedule):
        return {"kind": schedule.kind, **dataclasses.asdict(schedule)}
    if callable(schedule):
        name = getattr(schedule, "__qualname__", type(schedule).__qualname__)
        return {"kind": "callable", "name": f"{schedule.__module__}.{name}"}
    return float(schedule)


def schedule(description: float | Mapping[str, Any], name: str = "schedule") -> Schedule:
    """The schedule that plain data describes; `name` is what errors call it.

    >>> schedule({"kind": "polynomial", "a": 0.1})
    Polynomial(a=0.1, b=1.0, gamma=0.3333333333333333)
    """
    if not isinstance(description, Mapping):
        at_step(description, 0, name)
        return float(description)
    fields = dict(description)
    kind = fields.pop("kind", None)
    if kind not in SCHEDULES:
        raise unknown(f"{name}: kind", kind, SCHEDULES)
    known = [field.name for field in dataclasses.fields(SCHEDULES[kind])]
    for field in fields:
        if field not in known:
            raise unknown(f"{name}: argument of {kind!r}", field, known)
    try:
        return SCHEDULES[kind](**fields)
    except TypeError:
        missing = [one for one in known if one not in fields]
        raise SamplerError(f"{name}: {kind!r} needs {', '.join(missing)}") from None
