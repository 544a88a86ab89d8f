"""The bar chart of a run: how near to the hardware, and how far from the others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .report import reached, size_title, unit_of
from .row import OURS, RULER

Record = dict[str, Any]
ROW_HEIGHT = 0.155  # inches
SHOWN_MODES = ("nearest_even", "toward_zero", "stochastic")  # of what several packages do
COLOURS = (
    *("#1f4e79", "#d95f02", "#1b9e77", "#7570b3", "#e7298a", "#66a61e", "#e6ab02"),
    *("#a6761d", "#666666", "#17becf", "#bcbd22"),
)


def draw(run: Record, path: Path) -> None:
    """Write the chart of the largest size measured: floors on the left, peers on the right."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    size = max(row["size"] for row in run["rows"])
    rows = [row for row in run["rows"] if row["size"] == size and not row["missing"]]
    ours = [row for row in rows if row["library"] == OURS and unit_of(row) == "ratio"]
    tasks = peer_tasks(rows)
    bars = sum(len(group) + 1 for group in tasks.values())
    height = max(4.0, ROW_HEIGHT * max(len(ours), bars) + 2)
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(15, height), layout="constrained")
    draw_ratios(left, ours)
    draw_peers(right, tasks)
    machine = run["machine"]
    figure.suptitle(
        f"numfmt {machine['numfmt']}, {size_title(size)}, {machine['instruction_set']}, "
        f"{machine['threads']} thread(s): {machine['processor']}"
    )
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


def peer_tasks(rows: list[Record]) -> dict[str, list[Record]]:
    """The tasks that several libraries do, numfmt's row first."""
    groups: dict[str, list[Record]] = {}
    for row in rows:
        mode = row["task"]["mode"]
        if row["library"] != RULER and (not mode or mode in SHOWN_MODES):
            groups.setdefault(task_name(row), []).append(row)
    for group in groups.values():
        group.sort(key=lambda row: (row["library"] != OURS, -row["giga_elements_per_second"]))
    return {name: group for name, group in groups.items() if len(group) > 1}


def task_name(row: Record) -> str:
    """What a row does, whoever does it."""
    return str(row["name"]).removeprefix(f"{row['library']} ")


def draw_ratios(axes: Any, rows: list[Record]) -> None:
    """numfmt's rows as shares of their rulers, with a mark at each floor."""
    axes.set_title("share of the ruler; black mark: the floor; pale: below it", fontsize=10)
    rulers = list(dict.fromkeys(ruler_name(row) for row in rows))
    for place, row in enumerate(rows):
        colour = COLOURS[rulers.index(ruler_name(row)) % len(COLOURS)]
        alpha = 0.4 if reached(row) is False else 1.0
        axes.barh(place, row["ratio"] or 0, color=colour, alpha=alpha)
        if row["floor"]:
            axes.plot([row["floor"]] * 2, [place - 0.45, place + 0.45], color="black", lw=2)
    from matplotlib.patches import Patch

    keys = [Patch(color=COLOURS[i % len(COLOURS)], label=name) for i, name in enumerate(rulers)]
    axes.legend(handles=keys, fontsize=7, title="ruler", loc="center right")
    axes.set_yticks(range(len(rows)), [row["name"] for row in rows], fontsize=7)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlabel("share of the ruler")
    axes.grid(axis="x", alpha=0.3)


def ruler_name(row: Record) -> str:
    """The ruler as a legend names it: rows against numfmt's own rows are one kind."""
    own = row["ruler"].startswith("stochastic")
    return "the row with one thread" if own else str(row["ruler"])


def draw_peers(axes: Any, tasks: dict[str, list[Record]]) -> None:
    """G elements/s of every library, task by task, on a logarithmic scale."""
    axes.set_title("G elements/s of numfmt and of other packages", fontsize=10)
    libraries = list(dict.fromkeys(row["library"] for group in tasks.values() for row in group))
    colours = dict(zip(libraries, COLOURS, strict=False))
    place, names = 0, {}
    for name, group in tasks.items():
        names[place] = name
        for row in group:
            speed = row["giga_elements_per_second"]
            axes.barh(place, speed, color=colours.get(row["library"], "#999999"))
            axes.text(speed * 1.05, place, f"{row['library']} {speed:.3g}", va="center", fontsize=6)
            place += 1
        place += 1
    axes.set_yticks(list(names), list(names.values()), fontsize=7)
    axes.set_ylim(max(place, 1) - 0.4, -0.6)
    axes.set_xscale("log")
    axes.margins(x=0.15)
    axes.set_xlabel("G elements/s")
    axes.grid(axis="x", alpha=0.3)
