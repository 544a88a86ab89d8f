"""The commands `lp-sampler run` and `lp-sampler resume`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ._cli_errors import reported_errors, told_warnings

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
