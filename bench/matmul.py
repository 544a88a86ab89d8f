"""numfmt's rows of matrix products as machines compute them, beside float32 BLAS: 256 x 1024 times
1024 x 256, operands as codes; an operation is one multiplication with its addition.

BLAS takes as many threads as it was told to (OPENBLAS_NUM_THREADS): one, for the rows' floors.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import numpy as np

import numfmt as nf
from numfmt import _core
from numfmt._core import ffi, lib
from numfmt._random import core_key
from numfmt._rng import states_of

from .arrays import Array
from .ours import Setup
from .row import OURS, RULER, Floor, Row, Setting, Task, Work, calls

BLAS = "float32 BLAS"
ROWS, COLUMNS, TERMS = 256, 256, 1024
SIZE = 1 << 20
SCALE = {"int8": 24.0}  # of operands that are about 1 in the other formats

CUT, WRAP, CLIP = ("toward_zero",), ("nearest_even", "wrap"), ("nearest_even", "saturate")
TENSOR_CORE = {"kind": lib.NF_BLOCK_aligned, "zero_is_plus": 1, "leaves_at_end": 1}
LATE = {"kind": lib.NF_BLOCK_aligned, "joins": lib.NF_JOIN_late, "late_bits": (31, 24)}
FUSED = {"kind": lib.NF_BLOCK_chain, "is_fused": 1}
BY_ZERO = ("fixed<16,6>", "toward_zero", "saturate")

# operands, result, fields, roundings: (format, mode, overflow, bits) of sums and others; floor
MACHINES: dict[str, tuple[str, str, dict[str, Any], dict[str, tuple[Any, ...]], Floor]] = {
    "exact int8": (
        *("int8", "int32", {"kind": lib.NF_BLOCK_exact, "block": 32}),
        *({"sum": ("int32", *WRAP)}, Floor(0.8, 0.25)),
    ),
    "H100 FP8": (
        *("e4m3fn", "binary32", TENSOR_CORE | {"fraction_bits": 13, "block": 32}),
        *({"sum": ("float<8,13>", *CUT)}, Floor(0.2, 0.07)),
    ),
    "H100 fp16": (
        *("binary16", "binary32", TENSOR_CORE | {"fraction_bits": 25, "block": 16}),
        *({"sum": ("binary32", *CUT)}, Floor(0.12, 0.04)),
    ),
    "A100 fp16": (
        *("binary16", "binary32", TENSOR_CORE | {"fraction_bits": 24, "block": 8}),
        *({"sum": ("binary32", *CUT)}, Floor(0.12, 0.04)),
    ),
    "saturating fixed point": (
        *("fixed<8,4>", "fixed<16,6>", {"kind": lib.NF_BLOCK_chain}),
        *({"sum": ("fixed<16,6>", *CLIP), "product": BY_ZERO}, Floor(0.25, 0.08)),
    ),
    "bfloat16, Philox at each step": (
        *("bfloat16", "bfloat16", FUSED),
        *({"sum": ("bfloat16", "stochastic", "default", 16)}, Floor(0.07, 0.02)),
    ),
    "bfloat16, xorshift32 at each step": (
        *("bfloat16", "bfloat16", FUSED | {"words": "xorshift32"}),
        *({"sum": ("bfloat16", "stochastic", "default", 16)}, Floor(0.12, 0.06)),
    ),
    "fp16, one rounding a step": (
        *("binary16", "binary16", FUSED),
        *({"sum": ("binary16",)}, Floor(0.06, 0.02)),
    ),
    "binary32, fused": (
        *("binary32", "binary32", FUSED),
        *({"sum": ("binary32",)}, Floor(0.01, 0.01)),
    ),
    "MI100 fp16": (
        *("binary16", "binary32", {"kind": lib.NF_BLOCK_exact, "block": 4}),
        *({"sum": ("binary32",)}, Floor(0.01, 0.005)),
    ),
    "CDNA2 fp16": (
        *("binary16", "binary32", {"kind": lib.NF_BLOCK_tree, "block": 4}),
        *({"sum": ("binary32",), "product": ("binary32",)}, Floor(0.01, 0.005)),
    ),
    "CVFPU FP8, exact pairs": (
        *("e5m2", "binary16", {"kind": lib.NF_BLOCK_exact, "block": 2}),
        *({"sum": ("binary16",)}, Floor(0.01, 0.005)),
    ),
    "CDNA3 fp16": (
        *("binary16", "binary32", LATE | {"fraction_bits": 24, "block": 8}),
        *({"sum": ("binary32",)}, Floor(0.01, 0.003)),
    ),
}


def step(rounding: tuple[Any, ...], alive: list[Any]) -> tuple[Any, Any]:
    """A format and its options."""
    plain: tuple[Any, ...] = ("binary32", "nearest_even", "default", 0)
    format, mode, overflow, bits = (*rounding, *plain[len(rounding) :])
    options = ffi.new("nf_options *", {"random_bits_per_element": bits})
    options.rounding = number(_core.ROUNDINGS, mode)
    options.overflow = number(_core.OVERFLOWS, overflow) if overflow != "default" else 0
    alive += [options, nf.parse(format)._descriptor()]
    return alive[-1], options


def words(fields: dict[str, Any], alive: list[Any]) -> Any:
    """A register of the machine's generator for each result, where it has one."""
    if "words" not in fields:
        return ffi.NULL
    alive.append(nf.Rng(fields["words"], seed_rule="splitmix").stream(1, lanes=ROWS * COLUMNS))
    stream = alive[-1]
    own = {"generator": stream._c, "lanes": stream.lanes, "states": states_of(stream._at)}
    alive.append(ffi.new("nf_word_source *", own))
    return alive[-1]


