"""Progress of long runs, and how they are stopped."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ._errors import Cancelled

Advance = Callable[[int], None]


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


@contextmanager
def progress_bar(total: int, title: str, *, shown: bool = True) -> Iterator[Advance]:
    """A bar on stderr with the time left; where stderr is no terminal, its title alone."""
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
    )
    with Progress(
        *columns, console=console, disable=not (shown and console.is_terminal), transient=True
    ) as progress:
        task = progress.add_task(title, total=total)
        yield lambda steps: progress.advance(task, steps)
