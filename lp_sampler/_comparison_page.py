"""A comparison as one self-contained page."""

from __future__ import annotations

import contextlib
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import _page
from ._errors import SamplerError
from ._plot import draw
from ._plot_bits import draw_bits
from ._table import is_right, percentage

if TYPE_CHECKING:
    from ._comparison import Comparison, Row

HEADINGS = (
    *("machine", "accumulator", "std ratio", "W2 / sigma", "NLL", "accuracy"),
    *("saturated", "infeasible", "frozen", "effective temperature", "seconds"),
)


def comparison_page(comparison: Comparison) -> str:
    """The page's text."""
    rows = [_cells(row) for row in comparison.rows]
    right = [row for row in comparison.rows if all(is_right(row))]
    parts = [
        _page.box([_verdict(right, comparison)], good=bool(right)),
        _page.section(
            "Rows",
            _page.table(HEADINGS, rows),
            *(_page.note(words) for words in comparison.notes()),
        ),
        _page.section("Widths and marginals", _picture(draw, comparison)),
    ]
    with contextlib.suppress(SamplerError):  # machines that do not stand on one axis of bits
        parts.append(_page.section("Error against bits", _picture(draw_bits, comparison)))
    target = comparison.target
    parts.append(
        _page.section(
            "What was run",
            _page.settings(
                [
                    ("target", f"{type(target).__name__}, {target.size} parameters"),
                    ("reference", comparison.reference.settings),
                    ("accepted", f"{comparison.reference.acceptance:.1%} of its proposals"),
                    *comparison.settings.items(),
                ]
            ),
            _page.folded("the record", json.dumps(comparison.record(), indent=2, allow_nan=False)),
        )
    )
    return _page.page("Which arithmetic still samples the posterior?", parts)


def _verdict(right: list[Row], comparison: Comparison) -> str:
    if not right:
        return "No row has the right widths and marginals within Monte Carlo error."
    names = ", ".join(f"{row.machine} {row.accumulator}" for row in right)
    return (
        f"{len(right)} of {len(comparison.rows)} rows have the right widths and marginals, within "
        f"3% and 0.1 sigma or three standard errors: {names}."
    )


def _cells(row: Row) -> list[Any]:
    std_right, w2_right = is_right(row)
    return [
        row.machine,
        row.accumulator,
        (f"{row.std_ratio:.3f} ±{row.std_ratio_error:.3f}", std_right),
        (f"{row.w2_sigma:.3f}", w2_right),
        "" if row.nll is None else f"{row.nll:.3f}",
        "" if row.accuracy is None else f"{row.accuracy:.1%}",
        percentage(row.saturated),
        percentage(row.infeasible),
        (percentage(row.frozen), not row.frozen),
        f"{row.effective_temperature:.3g}",
        f"{row.seconds:.1f}",
    ]


def _picture(draw_to: Any, comparison: Comparison) -> str:
    """What `draw_to` draws, as PNG inside the page."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "picture.png"
        draw_to(comparison, path)
        return _page.png(path.read_bytes(), "the comparison as a picture")
