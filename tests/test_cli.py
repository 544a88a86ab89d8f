"""The command line `numfmt-hw`: what it prints, what it writes, how it fails."""

import functools
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import numfmt as nf


@pytest.fixture
def command(tmp_path):
    """A function that runs `numfmt-hw` in an empty folder."""

    def run(*words, status=0, **options):
        line = [sys.executable, "-m", "numfmt", *map(str, words)]
        result = subprocess.run(line, capture_output=True, text=True, cwd=tmp_path, **options)
        assert result.returncode == status, result.stderr
        assert bool(result.stderr) == bool(status)
        return result.stderr if status else result.stdout

    return run


@pytest.fixture
def numbers(tmp_path):
    """A file of numbers in the command's folder."""
    numbers = np.linspace(-20, 20, 101, dtype=np.float32).reshape(1, 101)
    np.save(tmp_path / "in.npy", numbers)
    return numbers


def test_show_gives_the_properties(command):
    """`show --json` gives what the format object gives."""
    shown = json.loads(command("show", "posit:8,1", "--json"))
    f = nf.Posit(8, 1)
    assert shown["format"] == "posit<8,1>"
    assert (shown["width"], shown["max"], shown["eps"]) == (8, f.max, f.eps)
    assert shown["has_infinity"] is False


def test_show_rounds_by_the_modes_asked_for(command):
    """`--rounding`, `--overflow` and `--seed` decide what the examples become."""
    words = ("show", "fixed:8,3", "--rounding", "stochastic", "--overflow", "wrap", "--seed", "5")
    examples = json.loads(command(*words, "--json"))["examples"]
    x = [example["number"] for example in examples]
    expected = nf.quantize(x, "fixed<8,3>", "stochastic", "wrap", key=nf.Key(5))
    assert [example["value"] for example in examples] == expected.tolist()


def test_table_lists_every_code(command):
    """`table --json` has one entry a code, with its value and what the next middle becomes."""
    rows = json.loads(command("table", "e2m1", "--json", "--rounding", "up"))["codes"]
    assert [row["value"] for row in rows] == nf.parse("e2m1").all_values().tolist()
    assert [row["bits"] for row in rows] == [f"{code:04b}" for code in range(16)]
    middles = [row["middle"] for row in rows]
    assert [row["rounded"] for row in rows] == nf.quantize(middles, "e2m1", "up").tolist()


def test_table_is_readable(command):
    """`table` prints as many lines as codes, NaN among them."""
    lines = command("table", "e4m3fn").splitlines()
    assert len([line for line in lines if line.strip().startswith("0x")]) == 256
    assert "nan" in next(line for line in lines if "0x7f" in line)


def test_convert_rounds_a_file(command, numbers, tmp_path):
    """`convert` writes what `quantize` gives, in the dtype and shape of the input."""
    counts = json.loads(command("convert", "in.npy", "out.npy", "--to", "fixed:8,3", "--json"))
    result = np.load(tmp_path / "out.npy")
    assert result.dtype == np.float32
    np.testing.assert_array_equal(result, nf.quantize(numbers, "fixed<8,3>"))
    report = nf.Report()
    nf.quantize(numbers, "fixed<8,3>", report=report)
    assert (counts["count"], counts["saturated"]) == (101, report.saturated)


def test_convert_writes_codes_and_reads_them(command, numbers, tmp_path):
    """`--codes` writes codes; `--from` reads them, and converts with one rounding."""
    command("convert", "in.npy", "codes.npy", "--to", "e4m3fn", "--codes")
    codes = np.load(tmp_path / "codes.npy")
    np.testing.assert_array_equal(codes, nf.encode(numbers, "e4m3fn"))
    words = ("convert", "codes.npy", "out.npy", "--from", "e4m3fn", "--to", "fixed:8,3")
    command(*words, "--rounding", "down")
    expected = nf.decode(nf.convert(codes, "e4m3fn", "fixed<8,3>", "down"), "fixed<8,3>")
    np.testing.assert_array_equal(np.load(tmp_path / "out.npy"), expected)


