"""The command ``python -m bench exhaustive``."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

import numfmt as nf
from numfmt import NumfmtError, _modes
from numfmt.cli import INTERRUPTED, WRONG_INPUT

from . import cases, proof
from .cases import Chunk, Difference
from .exhaustive import prove, record
from .journal import Journal, StaleJournal

DIFFERENCE = 1

Formats = Annotated[list[str] | None, typer.Option(help="A format; repeat. Default: seventeen.")]
Modes = Annotated[list[str] | None, typer.Option(help="A rounding; repeat. Default: five.")]
Isas = Annotated[
    list[str] | None, typer.Option("--isa", help="Kernels to check; repeat. Default: all here.")
]
Store = Annotated[Path, typer.Option(help="The folder of the journal of what is done.")]
Jobs = Annotated[int, typer.Option(min=1, help="Worker processes.")]
Patterns = Annotated[
    str, typer.Option(metavar="START:STOP", help="A piece of 0:2**32, to try it out.")
]
Mixed = Annotated[
    bool, typer.Option("--mixed", help="Shuffle: every vector holds numbers of all sizes.")
]
Fresh = Annotated[bool, typer.Option("--fresh", help="Forget the journal and begin anew.")]
Json = Annotated[Path | None, typer.Option("--json", help="Write the result here.")]


def exhaustive(
    formats: Formats = None,
    modes: Modes = None,
    isa: Isas = None,
    store: Store = Path("bench-exhaustive"),
    jobs: Jobs = 2,
    patterns: Patterns = f"0:{cases.PATTERNS}",
    mixed: Mixed = False,
    fresh: Fresh = False,
    json_file: Json = None,
) -> None:
    """Run all 2^32 float32 through every kernel and compare each bit with the scalar definition.

    Ctrl-C loses the chunks in hand alone: the same command goes on where it was. Exit status 1 if
    anything differs.
    """
    try:
        start, stop = read_patterns(patterns)
        isas = known_isas(isa)
        chosen = list(formats or cases.FORMATS), list(modes or cases.MODES)
        check_names(*chosen)
        wanted = cases.chunks(*chosen, start, stop, mixed=mixed)
        journal = Journal(store, isas, fresh=fresh)
    except (NumfmtError, StaleJournal, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        raise typer.Exit(WRONG_INPUT) from None
    run(wanted, journal, jobs)
    result = record(wanted, journal)
    if json_file is not None:
        json_file.write_text(json.dumps(result, indent=1))
    print_result(result)
    if proof.differences(result):
        raise typer.Exit(DIFFERENCE)


def read_patterns(text: str) -> tuple[int, int]:
    """START:STOP, each a Python integer as 0x3f800000."""
    try:
        start, stop = (int(part, 0) for part in text.split(":"))
    except ValueError:
        raise typer.BadParameter(f"--patterns {text!r} is not START:STOP") from None
    if not 0 <= start < stop <= cases.PATTERNS:
        raise typer.BadParameter(f"--patterns {text!r}: 0 <= START < STOP <= 2**32 must hold")
    return start, stop


def known_isas(asked: list[str] | None) -> list[str]:
    """The instruction sets to check, each of them here and none of them the reference."""
    able = cases.kernels()
    unknown = [name for name in asked or [] if name not in able]
    if unknown:
        raise typer.BadParameter(f"--isa {unknown[0]!r} is not one of {', '.join(able)}")
    return list(dict.fromkeys(asked or able))


def check_names(formats: list[str], modes: list[str]) -> None:
    """Refuse formats and modes that do not exist before anything runs."""
    for format in formats:
        for mode in modes:
            _modes.check_rounding_for(nf.parse(format), _modes.parse_rounding(mode))


def run(wanted: list[Chunk], journal: Journal, jobs: int) -> None:
    """The proof with its progress bar; Ctrl-C ends with status 130."""
    total = sum(chunk.stop - chunk.start for chunk in wanted)
    before = sum(chunk.stop - chunk.start for chunk in wanted if chunk in journal.done)
    console = Console(stderr=True)
    if before:
        console.print(f"{before / total:.1%} is in {journal.path} already")
    columns = (
        *(TextColumn("{task.description}"), BarColumn(bar_width=None)),
        *(TextColumn("{task.percentage:.1f} % {task.fields[rate]}"), TimeElapsedColumn()),
        *(TextColumn("left"), TimeRemainingColumn(elapsed_when_finished=False)),
    )
    with Progress(*columns, console=console, speed_estimate_period=120) as progress:
        bar = progress.add_task("patterns", total=total, completed=before, rate="")

        def report(chunk: Chunk, found: list[Difference]) -> None:
            progress.update(bar, advance=chunk.stop - chunk.start)
            speed = progress.tasks[bar].speed or 0
            text = f"{chunk.format} {chunk.mode}, {speed / 1e6:.0f} M/s"
            progress.update(bar, rate=text)
            for item in found:
                progress.console.print(difference_line(chunk, item))

        try:
            prove(wanted, journal, jobs, report)
        except KeyboardInterrupt:
            progress.stop()
            console.print(f"stopped; {journal.path} has what is done, the same command goes on")
            raise typer.Exit(INTERRUPTED) from None


def difference_line(chunk: Chunk, item: Difference) -> str:
    """A difference with everything that is needed to see it again."""
    return (
        f"DIFFERENCE {item.isa} {chunk.format} {chunk.mode}: pattern {item.pattern:#010x} gives "
        f"{item.found:#010x}, {cases.REFERENCE} gives {item.expected:#010x} "
        f"({item.count:,} in this chunk)"
    )


def print_result(result: dict[str, Any]) -> None:
    """The table of formats and modes."""
    table = Table(title=f"differences from {result['reference']}", title_justify="left")
    table.add_column("format")
    table.add_column("bits", justify="right")
    table.add_column("mode")
    table.add_column("patterns", justify="right")
    for name in result["isas"]:
        table.add_column(name, justify="right")
    for row in result["rows"]:
        counts = [f"{row['differences'][name]:,}" for name in result["isas"]]
        patterns = f"{row['patterns']:,}"
        table.add_row(row["format"], str(row["width"]), row["mode"], patterns, *counts)
    console = Console(highlight=False)
    console.print(table)
    console.print(proof.count_line(result))