def number(rows: Any, name: str) -> int:
    """Of a row by its name."""
    return int(next(row.number for row in rows if row.name == name))


@functools.lru_cache(maxsize=16)
def operand(format: str, seed: int) -> Array:
    """Codes of normal numbers: ROWS x TERMS, or TERMS x COLUMNS."""
    shape = (ROWS, TERMS) if seed == 0 else (TERMS, COLUMNS)
    x = np.random.default_rng(seed).normal(size=shape) * SCALE.get(format, 1.0)
    return np.asarray(nf.encode(x, format, "nearest_even", overflow="saturate"))


def multiplying(machine: str) -> Setup:
    """Set-up of one machine's product."""

    def setup(setting: Setting) -> Work:
        format, result, fields, steps, _ = MACHINES[machine]
        alive: list[Any] = []
        own = {"least_exponent": lib.NF_NO_FLOOR}
        path = ffi.new("nf_datapath *", {**fields, **own, "words": words(fields, alive)})
        path.result = nf.parse(result)._descriptor()
        alive.append(path.result)
        for name, rounding in steps.items():
            own = getattr(path, name)
            own.format, own.options = step(rounding, alive)
        a, b = operand(format, 0), operand(format, 1)
        of = nf.parse(format)._descriptor()
        x = ffi.new("nf_vectors *", {"format": of, "data": ffi.from_buffer(a), "row": TERMS})
        y = ffi.new("nf_vectors *", {"format": of, "data": ffi.from_buffer(b), "row": 1})
        x.step, y.step = 1, COLUMNS
        options = ffi.new("nf_options *", {"threads": setting.threads, "isa": _core.isa_number()})
        if "stochastic" in steps["sum"] and "words" not in fields:
            alive.append(core_key(nf.Key(1)))
            options.key = alive[-1]
        out = np.empty((ROWS, COLUMNS), f"u{lib.nf_code_size(path.result)}")
        shape = ffi.new("nf_dot_shape *", (1, ROWS, COLUMNS, TERMS))
        alive += [of, a, b]
        given = (path, shape, x, y, ffi.NULL, options, ffi.from_buffer(out), ffi.NULL)

        def run() -> None:
            assert alive
            _core.check(lib.nf_matmul(*given))

        return Work(calls(run), ROWS * COLUMNS * TERMS)

    return setup


def by_numpy(dtype: str) -> Setup:
    """NumPy's product of plain numbers."""

    def setup(_: Setting) -> Work:
        x = np.random.default_rng(0).normal(size=(ROWS, TERMS)) * SCALE["int8"]
        y = np.random.default_rng(1).normal(size=(TERMS, COLUMNS)) * SCALE["int8"]
        a, b = x.astype(dtype), y.astype(dtype)
        out = np.empty((ROWS, COLUMNS), dtype)
        return Work(calls(lambda: np.matmul(a, b, out=out)), ROWS * COLUMNS * TERMS)

    return setup


def ruler() -> Row:
    """float32 BLAS, which NumPy calls."""
    note = "256 x 1024 times 1024 x 256, as many threads as BLAS was told to take"
    return Row(RULER, Task(BLAS), by_numpy("f4"), ruler=BLAS, size=SIZE, note=note)


def rows() -> Iterator[Row]:
    """Every machine, and NumPy's integers."""
    for name, machine in MACHINES.items():
        task = Task("matmul", "", name)
        yield Row(OURS, task, multiplying(name), BLAS, machine[-1], size=SIZE)
    yield Row("numpy", Task("matmul", "", "int32"), by_numpy("i4"), BLAS, size=SIZE)
