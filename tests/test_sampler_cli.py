"""The command line lp-sampler: the table, the files, errors and Ctrl-C."""

import json
import os
import signal
import subprocess
import sys

import pytest
from typer.testing import CliRunner

import lp_sampler as lps
from lp_sampler import cli
from lp_sampler.experiments import breast_cancer

COMMAND = [sys.executable, "-m", "lp_sampler"]
TINY = {"draws": 20, "chains": 2, "warmup": 10, "thin": 1}
SMALL = ("--quick", "--machine", "fixed8", "--machine", "float32")


@pytest.fixture
def tiny(monkeypatch):
    """Makes a quick run a matter of a second."""
    monkeypatch.setattr(breast_cancer, "QUICK", TINY)


def run(*arguments):
    """The command in this process."""
    return CliRunner().invoke(cli.app, list(arguments))


def test_compare_prints_a_table_and_writes_two_files(tiny, tmp_path):
    """Rows and notes go to stdout, the picture and the record to the folder."""
    out = tmp_path / "new" / "folder"
    result = run("compare", *SMALL, "--out", str(out))
    assert result.exit_code == 0, result.output
    for text in ("fixed8", "naive_nearest", "binary32", "std ratio", "standard error", "wrote"):
        assert text in result.stdout
    assert all(len(line) <= 80 for line in result.stdout.splitlines() if "wrote" not in line)
    names = {"compare.png", "compare.json", "compare.html"}
    assert {path.name for path in out.iterdir()} == names
    assert len(json.loads((out / "compare.json").read_text())["rows"]) == 5


def test_json_is_the_file(tiny, tmp_path):
    """With --json stdout is the text of compare.json and nothing else."""
    result = run("compare", *SMALL, "--out", str(tmp_path), "--json", "--accumulator", "vc")
    assert json.loads(result.stdout) == json.loads((tmp_path / "compare.json").read_text())


def test_options_reach_the_run(tiny, tmp_path):
    """Seed, accumulators and a machine file decide the rows."""
    path = tmp_path / "mine.toml"
    formats = "".join(f'{role} = "fixed<8,3>"\n' for role in ("weight", "gradient", "accumulator"))
    path.write_text(f'name = "mine"\n[formats]\n{formats}input = "float32"\n')
    options = ("--quick", "--machine", str(path), "--accumulator", "vc", "--seed", "5")
    result = run("compare", *options, "--out", str(tmp_path), "--json")
    record = json.loads(result.stdout)
    assert record["seed"] == 5
    assert [(row["machine"], row["accumulator"]) for row in record["rows"]] == [("mine", "vc")]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("compare", "--machine", "fixd8"), "fixed8"),
        (("compare", "--machine", "missing.toml"), "No such file"),
        (("compare", "--accumulator", "nave"), "did you mean 'naive'"),
        (("compare", "--machine", "fixed8", "--machine", "fixed8"), "distinct"),
        (("compare", "--seed", "-1"), "--seed"),
        (("compare", "--seed", "18446744073709551616"), "seed"),
        (("compare", "--workers", "0"), "--workers"),
        (("compare", "--quik"), "--quik"),
        (("compair",), "compair"),
    ],
)
def test_wrong_input_is_status_2(tmp_path, monkeypatch, arguments, message):
    """Wrong input gives a message on stderr, status 2, and no file."""
    monkeypatch.chdir(tmp_path)
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert "Traceback" not in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_a_file_is_refused_before_anything_runs(tmp_path):
    """The output folder is looked at first."""
    path = tmp_path / "taken"
    path.write_text("mine")
    for out in (path, path / "below"):
        result = run("compare", "--out", str(out))
        assert result.exit_code == 2
        assert result.stderr == f"lp-sampler: --out: {str(path)!r} is not a folder\n"
    assert path.read_text() == "mine"


def test_a_missing_package_is_named_in_one_line(tmp_path, monkeypatch):
    """Without scikit-learn the command says what to install, with status 1."""
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    result = run("compare", "--quick", "--out", str(tmp_path))
    assert result.exit_code == 1
    assert "scikit-learn" in result.stderr
    assert result.stderr.count("\n") == 1


