"""Progress of long runs, and how they are stopped."""

from __future__ import annotations

import math
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ._errors import Cancelled

Advance = Callable[[int], None]
Note = Callable[[int, float, float], None]
"""Takes a piece's number, the fraction of its proposals that was accepted (NaN without any), and
effective draws a second of its slowest parameter (NaN: not known yet; 0: the piece has ended)."""


class Steps:
    """Counts steps of any number of tasks; `cancel` makes every later count raise Cancelled."""

    def __init__(self, report: Advance = lambda steps: None) -> None:
        self._report = report
        self._cancelled = threading.Event()

    def cancel(self) -> None:
        self._cancelled.set()

    def advance(self, steps: int) -> None:
        if self._cancelled.is_set():
            raise Cancelled
        self._report(steps)


class Bar:
    """Counts steps when called; `note` is what a terminal's bar shows beside them, None without
    one.
    """

    def __init__(self, advance: Advance, show: Callable[[str], None] | None) -> None:
        self._advance, self._show = advance, show
        self._rates: dict[int, float] = {}
        self.note: Note | None = None if show is None else self._take

    def __call__(self, steps: int) -> None:
        self._advance(steps)

    def _take(self, piece: int, acceptance: float, rate: float) -> None:
        self._rates[piece] = rate
        if not rate:
            del self._rates[piece]
        total = sum(one for one in self._rates.values() if not math.isnan(one))
        parts = [
            "" if math.isnan(acceptance) else f"accepted {acceptance:.0%}",
            f"{total:.3g} ESS/s" if total > 0 else "",
        ]
        assert self._show is not None
        self._show(", ".join(part for part in parts if part))


@contextmanager
def progress_bar(total: int, title: str, *, shown: bool = True) -> Iterator[Bar]:
    """A bar on stderr with the time left, and notes; where stderr is no terminal, its title
    alone.
    """
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    console = Console(stderr=True)
    if shown and not console.is_terminal:
        print(title, file=sys.stderr, flush=True)
    columns = (
        *(TextColumn("{task.description}"), BarColumn(bar_width=None), TaskProgressColumn()),
        *(TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn()),
        TextColumn("{task.fields[note]}"),
    )
    visible = shown and console.is_terminal
    with Progress(*columns, console=console, disable=not visible, transient=True) as progress:
        task = progress.add_task(title, total=total, note="")
        yield Bar(
            lambda steps: progress.advance(task, steps),
            (lambda note: progress.update(task, note=note)) if visible else None,
        )
