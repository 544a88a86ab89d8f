"""The command line `lp-sampler`.

Errors go to stderr; exit status 2 for wrong input, 1 for any other failure, 130 after Ctrl-C.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ._cli_errors import INTERRUPTED, reported_errors
from ._cli_runs import add_commands
from ._errors import SamplerError
from ._numfmt import __version__
from ._plot import require_matplotlib

if TYPE_CHECKING:
    from ._comparison import Comparison

PICTURE, RECORD = "compare.png", "compare.json"

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Sample posteriors in emulated low-precision arithmetic.",
)
Out = Annotated[Path, typer.Option(help="The folder for compare.png and compare.json.")]
Quick = Annotated[
    bool, typer.Option("--quick", help="Shorter runs of fewer chains, under a minute on two cores.")
]
Seed = Annotated[int, typer.Option(min=0, help="Same seed, same bits.")]
MachineNames = Annotated[
    list[str] | None,
    typer.Option("--machine", help="A machine, a TOML file or a format; repeat for more."),
]
AccumulatorNames = Annotated[
    list[str] | None,
    typer.Option("--accumulator", help="A policy, as naive, vc or blend(rho=1e-5); repeat."),
]
Workers = Annotated[
    int | None, typer.Option(min=1, help="Threads; one a processor by default. Changes no result.")
]
AsJson = Annotated[
    bool, typer.Option("--json", help="Print compare.json's text instead of the table.")
]


def main() -> None:
    """Run the command line."""
    try:
        app(prog_name="lp-sampler")
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


def show_version(wanted: bool) -> None:
    """Print the version and stop, where it was asked for."""
    if wanted:
        print(f"lp-sampler {__version__}")
        raise typer.Exit


add_commands(app)


@app.callback()
def root(
    version: Annotated[
        bool,
        typer.Option("--version", callback=show_version, is_eager=True, help="Show it and exit."),
    ] = False,
) -> None:
    """Sample posteriors in emulated low-precision arithmetic."""


@app.command()
def compare(
    out: Out = Path("lp-sampler-compare"),
    quick: Quick = False,
    machine: MachineNames = None,
    accumulator: AccumulatorNames = None,
    seed: Seed = 0,
    workers: Workers = None,
    as_json: AsJson = False,
) -> None:
    """Which low-precision arithmetic still samples the right posterior?

    Bayesian logistic regression on scikit-learn's breast-cancer data (31 parameters): every machine
    with every accumulator, against full precision.
    """
    with reported_errors():
        check_folder(out)
        require_matplotlib()
        comparison = run_comparison(quick, machine, accumulator, seed, workers)
        out.mkdir(parents=True, exist_ok=True)
        comparison.plot(out / PICTURE)
        comparison.to_json(out / RECORD)
        if as_json:
            print(json.dumps(comparison.record(), indent=2))
        else:
            print_result(comparison, out, [] if quick else verdict(comparison))


@app.command()
def report(
    run: Annotated[Path, typer.Argument(help="The folder of a stored run.")],
    out: Annotated[
        Path | None, typer.Option(help="The page to write; RUN with .html by default.")
    ] = None,
    reference: Annotated[
        Path | None, typer.Option(help="The folder of a run that is known to be right.")
    ] = None,
) -> None:
    """Write one self-contained page about a stored run: what is wrong, and what the draws look
    like.
    """
    from ._stored import load

    with reported_errors():
        path = out or run.with_suffix(".html")
        check_folder(path.parent)
        stored = load(run)
        stored.to_html(path, reference=None if reference is None else load(reference).draws)
        for text in stored.warnings():
            print(f"lp-sampler: {text}", file=sys.stderr)
        print(f"wrote {path}")


def check_folder(out: Path) -> None:
    """Refuse a folder that cannot be written before anything runs."""
    existing = next(folder for folder in (out, *out.absolute().parents) if folder.exists())
    if not existing.is_dir():
        raise SamplerError(f"--out: {str(existing)!r} is not a folder")
    if not os.access(existing, os.W_OK):
        raise SamplerError(f"--out: {str(existing)!r} cannot be written")


def run_comparison(
    quick: bool,
    machines: list[str] | None,
    accumulators: list[str] | None,
    seed: int,
    workers: int | None,
) -> Comparison:
    """The main job, full or quick, with the machines and accumulators asked for."""
    from ._compare import compare as run
    from .experiments import breast_cancer as main_job

    settings: dict[str, Any] = {**(main_job.QUICK if quick else main_job.FULL), "seed": seed}
    return run(
        main_job.KERNEL,
        main_job.target(),
        machines or main_job.MACHINES,
        accumulators or main_job.ACCUMULATORS,
        workers=workers,
        **settings,
    )


def verdict(comparison: Comparison) -> list[str]:
    """Whether the full run's rows are as the theory predicts."""
    from .experiments import breast_cancer as main_job

    judged = {(row.machine, row.accumulator) for row in comparison.rows} & set(main_job.LIMITS)
    missed = main_job.missed(comparison.rows)
    if missed:
        return [f"outside the limits of the experiment: {'; '.join(missed)}"]
    if judged != set(main_job.LIMITS):
        return []
    return ["as predicted: full and vc sample the right posterior, naive one that is far too wide"]


def print_result(comparison: Comparison, out: Path, verdict: list[str]) -> None:
    """The table, what to make of it, and where the files are."""
    from rich.console import Console

    console = Console(highlight=False)
    console.print(comparison.table)
    for note in (*verdict, *comparison.notes()):
        console.print(note)
    console.print(f"wrote {out / PICTURE} and {out / RECORD}")
