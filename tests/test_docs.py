"""What the documentation shows is what happens: docstrings, pages and the README are run."""

import doctest
import importlib
import importlib.util
import inspect
import pkgutil
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import lp_sampler
import numfmt as nf
from numfmt import _core

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(python|console)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PROGRAMS = {"numfmt-hw": "numfmt", "lp-sampler": "lp_sampler"}
PACKAGES = (nf, lp_sampler)
HAS_TORCH = importlib.util.find_spec("torch") is not None
NEED_TORCH = ("numfmt.torch", "lp_sampler.torch")
MODULES = [
    name
    for package in PACKAGES
    for _, name, _ in pkgutil.walk_packages(
        package.__path__, f"{package.__name__}.", onerror=lambda _: None
    )
    if not name.endswith(("__main__", "._numfmt.abi3", "numfmt._numfmt"))
    and (HAS_TORCH or not name.startswith(NEED_TORCH))
]


@pytest.mark.parametrize("name", ["numfmt", "lp_sampler", *MODULES])
def test_docstrings_tell_the_truth(name):
    """The examples in a module's docstrings give what they say."""
    results = doctest.testmod(importlib.import_module(name))
    assert results.failed == 0


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.__name__)
def test_every_public_function_has_an_example(package):
    """Each public function shows how it is used."""
    functions = {name: getattr(package, name) for name in package.__all__}
    functions = {name: f for name, f in functions.items() if inspect.isfunction(f)}
    assert functions
    silent = [name for name, f in functions.items() if ">>>" not in (f.__doc__ or "")]
    assert not silent


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_pages_tell_the_truth(page, tmp_path, monkeypatch):
    """The code and the commands of a page give what the page shows."""
    if not HAS_TORCH and re.search(r"^>>> import torch", page.read_text(), re.MULTILINE):
        pytest.skip("the page needs PyTorch")
    monkeypatch.chdir(tmp_path)
    names = {}
    for block in BLOCK.finditer(page.read_text()):
        line = page.read_text()[: block.start()].count("\n") + 1
        if block[1] == "python":
            assert ">>>" in block[2], f"line {line}: code that is not run"
            run_python(block[2], names, page.name, line)
        else:
            run_commands(block[2], line)


@pytest.fixture
def generated(tmp_path, monkeypatch):
    """A function that gives the text of a generated page."""
    monkeypatch.syspath_prepend(str(ROOT / "docs" / "generators"))

    def read(generator, page):
        importlib.import_module(generator).write(tmp_path)
        return (tmp_path / f"{page}.md").read_text()

    return read


@pytest.mark.parametrize("page", ["rounding_names", "overflow_names"])
def test_the_tables_of_names_leave_none_out(generated, page):
    """Every spelling of every mode stands in the row of its mode."""
    rows = {row.split("`")[1]: row for row in generated("tables", page).splitlines()[2:]}
    modes = _core.ROUNDINGS if page == "rounding_names" else _core.OVERFLOWS[1:]
    assert list(rows) == [mode.name for mode in modes]
    assert not [a for mode in modes for a in mode.aliases if f"`{a}`" not in rows[mode.name]]


def test_the_readmes_table_of_formats_is_fresh(monkeypatch):
    """The README lists what the library has: `make readme` would change nothing."""
    monkeypatch.syspath_prepend(str(ROOT / "docs" / "generators"))
    text = (ROOT / "README.md").read_text()
    assert importlib.import_module("readme").updated(text) == text


def test_every_mode_has_a_picture(generated, tmp_path):
    """The page of pictures has one for each rounding mode, and the files are there."""
    text = generated("mode_plots", "rounding_plots")
    assert not [mode.name for mode in _core.ROUNDINGS if f"### `{mode.name}`" not in text]
    pictures = re.findall(r"_generated/(\S+\.svg)", text)
    assert not [picture for picture in pictures if not (tmp_path / picture).stat().st_size]


def test_the_c_page_leaves_nothing_out(generated):
    """Every function of the public headers stands on the page of the C interface."""
    headers = [path.read_text() for path in sorted((ROOT / "c_src").glob("numfmt*.h"))]
    functions = set(re.findall(r"\bnf_\w+(?=\()", "".join(headers)))
    page = generated("c_api", "c_api")
    assert not [name for name in functions if f"{name}(" not in page]


def run_python(text, names, page, line):
    """Run a block of examples; names go on to the next block."""
    example = doctest.DocTestParser().get_doctest(text, names, page, page, line)
    runner = doctest.DocTestRunner()
    failures = []
    runner.run(example, out=failures.append, clear_globs=False)
    names.update(example.globs)
    assert runner.summarize(verbose=False).failed == 0, "".join(failures)


def run_commands(text, line):
    """Run each line that begins with `$`, and compare what it prints with the lines below."""
    for entry in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, expected = entry.partition("\n")
        words = shlex.split(command)
        assert words[0] in PROGRAMS, f"line {line}: {words[0]} is not run here"
        result = subprocess.run(
            [sys.executable, "-m", PROGRAMS[words[0]], *words[1:]], capture_output=True, text=True
        )
        printed = "\n".join(row.rstrip() for row in result.stdout.strip().splitlines())
        assert printed == expected.strip(), result.stderr
