"""CONFIG.toml of `lp-sampler run`: a target, a machine, a kernel and a run, every field checked."""

from __future__ import annotations

import dataclasses
import inspect
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from ._config_data import DATA_FIELDS, read_data
from ._errors import SamplerError, unknown
from ._sample import sample
from .kernels import KERNELS, Kernel
from .schedules import schedule
from .targets import TARGETS, Target

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

SECTIONS = ("target", "machine", "kernel", "sample", "store")
SCHEDULES = ("step_size", "temperature")
ELSEWHERE = ("kernel", "target", "machine", "store", "overwrite", "progress", "scheduler")


@dataclasses.dataclass(frozen=True)
class Config:
    """What `lps.sample` is called with."""

    kernel: Kernel
    target: Target
    machine: str
    store: Path
    settings: dict[str, Any]


def read_config(path: Path) -> Config:
    """The file, checked; paths in it are relative to it.

    SamplerError for a section or field that is unknown or missing, and for wrong values.
    """
    tables = _tables(path)
    for name in tables:
        if name not in SECTIONS:
            raise unknown(f"{path}: section", name, SECTIONS)
        if not isinstance(tables[name], dict):
            raise SamplerError(f"{path}: {name}: a section [{name}] is needed; got a value")
    folder, store = path.parent, tables.get("store", {})
    _check_known("[store]", store, ("path", "overwrite"))
    settings = _settings(tables.get("sample", {}))
    settings["overwrite"] = _truth(store.get("overwrite", False), "[store] overwrite")
    return Config(
        _kernel(_needed(path, tables, "kernel")),
        _target(_needed(path, tables, "target"), folder),
        _machine(_needed(path, tables, "machine"), folder),
        folder / _text(store.get("path", f"{path.stem}.zarr"), "[store] path"),
        settings,
    )


def _tables(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SamplerError(f"{path}: {error.strerror}") from None
    except ValueError as error:
        raise SamplerError(f"{path} is not valid TOML: {error}") from None


def _needed(path: Path, tables: dict[str, Any], name: str) -> dict[str, Any]:
    if name not in tables:
        raise SamplerError(f"{path}: a section [{name}] is needed")
    if "name" not in tables[name]:
        raise SamplerError(f"{path}: [{name}] name: it is needed")
    table: dict[str, Any] = tables[name]
    return table


def _check_known(where: str, fields: Iterable[str], known: Iterable[str]) -> None:
    known = list(known)
    for field in fields:
        if field not in known:
            raise unknown(f"{where} field", field, known)


def _text(value: object, where: str) -> str:
    if not isinstance(value, str):
        raise SamplerError(f"{where}: a text is allowed; got {value!r}")
    return value


def _truth(value: object, where: str) -> bool:
    if not isinstance(value, bool):
        raise SamplerError(f"{where}: true or false is allowed; got {value!r}")
    return value


def _settings(table: dict[str, Any]) -> dict[str, Any]:
    known = [name for name in inspect.signature(sample).parameters if name not in ELSEWHERE]
    _check_known("[sample]", table, known)
    return dict(table)


def _kernel(table: dict[str, Any]) -> Kernel:
    fields = dict(table)
    name = _text(fields.pop("name"), "[kernel] name")
    if name not in KERNELS:
        raise unknown("[kernel] name", name, KERNELS)
    known = [field.name for field in dataclasses.fields(KERNELS[name]) if field.init]
    _check_known(f"[kernel] {name}", fields, known)
    for field in SCHEDULES:
        if field in fields:
            fields[field] = _schedule(fields[field], field)
    kernel: Kernel = _made(KERNELS[name], fields, "[kernel]")
    return kernel


def _schedule(value: Any, name: str) -> Any:
    if isinstance(value, (str, list, bool)):
        raise SamplerError(f"[kernel] {name}: a number or a table is allowed; got {value!r}")
    return schedule(value, f"[kernel] {name}")


def _machine(table: dict[str, Any], folder: Path) -> str:
    _check_known("[machine]", table, ("name",))
    name = _text(table["name"], "[machine] name")
    file = folder / name
    return str(file) if file.suffix in (".toml", ".json") and file.exists() else name


def _target(table: dict[str, Any], folder: Path) -> Target:
    fields = dict(table)
    name = _text(fields.pop("name"), "[target] name")
    if name not in TARGETS:
        raise unknown("[target] name", name, TARGETS)
    kind = TARGETS[name]
    known = list(inspect.signature(kind).parameters)
    given = {field: fields.pop(field) for field in DATA_FIELDS if field in fields}
    _check_known(f"[target] {name}", [*given, *fields], [*known, *DATA_FIELDS])
    data = read_data(given, folder, takes_rows="X" in known)
    _check_known(f"[target] {name}: data", data, known)
    target: Target = _made(kind, data | fields, "[target]")
    return target


def _made(kind: Any, fields: dict[str, Any], where: str) -> Any:
    """The class called with the fields, errors of missing or mistyped ones in one line."""
    arrays = {
        name: np.asarray(value) if _is_numbers(value) else value for name, value in fields.items()
    }
    try:
        return kind(**arrays)
    except (TypeError, ValueError) as error:
        if isinstance(error, SamplerError):
            raise
        raise SamplerError(f"{where}: {error}") from error


def _is_numbers(value: object) -> bool:
    return isinstance(value, list) and not any(isinstance(item, str) for item in value)
