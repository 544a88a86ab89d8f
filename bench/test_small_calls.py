"""pytest-benchmark suite of small calls: what Python, cffi and the checks of arguments cost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import numfmt as nf

SIZE = 16
X = np.linspace(-3, 3, SIZE, dtype=np.float32)
OUT = np.empty_like(X)
CODES = np.empty(SIZE, np.uint8)
FORMAT = nf.parse("e4m3fn")
KEY = nf.Key(1)
CALLS: dict[str, Callable[[], object]] = {
    "quantize": lambda: nf.quantize(X, FORMAT, out=OUT),
    "quantize, spelled": lambda: nf.quantize(X, "e4m3fn", out=OUT),
    "quantize, no out": lambda: nf.quantize(X, FORMAT),
    "quantize, stochastic": lambda: nf.quantize(X, FORMAT, "stochastic", key=KEY, out=OUT),
    "quantize, new key": lambda: nf.quantize(X, FORMAT, "stochastic", key=KEY.at(3), out=OUT),
    "encode": lambda: nf.encode(X, FORMAT, out=CODES),
    "decode": lambda: nf.decode(CODES, FORMAT, dtype=np.float32, out=OUT),
    "convert": lambda: nf.convert(CODES, FORMAT, "e5m2", out=CODES),
}


@pytest.mark.parametrize("name", CALLS)
def test_small_call(benchmark: Any, name: str) -> None:
    """16 elements from Python."""
    nf.encode(X, FORMAT, out=CODES)
    benchmark(CALLS[name])
