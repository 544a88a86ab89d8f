"""One template driven by cocotb: `python hdl_cocotb.py FOLDER` builds and runs FOLDER/case.json
under Icarus Verilog; in the simulator it is the test."""

from __future__ import annotations

import json
import os
import pathlib
import sys
from typing import Any

import cocotb
from cocotb.triggers import Timer
from cocotb.types import LogicArray

FOLDER = "HDL_CASE_FOLDER"


def _case(folder: str) -> Any:
    return json.loads((pathlib.Path(folder) / "case.json").read_text())


@cocotb.test()
async def template_gives_each_row(dut: Any) -> None:
    """Inputs of each row, a clock where there is one, and what comes out."""
    case = _case(os.environ[FOLDER])
    port, width = case["output"]
    clock, wrong = getattr(dut, "clk", None), 0
    if clock is not None:
        clock.value = 0
    for *given, expected in case["rows"]:
        for (name, bits), number in zip(case["inputs"].items(), given, strict=True):
            getattr(dut, name).value = _unsigned(number, bits)
        await Timer(1, "ns")
        if clock is not None:
            clock.value = 1
            await Timer(1, "ns")
            clock.value = 0
        found = str(getattr(dut, port).value)
        wrong += found != format(expected & ((1 << width) - 1), f"0{width}b")
    assert wrong == 0, f"{wrong} of {len(case['rows'])} rows differ"


def _unsigned(number: int, bits: int) -> Any:
    return LogicArray.from_unsigned(number & ((1 << bits) - 1), bits)


def main(folder: str) -> None:
    """Build and simulate; the exit status is 0 where no row differs."""
    from cocotb_tools.check_results import get_results
    from cocotb_tools.runner import get_runner

    case, here = _case(folder), pathlib.Path(__file__)
    runner = get_runner("icarus")
    runner.build(
        sources=sorted((here.parents[1] / "numfmt" / "hdl").glob("*.sv")),
        hdl_toplevel=case["module"],
        parameters=case["parameters"],
        build_dir=folder,
        timescale=("1ns", "1ps"),
    )
    results = runner.test(
        hdl_toplevel=case["module"],
        test_module=here.stem,
        test_dir=folder,
        build_dir=folder,
        timescale=("1ns", "1ps"),
        extra_env={FOLDER: folder, "PYTHONPATH": os.pathsep.join([str(here.parent), *sys.path])},
    )
    tests, failed = get_results(results)
    sys.exit(0 if tests == 1 and failed == 0 else 1)


if __name__ == "__main__":
    main(sys.argv[1])
