"""A run in words: the table on the terminal, and the same in Markdown."""

from __future__ import annotations

from typing import Any

from rich.table import Table

from .row import OURS, RULER, STEP

Record = dict[str, Any]
COLUMNS = ("G elements/s", "of copy", "of Philox", "reached", "floor", "numfmt is", "remarks")


def unit_of(record: Record) -> str:
    """What the row's floor is in: ratio, G/s, us or times."""
    if record.get("ruler") == STEP:
        return "times"
    return record["floors"]["unit"] if record["floors"] else "ratio"


def ratio_text(value: float | None) -> str:
    """Two decimals, or two digits; nothing where there is no ratio."""
    if value is None:
        return ""
    return f"{value:.2f}" if value >= 0.1 else f"{value:.2g}"


def speed_text(record: Record) -> str:
    """G elements/s with three digits; microseconds a call for small calls."""
    if unit_of(record) == "us":
        return f"{record['seconds_median'] * 1e6:.2f} us"
    return f"{record['giga_elements_per_second']:.3g}"


def reached(record: Record) -> bool | None:
    """Whether the row is past its floor; None where it has none, or was not measured."""
    floor = record["floor"]
    if floor is None or record["missing"]:
        return None
    if unit_of(record) == "us":
        return bool(record["seconds_median"] * 1e6 <= floor)
    if unit_of(record) in ("G/s", "G op/s"):
        return bool(record["giga_elements_per_second"] >= floor)
    if unit_of(record) == "times":
        return record["ratio"] is not None and bool(record["ratio"] * floor >= 1)
    return record["ratio"] is not None and bool(record["ratio"] >= floor)


def reached_text(record: Record) -> str:
    """The figure that the floor is about, ``1.02 of memcpy``; of training steps without one too."""
    if unit_of(record) == "times" and record.get("ratio"):
        return f"{1 / record['ratio']:.3g} times the float32 step"
    if record["floor"] is None:
        return ""
    if unit_of(record) == "ratio":
        return f"{ratio_text(record['ratio'])} of {record['ruler']}"
    return speed_text(record) + ("" if unit_of(record) == "us" else f" {unit_of(record)}")


def floor_text(record: Record) -> str:
    """What is asked on AVX-512 [AVX2]; "below" where it is not reached."""
    if record["floor"] is None:
        return ""
    floors = record["floors"]
    mark = "" if reached(record) else " below"
    return f"{floors['avx512']:g} [{floors['avx2']:g}]{mark}"


def faster_text(ratio: float) -> str:
    """``23 times as fast``."""
    return f"{ratio:,.0f} times as fast" if ratio >= 10 else f"{ratio:.2f} times as fast"


def remarks(record: Record) -> str:
    """Everything that makes the row different from what its name says."""
    found = [record["note"]] if record["note"] else []
    if record["elements"] < record["size"]:
        found.append(f"on {record['elements']:,} elements")
    if record["agrees"] is not None and record["agrees"] < 1:
        found.append(f"{record['agrees']:.3%} of results are numfmt's")
    return "; ".join(found)


def cells(record: Record) -> list[str]:
    """The row's columns after its name."""
    if record["missing"]:
        return [record["missing"], *[""] * (len(COLUMNS) - 1)]
    faster = record["numfmt_is_faster_by"]
    return [
        speed_text(record),
        ratio_text(record["of_copy"]),
        ratio_text(record["of_philox"]),
        reached_text(record),
        floor_text(record),
        "" if faster is None else faster_text(faster),
        remarks(record),
    ]


def size_title(size: int) -> str:
    """A size in words, as a power of two where it is one."""
    if size & (size - 1) == 0:
        return f"2^{size.bit_length() - 1} elements"
    return f"{size:,} elements"


def by_size(rows: list[Record]) -> dict[int, list[Record]]:
    """Rows of each size; rulers first, then numfmt's, then each peer's; those missing last."""
    missing = [row for row in rows if row["missing"] and row["library"] != OURS]
    found: dict[int, list[Record]] = {}
    for row in rows:
        if row not in missing:
            found.setdefault(row["size"], []).append(row)
    order = {RULER: 0, OURS: 1}
    for size in found:
        found[size].sort(key=lambda row: order.get(row["library"], 2))
    if missing:
        found[max(found, default=0)] = found.get(max(found, default=0), []) + missing
    return dict(sorted(found.items()))


def tables(run: Record) -> list[Table]:
    """One table a size."""
    found = []
    for size, rows in by_size(run["rows"]).items():
        table = Table(title=size_title(size), title_justify="left", highlight=False)
        table.add_column("row", no_wrap=True)
        for name in COLUMNS:
            table.add_column(name, justify="right" if name in COLUMNS[:3] else "left")
        for row in rows:
            below = reached(row) is False
            table.add_row(label(row), *cells(row), style="red" if below else None)
        found.append(table)
    return found


def label(row: Record) -> str:
    """How a table names a row."""
    return f"{row['library']}" if row["missing"] and row["library"] != OURS else row["name"]


def summary(run: Record) -> list[str]:
    """How many floors are reached, and whether any peer was faster."""
    judged = [row for row in run["rows"] if reached(row) is not None]
    lines = []
    if judged:
        good = sum(reached(row) is True for row in judged)
        lines.append(f"{good} of {len(judged)} floors reached")
    slower = [
        f"{row['name']} ({size_title(row['size'])})"
        for row in run["rows"]
        if not row["missing"] and (row["numfmt_is_faster_by"] or 1) < 1
    ]
    compared = [row for row in run["rows"] if row.get("numfmt_is_faster_by")]
    if slower:
        lines.append(f"faster than numfmt: {', '.join(slower)}")
    elif compared:
        lines.append(f"numfmt is faster than each of the {len(compared)} rows of other packages")
    return lines


def machine_line(run: Record) -> str:
    """The machine in a sentence."""
    m = run["machine"]
    threads = "1 thread" if m["threads"] == 1 else f"{m['threads']} threads"
    return (
        f"{m['processor']}, {m['cores']} cores; {m['instruction_set']}, {threads}; "
        f"numfmt {m['numfmt']} built by {m['numfmt_compiler']}; "
        f"{run['rounds']} rounds, {m['date']}"
    )


def markdown(run: Record) -> str:
    """The tables of a run as Markdown, with its machine facts."""
    parts = [machine_line(run) + "."]
    versions = [f"{name} {v}" for name, v in run["machine"]["packages"].items() if v]
    parts.append(f"Python {run['machine']['python']}; {', '.join(versions)}.")
    for size, rows in by_size(run["rows"]).items():
        used = [i for i in range(len(COLUMNS)) if any(cells(row)[i] for row in rows)]
        lines = [
            f"#### {size_title(size)}",
            "",
            "| row | " + " | ".join(COLUMNS[i] for i in used) + " |",
            "|---|" + "---|" * len(used),
        ]
        lines += [
            f"| {label(row)} | " + " | ".join(cells(row)[i] for i in used) + " |" for row in rows
        ]
        parts.append("\n".join(lines).replace(" below |", " **below** |"))
    parts += summary(run)
    return "\n\n".join(parts)
