"""The table of image networks: means over seeds with standard errors, and what was claimed."""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from .._student import student_quantile
from ._image_job import Settings
from ._image_rows import BLOCKS, FIXED, ROWS, SINGLE, Row
from ._image_store import Results

CONFIDENCE = 0.95
"""Of a difference's interval, by Student's t over its seeds: it decides where it leaves out 0."""
COLUMNS = (
    *(("test error %", "error", 100, 2), ("NLL", "nll", 1, 4), ("ECE %", "ece", 100, 2)),
    *(("NLL of one draw", "single_nll", 1, 4), ("ECE % of one draw", "single_ece", 100, 2)),
)
COUNTS = (("infeasible", "infeasible"), ("saturated", "saturated"))


@dataclasses.dataclass(frozen=True)
class Claim:
    """`worse` minus `better` of a score should be positive; `reason` says what else can be."""

    what: str
    better: str
    worse: str
    score: str
    reason: str


def _claims() -> list[Claim]:
    small = "what naive rounding adds is small beside the noise of batches"
    cold = "few draws of a cold posterior, of a network that is hardly overconfident yet"
    found = [
        Claim(
            f"{FIXED}: full accumulators beat naive ones, {score}",
            f"{FIXED}-sgld-full",
            f"{FIXED}-sgld-naive",
            score,
            small,
        )
        for score in ("error", "nll")
    ]
    for arithmetic in (FIXED, BLOCKS):
        for score in ("error", "nll"):
            found.append(
                Claim(
                    f"{arithmetic}: VC at least as good as naive, {score}",
                    f"{arithmetic}-sgld-vc",
                    f"{arithmetic}-sgld-naive",
                    score,
                    "where a step is infeasible, VC is stochastic rounding itself",
                )
            )
    pairs = [(SINGLE, "full", "full")]
    pairs += [(one, *two) for one in (FIXED, BLOCKS) for two in (("full", "full"), ("vc", "naive"))]
    for arithmetic, sampling, descent in pairs:
        better, worse = f"{arithmetic}-sgld-{sampling}", f"{arithmetic}-sgd-{descent}"
        title = f"{arithmetic}, {sampling}: SGLD better calibrated than SGD"
        found.append(Claim(f"{title}, ECE", better, worse, "ece", cold))
        found.append(Claim(f"{title}'s average of draws, ECE", better, worse, "averaged_ece", cold))
    return found


def own(row: Row, scores: dict[str, float]) -> dict[str, float]:
    """The scores of the prediction that a row stands for: of SGLD the average over draws, of SGD
    its last weights.
    """
    found = dict(scores) | {"averaged_ece": scores["ece"]}
    if row.sampler == "sgd":
        found |= {name: scores[f"single_{name}"] for name in ("error", "nll", "ece")}
    return found


def mean_and_error(values: list[float]) -> tuple[float, float]:
    """The mean and its standard error; NaN of one value.

    >>> mean_and_error([1.0, 3.0])
    (2.0, 1.0)
    """
    spread = np.std(values, ddof=1) / math.sqrt(len(values)) if len(values) > 1 else math.nan
    return float(np.mean(values)), float(spread)


def shown(values: list[float], scale: float, digits: int) -> str:
    """Mean and standard error."""
    mean, error = mean_and_error([scale * one for one in values])
    after = "" if math.isnan(error) else f" ± {error:.{digits}f}"
    return f"{mean:.{digits}f}{after}"


def table(results: Results, settings: Settings, seeds: int) -> str:
    """The page's part that the command writes, in Markdown."""
    parts = ", ".join(f"{name} {value}" for name, value in dataclasses.asdict(settings).items())
    heads = [head for head, *_ in COLUMNS] + [head for head, _ in COUNTS] + ["bytes a sample"]
    lines = [f"Settings: {parts}; {seeds} seeds, means ± standard errors.", ""]
    lines += [f"| | {' | '.join(heads)} |", "|---" * (len(heads) + 1) + "|"]
    for row in ROWS:
        if row.name in results:
            lines.append(_line(row, results[row.name]))
    found = [line for claim in _claims() if (line := _judged(claim, results))]
    if found:
        lines += ["", "| claim | difference ± standard error | |", "|---|---|---|", *found]
    return "\n".join(lines) + "\n"


def _line(row: Row, scores: list[dict[str, float]]) -> str:
    mine = [own(row, one) for one in scores]
    cells = [
        shown([one[name] for one in mine], scale, digits) for _, name, scale, digits in COLUMNS
    ]
    cells += [f"{np.mean([one[name] for one in mine]):.4f}" for _, name in COUNTS]
    cells.append(f"{mine[0]['bytes']:,.0f}")
    return f"| {row.title} | {' | '.join(cells)} |"


def _judged(claim: Claim, results: Results) -> str | None:
    """A claim's line: seeds are paired, which share start and batches."""
    if claim.better not in results or claim.worse not in results:
        return None
    rows = {row.name: row for row in ROWS}
    better, worse = (
        [own(rows[name], one)[claim.score] for one in results[name]]
        for name in (claim.better, claim.worse)
    )
    scale = 1 if claim.score == "nll" else 100
    changes = [scale * (b - a) for a, b in zip(better, worse, strict=True)]
    mean, error = mean_and_error(changes)
    least = _errors_that_decide(len(changes)) * error
    verdict = "the opposite" if mean <= -least else "not decided"
    why = f": {claim.reason}{_feasible(claim, results)}"
    verdict = "as claimed" if mean >= least else verdict + why
    digits = 4 if scale == 1 else 2
    return f"| {claim.what} | {shown(changes, 1, digits)}{'' if scale == 1 else ' %'} | {verdict} |"


def _errors_that_decide(seeds: int) -> float:
    """How many standard errors from 0 a mean over so many pairs must be."""
    return student_quantile((1 + CONFIDENCE) / 2, seeds - 1) if seeds > 1 else math.nan


def _feasible(claim: Claim, results: Results) -> str:
    """How much of the steps VC could not correct."""
    if not claim.better.endswith("-vc"):
        return ""
    fraction = np.mean([one["infeasible"] for one in results[claim.better]])
    return f"; {fraction:.1%} of VC's updates were infeasible"
