"""The result of a proof in Markdown: a row for each format, a column for each mode."""

from __future__ import annotations

from typing import Any

Record = dict[str, Any]


def differences(result: Record) -> int:
    """Results that are not the reference's, over everything."""
    return sum(int(count) for row in result["rows"] for count in row["differences"].values())


def comparisons(result: Record) -> int:
    """Results that were compared with the reference's."""
    return sum(int(row["patterns"]) for row in result["rows"]) * len(result["isas"])


def count_line(result: Record) -> str:
    """What was compared, in a sentence."""
    kernels = ", ".join(result["isas"])
    return (
        f"{comparisons(result):,} results of {kernels} compared with {result['reference']}: "
        f"{differences(result):,} differences"
    )


def markdown(result: Record) -> str:
    """Differences of all kernels together, by format and mode."""
    machine = result["machine"]
    modes = list(dict.fromkeys(row["mode"] for row in result["rows"]))
    formats = list(dict.fromkeys((row["format"], row["width"]) for row in result["rows"]))
    found = {
        (row["format"], row["mode"]): sum(row["differences"].values()) for row in result["rows"]
    }
    patterns = sorted({row["patterns"] for row in result["rows"]})
    lines = [
        f"{count_line(result)}. Each cell: differences in "
        f"{' or '.join(f'{n:,}' for n in patterns)} patterns.",
        "",
        f"{machine['processor']}; numfmt {machine['numfmt']} built by "
        f"{machine['numfmt_compiler']}; core {result['build'][:16]}; {machine['date']}.",
        "",
        "| format | bits | " + " | ".join(modes) + " |",
        "|---|---|" + "---|" * len(modes),
    ]
    for format, width in formats:
        cells = [f"{found[format, mode]:,}" for mode in modes]
        lines.append(f"| {format} | {width} | " + " | ".join(cells) + " |")
    return "\n".join(lines)
