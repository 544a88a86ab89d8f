"""numfmt's rows of arithmetic: codes in, codes out, each result exact and rounded once."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

import numfmt as nf

from .arrays import Array, Arrays
from .ours import Setup
from .row import MEMCPY, OURS, Floor, Row, Setting, Task, Work, calls

SIZE = 1 << 20  # elements
BYTES = Floor(1.4, 0.25, "G op/s")
OTHERS = Floor(0.25, 0.25, "G op/s")
FLOORS = {
    ("multiply", "posit<16,2>"): Floor(0.8, 0.25, "G op/s"),
    ("add", "posit<16,2>"): Floor(0.6, 0.25, "G op/s"),
}
DOT = Floor(0.4, 0.4, "G op/s")
FORMATS = (
    *("e4m3fn", "e5m2", "e4m3fnuz", "binary8p3se", "posit<8,0>", "posit<8,2>", "fixed<8,3>"),
    *("bfloat16", "binary16", "posit<16,2>", "takum16", "fixed<16,8>"),
    *("binary32", "posit<32,2>", "takum32"),
)
NAMES = ("add", "multiply", "divide", "minimum", "less")
MORE = {"e4m3fn": ("fma", "sqrt"), "posit<16,2>": ("fma", "sqrt"), "binary32": ("fma", "sqrt")}
GROWING = ("fixed<8,3>", "fixed<16,8>")
TRUTHS = ("less",)
OPERANDS = {"fma": 3, "sqrt": 1}
LEAST = 1 / 4


@functools.lru_cache(maxsize=8)
def _encoded(format: str, size: int, count: int) -> tuple[nf.Array, ...]:
    x = Arrays(size).input("unit")
    x = np.copysign(np.maximum(abs(x), LEAST), x if count > 1 else 1)
    return tuple(nf.array(np.roll(x, 17 * i), format) for i in range(count))


def operands(name: str, format: str, n: int) -> tuple[nf.Array, ...]:
    """N(0, 1) numbers in the format, one array an operand; none is smaller than LEAST, and a single
    one positive, so that every result is a number."""
    return _encoded(format, n, OPERANDS.get(name, 2))


def codes(name: str, given: Iterable[nf.Array], *target: Any) -> Array:
    """The result of other operands, as an array of codes, or of truths."""
    found = getattr(nf, name)(*given, *target)
    return np.asarray(found.codes if isinstance(found, nf.Array) else found)


def operating(name: str, format: str) -> Setup:
    """Set-up of an operation whose result has the operands' format; ``out=`` given."""

    def setup(setting: Setting) -> Work:
        options: dict[str, Any] = {}
        if name not in TRUTHS:
            options = {"format": nf.parse(format), "out": nf.zeros(setting.n, format)}
        given = operands(name, format, setting.n)
        return Work(calls(functools.partial(getattr(nf, name), *given, **options)), setting.n)

    return setup


def plainly(name: str, format: str) -> Setup:
    """Set-up of an operation whose result's format follows from the operands'."""

    def setup(setting: Setting) -> Work:
        given = operands(name, format, setting.n)
        return Work(calls(functools.partial(getattr(nf, name), *given)), setting.n)

    return setup


def rows() -> Iterator[Row]:
    """Every row of arithmetic."""
    for format in FORMATS:
        narrow = nf.parse(format).width <= 8
        for name in (*NAMES, *MORE.get(format, ())):
            floor: Floor | None = BYTES if narrow else FLOORS.get((name, format), OTHERS)
            task = Task(name, "", format)
            yield Row(OURS, task, operating(name, format), MEMCPY, floor, size=SIZE)
    for format in GROWING:
        for name in ("add", "multiply"):
            task = Task(name, "", format, "exact")
            yield Row(OURS, task, plainly(name, format), MEMCPY, size=SIZE)
    for format in ("posit<16,2>", "bfloat16"):
        floor = DOT if format == "posit<16,2>" else None
        task = Task("dot", "", format, "exact")
        yield Row(OURS, task, plainly("dot", format), MEMCPY, floor, size=SIZE)
