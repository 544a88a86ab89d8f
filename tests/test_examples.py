"""Every program in examples/ runs."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_example_runs(path, tmp_path):
    """The program ends well, prints something and complains about nothing."""
    command = [sys.executable, "-W", "error", path]
    result = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_example_is_in_the_documentation(path):
    """The page of examples shows the program."""
    assert f"../examples/{path.name}" in (ROOT / "docs" / "examples.md").read_text()
