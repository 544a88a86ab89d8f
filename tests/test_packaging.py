"""The wheel: its tag, its commands, what is in it, and that it keeps to the stable ABI."""

import shutil
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = (
    "c_src",
    "numfmt",
    "lp_sampler",
    "meson.build",
    "meson.options",
    "build_backend.py",
    "pyproject.toml",
    "README.md",
    "LICENSE",
)

pytestmark = [pytest.mark.packaging, pytest.mark.xdist_group("wheel")]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """A wheel built from a copy of the sources, as pip builds it but for less optimisation, which
    changes no name in it and builds in half the time."""
    folder = tmp_path_factory.mktemp("wheel")
    sources = folder / "sources"
    for name in SOURCES:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        sources.mkdir(exist_ok=True)
        copy(ROOT / name, sources / name)
    quickly = ["--config-settings=setup-args=-Doptimization=1", "--no-deps", "--quiet"]
    command = [sys.executable, "-m", "pip", "wheel", *quickly, "-w", folder, sources]
    subprocess.run(command, check=True)
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_serves_every_python_from_3_10(wheel):
    """The wheel is tagged for the stable ABI of CPython 3.10."""
    assert wheel.name.startswith("numfmt_hw-")
    assert "-cp310-abi3-" in wheel.name


def test_the_wheel_keeps_to_the_stable_abi(wheel):
    """abi3audit finds no symbol outside the stable ABI."""
    audit = shutil.which("abi3audit", path=Path(sys.executable).parent)
    assert audit is not None
    result = subprocess.run([audit, "--strict", wheel], capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_wheel_holds_both_packages_and_no_sources_of_c(wheel):
    """Both packages, their types and data are there; nothing else is."""
    names = zipfile.ZipFile(wheel).namelist()
    data = ("numfmt/machines/fixed8.toml", "numfmt/hdl/fda.sv")
    for needed in ("numfmt/py.typed", "lp_sampler/py.typed", *data):
        assert needed in names
    assert {name.split("/")[0].split("-")[0] for name in names} == {
        "numfmt",
        "lp_sampler",
        "numfmt_hw",
    }
    assert not [name for name in names if name.endswith((".c", ".h", ".inc", ".pyc"))]


def test_no_command_is_called_numfmt():
    """GNU coreutils own the command `numfmt`."""
    commands = {entry.name for entry in metadata.distribution("numfmt-hw").entry_points}
    assert commands == {"numfmt-hw", "lp-sampler"}


def test_the_source_folder_says_why_it_cannot_be_imported(tmp_path):
    """Python in a clone finds the sources instead of the installed package, and is told so."""
    shutil.copytree(ROOT / "numfmt", tmp_path / "numfmt")
    for compiled in (tmp_path / "numfmt").glob("*.so"):
        compiled.unlink()
    program = "import sys; sys.meta_path = sys.meta_path[-3:]; import numfmt"
    command = [sys.executable, "-c", program]
    result = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert "ImportError: numfmt's compiled core is missing" in result.stderr
