"""numfmt's rows, with the floors that they have to reach."""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import numfmt as nf
from numfmt import _core, _modes
from numfmt._arrays import type_of
from numfmt.formats._base import code_dtype

from . import rulers
from .row import (
    COPY,
    IN_CACHE,
    IN_MEMORY,
    MEMCPY,
    MEMCPY_CODES,
    MEMCPY_F64,
    OURS,
    PHILOX,
    Floor,
    Row,
    Setting,
    Task,
    Unavailable,
    Work,
    calls,
)

FORMATS = ("fixed<8,3>", "fixed<16,8>", "e4m3fn", "e5m2", "bfloat16", "binary16", "tf32")
SPECIAL = ("binary8p4se", "e8m0")  # floats whose codes are not IEEE 754's
POSITS = ("posit<8,2>", "posit<16,2>", "posit<32,2>")
CODES = ("e4m3fn", "e5m2", *SPECIAL, "fixed<8,3>", "posit<8,2>")
NEAREST = Floor(0.95, 0.85)
DIRECTED = Floor(0.75, 0.70)
OTHER_MODES = Floor(0.65, 0.60)
STOCHASTIC = {
    "bfloat16": Floor(0.72, 0.70),
    "tf32": Floor(0.72, 0.70),
    "fixed<8,3>": Floor(0.62, 0.55),
    "fixed<16,8>": Floor(0.62, 0.55),
    "e4m3fn": Floor(0.55, 0.50),
    "e5m2": Floor(0.55, 0.50),
    "binary16": Floor(0.55, 0.50),
    "binary8p4se": Floor(0.55, 0.50),
    "e8m0": Floor(0.55, 0.50),
}
SMALL = 16
ONE_PASS = "nan='zero'"
KEY = nf.Key(1)

Setup = Callable[[Setting], Work]


def rows(threads: int) -> list[Row]:
    """Every row of numfmt; `threads` is how many all other rows use."""
    found = [*nearest(), *modes(), *stochastic(), *codes(), *takums(), *codebooks(), *special()]
    found += in_cache()
    return found + (list(two_threads()) if threads == 1 else [])


def options_of(format: str, mode: str) -> dict[str, Any]:
    """The arguments of a call: a key where the mode draws; one pass where the format has no NaN."""
    options: dict[str, Any] = {}
    if mode == "stochastic":
        options["key"] = KEY
    if not nf.parse(format).has_nan:
        options["nan"] = "zero"
    return options


def quantizing(
    format: str, mode: str, data: str = "normal", dtype: str = "f4", **changes: Any
) -> Setup:
    """Set-up of values to values, ``out=`` given."""

    def setup(setting: Setting) -> Work:
        x, y = setting.arrays.input(data, dtype), setting.arrays.output(dtype)
        options = {**options_of(format, mode), "out": y, **changes}
        call = functools.partial(nf.quantize, x, nf.parse(format), mode, **options)
        return Work(calls(call), setting.n, lambda: y)

    return setup


def quantize_row(
    format: str,
    mode: str,
    floor: Floor | None,
    *,
    ruler: str = COPY,
    data: str = "normal",
    detail: str = "",
    note: str | None = None,
) -> Row:
    """Values to values, measured in memory-sized arrays."""
    if note is None:
        note = "" if nf.parse(format).has_nan else ONE_PASS
    setup = quantizing(format, mode, data)
    return Row(OURS, Task("quantize", mode, format, detail), setup, ruler, floor, note=note)


def nearest() -> Iterator[Row]:
    """nearest_even; and fixed point where a NaN is looked for before anything is written."""
    for format in (*FORMATS, *SPECIAL):
        yield quantize_row(format, "nearest_even", NEAREST)
    for format in POSITS:
        yield quantize_row(format, "nearest_even", Floor(0.70, 0.50))
    for format in FORMATS[:2]:
        yield Row(
            OURS,
            Task("quantize", "nearest_even", format, "NaN refused"),
            quantizing(format, "nearest_even", nan=None),
            note="the default: a look at the whole input first",
        )