def test_ctrl_c_stops_at_once_and_writes_nothing(tmp_path):
    """An interrupt during the main job: status 130, one line, no file."""
    out = tmp_path / "out"
    command = [*COMMAND, "compare", "--out", str(out)]
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    begun = process.stderr.readline()
    os.kill(process.pid, signal.SIGINT)
    _, rest = process.communicate(timeout=60)
    assert "runs" in begun
    assert rest == "lp-sampler: interrupted; no file was written\n"
    assert process.returncode == 130
    assert not out.exists()


def test_version_and_help():
    """--version prints the version; help lists the command and its options."""
    from numfmt import __version__

    assert run("--version").stdout == f"lp-sampler {__version__}\n"
    assert "compare" in run("--help").stdout
    assert "--quick" in run("compare", "--help").stdout


def test_report_writes_a_page_beside_the_run(tmp_path):
    """By default RUN with .html; with a reference the page has its numbers; stdout names it."""
    kernel, target = lps.kernels.SGLD(step_size=0.1), lps.targets.Gaussian(size=2)
    settings = {"draws": 100, "warmup": 20, "progress": False}
    for name, machine in (("low.zarr", "fixed<8,4>"), ("full.zarr", "float32")):
        lps.sample(kernel, target, machine, store=tmp_path / name, **settings)
    result = run("report", str(tmp_path / "low.zarr"))
    assert result.exit_code == 0, result.output
    assert result.stdout == f"wrote {tmp_path / 'low.html'}\n"
    assert "fixed&lt;8,4&gt;, vc" in (tmp_path / "low.html").read_text()
    reference = ("--reference", str(tmp_path / "full.zarr"))
    result = run(
        "report", str(tmp_path / "low.zarr"), *reference, "--out", str(tmp_path / "b.html")
    )
    assert result.exit_code == 0, result.output
    assert "W2 / sigma" in (tmp_path / "b.html").read_text()


def test_report_of_what_is_no_run_is_an_error(tmp_path):
    """A folder that is not there: status 2, one line, no file."""
    result = run("report", str(tmp_path / "missing.zarr"))
    assert result.exit_code == 2
    assert "missing.zarr" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_table_becomes_a_sweep(tmp_path):
    """CSV in, table and four files out; what was given replaces what would be derived."""
    path = tmp_path / "data.csv"
    path.write_text("x,y,z\n" + "".join(f"{i * i % 17},{i % 5},{i % 3 // 2}\n" for i in range(40)))
    table = ("--data", str(path), "--label", "z", "--quick", "--draws", "10", "--chains", "2")
    lengths = ("--warmup", "10", "--thin", "1", "--step-size", "0.01", "--accumulator", "vc")
    sizes = ("--widths", "6,8", "--fraction-bits", "2-3")
    result = run("compare", *table, *lengths, *sizes, "--out", str(tmp_path / "out"))
    assert result.exit_code == 0, result.output
    names = {"compare.png", "compare.json", "compare.html", "bits.png"}
    assert {path.name for path in (tmp_path / "out").iterdir()} == names
    record = json.loads((tmp_path / "out" / "compare.json").read_text())
    sizes = [(6, 2), (6, 3), (8, 2), (8, 3)]
    assert [row["machine"] for row in record["rows"]] == [f"fixed<{w},{f}>" for w, f in sizes]
    assert (record["settings"]["draws"], record["settings"]["warmup"]) == (10, 10)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--data", "missing.csv", "--label", "z"), "missing.csv"),
        (("--data", "data.csv"), "--label"),
        (("--data", "data.csv", "--label", "q"), "label"),
        (("--widths", "8"), "--fraction-bits"),
        (("--widths", "8", "--fraction-bits", "x"), "--fraction-bits"),
        (("--widths", "8", "--fraction-bits", "3", *SMALL[1:]), "--machine"),
    ],
)
def test_wrong_tables_and_sweeps_are_refused(tiny, tmp_path, monkeypatch, arguments, message):
    """One line that names the option, and nothing is written."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data.csv").write_text("x,z\n1,0\n2,1\n3,0\n4,1\n")
    result = run("compare", "--quick", *arguments, "--out", "out")
    assert result.exit_code in (1, 2)
    assert message in result.stderr
    assert not (tmp_path / "out").exists()