def test_convert_may_write_over_its_input(command, numbers, tmp_path):
    """The output is complete before it takes the input's place."""
    command("convert", "in.npy", "in.npy", "--to", "e5m2")
    np.testing.assert_array_equal(np.load(tmp_path / "in.npy"), nf.quantize(numbers, "e5m2"))
    assert os.listdir(tmp_path) == ["in.npy"]


WRONG = {
    "unknown format": (("show", "fiexd:8,3"), "fixed"),
    "width 0": (("show", "fixed:0,3"), "width"),
    "width 65": (("show", "fixed:65,3"), "64"),
    "unknown mode": (("show", "e5m2", "--rounding", "nearest_evn"), "nearest_even"),
    "policy without a meaning": (("show", "e5m2", "--overflow", "wrap"), "saturate"),
    "no seed": (("show", "e5m2", "--rounding", "stochastic"), "--seed"),
    "superfluous seed": (("show", "e5m2", "--seed", "1"), "key"),
    "wide table": (("table", "posit:32"), "16"),
    "no such file": (("convert", "none.npy", "out.npy", "--to", "e5m2"), "none.npy"),
    "no array": (("convert", "text.npy", "out.npy", "--to", "e5m2"), "text.npy"),
    "objects": (("convert", "objects.npy", "out.npy", "--to", "e5m2"), "objects.npy"),
    "NaN": (("convert", "nan.npy", "out.npy", "--to", "fixed:8,3"), "nan"),
    "no room": (("convert", "in.npy", "out.npy", "--to", "fixed:40,20"), "float64"),
    "dtype of codes": (
        ("convert", "in.npy", "out.npy", "--to", "e5m2", "--codes", "--dtype", "float32"),
        "--dtype",
    ),
    "not codes": (("convert", "in.npy", "out.npy", "--from", "e5m2", "--to", "e5m2"), "codes"),
    "unknown option": (("show", "e5m2", "--speed"), "--speed"),
    "no argument": (("convert", "in.npy"), "OUT"),
}


@pytest.mark.parametrize(("words", "named"), WRONG.values(), ids=WRONG)
def test_wrong_input_is_status_2(command, numbers, tmp_path, words, named):
    """Wrong input is named on stderr, with status 2, and no file is written."""
    (tmp_path / "text.npy").write_text("not an array")
    np.save(tmp_path / "objects.npy", np.array([1, None]), allow_pickle=True)
    np.save(tmp_path / "nan.npy", np.array([np.nan]))
    before = sorted(os.listdir(tmp_path))
    assert named in command(*words, status=2)
    assert sorted(os.listdir(tmp_path)) == before


def test_a_failure_to_write_is_status_1(command, numbers, tmp_path):
    """A file that cannot be written whole is not written at all, and is no wrong input."""
    no_room = functools.partial(resource.setrlimit, resource.RLIMIT_FSIZE, (0, 0))
    errors = command("convert", "in.npy", "out.npy", "--to", "e5m2", status=1, preexec_fn=no_room)
    assert "File too large" in errors
    assert os.listdir(tmp_path) == ["in.npy"]


def test_ctrl_c_is_status_130(tmp_path):
    """An interrupted command says so and leaves nothing behind."""
    os.mkfifo(tmp_path / "in.npy")
    line = [sys.executable, "-m", "numfmt", "convert", "in.npy", "out.npy", "--to", "e5m2"]
    process = subprocess.Popen(line, stderr=subprocess.PIPE, text=True, cwd=tmp_path)
    with (tmp_path / "in.npy").open("wb"):
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate()
    assert process.returncode == 130
    assert errors == "numfmt-hw: interrupted\n"
    assert os.listdir(tmp_path) == ["in.npy"]


def test_the_command_is_the_module(command):
    """`numfmt-hw` and `python -m numfmt` are the same program."""
    script = shutil.which("numfmt-hw", path=Path(sys.executable).parent)
    assert script is not None
    result = subprocess.run([script, "show", "e5m2"], capture_output=True, text=True, check=True)
    assert result.stdout == command("show", "e5m2")
