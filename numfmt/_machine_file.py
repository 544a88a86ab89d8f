"""Machines from files."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from . import _schema as schema
from ._datapath import STAGES, Datapath
from ._errors import MachineError, NumfmtError
from ._kplan import KPlan
from ._machine import (
    BINARY32_CHAIN,
    MARKS,
    PASSES,
    SELF,
    TEXTS,
    Machine,
    Pass,
)
from ._machine_convert import Conversion
from ._machine_random import Draws, Source, read_random, roundings_of
from ._machine_roles import FURTHER_ROLES, ROLES
from ._machine_units import (
    FUNCTIONS,
    GaussianSource,
    MicroOp,
    SpecialFunction,
    VectorUnit,
    check_update,
)
from ._schema import check_known
from .formats import Format

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PATH_FIELDS = ("datapath", "datapaths", "epilogue", "kplan", "matmul", "convert")
UNIT_FIELDS = ("vector_unit", "special", "gaussian", "update")
FIELDS = (*TEXTS, "evidence", "certainty", "formats", *PATH_FIELDS, *UNIT_FIELDS, "rng", "sr")


def read_file(path: Path) -> Machine:
    """The machine of a TOML or JSON file."""
    where = f"machine file {str(path)!r}"
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise MachineError(f"{where} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise MachineError(f"{where} is not valid TOML: {error}") from error
    kind, load = ("JSON", json.loads) if path.suffix == ".json" else ("TOML", tomllib.loads)
    try:
        table = load(text)
    except ValueError as error:
        raise MachineError(f"{where} is not valid {kind}: {error}") from error
    return from_table(table, where)


def from_table(table: Any, where: str) -> Machine:
    """A machine from plain data, every field checked: an unknown one is an error, never ignored."""
    _check_fields(_table(table, "a machine", where), where)
    formats = _read_formats(table["formats"], where) if "formats" in table else {}
    try:
        paths = _read_paths(table, where)
        plans = {
            name: schema.read(KPlan, plan, f"kplan.{name}")
            for name, plan in _table(table.get("kplan", {}), "kplan", where).items()
        }
        passes = _read_passes(table.get("matmul", {}), paths, plans, where)
        conversions = _read_conversions(table.get("convert", {}), where)
        rounds = {name: one.round for name, one in conversions.items()}
        sums = {name: roundings_of(path) for name, path in paths.items()}
        rngs, draws = read_random(table, rounds, sums)
        units = _read_units(table, where)
    except MachineError as error:
        text = str(error)
        raise MachineError(text if text.startswith(where) else f"{where}: {text}") from error
    return Machine(
        **{field: table[field] for field in TEXTS if field in table},
        formats=tuple(formats.items()),
        datapaths=tuple(paths.items()),
        plans=tuple(plans.items()),
        matmul=tuple(passes.items()),
        conversions=tuple(conversions.items()),
        **units,
        rng=tuple(rngs.items()),
        sr=tuple(draws.items()),
        evidence=_read_evidence(table.get("evidence", []), where),
        certainty=_read_certainty(table.get("certainty", {}), _random_fields(rngs, draws), where),
    )


def _check_fields(table: Mapping[str, Any], where: str) -> None:
    for field, value in table.items():
        check_known(field, FIELDS, "field", where)
        if field in TEXTS and not isinstance(value, str):
            raise MachineError(f"{where}: {field} = {value!r} must be a text")
    if "name" not in table:
        raise MachineError(f"{where}: the field 'name' is missing")
    if not any(field in table for field in ("formats", "datapath", "datapaths", "convert")):
        raise MachineError(f"{where}: 'formats', a 'datapath' or 'convert' is missing")
    if "datapath" in table and "datapaths" in table:
        raise MachineError(f"{where}: 'datapath' and 'datapaths' exclude each other")


def _table(value: Any, field: str, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise MachineError(f"{where}: {field} = {value!r} must be a table")
    return value


def _read_paths(table: Mapping[str, Any], where: str) -> dict[str, Datapath]:
    """One datapath, by the name "self", or several."""
    if "datapaths" in table:
        named = _table(table["datapaths"], "datapaths", where)
    elif "datapath" in table:
        named = {SELF: table["datapath"]}
    else:
        return {SELF: BINARY32_CHAIN} if "formats" in table else {}
    ops = _table(table.get("epilogue", {"ops": []}), "epilogue", where)
    for field in ops:
        check_known(field, ("ops",), "field", "epilogue")
    paths = {}
    for name, stages in named.items():
        given = dict(_table(stages, f"datapath {name!r}", where))
        for field in given:
            check_known(field, Datapath.__dataclass_fields__, "stage", "datapath")
        for field in ("prep", "block", "acc"):
            if field not in given:
                raise MachineError(f"{where}: datapath: the stage {field!r} is missing")
        if ops.get("ops"):
            given["epilogue"] = ops["ops"]
        paths[name] = Datapath(**given)
    if not paths:
        raise MachineError(f"{where}: datapaths is empty")
    return paths


def _read_passes(
    given: Any, paths: Mapping[str, Datapath], plans: Mapping[str, KPlan], where: str
) -> dict[str, Pass]:
    passes = {}
    for role, fields in _table(given, "matmul", where).items():
        check_known(role, PASSES, "pass of matmul", where)
        one = passes[role] = schema.read(Pass, fields, f"matmul.{role}")
        check_known(one.datapath, paths, "datapath", f"matmul.{role}")
        if one.kplan is not None:
            check_known(one.kplan, plans, "kplan", f"matmul.{role}")
            paths[one.datapath].replace(kplan=plans[one.kplan])  # type: ignore[arg-type]
    return passes


def _read_units(table: Mapping[str, Any], where: str) -> dict[str, Any]:
    """The vector unit, special functions, Gaussian source and micro-operations of a step."""
    special = _table(table.get("special", {}), "special", where)
    for name in special:
        check_known(name, FUNCTIONS, "function", "special")
    update = table.get("update", [])
    if not isinstance(update, list):
        raise MachineError(f"update = {update!r} must be a list of operations")
    ops = tuple(schema.read(MicroOp, one, f"update[{i}]") for i, one in enumerate(update))
    check_update(ops)
    return {
        "vector_unit": schema.read(VectorUnit, table.get("vector_unit", {}), "vector_unit"),
        "special": tuple(
            (name, schema.read(SpecialFunction, one, f"special.{name}"))
            for name, one in special.items()
        ),
        "gaussian": schema.read(GaussianSource, table.get("gaussian", {}), "gaussian"),
        "update": ops,
    }


def _read_conversions(given: Any, where: str) -> dict[str, Conversion]:
    """Overflow policies that are left out are the target's."""
    found = {}
    for name, fields in _table(given, "convert", where).items():
        one = schema.read(Conversion, fields, f"convert.{name}")
        ovf = one.ovf or one.target.default_overflow
        found[name] = replace(one, ovf=ovf)
        one.target.replace(rounding=one.round, overflow=ovf)  # refuses what has no meaning
    return found


