"""The recorded table of differences from QPyTorch: numfmt's numbers are fresh, QPyTorch's are those
of exact_compat=True."""

import re
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch")
ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT))

from bench import qtorch_differences as differences  # noqa: E402 - after the path

LINES = (ROOT / "docs" / "measured" / "qtorch.md").read_text().splitlines()[2:]
RECORDED = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in LINES]
CASES = list(zip(differences.CASES, RECORDED, strict=False))


@pytest.mark.parametrize(("case", "row"), CASES, ids=[row[0] for row in RECORDED[: len(CASES)]])
def test_the_table_is_fresh(case, row):
    """Both columns, where QPyTorch's result is defined."""
    assert row[:2] == [case.what, f"`{case.call()}`"]
    assert row[4] == differences.result(case, differences.ours())
    if case.has_compat:
        assert row[3] == differences.result(case, differences.ours(exact_compat=True))


def test_every_case_stands_in_the_table():
    """And the seeds after them."""
    assert len(RECORDED) == len(CASES) + 3
    assert [row[4] for row in RECORDED[len(CASES) :]] == ["True"] * 3
    assert all(re.match(r"same seed", row[0]) for row in RECORDED[len(CASES) :])
