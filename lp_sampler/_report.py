"""A run's report: one page that says what was run, what is wrong, and what the draws look like."""

from __future__ import annotations

import dataclasses
import json
import os
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from . import _page, _report_pictures, diagnostics
from ._files import replace_file
from ._known import Known, known
from ._numfmt import __version__
from ._plot import require_matplotlib
from .diagnostics._lattice import has_list
from .targets import Target

if TYPE_CHECKING:
    from ._run import Run

Array = npt.NDArray[Any]

MOST_JUDGED, MOST_NUMBERS = 2000, 1 << 24
MOST_LISTED = 40
MOST_TRACED = 6
MOST_PREDICTED, PREDICTED_AT_ONCE = 1000, 64
RHAT = 1.01
ERRORS_ALLOWED = 4


def write_report(run: Run, path: str | os.PathLike[str], reference: Any) -> None:
    """The page, complete or absent."""
    require_matplotlib("the report")
    text = report(run, known(reference, run.target, len(run.names)))
    with replace_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def report(run: Run, reference: Known | None) -> str:
    """The page's text."""
    chains, count, size = run.draws.shape
    judged = Judged.of(run, reference)
    parts = [
        _verdict(run, judged),
        _page.section("What was run", _settings(run)),
        _page.section("Draws", *_summary(run, judged)),
        _page.section("Traces and marginals", *_traces(run, judged)),
        _page.section("Arithmetic over time", *_over_time(run)),
    ]
    if run.target is not None and run.target.test_classes is not None:
        parts.append(_page.section("Calibration", *_calibration(run, run.target)))
    title = (
        f"{run.machine.name}, {run.kernel.accumulator}: {chains} chains, {count:,} draws, "
        f"{size:,} parameters"
    )
    return _page.page(title, parts)


