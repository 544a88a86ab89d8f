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

from ._cli_errors import FAILURE, INTERRUPTED, leave, reported_errors
from ._cli_runs import add_commands
from ._errors import SamplerError
from ._jobs import Job, data_job, main_job, whole_numbers
from ._numfmt import __version__
from ._plot import require_matplotlib

if TYPE_CHECKING:
    from ._comparison import Comparison

PICTURE, RECORD, PAGE, BITS = "compare.png", "compare.json", "compare.html", "bits.png"

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Sample posteriors in emulated low-precision arithmetic.",
)
Out = Annotated[
    Path, typer.Option(help="The folder for compare.png, compare.json, compare.html and bits.png.")
]
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


Data = Annotated[
    Path | None, typer.Option(help="A CSV file with a line of names; without it, the main job.")
]
Label = Annotated[str | None, typer.Option(help="The column of --data to predict.")]
TargetName = Annotated[str, typer.Option(help="logistic, softmax, linear or poisson.")]
Bits = Annotated[str | None, typer.Option(help="Sweep fixed point: numbers, as 2-5,8.")]
Count = Annotated[int | None, typer.Option(min=1, help="In place of the derived one.")]
Warmup = Annotated[int | None, typer.Option(min=0, help="In place of the derived one.")]


@app.command()
def compare(
    out: Out = Path("lp-sampler-compare"),
    quick: Quick = False,
    data: Data = None,
    label: Label = None,
    target: TargetName = "logistic",
    prior_scale: Annotated[float, typer.Option(help="Of every parameter of --data.")] = 1.0,
    test_fraction: Annotated[float, typer.Option(help="Rows of --data to predict.")] = 0.3,
    machine: MachineNames = None,
    accumulator: AccumulatorNames = None,
    widths: Bits = None,
    fraction_bits: Bits = None,
    step_size: Annotated[float | None, typer.Option(help="In place of the derived one.")] = None,
    draws: Count = None,
    chains: Count = None,
    warmup: Warmup = None,
    thin: Count = None,
    seed: Seed = 0,
    workers: Workers = None,
    as_json: AsJson = False,
) -> None:
    """Which low-precision arithmetic still samples the right posterior?

    Without --data: Bayesian logistic regression on scikit-learn's breast-cancer data (31
    parameters).  Every machine with every accumulator, against full precision; with --widths and
    --fraction-bits fixed point of these sizes keeps the parameters of one machine (float32).
    """
    given = {"step_size": step_size, "draws": draws, "chains": chains, "warmup": warmup}
    given |= {"thin": thin, "seed": seed}
    with reported_errors():
        check_folder(out)
        require_matplotlib()
        if data is None:
            job = main_job(quick, given)
        else:
            job = data_job(quick, given, data, label, target, prior_scale, test_fraction)
        comparison = run_job(job, machine, accumulator, widths, fraction_bits, workers)
        out.mkdir(parents=True, exist_ok=True)
        written = [PICTURE, RECORD, PAGE, *([BITS] if widths else [])]
        comparison.plot(out / PICTURE)
        comparison.to_json(out / RECORD)
        if widths:
            comparison.plot_bits(out / BITS)
        comparison.to_html(out / PAGE)
        is_main_job = data is None and not quick and not any(given.values())
        if as_json:
            print(json.dumps(comparison.record(), indent=2))
        else:
            files = [str(out / name) for name in written]
            print_result(comparison, files, verdict(comparison) if is_main_job else [])


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


