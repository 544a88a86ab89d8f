"""Binary floats beside the processor and beside exact_floats.c: the programs, and operands with
structure."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
from oracle_formats import Float

COMPILER = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
FORMATS = {
    "binary16": (np.uint16, Float(5, 10)),
    "binary32": (np.uint32, Float(8, 23)),
    "binary64": (np.uint64, Float(11, 52)),
}
OPERANDS = {"sqrt": 1, "fma": 3}  # of others 2


def compiled(name: str, folder: Path) -> Path:
    """A C program of this folder."""
    source = Path(__file__).with_name(f"{name}.c")
    options = ["-O1", "-frounding-math", "-ffp-contract=off"]
    subprocess.run([COMPILER, *options, "-o", folder / name, source, "-lm"], check=True)
    return folder / name


def exactly(program: Path, format: Float, name: str, mode: str, operands, words, tiny="after"):
    """Codes and flags as exact_floats.c has them; of a stochastic rounding by the words, one an
    operation, undecided ones with the flag 128."""
    base, _, bits = mode.partition(" ")  # "stochastic 8A": with 8 bits, variant A
    shape = [str(format.exponent_bits), str(format.fraction_bits)]
    ways = [name, base, bits[:-1] or "0", bits[-1:] or "A", tiny]
    rows = [np.asarray(column, np.uint64) for column in (*operands, words)]
    data = b"".join(row.tobytes() for row in rows)
    found = subprocess.run([program, *shape, *ways], input=data, capture_output=True, check=True)
    size = rows[0].size
    return np.frombuffer(found.stdout, np.uint64, size), np.frombuffer(
        found.stdout, np.uint8, size, 8 * size
    )


def structured(format: Float, count: int, rng: np.random.Generator) -> np.ndarray:
    """Codes with few, many or random fraction bits, with exponents that lie near each other, at the
    ends or among subnormals; zeros, infinities, quiet NaN."""
    t, top = format.fraction_bits, (1 << format.exponent_bits) - 1
    kind = rng.integers(0, 6, count)
    random = rng.integers(0, 1 << t, count, dtype=np.uint64)
    one = np.uint64(1) << rng.integers(0, t, count).astype(np.uint64)
    half = np.uint64((1 << t // 2) - 1)
    choices = [random, one, one - 1, (1 << t) - one, 0 * one, (random & ~half) | (one & half)]
    fraction = np.choose(kind, choices).astype(np.uint64) & np.uint64((1 << t) - 1)
    middle = rng.choice([0, 1, t, top // 2, top // 2 + t, top // 4, top - t - 2, top - 2])
    near = np.clip(middle + rng.integers(-4, 5, count), 0, top)
    spread = rng.choice([0, 1, top - 1, top, top // 2], count)
    exponent = np.where(rng.random(count) < 0.75, near, spread).astype(np.uint64)
    fraction |= np.where((exponent == top) & (fraction != 0), np.uint64(1 << (t - 1)), np.uint64(0))
    sign = rng.integers(0, 2, count, dtype=np.uint64) << np.uint64(format.width - 1)
    return sign | exponent << np.uint64(t) | fraction


def _near(codes, format: Float, rng):
    """The same numbers or others a few units away, of either sign; specials as they are."""
    magnitude = np.uint64((1 << (format.width - 1)) - 1)
    moved = (codes & magnitude).astype(np.int64) + rng.integers(-3, 4, codes.size)
    moved = np.clip(moved, 0, format.infinity_code).astype(np.uint64)
    moved = np.where((codes & magnitude) < format.infinity_code, moved, codes & magnitude)
    return moved | rng.integers(0, 2, codes.size, dtype=np.uint64) << np.uint64(format.width - 1)


def _by_floats(dtype, which, *operands):
    """What NumPy's float of the width gives: numbers near which the exact result is a short one."""
    floats = [codes.astype(dtype).view(f"f{np.dtype(dtype).itemsize}") for codes in operands]
    with np.errstate(all="ignore"):
        found = which(*floats)
    return np.where(np.isnan(found), 1, found).astype(floats[0].dtype).view(dtype).astype(np.uint64)


def operands_for(name: str, kind: str, count: int, seed: int) -> list[np.ndarray]:
    """Three arrays of operands in eight parts of as many exponents.  A third of them cancel, or
    have exact results, or results a few units beside them."""
    dtype, format = FORMATS[kind]
    rng = np.random.default_rng(seed)
    parts = [structured(format, count // 8, rng) for _ in range(8)]
    a = np.concatenate(parts)
    b, c = np.roll(a, 1), np.roll(a, 2)
    some = np.arange(a.size) % 3 == 0
    if name in ("add", "subtract"):
        b = np.where(some, _near(a, format, rng), b)
    elif name == "divide":
        a = np.where(some, _near(_by_floats(dtype, np.multiply, b, c), format, rng), a)
    elif name == "sqrt":
        a = np.where(some, _near(_by_floats(dtype, np.square, a), format, rng), a)
    elif name == "fma":
        c = np.where(some, _near(_by_floats(dtype, np.multiply, a, b), format, rng), c)
    return [column.astype(dtype) for column in (a, b, c)]