def _read_formats(formats: Any, where: str) -> dict[str, Format]:
    """Role -> format.  A role's value is a spelling or a table { format, rounding, overflow }."""
    if not isinstance(formats, Mapping):
        raise MachineError(f"{where}: formats = {formats!r} must be a table of roles")
    for role in formats:
        check_known(role, (*ROLES, *FURTHER_ROLES), "role", where)
    missing = [role for role in ROLES if role not in formats]
    if missing:
        raise MachineError(f"{where}: formats lacks the role {missing[0]!r}")
    present = [role for role in (*ROLES, *FURTHER_ROLES) if role in formats]
    return {role: _read_format(formats[role], f"{where}: role {role!r}") for role in present}


def _read_format(entry: Any, where: str) -> Format:
    fields = {"format": entry} if isinstance(entry, str) else entry
    texts = _expect_texts(fields, "its value", where)
    for field in texts:
        check_known(field, ("format", "rounding", "overflow"), "field", where)
    if "format" not in texts:
        raise MachineError(f"{where}: the field 'format' is missing")
    try:
        format = schema.a_format(texts.pop("format"))
        modes = {name: schema.ALIASES.get(mode, mode) for name, mode in texts.items()}
        return format.replace(**modes) if modes else format
    except NumfmtError as error:
        raise MachineError(f"{where}: {error}") from error


def _random_fields(rngs: Iterable[str], draws: Iterable[str]) -> list[str]:
    """The names that certainty has for the fields of ``rng`` and ``sr``."""
    named = [(f"rng.{name}", Source) for name in rngs] + [(f"sr.{name}", Draws) for name in draws]
    return [f"{name}.{field}" for name, kind in named for field in kind.__dataclass_fields__]


def _read_certainty(given: Any, more: list[str], where: str) -> tuple[tuple[str, str], ...]:
    """Field -> mark, which may be followed by a colon and a source; "*" is of all others."""
    marks = _expect_texts(given, "certainty", where)
    known = [
        "*",
        *(f"{name}.{f}" for name, one in STAGES.items() for f in one.__dataclass_fields__),
        *more,
    ]
    for field, mark in marks.items():
        if mark.split(":")[0] not in MARKS:
            raise MachineError(
                f"{where}: certainty.{field} = {mark!r} must begin with one of {', '.join(MARKS)}"
            )
        if "." in field or field == "*":
            check_known(field, known, "field of certainty", where)
    return tuple(sorted(marks.items()))


def _read_evidence(evidence: Any, where: str) -> tuple[str, ...]:
    if not isinstance(evidence, list) or not all(isinstance(item, str) for item in evidence):
        raise MachineError(f"{where}: evidence = {evidence!r} must be a list of texts")
    return tuple(evidence)


def _expect_texts(table: Any, field: str, where: str) -> dict[str, str]:
    if not isinstance(table, Mapping) or not all(
        isinstance(value, str) for value in table.values()
    ):
        raise MachineError(f"{where}: {field} = {table!r} must be a table of texts")
    return dict(table)
