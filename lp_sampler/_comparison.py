"""The result of `compare`: a table, a picture and a file."""

from __future__ import annotations

import dataclasses
import json
import os
import platform
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ._doubts import doubts
from ._files import replace_file
from ._numfmt import Machine, __version__
from .diagnostics import RELAXATIONS, percent
from .diagnostics._remedies import reasons
from .reference import Reference
from .targets import Target

if TYPE_CHECKING:
    from rich.table import Table

FIELDS = (
    "machine",
    "accumulator",
    "std_ratio",
    "w2_sigma",
    "nll",
    "accuracy",
    "saturated",
    "infeasible",
    "frozen",
)
SCHEMA = "lp-sampler.compare/1"


@dataclasses.dataclass(frozen=True)
class Row:
    """One machine with one accumulator.

    std_ratio: mean over the parameters of the standard deviation / the reference's.  w2_sigma: mean
    marginal 2-Wasserstein distance / the reference's standard deviation.  nll, accuracy: of the
    test rows, None without any. saturated, infeasible: fractions of the coordinate updates after
    the warm-up.  frozen: fraction of coordinates whose draws never change.  std_ratio_error:
    standard error.  w2_sigma_noise: w2_sigma of as many exact draws. relaxations: length of the
    kept run in relaxation times of its slowest parameter, NaN where one is frozen.
    """

    machine: str
    accumulator: str
    std_ratio: float
    w2_sigma: float
    nll: float | None
    accuracy: float | None
    saturated: float
    infeasible: float
    frozen: float
    seconds: float
    std_ratio_error: float
    w2_sigma_noise: float
    effective_temperature: float
    relaxations: float
    ratios: npt.NDArray[np.float64] = dataclasses.field(repr=False)
    draws: npt.NDArray[np.float32] = dataclasses.field(repr=False)

    def record(self) -> dict[str, Any]:
        """The row of the JSON file."""
        return {name: _finite(getattr(self, name)) for name in (*FIELDS, "seconds")}


@dataclasses.dataclass(frozen=True)
class Comparison:
    """Rows in the order asked for, and the reference that they are measured against."""

    rows: tuple[Row, ...]
    reference: Reference
    target: Target
    machines: tuple[Machine, ...]
    settings: dict[str, Any]

    @property
    def table(self) -> Table:
        """The rows as a table of the rich library, for `rich.print(comparison.table)`."""
        from ._table import table_of

        return table_of(self)

    def notes(self) -> list[str]:
        """What a reader must know beside the table: how wide the errors are, and which runs are
        short.
        """
        chains, steps = self.settings["chains"], self.settings["draws"] * self.settings["thin"]
        count = chains if isinstance(chains, int) else len(chains)
        first = self.rows[0]
        notes = [
            f"{count} chains, {steps:,} steps each after {self.settings['warmup']:,} of warm-up; "
            f"± is one standard error, and exact draws in their place would show a W2/sigma near "
            f"{first.w2_sigma_noise:.3f}",
        ]
        if first.nll is not None:
            notes.append("NLL and accuracy barely move: they alone do not detect broken sampling")
        short = [row.relaxations for row in self.rows if not row.relaxations >= RELAXATIONS]
        if short:
            notes.append(
                f"{len(short)} of {len(self.rows)} runs are shorter than {RELAXATIONS} relaxation "
                f"times of their slowest parameter (the shortest: "
                f"{np.nanmin([*short, RELAXATIONS]):.1f}): their start may still show"
            )
        return notes + doubts(self.reference) + self._warnings()

    def _warnings(self) -> list[str]:
        """What cannot be right, each reason once, with the rows that it holds for."""
        rows: dict[tuple[str, str, str], list[str]] = {}
        for row in self.rows:
            for one in reasons(row.infeasible, row.saturated, row.frozen):
                where = f"{row.machine} {row.accumulator} {percent(one.share)}"
                rows.setdefault((one.what, one.meaning, one.remedies), []).append(where)
        return [
            f"too many of {what} ({'; '.join(where)}): {meaning}. Remedies: {remedies}"
            for (what, meaning, remedies), where in rows.items()
        ]

    def plot(self, path: str | os.PathLike[str]) -> None:
        """Draw every marginal beside the reference's to a PNG file; MissingPackage without
        matplotlib.
        """
        from ._plot import draw

        with replace_file(path) as temporary:
            draw(self, temporary)

    def plot_bits(self, path: str | os.PathLike[str]) -> None:
        """Draw the error of the posterior against bits to a PNG file: W2 / sigma and the ratio of
        standard deviations, a line an accumulator, with the noise of as many exact draws and the
        floor of draws on the grid.

        Each machine needs an accumulator format of its own: different widths, or fixed point.
        SamplerError otherwise; MissingPackage without matplotlib.
        """
        from ._plot_bits import draw_bits

        with replace_file(path) as temporary:
            draw_bits(self, temporary)

    def to_html(self, path: str | os.PathLike[str]) -> None:
        """Write one self-contained page: notes, the table, the pictures, settings and machines.

        `plot_bits` is part of it where the machines allow.  MissingPackage without matplotlib.
        """
        from ._comparison_page import comparison_page

        text = comparison_page(self)
        with replace_file(path) as temporary:
            temporary.write_text(text, encoding="utf-8")

    def to_json(self, path: str | os.PathLike[str]) -> None:
        """Write versions, seed, settings, resolved machines and rows; the file is complete or
        untouched.
        """
        text = json.dumps(self.record(), indent=2, allow_nan=False)
        with replace_file(path) as temporary:
            temporary.write_text(text + "\n", encoding="utf-8")

    def record(self) -> dict[str, Any]:
        """What `to_json` writes."""
        return {
            "schema": SCHEMA,
            "versions": {
                "numfmt-hw": __version__,
                "numpy": np.__version__,
                "python": platform.python_version(),
            },
            "seed": self.settings["seed"],
            "settings": {name: _plain(value) for name, value in self.settings.items()},
            "reference": {
                **dataclasses.asdict(self.reference.settings),
                "acceptance": self.reference.acceptance,
            },
            "machines": {machine.name: machine.resolve() for machine in self.machines},
            "rows": [row.record() for row in self.rows],
            "errors": [
                {
                    "machine": row.machine,
                    "accumulator": row.accumulator,
                    "std_ratio_error": _finite(row.std_ratio_error),
                    "w2_sigma_noise": _finite(row.w2_sigma_noise),
                    "effective_temperature": _finite(row.effective_temperature),
                    "relaxations": _finite(row.relaxations),
                }
                for row in self.rows
            ],
        }


def _finite(value: Any) -> Any:
    """NaN has no place in JSON: null."""
    return None if isinstance(value, float) and not np.isfinite(value) else value


def _plain(value: Any) -> Any:
    return (
        np.asarray(value).tolist()
        if isinstance(value, (np.ndarray, np.generic, tuple, range))
        else value
    )