def modes() -> Iterator[Row]:
    """The other deterministic modes."""
    for mode in ("toward_zero", "up", "down"):
        for format in (*FORMATS, *SPECIAL):
            yield quantize_row(format, mode, DIRECTED)
    for mode in ("to_odd", "nearest_odd", "nearest_away", "nearest_up", "nearest_down"):
        for format in (*FORMATS, *SPECIAL):
            yield quantize_row(format, mode, OTHER_MODES)


def stochastic() -> Iterator[Row]:
    """Stochastic rounding with 32 bits an element, its law exact."""
    for format, floor in STOCHASTIC.items():
        yield quantize_row(format, "stochastic", floor, ruler=PHILOX)
    for data, floor in (("unit", Floor(0.50, 0.50)), ("any", Floor(0.33, 0.33))):
        for format in POSITS:
            detail = "N(0,1) data" if data == "unit" else "any data"
            yield quantize_row(format, "stochastic", floor, ruler=PHILOX, data=data, detail=detail)


def encoding(format: str) -> Setup:
    """Set-up of values to codes."""

    def setup(setting: Setting) -> Work:
        x = setting.arrays.input()
        y = setting.arrays.output(code_dtype(nf.parse(format)).str)
        options = {**options_of(format, "nearest_even"), "out": y}
        call = functools.partial(nf.encode, x, nf.parse(format), **options)
        return Work(calls(call), setting.n, lambda: y)

    return setup


def decoding(format: str, width: int = 8, dtype: str = "f4") -> Setup:
    """Set-up of codes to values."""

    def setup(setting: Setting) -> Work:
        codes, y = setting.arrays.codes(width), setting.arrays.output(dtype)
        call = functools.partial(nf.decode, codes, nf.parse(format), dtype=np.dtype(dtype), out=y)
        return Work(calls(call), setting.n, lambda: y)

    return setup


def codes() -> Iterator[Row]:
    """Codes out and codes in: memory moves 5 bytes an element."""
    for format in CODES:
        task, floor = Task("encode", "", format), Floor(0.90, 0.70)
        yield Row(OURS, task, encoding(format), MEMCPY_CODES, floor)
    for format in ("bfloat16", "binary16"):
        yield Row(OURS, Task("encode", "", format), encoding(format), note="16-bit codes")
    for format in CODES:
        task, floor = Task("decode", "", format), Floor(1.7, 0.70)
        yield Row(OURS, task, decoding(format), MEMCPY_CODES, floor)


def takums() -> Iterator[Row]:
    """takum16, whose range is beyond float32's: values of float32 and float64; and codes."""
    yield quantize_row("takum16", "toward_zero", Floor(0.40, 0.25))
    yield quantize_row("takum16", "nearest_even", Floor(0.40, 0.40), ruler=MEMCPY)
    task = Task("quantize", "nearest_even", "takum16", "to float64")
    yield Row(OURS, task, widening("takum16", "nearest_even"), COPY, Floor(0.40, 0.25))
    task = Task("quantize", "stochastic", "takum16", "to float64")
    yield Row(OURS, task, widening("takum16", "stochastic"), PHILOX)
    yield Row(OURS, Task("encode", "", "takum16"), encoding("takum16"), note="16-bit codes")
    task = Task("decode", "", "takum16", "to float64")
    yield Row(OURS, task, decoding("takum16", 16, "f8"), note="16-bit codes")


def codebooks() -> Iterator[Row]:
    """Tables of at most 16 values, in registers."""
    floor = Floor(0.90, 0.55)
    for format, mode in (("nf4", "nearest_even"), ("nf4", "toward_zero"), ("ternary", "up")):
        yield quantize_row(format, mode, floor, ruler=MEMCPY)
    yield Row(OURS, Task("encode", "", "nf4"), encoding("nf4"), MEMCPY_CODES, floor)


def widening(format: str, mode: str) -> Setup:
    """Set-up of float32 to float64 values."""

    def setup(setting: Setting) -> Work:
        x, y = setting.arrays.input(), setting.arrays.output("f8")
        options = {**options_of(format, mode), "out": y, "dtype": y.dtype}
        call = functools.partial(nf.quantize, x, nf.parse(format), mode, **options)
        return Work(calls(call), setting.n, lambda: y)

    return setup


