"""binary16, binary32 and binary64 against the processor: values and all five flags, where it has
the mode."""

import subprocess

import numpy as np
import pytest
from arithmetic_cases import operate
from float_cases import COMPILER, FORMATS, OPERANDS, compiled, operands_for

MODES = ("nearest_even", "toward_zero", "down", "up")
OPERATIONS = ("add", "subtract", "multiply", "divide", "sqrt", "fma", "fmod", "ieee_remainder")
EXACT = ("fmod", "ieee_remainder")  # the C library's zeros lose their sign rounding down
CASES = 420_000
pytestmark = pytest.mark.skipif(COMPILER is None, reason="no C compiler")


@pytest.fixture(scope="module")
def processor(tmp_path_factory):
    """The program that has the processor do an operation."""
    return compiled("processor", tmp_path_factory.mktemp("processor"))


def on_processor(processor, name, mode, operands):
    """Codes and flags as the processor has them."""
    dtype = operands[0].dtype
    command = [processor, f"f{8 * dtype.itemsize}", name, str(MODES.index(mode))]
    data = b"".join(operand.tobytes() for operand in operands)
    found = subprocess.run(command, input=data, capture_output=True, check=False)
    if found.returncode == 3:
        pytest.skip("this processor does not convert binary16")
    assert found.returncode == 0
    rows = np.frombuffer(found.stdout, np.dtype([("code", dtype), ("flags", np.uint8)]))
    return rows["code"], rows["flags"]


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("kind", FORMATS)
def test_values_and_flags_are_the_processors(processor, kind, name, tally):
    """Operands of every kind in the four roundings; of NaN only that it is one."""
    if (kind, name) == ("binary16", "fma"):
        pytest.skip("in float it would be rounded twice; test_arithmetic_exact.py has it")
    dtype, format = FORMATS[kind]
    size = 60_000 if name in EXACT else CASES
    operands = operands_for(name, kind, size, 7)
    used = operands[: OPERANDS.get(name, 2)]
    for mode in MODES[: 1 if name in EXACT else None]:
        expected, raised = on_processor(processor, name, mode, operands)
        flags = np.zeros(operands[0].size, np.uint8)
        got = operate(name, format, [(x, format) for x in used], (mode, None, None), flags=flags)
        as_float = np.dtype(f"f{dtype().itemsize}")
        what = f"{name} {kind} {mode}"
        tally.same(got.view(as_float), expected.view(as_float), used[0], what)
        tally.same(flags, raised, used[0], what + " flags")
    tally.check()
