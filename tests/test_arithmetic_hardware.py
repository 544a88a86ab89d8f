"""binary32 and binary64 against the processor: values and all five flags, where it has the mode."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from arithmetic_cases import operate
from oracle_formats import Float

COMPILER = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
MODES = ("nearest_even", "toward_zero", "down", "up")
OPERATIONS = ("add", "subtract", "multiply", "divide", "sqrt", "fma", "fmod", "ieee_remainder")
EXACT = ("fmod", "ieee_remainder")  # the C library's zeros lose their sign rounding down
TYPES = {"f32": (np.uint32, Float(8, 23)), "f64": (np.uint64, Float(11, 52))}
CASES = 150_000
pytestmark = pytest.mark.skipif(COMPILER is None, reason="no C compiler")


@pytest.fixture(scope="module")
def processor(tmp_path_factory):
    """The program that has the processor do an operation."""
    program = tmp_path_factory.mktemp("processor") / "processor"
    source = Path(__file__).with_name("processor.c")
    options = ["-O1", "-frounding-math", "-ffp-contract=off"]
    subprocess.run([COMPILER, *options, "-o", program, source, "-lm"], check=True)
    return program


def structured(format: Float, dtype, count: int, seed: int) -> np.ndarray:
    """Codes with few, many or random fraction bits, with exponents that often lie near each other,
    at the ends or among subnormals; zeros, infinities, quiet NaN."""
    rng = np.random.default_rng(seed)
    t, top = format.fraction_bits, (1 << format.exponent_bits) - 1
    kind = rng.integers(0, 6, count)
    random = rng.integers(0, 1 << t, count, dtype=np.uint64)
    one = np.uint64(1) << rng.integers(0, t, count).astype(np.uint64)
    fraction = np.choose(
        kind, [random, one, one - 1, (1 << t) - one, 0 * one, (random >> 9 << 9) | (one & 511)]
    ).astype(np.uint64) & np.uint64((1 << t) - 1)
    middle = rng.choice([0, 1, t, top // 2, top // 2 + t, top // 4, top - t - 2, top - 2])
    near = np.clip(middle + rng.integers(-4, 5, count), 0, top)
    spread = rng.choice([0, 1, top - 1, top, top // 2], count)
    exponent = np.where(rng.random(count) < 0.75, near, spread).astype(np.uint64)
    fraction |= np.where((exponent == top) & (fraction != 0), np.uint64(1 << (t - 1)), np.uint64(0))
    sign = rng.integers(0, 2, count, dtype=np.uint64) << np.uint64(format.width - 1)
    return (sign | exponent << np.uint64(t) | fraction).astype(dtype)


def on_processor(processor, kind, name, mode, operands):
    """Codes and flags as the processor has them."""
    command = [processor, kind, name, str(MODES.index(mode))]
    data = b"".join(operand.tobytes() for operand in operands)
    found = subprocess.run(command, input=data, capture_output=True, check=True).stdout
    dtype = operands[0].dtype
    rows = np.frombuffer(found, np.dtype([("code", dtype), ("flags", np.uint8)]))
    return rows["code"], rows["flags"]


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("kind", TYPES)
def test_values_and_flags_are_the_processors(processor, kind, name, tally):
    """Operands of every kind in the four roundings; of NaN only that it is one."""
    dtype, format = TYPES[kind]
    for number, mode in enumerate(MODES[: 1 if name in EXACT else None]):
        parts = [structured(format, dtype, CASES // 15, 15 * number + seed) for seed in range(15)]
        a = np.concatenate(parts)
        operands = [a, np.roll(a, 1), np.roll(a, 2)]
        used = operands[: {"fma": 3, "sqrt": 1}.get(name, 2)]
        expected, raised = on_processor(processor, kind, name, mode, operands)
        flags = np.zeros(a.size, np.uint8)
        got = operate(name, format, [(x, format) for x in used], (mode, None, None), flags=flags)
        as_float = np.dtype(f"f{dtype().itemsize}")
        what = f"{name} {kind} {mode}"
        tally.same(got.view(as_float), expected.view(as_float), a, what)
        tally.same(flags, raised, a, what + " flags")
    tally.check()
