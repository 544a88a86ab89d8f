"""Tables of formats and modes, read from the tables of the core that numfmt itself reads."""

import re
from pathlib import Path

import numfmt as nf
from numfmt import _core

TOOLS = {
    "short": r"r[a-z]{1,2}|sr(_[a-z]+)?",
    "IEEE 754": r"round(Ties|Toward).*",
    "P3109": r"(NearestTies|Toward|ToOdd|Sat(Finite|Propagate|None)).*",
    "gfloat": r"(Ties|Toward|ToOdd)[A-Za-z]*",
    "AP / SystemC": r"AP_.*",
    "APyTypes": r"(TIES|TO|STOCH|JAM|SAT|WRAP|NUMERIC)(_.*)?",
    "CPFloat": r"RND_[A-Z]{2}",
}


def write(folder: Path) -> None:
    """Write every table into the folder, one file each."""
    roundings, overflows = _core.ROUNDINGS, _core.OVERFLOWS[1:]
    contents = {
        "formats": table(("name", "spelling", "bits", "min", "max", "other names"), format_rows()),
        "roundings": table(("rounding", "where a number goes"), meanings(roundings)),
        "overflows": table(
            ("overflow", "what becomes of a number out of range"), meanings(overflows)
        ),
        "nan_policies": table(("nan", "a NaN becomes"), meanings(_core.NAN_POLICIES)),
        "rounding_names": names_of_tools(roundings),
        "overflow_names": names_of_tools(overflows),
    }
    for name, text in contents.items():
        (folder / f"{name}.md").write_text(text)


def table(heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """A Markdown table."""
    lines = [heads, ("---",) * len(heads), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def code(*words: str) -> str:
    """The words in code style, `-` where there are none."""
    return " ".join(f"`{word}`" for word in words) or "-"


def meanings(rows: tuple[_core.Row, ...]) -> list[tuple[str, ...]]:
    """Each mode and what it does."""
    return [(code(row.name), row.meaning.replace("*", "\\*")) for row in rows]


def format_rows() -> list[tuple[str, ...]]:
    """Each named format and its range."""
    rows = []
    for name, aliases, _ in _core.named_formats():
        f = nf.parse(name)
        rows.append(
            (code(name), code(family(f)), str(f.width), str(f.min), str(f.max), code(*aliases))
        )
    return rows


def family(f: nf.Format) -> str:
    """The format spelled by its family's parameters."""
    if isinstance(f, nf.Float):
        sign = "" if f.signed else "u"
        fields = f"{f.exponent_bits},{f.fraction_bits},bias={f.bias},special={f.special}"
        return f"{sign}float<{fields}>"
    if isinstance(f, (nf.P3109, nf.Takum)):
        return str(f)
    if isinstance(f, nf.Posit):
        return f"posit<{f.width},{f.es}>"
    if isinstance(f, nf.Codebook):
        return f"codebook of {len(f.values)} values"
    return f"{'' if f.signed else 'u'}fixed<{f.width},{f.fraction_bits}>"


def names_of_tools(rows: tuple[_core.Row, ...]) -> str:
    """Which spelling of which tool means which mode; no spelling is left out."""
    used = {
        tool: pattern
        for tool, pattern in TOOLS.items()
        if any(spelled(row, pattern) for row in rows)
    }
    lines = []
    for row in rows:
        columns = [spelled(row, pattern) for pattern in used.values()]
        others = [alias for alias in row.aliases if not any(alias in found for found in columns)]
        lines.append((code(row.name), *(code(*found) for found in columns), code(*others)))
    return table(("numfmt", *used, "others"), lines)


def spelled(row: _core.Row, pattern: str) -> list[str]:
    """The row's spellings that look like those of one tool."""
    return [alias for alias in row.aliases if re.fullmatch(pattern, alias)]
