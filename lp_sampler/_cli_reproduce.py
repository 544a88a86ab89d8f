"""The command `lp-sampler reproduce`: measured against expected."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._errors import SamplerError, unknown
from ._files import replace_file
from ._numfmt import __version__

if TYPE_CHECKING:
    from .experiments import Check, Experiment

    Results = dict[str, tuple[Experiment, list[Check], float]]


def chosen(names: Iterable[str] | None) -> list[Experiment]:
    """The experiments of these numbers, all of them by default."""
    from .experiments import experiments

    known = experiments()
    wanted = [name.upper() for name in names or known]
    for name in wanted:
        if name not in known:
            raise unknown("experiment", name, known)
    return [known[name] for name in wanted]


def run_all(wanted: Iterable[Experiment], short: bool) -> Results:
    """Each experiment's checks and seconds, printed as they come."""
    from rich.console import Console

    console, results = Console(highlight=False), {}
    for experiment in wanted:
        console.print(f"{experiment.number}  {experiment.title}", soft_wrap=True)
        begin = time.perf_counter()
        with console.status("running"):
            checks = experiment.run(short, lambda steps: None)
        seconds = time.perf_counter() - begin
        results[experiment.number] = (experiment, checks, seconds)
        for check in checks:
            mark = "[green]pass[/green]" if check.passed else "[red]FAIL[/red]"
            console.print(
                f"     {mark}  {check.what}: {number(check.measured)}  {limits(check)}",
                soft_wrap=True,
            )
        console.print(f"     {seconds:.0f} s")
    return results


def number(value: float) -> str:
    """A measured number, to five digits."""
    return f"{value:.5g}"


def limits(check: Check) -> str:
    """Where a number must lie."""
    if check.low == check.high:
        return f"expected {number(check.low)}"
    if check.high == math.inf:
        return f"expected >= {number(check.low)}"
    return f"expected {number(check.low)} .. {number(check.high)}"


def failed(results: Results) -> list[str]:
    """The checks that did not pass, by experiment."""
    return [
        f"{name}: {check.what}"
        for name, (_, checks, _) in results.items()
        for check in checks
        if not check.passed
    ]


def check_suffix(path: Path) -> None:
    """Refuse a file of another kind before anything runs."""
    if path.suffix not in (".md", ".json"):
        raise SamplerError(f"--out: a file .md or .json is allowed; got {str(path)!r}")


def write(results: Results, path: Path) -> None:
    """All checks to a file: a Markdown table, or JSON by the file's suffix."""
    text = markdown(results) if path.suffix == ".md" else as_json(results)
    with replace_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def markdown(results: Results) -> str:
    """One table, a line a check."""
    lines = ["| | check | measured | expected | |", "|---|---|---|---|---|"]
    for name, (_, checks, _) in results.items():
        for check in checks:
            expected = limits(check).removeprefix("expected ")
            verdict = "pass" if check.passed else "**fail**"
            what = check.what.replace("|", "\\|")
            lines.append(f"| {name} | {what} | {number(check.measured)} | {expected} | {verdict} |")
    return "\n".join(lines) + "\n"


def as_json(results: Results) -> str:
    """Numbers as they are; what is not finite as a text."""

    def plain(value: float) -> Any:
        return value if math.isfinite(value) else str(value)

    record = {
        "schema": "lp-sampler.reproduce/1",
        "version": __version__,
        "experiments": {
            name: {
                "title": experiment.title,
                "seconds": round(seconds, 1),
                "checks": [
                    {
                        "what": check.what,
                        "measured": plain(check.measured),
                        "low": plain(check.low),
                        "high": plain(check.high),
                        "passed": check.passed,
                    }
                    for check in checks
                ],
            }
            for name, (experiment, checks, seconds) in results.items()
        },
    }
    return json.dumps(record, indent=2) + "\n"