def in_place(format: str) -> Setup:
    """Set-up of an array that is rounded where it lies."""

    def setup(setting: Setting) -> Work:
        y = setting.arrays.in_place()
        options = {**options_of(format, "nearest_even"), "out": y}
        return Work(
            calls(functools.partial(nf.quantize, y, nf.parse(format), **options)), setting.n
        )

    return setup


def special() -> Iterator[Row]:
    """float64, in place, small calls."""
    for format in FORMATS:
        task = Task("quantize", "nearest_even", format, "float64")
        setup = quantizing(format, "nearest_even", "normal", "f8")
        yield Row(OURS, task, setup, MEMCPY_F64, Floor(1.3, 1.0))
    for format in FORMATS:
        task = Task("quantize", "nearest_even", format, "in place")
        yield Row(OURS, task, in_place(format), MEMCPY, Floor(1.5, 1.5))
    for format in ("e4m3fn", "fixed<8,3>"):
        yield Row(
            OURS,
            Task("quantize", "nearest_even", format, "a call from Python"),
            quantizing(format, "nearest_even"),
            floor=Floor(3.0, 3.0, "us"),
            size=SMALL,
        )


def in_core(format: str, mode: str) -> Setup:
    """Set-up of the C function called by C: what a kernel does in the cache, without Python."""

    def setup(setting: Setting) -> Work:
        x, y = setting.arrays.input(), setting.arrays.output()
        parsed, nan = nf.parse(format), options_of(format, mode).get("nan")
        options = _modes.resolve(parsed, mode, None, nan).options()
        function = rulers.function_of_core("nf_quantize")
        pointers = [rulers.address(p) for p in (parsed._descriptor(), options)]
        ends = (rulers.place(x), rulers.place(y), ctypes.c_size_t(setting.n))
        often = rulers.library().quantize_often

        def run(times: int, keep: object = (parsed, options)) -> None:
            often(function, *pointers, *ends, ctypes.c_size_t(times))

        assert type_of(x) == _core.lib.NF_F32
        return Work(run, setting.n)

    return setup


def in_cache() -> Iterator[Row]:
    """nearest_even where neither memory nor Python is in the way: G elements/s."""
    for format in FORMATS:
        floor = Floor(10, 8, "G/s") if format.startswith("fixed") else Floor(6, 5, "G/s")
        task = Task("quantize", "nearest_even", format, "in cache, from C")
        yield Row(OURS, task, in_core(format, "nearest_even"), floor=floor, most=IN_CACHE)


def in_two_threads(setup: Setup) -> Setup:
    """The same work with two threads, all others keep one."""

    def changed(setting: Setting) -> Work:
        if not hasattr(nf, "set_num_threads"):
            raise Unavailable("this numfmt has no threads")
        work = setup(setting)

        def run(times: int) -> None:
            nf.set_num_threads(2)
            try:
                work.run(times)
            finally:
                nf.set_num_threads(setting.threads)

        return Work(run, work.elements)

    return changed


def two_threads() -> Iterator[Row]:
    """Two threads against one, and against the copy that two threads make."""
    copy = f"{COPY}, 2 threads"
    task = Task(COPY, detail="2 threads")
    yield Row("ruler", task, lambda s: rulers.copy_work(s, 2), copy, least=IN_MEMORY)
    for format in STOCHASTIC:
        one = str(Task("quantize", "stochastic", format))
        task = Task("quantize", "stochastic", format, "2 threads")
        setup = in_two_threads(quantizing(format, "stochastic"))
        yield Row(OURS, task, setup, one, Floor(1.7, 1.7), least=IN_MEMORY)
    for format in FORMATS:
        task = Task("quantize", "nearest_even", format, "2 threads")
        setup = in_two_threads(quantizing(format, "nearest_even"))
        yield Row(OURS, task, setup, copy, Floor(0.85, 0.85), least=IN_MEMORY)
