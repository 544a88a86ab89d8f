"""The commands `lp-sampler run`, `lp-sampler resume` and `lp-sampler trace`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ._cli_errors import reported_errors, told_warnings
from ._files import replace_file

if TYPE_CHECKING:
    from ._run import Run

Scheduler = Annotated[
    str | None,
    typer.Option(help="A Dask cluster, as tcp://host:port, that makes the steps. Changes no bit."),
]


def run(
    config: Annotated[Path, typer.Argument(help="A TOML file: see the documentation of runs.")],
    scheduler: Scheduler = None,
) -> None:
    """Sample as CONFIG.toml says, into a store that can be resumed at any moment."""
    from ._config import read_config
    from ._sample import sample

    with reported_errors(), told_warnings():
        found = read_config(config)
        result = sample(
            found.kernel,
            found.target,
            found.machine,
            store=found.store,
            scheduler=scheduler,
            **found.settings,
        )
        tell(result, found.store)


def resume(
    path: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a stored run.")],
    extend: Annotated[int, typer.Option(min=0, help="Draws to add after its last one.")] = 0,
    scheduler: Scheduler = None,
) -> None:
    """Finish a stored run that was stopped, with the same bytes, and extend it."""
    from ._stored import resume as go_on

    with reported_errors(), told_warnings():
        tell(go_on(path, extend=extend, scheduler=scheduler), path)


def trace(
    config: Annotated[Path, typer.Argument(help="A TOML file: see the documentation of runs.")],
    step: Annotated[int, typer.Option(min=0, help="The number of the step, from 0.")] = 0,
    chains: Annotated[int, typer.Option(min=1, help="Chains of the step, from chain 0 on.")] = 1,
    out: Annotated[Path | None, typer.Option(help="A file in place of stdout.")] = None,
) -> None:
    """Print one step of the run as operations, operands, results and random words, in JSON."""
    from ._config import read_config
    from ._trace import trace as traced

    with reported_errors():
        found = read_config(config)
        wanted = ("batch_size", "replacement", "init", "seed")
        settings = {name: found.settings[name] for name in wanted if name in found.settings}
        record = traced(
            found.kernel, found.target, found.machine, step=step, chains=chains, **settings
        )
        text = json.dumps(record, allow_nan=False) + "\n"
        if out is None:
            print(text, end="")
        else:
            with replace_file(out) as temporary:
                temporary.write_text(text, encoding="utf-8")


def tell(run: Run, path: Path) -> None:
    """What was made, and where it is."""
    chains, draws, size = run.draws.shape
    print(
        f"{path}: {chains} chains, {draws} draws, {size} parameters in {run.format} "
        f"({run.machine.name}, {run.kernel.accumulator})"
    )


def add_commands(app: typer.Typer) -> None:
    """Make them commands of the program."""
    app.command()(run)
    app.command()(resume)
    app.command()(trace)
