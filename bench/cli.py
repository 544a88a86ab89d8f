"""The command line ``python -m bench``.

Exit status 2 for wrong input, 1 for a difference found by `exhaustive`, 130 after Ctrl-C.
"""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from numfmt import NumfmtError, _core
from numfmt.cli import APP_SETTINGS, INTERRUPTED, WRONG_INPUT

from . import proof
from .compare import compare as run_compare
from .compare import has_rows
from .encoder import encoder
from .exhaustive_cli import exhaustive
from .report import machine_line, markdown, summary, tables
from .rulers import NoCompiler

SIZES = [1 << 15, 1 << 24]
TABLE_WIDTH = 170  # where stdout is no terminal

app = typer.Typer(
    **APP_SETTINGS,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Measure numfmt beside other packages, and prove its kernels on every float32.",
)
Sizes = Annotated[
    list[int] | None, typer.Option("--size", min=1024, help="Elements; repeat for more.")
]
Peers = Annotated[bool, typer.Option(help="Measure the installed peers too.")]
Rounds = Annotated[int, typer.Option(min=1, help="Samples of each row.")]
Json = Annotated[Path | None, typer.Option("--json", help="Write the record here.")]
Plot = Annotated[Path | None, typer.Option(help="Draw the bar chart here: .png, .svg.")]
Isa = Annotated[str | None, typer.Option(help="An instruction set by name; default the best.")]
Threads = Annotated[int, typer.Option(min=1, help="Threads of numfmt, torch and the rulers.")]
Only = Annotated[str | None, typer.Option(help="A regular expression found in a row's name.")]


def main() -> None:
    """Run the command line."""
    try:
        app(prog_name="python -m bench")
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


@contextlib.contextmanager
def reported_errors() -> Iterator[None]:
    """Errors of the caller's making in one line."""
    try:
        yield
    except (NumfmtError, NoCompiler, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        raise typer.Exit(WRONG_INPUT) from None


def check_isa(isa: str | None) -> None:
    """Refuse an instruction set that is not here."""
    if isa is not None and isa not in _core.available_isas():
        raise typer.BadParameter(f"{isa!r} is not one of {', '.join(_core.available_isas())}")


def console_for_tables() -> Console:
    """Stdout, wide enough for a table where it goes to a file."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=TABLE_WIDTH)


app.command()(exhaustive)
app.command()(encoder)


@app.command()
def compare(
    sizes: Sizes = None,
    peers: Peers = True,
    rounds: Rounds = 11,
    json_file: Json = None,
    plot: Plot = None,
    isa: Isa = None,
    threads: Threads = 1,
    only: Only = None,
) -> None:
    """Measure numfmt, the rulers and every installed peer on the same arrays, in one run."""
    check_isa(isa)
    errors = Console(stderr=True)
    with reported_errors(), errors.status("start") as status:
        run = run_compare(
            sorted(set(sizes or SIZES)),
            with_peers=peers,
            rounds=rounds,
            isa=isa,
            threads=threads,
            only=only,
            progress=status.update,
        )
        if json_file is not None:
            json_file.write_text(json.dumps(run, indent=1))
    if not has_rows(run):
        raise typer.BadParameter(f"--only {only!r} is in no row's name")
    print_run(run)
    if plot is not None:
        from .plot import draw

        draw(run, plot)


def print_run(run: dict[str, Any]) -> None:
    """The tables and what they come to."""
    console = console_for_tables()
    console.print(machine_line(run))
    for table in tables(run):
        console.print(table)
    for line in summary(run):
        console.print(line)


@app.command()
def table(
    results: Annotated[Path, typer.Argument(help="What `--json` of the other commands wrote.")],
) -> None:
    """Print the tables of a run or of a proof as Markdown."""
    with reported_errors():
        record = json.loads(results.read_text())
    print(proof.markdown(record) if "reference" in record else markdown(record))
