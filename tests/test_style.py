"""The style guide, as far as a machine can read it."""

import ast
import re
from pathlib import Path

from every import every

ROOT = Path(__file__).parents[1]
FOLDERS = ("c_src", "numfmt", "lp_sampler", "bench", "tests", "docs", "examples")
ENDINGS = (".py", ".c", ".h", ".inc", ".def")
FILES = sorted(
    path
    for folder in FOLDERS
    for path in (ROOT / folder).rglob("*")
    if path.suffix in ENDINGS and "_build" not in path.parts
)
PYTHON = [path for path in FILES if path.suffix == ".py"]
LONGEST_FILE, LONGEST_FUNCTION = 350, 40
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def name(path: Path) -> str:
    """A path from the root."""
    return str(path.relative_to(ROOT))


def code_length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function, its decorators, signature and docstring left out."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return function.end_lineno - body[0].lineno + 1 if body else 0


@every(FILES, name)
def test_files_are_short(path):
    """A file has at most 350 lines."""
    assert len(path.read_text().splitlines()) <= LONGEST_FILE


@every(PYTHON, name)
def test_functions_are_short(path):
    """A function has at most 40 lines."""
    functions = [
        node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, FUNCTIONS)
    ]
    long = {f.name: code_length(f) for f in functions if code_length(f) > LONGEST_FUNCTION}
    assert not long


@every([path for path in PYTHON if path.name.startswith("test_")], name)
def test_tests_state_their_promise(path):
    """Each test opens with a sentence that says what holds."""
    functions = [
        node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, FUNCTIONS)
    ]
    tests = [function for function in functions if function.name.startswith("test_")]
    silent = [test.name for test in tests if not ast.get_docstring(test)]
    assert not silent


@every(FILES, name)
def test_nothing_is_left_undone(path):
    """No file holds a note to its author, nor the other word for a significand."""
    marks = "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK", "man" + "tissa"))
    assert not re.findall(rf"\b({marks})\b", path.read_text(), re.IGNORECASE)
