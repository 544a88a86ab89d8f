"""What rows are measured against: copies, and a bare fill with random words."""

from __future__ import annotations

import ctypes
import functools
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

import numfmt as nf
from numfmt import _core
from numfmt._random import core_key

from . import ROOT
from .arrays import aligned
from .row import (
    COPY,
    MEMCPY,
    MEMCPY_CODES,
    MEMCPY_F64,
    PHILOX,
    RULER,
    Row,
    Setting,
    Task,
    Work,
    calls,
)

COPY_STEP = 64  # elements: the copies do whole steps
WORDS = 4096  # the fill's buffer: half of a 32 KiB first-level cache


class NoCompiler(Exception):
    """The rulers are C and need a compiler."""


@functools.cache
def library() -> ctypes.CDLL:
    """rulers.c, compiled by the system's compiler into a folder that is gone afterwards."""
    compiler = shutil.which("cc")
    if compiler is None:
        raise NoCompiler("the rulers are C code: `cc`, a C compiler, is not on PATH")
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "rulers.so"
        source = Path(__file__).with_name("rulers.c")
        options = ["-O3", "-shared", "-fPIC", f"-I{ROOT / 'c_src'}", "-o", str(target)]
        subprocess.run([compiler, *options, str(source)], check=True)
        return ctypes.CDLL(str(target))


def address(pointer: Any) -> ctypes.c_void_p:
    """The same place for ctypes, of a cffi pointer."""
    return ctypes.c_void_p(int(_core.ffi.cast("uintptr_t", pointer)))


def place(array: np.ndarray[Any, Any]) -> ctypes.c_void_p:
    """The memory of an array, for ctypes."""
    return ctypes.c_void_p(array.ctypes.data)


def function_of_core(name: str) -> ctypes.c_void_p:
    """The address of a function of numfmt's C library."""
    return address(_core.ffi.addressof(_core.lib, name))


def copy_name(isa: str) -> str:
    """The copy with the vectors of an instruction set: the widest that it has, or memcpy."""
    for name in ("avx512", "avx2"):
        if name in _core.available_isas() and (name == isa or isa not in ("avx512", "avx2")):
            return f"copy_{name}"
    return "copy_bytes"


def in_threads(function: Callable[[int], object], threads: int) -> Callable[[int], None]:
    """``run`` of a `Work` whose parts 0 .. threads - 1 go to as many threads."""
    if threads == 1:
        return calls(lambda: function(0))
    pool = ThreadPoolExecutor(threads)

    def run(times: int) -> None:
        for _ in range(times):
            list(pool.map(function, range(threads)))

    return run


def copy_work(setting: Setting, threads: int) -> Work:
    """The non-temporal copy of float32, each thread its part."""
    x, y = setting.arrays.input(), setting.arrays.output()
    name = copy_name(setting.isa)
    copy = getattr(library(), name)
    unit = 4 if name == "copy_bytes" else 1  # memcpy counts bytes
    part = setting.n // threads // COPY_STEP * COPY_STEP
    pieces = [(x[i * part :], y[i * part :]) for i in range(threads)]
    arguments = [(place(a), place(b), ctypes.c_size_t(part * unit)) for a, b in pieces]
    return Work(in_threads(lambda i: copy(*arguments[i]), threads), part * threads)


def memcpy_work(setting: Setting, size: float) -> Work:
    """memcpy of `size` bytes an element."""
    dtype = "f8" if size > 4 else "f4"
    x, y = setting.arrays.input("normal", dtype), setting.arrays.output(dtype)
    copy = library().copy_bytes
    arguments = (place(x), place(y), ctypes.c_size_t(int(setting.n * size)))
    return Work(in_threads(lambda _: copy(*arguments), 1), setting.n)


def filling(words: np.ndarray[Any, Any], total: int, threads: int) -> Callable[[], None]:
    """A call that makes `total` words of a key, as many at a time as `words` holds."""
    fill, bits, key = library().fill, function_of_core("nf_random_bits"), core_key(nf.Key(1))
    sizes = (ctypes.c_size_t(words.size), ctypes.c_size_t(total))
    rest = (ctypes.c_uint8(_core.isa_number()), ctypes.c_uint32(threads))
    return lambda: fill(bits, address(key), place(words), *sizes, *rest)


def philox_work(setting: Setting, threads: int) -> Work:
    """numfmt's own bulk fill, its words left in the cache, each thread its part."""
    part = setting.n // threads
    fills = [filling(aligned(WORDS, "u4"), part, 1) for _ in range(threads)]
    return Work(in_threads(lambda index: fills[index](), threads), part * threads)


def fill_memory_work(setting: Setting, threads: int) -> Work:
    """The same fill, of an array as large as the rows'."""
    return Work(calls(filling(setting.arrays.output("u4"), setting.n, threads)), setting.n)


def rows(threads: int) -> list[Row]:
    """The rulers, and for information the fill that goes to memory."""

    def row(name: str, setup: Callable[[Setting], Work], note: str) -> Row:
        return Row(RULER, Task(name), setup, ruler=name, note=note)

    return [
        row(COPY, lambda s: copy_work(s, threads), "float32, vectors of the instruction set"),
        row(PHILOX, lambda s: philox_work(s, threads), "Philox4x32-10, words stay in the cache"),
        row(MEMCPY, lambda s: memcpy_work(s, 4), "float32"),
        row(MEMCPY_F64, lambda s: memcpy_work(s, 8), "8 bytes an element"),
        row(MEMCPY_CODES, lambda s: memcpy_work(s, 2.5), "moves 5 bytes: as a code and a float32"),
        Row(
            RULER,
            Task("Philox fill to memory"),
            lambda s: fill_memory_work(s, threads),
            PHILOX,
            note="for information",
        ),
    ]
