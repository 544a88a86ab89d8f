"""What the command line prints of machines, and of their dot products."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numfmt as nf
from numfmt._machine_c import as_c as machine_as_c
from numfmt._print import print_json, print_table
from numfmt._vectors_matmul import DotVectors
from numfmt._vectors_matmul import as_c as dots_as_c
from numfmt._vectors_matmul import as_json as dots_as_json
from numfmt._vectors_matmul import as_readmemh as dots_as_readmemh


def list_machines(as_json: bool) -> None:
    """Print the names, with the chip and whether anything is guessed."""
    rows = []
    for name in nf.machines():
        machine = nf.machine(name)
        marks = dict(machine.certainty)
        rows.append((name, marks.get("*", "model"), len(machine.guesses), machine.chip))
    if as_json:
        heads = ("name", "certainty", "guessed_fields", "chip")
        print_json({"machines": [dict(zip(heads, row, strict=True)) for row in rows]})
    else:
        print_table("machines", ("name", "known by", "guessed", "what"), rows)


def machine_as_text(machine: nf.Machine, as_toml: bool) -> str:
    """Give a machine file, or a C header."""
    return machine.to_toml().rstrip() if as_toml else machine_as_c(machine)


def show_machine(machine: nf.Machine) -> None:
    """Print each field of a machine and how it is known."""
    marks = dict(machine.certainty)
    print(f"{machine.name}: {machine.vendor}, {machine.chip}")
    for source in machine.evidence:
        print(f"  {source}")
    for table, entries in machine.resolve().items():
        if not isinstance(entries, dict) or table == "certainty":
            continue
        for part, fields in entries.items():
            rows = list(machine_rows(fields, marks, f"{table}.{part}."))
            print_table(f"{table} {part}", ("field", "value", "known by"), rows)


def machine_rows(fields: Any, marks: dict[str, str], place: str) -> Iterator[tuple[str, str, str]]:
    """Give the fields of a datapath, plan, pass, conversion, generator or the format of a role."""
    if not isinstance(fields, dict):
        yield "", str(fields), ""
        return
    for name, value in fields.items():
        if isinstance(value, dict) and name != "combine":
            for inner, one in value.items():
                field = f"{name}.{inner}"
                yield field, spelled(one), marks.get(field, marks.get("*", ""))
        else:
            own = marks.get(place + name, marks.get(name, marks.get("*", "")))
            yield name, spelled(value), own


def spelled(value: Any) -> str:
    """Give a value of a machine in a line."""
    if isinstance(value, list):
        return ", ".join(map(spelled, value)) or "none"
    if isinstance(value, dict):
        return " ".join(f"{name}={spelled(one)}" for name, one in value.items())
    return str(value)


def print_dots(made: DotVectors, as_c_header: bool, as_json: bool) -> None:
    """Print vectors of dot products."""
    if as_json:
        print_json(dots_as_json(made))
    else:
        print(dots_as_c(made) if as_c_header else dots_as_readmemh(made))


def named_machine(name: str | None) -> nf.Machine:
    """Give the machine of --machine."""
    if name is None:
        raise nf.MachineError("--machine: matmul needs the name of one; see `numfmt-hw machines`")
    return nf.machine(name)


def operand_values(given: list[str] | None) -> dict[str, int | float]:
    """Give the operands of --with: integers where they are spelled as such."""
    found: dict[str, int | float] = {}
    for text in given or []:
        name, _, value = text.partition("=")
        try:
            found[name] = int(value) if value.lstrip("-").isdecimal() else float(value)
        except ValueError:
            raise nf.NumfmtError(f"--with {text!r} must be NAME=NUMBER") from None
    return found


def refuse(given: dict[str, Any], operation: str) -> None:
    """Refuse options that an operation does not take."""
    for option, value in given.items():
        if value is not None:
            raise nf.NumfmtError(f"{option} has no meaning for {operation}")