@dataclasses.dataclass(frozen=True)
class Judged:
    """Numbers of some parameters, evenly spaced among all where these are many."""

    parameters: Array
    draws: Array
    numbers: dict[str, Array]
    reference: Known | None

    @classmethod
    def of(cls, run: Run, reference: Known | None) -> Judged:
        size = run.draws.shape[2]
        most = max(1, min(size, MOST_JUDGED, MOST_NUMBERS // (len(run.draws) * run.draws.shape[1])))
        places = np.unique(np.linspace(0, size - 1, most).round().astype(int))
        draws = np.asarray(run.draws[:, :, places])
        there = None if reference is None else reference.of(places)
        numbers: dict[str, Array] = {**diagnostics.summary(draws)}
        if has_list(run.format):
            grid = diagnostics.grid_occupancy(draws, run.format)
            numbers |= {"used": grid.used, "visited": grid.visited, "entropy": grid.entropy}
        if there is not None:
            numbers["ratio"] = numbers["std"] / there.standard_deviation
        if there is not None and there.draws is not None:
            pairs = zip(draws.T, there.draws.T, strict=True)
            distances = np.array([diagnostics.wasserstein2(*pair) for pair in pairs])
            numbers["w2"] = distances / there.standard_deviation
        return cls(places, draws, numbers, there)

    def worst_first(self) -> Array:
        """Places by bulk ESS, what cannot be judged first."""
        return np.argsort(np.nan_to_num(self.numbers["ess_bulk"], nan=-1.0), kind="stable")


def _verdict(run: Run, judged: Judged) -> str:
    """What is wrong, or that nothing was found."""
    texts = diagnostics.cannot_be_right(
        run.stats, frozen=float(run.frozen.mean()), temperature=constant(run.kernel, "temperature")
    )
    rhat, chains = judged.numbers["rhat"], len(run.draws)
    apart = int(np.count_nonzero(rhat > RHAT))
    if apart:
        texts.append(
            f"R-hat is above {RHAT} in {apart} of {len(rhat)} parameters (largest "
            f"{np.nanmax(rhat):.3f}): the chains do not agree yet. Remedies: more draws, a longer "
            "warm-up, a larger step size"
        )
    ess = judged.numbers["ess_bulk"]
    length = 2 * np.nanmin(ess) / chains if np.isfinite(ess).any() else np.nan
    if length < diagnostics.RELAXATIONS:
        texts.append(
            f"the draws span about {length:.1f} relaxation times of the slowest parameter, fewer "
            f"than {diagnostics.RELAXATIONS}: the start may still show"
        )
    texts += _against_reference(judged)
    if texts:
        return _page.box(texts)
    good = "No sign that these draws are wrong: nothing infeasible, saturated or frozen beyond its "
    good += f"limit, and R-hat at most {RHAT} where it can be judged"
    if judged.reference is None:
        good += ". No reference was given: a sampler that is too hot everywhere would not show here"
    return _page.box([good + "."], good=True)


def _against_reference(judged: Judged) -> list[str]:
    if judged.reference is None:
        return []
    numbers, there = judged.numbers, judged.reference
    errors = _ratio_errors(judged)
    mean = float(np.mean(numbers["ratio"]))
    wide = np.abs(numbers["ratio"] - 1) > ERRORS_ALLOWED * errors + 0.03
    shifted = np.abs(numbers["mean"] - there.mean) > ERRORS_ALLOWED * _mean_errors(judged)
    shifted &= np.abs(numbers["mean"] - there.mean) > 0.1 * there.standard_deviation
    texts = []
    if wide.any():
        texts.append(
            f"the standard deviation is wrong, beyond {ERRORS_ALLOWED} standard errors and 3%, in "
            f"{np.count_nonzero(wide)} of {len(wide)} parameters: {mean:.3f} times the reference's "
            "on average"
        )
    if shifted.any():
        texts.append(
            f"the mean is off, beyond {ERRORS_ALLOWED} standard errors and a tenth of the "
            f"reference's standard deviation, in {np.count_nonzero(shifted)} of {len(shifted)} "
            "parameters"
        )
    return texts


def _ratio_errors(judged: Judged) -> Array:
    """Standard errors of the ratios of standard deviations."""
    numbers, there = judged.numbers, judged.reference
    assert there is not None
    theirs = 0.0 if there.draws is None else diagnostics.mcse_std(there.draws)
    return np.asarray(
        np.hypot(numbers["mcse_std"], numbers["ratio"] * theirs) / there.standard_deviation
    )


def _mean_errors(judged: Judged) -> Array:
    there = judged.reference
    assert there is not None
    theirs = 0.0 if there.draws is None else diagnostics.mcse(there.draws)
    return np.asarray(np.hypot(judged.numbers["mcse"], theirs))


def constant(kernel: Any, name: str) -> float | None:
    """The kernel's setting where it is a number, None where it is a schedule or not there."""
    value = getattr(kernel, name, None)
    return float(value) if isinstance(value, (int, float)) else None


def _settings(run: Run) -> str:
    kernel = {field.name: getattr(run.kernel, field.name) for field in _fields(run.kernel)}
    pairs = [
        ("kernel", f"{type(run.kernel).__name__}: {_spelled(kernel)}"),
        ("machine", run.machine.name),
        ("parameters are stored in", run.format),
        *((f"{role} format", format) for role, format in run.machine.formats),
        ("chains, draws", f"{run.draws.shape[0]}, {run.draws.shape[1]:,}"),
        *((name.replace("_", " "), value) for name, value in run.settings.items()),
        ("seed", run.seed),
        ("seconds", f"{run.seconds:.1f}"),
        ("numfmt-hw", __version__),
    ]
    if run.target is not None:
        pairs.insert(0, ("target", _spelled(run.target.describe())))
    resolved = json.dumps(run.machine.resolve(), indent=2, default=str)
    return _page.settings(pairs) + _page.folded("the machine, resolved", resolved)


def _fields(kernel: Any) -> tuple[Any, ...]:
    return dataclasses.fields(kernel) if dataclasses.is_dataclass(kernel) else ()


def _spelled(pairs: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in pairs.items() if value is not None)


def _summary(run: Run, judged: Judged) -> list[str]:
    numbers, names = judged.numbers, [run.names[i] for i in judged.parameters]
    columns = _columns(judged)
    listed = judged.worst_first()[:MOST_LISTED]
    rows = [[names[i], *(column(i) for column in columns.values())] for i in listed]
    size = run.draws.shape[2]
    words = f"{len(listed)} of {size:,} parameters, the smallest bulk ESS first"
    if len(names) < size:
        words += f", of {len(names):,} evenly spaced ones that were judged"
    words += ". ± is one Monte Carlo standard error; NaN where a chain never moves."
    if "ratio" in numbers:
        words += (
            f" Mean std / reference: {np.mean(numbers['ratio']):.3f}."
            " Red: beyond 4 standard errors (and 3%)."
        )
    if "w2" in numbers:
        words += f" Mean W2 / sigma: {np.mean(numbers['w2']):.3f}."
    parts = [_page.note(words), _page.table(["parameter", *columns], rows)]
    if "ratio" in numbers and size > 1:
        figure = _report_pictures.ratios(numbers["ratio"], _ratio_errors(judged))
        parts.append(_page.picture(figure, "standard deviations beside the reference's"))
    return parts


def _columns(judged: Judged) -> dict[str, Any]:
    """Headings, with functions that give a parameter's cell."""
    n, there = judged.numbers, judged.reference
    columns: dict[str, Any] = {
        "mean": lambda i: f"{n['mean'][i]:.4g} ±{n['mcse'][i]:.1g}",
        "std": lambda i: f"{n['std'][i]:.4g} ±{n['mcse_std'][i]:.1g}",
    }
    if there is not None:
        errors = _ratio_errors(judged)
        columns["reference mean"] = lambda i: f"{there.mean[i]:.4g}"
        columns["std / reference"] = lambda i: (
            f"{n['ratio'][i]:.3f}",
            not abs(n["ratio"][i] - 1) > ERRORS_ALLOWED * errors[i] + 0.03,
        )
    if "w2" in n:
        columns["W2 / sigma"] = lambda i: f"{n['w2'][i]:.3f}"
    columns |= {
        "bulk ESS": lambda i: f"{n['ess_bulk'][i]:,.0f}",
        "tail ESS": lambda i: f"{n['ess_tail'][i]:,.0f}",
        "R-hat": lambda i: (f"{n['rhat'][i]:.3f}", not n["rhat"][i] > RHAT),
        "frozen": lambda i: (diagnostics.percent(float(n["frozen"][i])), not n["frozen"][i]),
    }
    if "used" in n:
        columns["grid points used"] = lambda i: f"{n['used'][i]} of {n['visited'][i]}"
        columns["entropy, bits"] = lambda i: f"{n['entropy'][i]:.2f}"
    return columns


def _traces(run: Run, judged: Judged) -> list[str]:
    """The worst, the best and some between, by ESS."""
    order = judged.worst_first()
    places = np.unique(np.linspace(0, len(order) - 1, min(len(order), MOST_TRACED)).astype(int))
    shown = order[places]
    reference = None if judged.reference is None else judged.reference.of(shown)
    figure = _report_pictures.traces(
        run, judged.draws[:, :, shown], judged.parameters[shown], reference
    )
    words = "From the smallest to the largest bulk ESS; the first four chains; marginals of all"
    if reference is not None and reference.draws is not None:
        words += ", with the reference's density as a line"
    elif reference is not None:
        words += ", with the target's mean and two standard deviations as lines"
    return [_page.note(words + "."), _page.picture(figure, "traces and marginals")]


def _over_time(run: Run) -> list[str]:
    words = (
        "Fractions of the coordinate updates. Infeasible: the wanted variance is smaller than any "
        "law on the grid has. Saturated: moved to an end of the range. Frozen: left as they were "
        "(most steps, where the gap is wide). Effective temperature: variance of the noise that "
        "was added / asked for, times the temperature."
    )
    rows = [[name.replace("_", " "), *_spread(name, values)] for name, values in run.stats.items()]
    figure = _report_pictures.over_time(run.stats, constant(run.kernel, "temperature"))
    return [
        _page.note(words),
        _page.picture(figure, "arithmetic over time"),
        _page.table(["", "mean", "smallest", "largest"], rows),
    ]


def _spread(name: str, values: Array) -> list[str]:
    show = "{:.3f}".format if name == "effective_temperature" else diagnostics.percent
    with np.errstate(invalid="ignore"):
        return [show(float(value)) for value in (values.mean(), values.min(), values.max())]


def _calibration(run: Run, target: Target) -> list[str]:
    """Reliability diagrams of the averaged prediction, and scores beside single draws'."""
    labels = target.test_classes
    assert labels is not None
    chains, count, size = run.draws.shape
    step = -(-chains * count // MOST_PREDICTED)
    some = np.asarray(run.draws[:, ::step]).reshape(-1, size)
    averaged, alone = _predictions(target, some, labels)
    together = diagnostics.scores(averaged, labels)
    found = {
        "equal width": diagnostics.calibration(averaged, labels),
        "equal mass": diagnostics.calibration(averaged, labels, binning="mass"),
    }
    names = {
        "nll": "NLL",
        "accuracy": "accuracy",
        "brier": "Brier score",
        "ece": "ECE, 15 bins of equal width",
        "ece_mass": "ECE, 15 bins of equal mass",
    }
    lines = [[names[one], f"{together[one]:.4f}", f"{alone[one]:.4f}"] for one in names]
    return [
        _page.note(
            f"{len(labels):,} test rows, predicted by the mean over {len(some):,} draws (Bayesian "
            "model averaging) and by single draws. A calibrated forecast of as many rows shows an "
            f"ECE of up to about {2 / np.sqrt(len(labels)):.3f} in 15 bins. Predictive scores "
            "barely move between samplers that are right and samplers that are far too hot."
        ),
        _page.table(["", "averaged", "single draws"], lines),
        _page.picture(_report_pictures.reliability(found), "reliability diagrams"),
    ]


def _predictions(target: Target, draws: Array, labels: Array) -> tuple[Array, dict[str, float]]:
    """The mean prediction, and the mean of single draws' scores, a few draws at a time."""
    total: Any = 0.0
    scores: dict[str, float] = {}
    for begin in range(0, len(draws), PREDICTED_AT_ONCE):
        probabilities = target.predict(draws[begin : begin + PREDICTED_AT_ONCE])
        total += probabilities.sum(axis=0, dtype=np.float64)
        _, alone = diagnostics.averaged_and_single(probabilities, labels)
        for name, value in alone.items():
            scores[name] = scores.get(name, 0.0) + value * len(probabilities) / len(draws)
    return total / len(draws), scores