@app.command()
def reproduce(
    experiment: Annotated[
        list[str] | None,
        typer.Argument(help="Numbers as E3 E11, or fashion; all numbers by default."),
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Short forms, with wider limits.")] = False,
    out: Annotated[
        Path | None, typer.Option(help="A file .md or .json for what was measured.")
    ] = None,
    network: Annotated[str | None, typer.Option(help="fashion: cnn, resnet18 or vgg.")] = None,
    width: Annotated[int | None, typer.Option(min=1, help="fashion: first channels.")] = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="fashion: of each job.")] = None,
    images: Annotated[int | None, typer.Option(min=1, help="fashion: to train on.")] = None,
    batch: Annotated[int | None, typer.Option(min=1, help="fashion: images a step.")] = None,
    lr: Annotated[float | None, typer.Option(help="fashion: first step size.")] = None,
    temperature: Annotated[float | None, typer.Option(help="fashion: of the posterior.")] = None,
    seeds: Annotated[int | None, typer.Option(min=1, help="fashion: jobs a row; 3.")] = None,
    row: Annotated[list[str] | None, typer.Option(help="fashion: a row alone; repeat.")] = None,
    data: Annotated[
        Path | None, typer.Option(help="fashion: a folder of Fashion-MNIST or CIFAR.")
    ] = None,
    store: Annotated[
        Path | None, typer.Option(help="fashion: where finished jobs are kept.")
    ] = None,
) -> None:
    """Run the experiments behind the claims, and print measured against expected.

    Exit status 1 where a number lies outside its limits.  `fashion`: low-precision SGLD and SGD on
    image networks, as a table; the same command goes on with a run that was stopped.
    """
    from . import _cli_reproduce as work

    options: dict[str, Any] = {"network": network, "width": width, "epochs": epochs}
    options |= {"images": images, "batch": batch, "lr": lr, "temperature": temperature}
    further: dict[str, Any] = {"seeds": seeds, "row": row, "data": data, "store": store}
    with reported_errors():
        if out is not None:
            check_folder(out.parent)
            work.check_suffix(out)
        if experiment == ["fashion"]:
            from . import _cli_fashion

            places = {"folder": data, "store": store, "out": out}
            return _cli_fashion.run(options, quick=quick, seeds=seeds or 3, rows=row, **places)
        for name, value in (options | further).items():
            if value is not None:
                raise SamplerError(f"--{name}: it is an option of `reproduce fashion` alone")
        results = work.run_all(work.chosen(experiment), quick)
        if out is not None:
            work.write(results, out)
        missed = work.failed(results)
    if missed:
        leave(f"outside the limits: {'; '.join(missed)}", FAILURE)


def check_folder(out: Path) -> None:
    """Refuse a folder that cannot be written before anything runs."""
    existing = next(folder for folder in (out, *out.absolute().parents) if folder.exists())
    if not existing.is_dir():
        raise SamplerError(f"--out: {str(existing)!r} is not a folder")
    if not os.access(existing, os.W_OK):
        raise SamplerError(f"--out: {str(existing)!r} cannot be written")


def run_job(
    job: Job,
    machines: list[str] | None,
    accumulators: list[str] | None,
    widths: str | None,
    fraction_bits: str | None,
    workers: int | None,
) -> Comparison:
    """The job on the machines, or the sweep, that were asked for."""
    from ._compare import compare as run
    from ._sweep import sweep

    settings: dict[str, Any] = {**job.settings, "workers": workers}
    if job.reference is not None:
        settings["reference"] = job.reference
    policies = accumulators or job.accumulators
    if (widths is None) != (fraction_bits is None):
        raise SamplerError("--widths and --fraction-bits: both are needed, or none")
    if widths is None or fraction_bits is None:
        return run(job.kernel, job.target, machines or job.machines, policies, **settings)
    if len(machines or ()) > 1:
        raise SamplerError(f"--machine: one is allowed with --widths; got {machines}")
    sizes = whole_numbers(widths, "--widths"), whole_numbers(fraction_bits, "--fraction-bits")
    base = machines[0] if machines else "float32"
    return sweep(job.kernel, job.target, *sizes, policies, machine=base, **settings)


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


def print_result(comparison: Comparison, files: list[str], verdict: list[str]) -> None:
    """The table, what to make of it, and where the files are."""
    from rich.console import Console

    console, table = Console(highlight=False), comparison.table
    if not console.is_terminal:
        console.width = max(console.width, console.measure(table).maximum)
    console.print(table)
    for note in (*verdict, *comparison.notes()):
        console.print(note)
    console.print(f"wrote {', '.join(files[:-1])} and {files[-1]}")
