"""Test vectors of machines' dot products, and machines on the command line."""

from __future__ import annotations

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

import numpy as np
import pytest

import numfmt as nf
from numfmt import _vectors_matmul as dots
from numfmt._machine_c import as_c


def run(*words, status=0):
    """What `numfmt-hw` prints, away from the source folder."""
    line = [sys.executable, "-m", "numfmt", *words]
    result = subprocess.run(line, capture_output=True, text=True, cwd=tempfile.gettempdir())
    assert result.returncode == status, result.stderr
    return result.stderr if status else result.stdout


MACHINES = [
    "nvidia.h100.mma.f16.f32",
    "nvidia.h100.wgmma.e4m3.f32",
    "nvidia.h100.imma.s8.s32",
    "x86.ssse3.vpmaddubsw",
    "x86.avx512_bf16.vdpbf16ps",
    "hls4ml.ap_fixed16_6",
]


@pytest.mark.parametrize("name", MACHINES)
def test_results_are_those_of_matmul(name):
    """All at once as one by one; corners, NaN and overflow are among them; the same every time."""
    path = nf.machine(name).datapath()
    given = {"bias": 0} if "bias" in path.operands else {}
    found = dots.dot_vectors(nf.machine(name), None, 80, 3, operands=given)
    x, y = (nf.from_codes(found.columns[v], found.facts[v]) for v in "ab")
    c = found.columns.get("c")
    sums = None if c is None else nf.from_codes(c[:, None], path.acc.type)
    whole = nf.matmul(x[:, None], y[:, :, None], path, sums, **given).codes.ravel()
    assert np.array_equal(found.columns["result"], whole)
    if path.acc.type.has_nan:
        assert np.isnan(nf.decode(whole, path.output)).any()
    again = dots.dot_vectors(nf.machine(name), None, 80, 3, operands=given)
    assert dots.as_readmemh(again) == dots.as_readmemh(found)
    assert (found.columns["flags"] != 0).any()


def test_stochastic_machines_bring_their_words():
    """Rounding s of a vector takes its word s."""
    machine = nf.machine("pulp.cvfpu.exsdotp.fp8.f16.rsr")
    found = dots.dot_vectors(machine, 6, 40, 1)
    path = machine.datapath()
    total = nf.from_codes(found.columns["c"], path.acc.type)
    a, b = (nf.from_codes(found.columns[v], "e5m2") for v in "ab")
    wide = nf.Datapath(**{**path.resolve(), "kplan": {"inst_k": 2}})
    for step in range(3):
        k = slice(2 * step, 2 * step + 2)
        words = nf.Recorded(found.columns["random"][:, step : step + 1])
        x, y = a[:, k].reshape(40, 1, 2), b[:, k].reshape(40, 2, 1)
        total = nf.matmul(x, y, wide, total.reshape(40, 1, 1), key=words).reshape(40, 1)
    assert np.array_equal(total.codes.ravel(), found.columns["result"])


def test_forms_of_output(tmp_path):
    """JSON has lists, $readmemh packs an operand with its first code lowest, C compiles."""
    words = ("vectors", "matmul", "--machine", "nvidia.v100.hmma884.f16.f32", "--count", "12")
    table = json.loads(run(*words, "--json"))
    assert table["columns"] == ["a", "b", "c", "result", "flags"]
    assert len(table["vectors"]) == 12
    lines = run(*words).splitlines()[2:]
    for line, (a, b, c, result, flags) in zip(lines, table["vectors"], strict=True):
        fields = [int(x, 16) for x in line.split("_")]
        packed = [sum(x << 16 * k for k, x in enumerate(v)) for v in (a, b)]
        assert fields == [*packed, c, result, flags]
    (tmp_path / "v.h").write_text(run(*words, "--c"))
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler:
        text = (
            '#include "v.h"\nint main(void) { return nvidia_v100_hmma884_f16_f32[1].a[3] != %d; }'
        )
        (tmp_path / "v.c").write_text(text % table["vectors"][1][0][3])
        subprocess.run([compiler, "v.c", "-o", "v"], cwd=tmp_path, check=True)
        subprocess.run([str(tmp_path / "v")], check=True)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "--machine: matmul needs the name of one"),
        (("--machine", "nvidia.h100"), "is no machine"),
        (("--machine", "tflite.int8.conv.ref"), "the operand 'zero_point_a' is missing"),
        (("--machine", "nvidia.b200.tcgen05.nvf4.f32"), "scales of blocks"),
        (("--machine", "fixed8", "--terms", "0"), "terms=0 must be from 1"),
        (("--machine", "fixed8", "--a", "e4m3fn"), "a='e4m3fn' must be one of binary32"),
        (("--machine", "fixed8", "--format", "e4m3fn"), "--format has no meaning for matmul"),
        (("--machine", "fixed8", "--with", "bias=x"), "--with 'bias=x' must be NAME=NUMBER"),
        (("--machine", "x86.f16c.vcvtps2ph"), "multiplies no matrices"),
    ],
)
def test_wrong_words(words, message):
    """One line that names the option."""
    printed = run("vectors", "matmul", *words, status=2)
    assert message in printed
    assert printed.count("\n") == 1


def test_words_of_other_operations():
    """What matmul takes, others refuse."""
    words = ("vectors", "add", "--format", "e4m3fn", "--machine", "fixed8")
    assert "--machine has no meaning for add" in run(*words, status=2)
    assert "--format: add needs the format of results" in run("vectors", "add", status=2)


def test_machines_on_the_command_line(tmp_path):
    """The list, a machine's fields with how they are known, files and C."""
    listed = run("machines")
    assert all(name in listed for name in nf.machines())
    table = json.loads(run("machines", "--json"))["machines"]
    assert [row["name"] for row in table] == nf.machines()
    shown = run("machines", "google.tpu.v4i.bf16.f32")
    assert "acc.round" in shown
    assert "assumed" in shown
    for form in ("--toml", "--json"):
        path = tmp_path / f"m.{form[2:]}"
        path.write_text(run("machines", "nvidia.h100.wgmma.e4m3.f32", form))
        assert nf.machine(path) == nf.machine("nvidia.h100.wgmma.e4m3.f32")
    assert "no machine (fixed8" in run("machines", "fixed9", status=2)
    assert "are of one machine" in run("machines", "--c", status=2)
    assert "multiplies no matrices" in run("machines", "x86.f16c.vcvtps2ph", "--c", status=2)
    assert "are forms of output" in run("machines", "fixed8", "--c", "--json", status=2)


HEADERS = pathlib.Path(__file__).parents[1] / "c_src"


def test_the_c_of_every_machine_compiles(tmp_path):
    """All headers in one file, without a warning; and one of a machine with split sums."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("no C compiler")
    machines = [nf.machine(name) for name in nf.machines()]
    text = next(m for m in machines if m.name == "intel.amx.tdpbf16ps").to_toml()
    mine = tmp_path / "mine.toml"
    split = text.replace("tile = 1", "tile = 64").replace('c = "last"', 'c = "first"')
    mine.write_text(split.replace("tdpbf16ps", "mine"))
    assert nf.machine(mine).datapath().kplan.split.tile == 64
    machines = [m for m in machines if m.datapaths] + [nf.machine(mine)]
    source = tmp_path / "machines.c"
    source.write_text("\n".join(as_c(machine) for machine in machines))
    flags = ["-std=c11", "-Wall", "-Werror", "-fsyntax-only", f"-I{HEADERS}"]
    subprocess.run([compiler, *flags, str(source)], check=True)
