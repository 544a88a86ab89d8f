"""The arrays that every row shares: made once from a fixed seed, aligned, pre-faulted."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

ALIGNMENT = 64  # bytes of a cache line, and of the widest store
SEED = 20_261


def aligned(n: int, dtype: Any) -> Array:
    """Zeros, written once, from the start of a cache line."""
    size = np.dtype(dtype).itemsize
    memory = np.empty(n * size + ALIGNMENT, np.uint8)
    memory.fill(0)
    start = -memory.ctypes.data % ALIGNMENT
    return memory[start : start + n * size].view(dtype)


class Arrays:
    """Inputs and outputs of one size; rows that ask for the same array get the same one."""

    def __init__(self, n: int) -> None:
        self.n = n
        self.input = functools.cache(self._input)
        self.output = functools.cache(self._output)
        self.codes = functools.cache(self._codes)
        self.in_place = functools.cache(self._in_place)

    def _output(self, dtype: str = "f4") -> Array:
        return aligned(self.n, dtype)

    def _input(self, data: str = "normal", dtype: str = "f4") -> Array:
        """Numbers to round.

        Args:
            data: "normal": N(0, 16); "unit": N(0, 1); "any": random bit patterns, the finite ones.
        """
        array = aligned(self.n, dtype)
        generator = np.random.default_rng(SEED)
        if data == "any":
            array[:] = finite_patterns(generator, self.n)
        else:
            array[:] = generator.standard_normal(self.n, np.float32)
            if data == "normal":
                array *= 4
        return array

    def _in_place(self) -> Array:
        """Numbers that rows round where they lie: no other row writes there."""
        array = self._output()
        array[:] = self.input()
        return array

    def _codes(self, width: int = 8) -> Array:
        """Random codes of 8 or 16 bits."""
        array = aligned(self.n, f"u{width // 8}")
        array[:] = np.random.default_rng(SEED).integers(0, 1 << width, self.n, array.dtype)
        return array


def finite_patterns(generator: np.random.Generator, n: int) -> Array:
    """Float32 numbers of uniformly random bit patterns; one that is not finite lost a bit."""
    bits = generator.integers(0, 1 << 32, n, np.uint32)
    bits[(bits & 0x7F800000) == 0x7F800000] ^= 0x40000000
    return bits.view(np.float32)
