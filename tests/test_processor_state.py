"""What the caller has set the processor to (rounding, flushing of subnormals) changes no bit."""

import contextlib
import ctypes
import ctypes.util
import platform
import struct
from collections.abc import Iterator

import numpy as np
import pytest

import numfmt as nf

libm = ctypes.CDLL(ctypes.util.find_library("m"))
UPWARD = {"x86_64": 0x800, "aarch64": 0x400000}
FLUSHES = 0x8040  # mxcsr: results flushed to zero, subnormal inputs taken for zeros
MXCSR = struct.Struct("<28xI")  # within x86-64's fenv_t


@contextlib.contextmanager
def rounding_upward() -> Iterator[None]:
    """The processor rounds upward, before and after."""
    upward = UPWARD.get(platform.machine())
    if upward is None:
        pytest.skip("the number of the upward mode is known for x86-64 and aarch64 only")
    libm.fesetround(upward)
    try:
        yield
        state = libm.fegetround()
    finally:
        libm.fesetround(0)
    assert state == upward


@contextlib.contextmanager
def flushing_subnormals() -> Iterator[None]:
    """Float arithmetic takes and gives zeros for subnormal numbers, before and after."""
    if platform.machine() != "x86_64":
        pytest.skip("where flushing is set is known for x86-64 only")
    before, now = ctypes.create_string_buffer(32), ctypes.create_string_buffer(32)
    libm.fegetenv(before)
    now.raw = before.raw
    mxcsr = MXCSR.unpack_from(now)[0] | FLUSHES
    struct.pack_into("<I", now, MXCSR.size - 4, mxcsr)
    libm.fesetenv(now)
    try:
        yield
        libm.fegetenv(now)
    finally:
        libm.fesetenv(before)
    assert MXCSR.unpack_from(now)[0] & FLUSHES == FLUSHES


FORMATS = ("fixed<8,3>", "e4m3fn", "bfloat16", "posit<16,2>", "takum16", "ternary", "nf4")
BLOCKS = ("mxfp8_e4m3", "mxint8", "bfp<8,16>")
OPERATIONS = (nf.add, nf.multiply, nf.divide, nf.minimum)
REQUANTIZATIONS = [(m, s) for m in ("f64_half_away", "f32_rne") for s in (2.0**-17, 3 * 2.0**-19)]
MODES = ("nearest_even", "up", "down", "to_odd", "stochastic")


def results(x: np.ndarray) -> list[np.ndarray]:
    """Codes in every mode, and values."""
    key = nf.Key(4)
    operands = [(nf.array(x, f), nf.array(x[::-1], f)) for f in ("e5m2", "bfloat16", "posit<16,2>")]
    found = []
    for mode in MODES:
        own = {"key": key} if mode == "stochastic" else {}
        found += [nf.encode(x, f, mode, **own) for f in FORMATS]
        found += [nf.quantize(x, f, mode, dtype=np.float64, **own) for f in FORMATS]
        found += [nf.quantize(x, f, mode, **own) for f in BLOCKS]
        found += [op(*arrays, None, mode, **own).codes for arrays in operands for op in OPERATIONS]
    found += [np.asarray(nf.less(*arrays)) for arrays in operands]
    sums = x.view(np.int32)
    found += [nf.requantize(sums, m, mode, format="int16") for mode, m in REQUANTIZATIONS]
    return found


@pytest.mark.parametrize("state", [rounding_upward, flushing_subnormals])
def test_the_processor_state_of_the_caller_does_not_count(state):
    """The same bits, and the state is the caller's again afterwards."""
    x = np.random.default_rng(6).standard_normal(5_120).astype(np.float32)
    x[:2_048] *= np.float32(2.0**-128)
    expected = results(x)
    with state():
        got = results(x)
    for a, b in zip(got, expected, strict=True):
        assert np.array_equal(a.view(np.uint8), b.view(np.uint8))
