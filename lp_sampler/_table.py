"""The table of a comparison."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from ._comparison import Comparison, Row

RIGHT_STD = 0.03
RIGHT_W2 = 0.1
ERRORS_ALLOWED = 3
HEADINGS = (
    *("std ratio", "W2/\nsigma", "NLL", "accu-\nracy", "satu-\nrated"),
    *("infea-\nsible", "frozen", "secs"),
)


def table_of(comparison: Comparison) -> Table:
    """One line a row; what is right within Monte-Carlo error is green, what is not is red."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=0)
    for heading in ("machine", "accumulator"):
        table.add_column(heading, no_wrap=True)
    for heading in HEADINGS:
        table.add_column(heading, justify="right", no_wrap=True)
    previous = None
    for row in comparison.rows:
        if previous not in (None, row.machine):
            table.add_section()
        table.add_row("" if previous == row.machine else row.machine, row.accumulator, *_cells(row))
        previous = row.machine
    return table


def is_right(row: Row) -> tuple[bool, bool]:
    """Are the standard deviations, and the marginals, right within Monte Carlo error?"""
    return (
        abs(row.std_ratio - 1) < max(RIGHT_STD, ERRORS_ALLOWED * row.std_ratio_error),
        row.w2_sigma < max(RIGHT_W2, ERRORS_ALLOWED * row.w2_sigma_noise),
    )


def _cells(row: Row) -> list[str | Text]:
    std_right, w2_right = is_right(row)
    return [
        _coloured(
            f"{row.std_ratio:.3f} ±{row.std_ratio_error:.3f}".replace("±0.", "±."), std_right
        ),
        _coloured(f"{row.w2_sigma:.3f}", w2_right),
        "" if row.nll is None else f"{row.nll:.3f}",
        "" if row.accuracy is None else f"{row.accuracy:.1%}",
        percentage(row.saturated),
        percentage(row.infeasible),
        Text(percentage(row.frozen), "red" if row.frozen else ""),
        f"{row.seconds:.1f}",
    ]


def _coloured(text: str, right: bool) -> Text:
    return Text(text, "green" if right else "red")


def percentage(value: float) -> str:
    """A fraction as a percentage; a nonzero one never reads as 0."""
    if value == 0:
        return "0"
    return f"{value:.1%}" if value >= 0.001 else "<0.1%"
