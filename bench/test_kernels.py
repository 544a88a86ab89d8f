"""pytest-benchmark suite of the kernels: ``pytest bench/ --benchmark-only`` from a checkout."""

from __future__ import annotations

from typing import Any

import pytest

from numfmt import _core

from . import ours
from .arrays import Arrays
from .row import IN_MEMORY, Row, Setting

SIZES = (1 << 15, IN_MEMORY)
ISAS = [name for name in _core.available_isas() if name != "scalar"]
ROWS = [*ours.nearest(), *ours.modes(), *ours.stochastic(), *ours.codes()]


@pytest.fixture(scope="module", params=SIZES, ids=lambda n: f"{n} elements")
def arrays(request: pytest.FixtureRequest) -> Arrays:
    """The inputs and outputs of one size."""
    return Arrays(request.param)


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_kernel(benchmark: Any, arrays: Arrays, row: Row, isa: str) -> None:
    """A row of `compare` runs, alone, on one instruction set."""
    with _core.forced_isa(isa):
        work = row.setup(Setting(arrays.n, arrays, isa, 1))
        benchmark.group = row.name
        benchmark.extra_info["elements"] = work.elements
        benchmark(work.run, 1)
