"""The rows of `bench compare` for PyTorch's tensors and networks."""

import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
sys.path.append(str(Path(__file__).parents[1]))

from bench import networks  # noqa: E402 - after the path
from bench.arrays import Arrays  # noqa: E402 - after the path
from bench.compare import chosen_rows  # noqa: E402 - after the path
from bench.report import floor_text, reached, reached_text  # noqa: E402 - after the path
from bench.row import STEP, Setting  # noqa: E402 - after the path
from bench.run import Group, Item, result  # noqa: E402 - after the path

torch.set_num_threads(1)
SIZE = 1 << 12


@pytest.mark.parametrize("row", networks.rows(), ids=lambda row: row.name)
def test_every_row_runs(row):
    """Tensors of any size, steps that change the weights."""
    work = row.setup(Setting(SIZE, Arrays(SIZE), "avx2", 1))
    work.run(2)
    assert work.elements in (SIZE, networks.BATCH)


def test_steps_are_measured_against_float32_s():
    """The ruler is there for them, and for nothing else; a floor is at most so many times."""
    names = [row.name for row in chosen_rows(1, with_peers=False, only="training step h100")]
    assert STEP in names
    assert STEP not in [row.name for row in chosen_rows(1, with_peers=False, only="bfloat16$")]
    ruler, row = networks.ruler(), networks.rows()[-1]
    for seconds, is_good in ((11.0, True), (13.0, False)):
        items = [Item(row, SIZE, samples=[[seconds]]), Item(ruler, SIZE, samples=[[1.0]])]
        for item in items:
            item.work = networks.Work(lambda times: None, 1)
        record = result(items[0], Group(items[:1], items[1:]), "avx2")
        assert reached(record) is is_good
        assert reached_text(record) == f"{seconds:g} times the float32 step"
        assert floor_text(record) == "12 [12]" + ("" if is_good else " below")
